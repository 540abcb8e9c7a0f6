"""The history of the tables. ``env.py`` runs the scripts of ``versions``."""

"""TimeVis: how well can a series be forecast, does a language model help, and at what cost?"""

__version__ = "0.1.0"

"""Tables, sessions and queries of the database."""

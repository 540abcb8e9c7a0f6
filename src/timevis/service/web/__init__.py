"""What a browser or a generator of clients reads: the page and the OpenAPI specification."""

WEB_THREADS = 16
"""Threads of the web process; each request occupies one until it is answered."""

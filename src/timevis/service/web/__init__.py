"""What a browser or a generator of clients reads: the page and the OpenAPI specification."""

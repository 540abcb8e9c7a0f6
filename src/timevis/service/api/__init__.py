"""One blueprint for each resource of the API."""

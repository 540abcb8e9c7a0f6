"""Request and response types, the source of the OpenAPI specification; one module for each resource."""

"""The API as OpenAPI 3.1 says it, with examples that a test sends as they stand."""

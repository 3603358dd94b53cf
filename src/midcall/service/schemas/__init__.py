"""JSON Schemas: what is checked by them, how long that may take, and how a refusal reads."""

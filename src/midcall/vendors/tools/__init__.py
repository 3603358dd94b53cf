"""Tools in the formats of those who show them to an LLM, one module a vendor."""

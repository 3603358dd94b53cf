"""The Code Assistant's way to a model, by pydantic-ai; loaded only where an operator has named one."""

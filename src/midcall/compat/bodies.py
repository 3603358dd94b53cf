"""How OpenAPI describes bodies that FastAPI does not read itself, since their bytes are checked first."""

from typing import Any


def body_of(description: str) -> dict[str, Any]:
    """Describe a JSON object in a vendor's format."""
    content = {"application/json": {"schema": {"type": "object", "description": description}}}
    return {"requestBody": {"required": True, "content": content}}

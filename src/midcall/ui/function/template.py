"""What a new function begins as: small, and it works."""

from typing import Any

from midcall.domain.function_config import Kind

SOURCE = '''def handler(session):
    """Greet the caller, by name if there is one."""
    name = session["params"].get("name") or "there"
    return {"greeting": f"Hello, {name}!"}
'''

_PARAMETERS = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "The caller's first name", "examples": ["Ada"]}},
    "required": [],
}


def beginning(kind: Kind) -> dict[str, Any]:
    """Return the document of a new function."""
    document: dict[str, Any] = {"kind": kind.value, "name": "", "description": "", "parameters": _PARAMETERS}
    if kind is Kind.CODE:
        return {**document, "code": {"source": SOURCE, "actions": [], "egress": []}}
    webhook: dict[str, Any] = {
        "url": "https://",
        "method": "POST",
        "headers": {},
        "query": {},
        "body": None,
        "payload": "args",
    }
    return {**document, "webhook": {**webhook, "auth": {"type": "none"}}}

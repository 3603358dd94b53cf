"""Vocobase's own API for functions: its fields as a document of ours, and ours as it shows them.

Source: its document "Custom functions". A function there is a webhook that gets the arguments alone; values of headers
are written and never shown.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function_config import FunctionConfig
from midcall.domain.parameters import FIELD_TYPES, MASK
from midcall.domain.secret_names import is_secret_name

#: Its types; what is none of them is `custom`, with a JSON Schema.
TYPES = ("string", "number", "boolean", "string[]", "number[]")

#: Its fields, and where each stands in our document.
PLACES: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "description": ("description",),
    "timeout": ("timeout",),
    "input_schema": ("parameters",),
    "output_schema": ("output_schema",),
    "method": ("webhook", "method"),
    "url": ("webhook", "url"),
    "headers": ("webhook", "headers"),
    "started_messages": ("messages", "started"),
    "error_message": ("messages", "error"),
}

_LISTS = ("input_schema", "output_schema", "headers", "started_messages")


def new_function(body: Mapping[str, Any]) -> dict[str, Any]:
    """Write the document of a new function; a field that is null is left out. Raises InvalidInput."""
    given = {name: value for name, value in body.items() if value is not None}
    document = _document(given)
    webhook = {"payload": "args", **document.get("webhook", {})}
    return {**document, "kind": "webhook", "webhook": webhook}


def change(body: Mapping[str, Any], *, headers: Collection[str]) -> dict[str, Any]:
    """Write a JSON Merge Patch of the fields that are given; `headers` are the names there are by now.

    A list of headers replaces the one before; a header without a value keeps its own. Raises InvalidInput.
    """
    patch = _document(body)
    kept = patch.get("webhook", {}).get("headers")
    if isinstance(kept, Mapping):
        gone = {name: None for name in headers if name not in kept}
        patch["webhook"]["headers"] = {**gone, **kept}
    return patch


def shown(config: FunctionConfig) -> dict[str, Any]:
    """Show what a webhook function is made of, in Vocobase's fields: of headers the names alone."""
    return {
        "name": config.name,
        "description": config.description,
        "method": config.webhook.method,
        "url": config.webhook.url,
        "header_keys": list(config.webhook.headers),
        "input_schema": fields(config.parameters),
        "output_schema": [] if config.output_schema is None else fields(config.output_schema),
        "timeout": config.timeout,
        "started_messages": list(config.messages.started),
        "error_message": config.messages.failed,
    }


def write_only(document: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the values of all headers of a document, or of a patch, as secrets: none is ever shown again.

    Not marked is what needs no mark: what is secret by its name, a template of ours, and a mask, which keeps a value.
    """
    headers = document.get("webhook", {}).get("headers")
    if not isinstance(headers, Mapping):
        return dict(document)
    marked = {name: _marked(name, value) for name, value in headers.items()}
    return {**document, "webhook": {**document["webhook"], "headers": marked}}


def _marked(name: str, value: Any) -> Any:
    if not isinstance(value, str) or value == MASK or "{{" in value or is_secret_name(name):
        return value
    return {"value": value, "secret": True}


def fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write an object's JSON Schema as a list of fields."""
    required = schema.get("required", ())
    return [_field(name, each, name in required) for name, each in schema.get("properties", {}).items()]


def faults(found: Sequence[Fault]) -> tuple[Fault, ...]:
    """Tell faults of our document by Vocobase's fields."""
    return tuple(Fault(_renamed(fault.loc), fault.msg) for fault in found)


def _document(body: Mapping[str, Any]) -> dict[str, Any]:
    found = [Fault(name, "unknown field; remove it or check its spelling") for name in body if name not in PLACES]
    found += [
        Fault(name, "must be a list")
        for name in _LISTS
        if body.get(name) is not None and not isinstance(body[name], list)
    ]
    if found:
        raise InvalidInput(faults=found)
    document: dict[str, Any] = {}
    for name, (outer, *inner) in PLACES.items():
        if name not in body:
            continue
        value = _headers(body[name]) if name == "headers" and body[name] is not None else body[name]
        if inner:
            document.setdefault(outer, {})[inner[0]] = value
        else:
            document[outer] = value
    return document


def _headers(given: Sequence[Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for index, item in enumerate(given):
        if not isinstance(item, Mapping) or not isinstance(item.get("key"), str) or set(item) - {"key", "value"}:
            raise InvalidInput(faults=[Fault(f"headers.{index}", 'write {"key": …, "value": …}')])
        if item["key"] in read:
            raise InvalidInput(faults=[Fault(f"headers.{index}.key", f"{item['key']!r:.80} is there twice; keep one")])
        read[item["key"]] = item.get("value", MASK)
    return read


def _field(name: str, schema: Any, required: bool) -> dict[str, Any]:  # noqa: FBT001 (a field of the answer)
    schema = schema if isinstance(schema, Mapping) else {}
    bare = {word: value for word, value in schema.items() if word not in {"description", "examples", "default"}}
    kind = next((kind for kind in TYPES if bare == FIELD_TYPES[kind]), "custom")
    field = {"name": name, "type": kind, "description": schema.get("description", ""), "required": required}
    return field | ({"jsonSchema": bare} if kind == "custom" else {})


def _renamed(loc: str) -> str:
    for name, place in PLACES.items():
        ours = ".".join(place)
        if loc == ours or loc.startswith(f"{ours}."):
            return name + loc[len(ours) :]
    return loc

"""A JSON Schema with its local references written out: the form in which what a parameter is can be read in one place.

Vendors take no other: Anthropic refuses `$ref` anywhere, Gemini, Vapi and ElevenLabs have no place for definitions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.subschemas import DEFINITIONS, MANY, NAMED, ONE

#: Bounds of what comes out. A stored schema keeps the first two; but a definition may be long, and used often.
MAX_NODES = 5_000
MAX_DEPTH = 100
MAX_CHARS = 256 * 1024

#: Keywords that say something about a value and ask nothing of it: beside a reference they win over its target's.
ANNOTATIONS = frozenset({"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"})

_REFERENCE = re.compile(r"#/(\$defs|definitions)/([^/]+)")
_LEFT_OUT = DEFINITIONS | {"$ref", "$schema", "$comment"}


class Unexpandable(ValueError):
    """A schema that is too large once its references are written out; the message says how."""


def expanded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without references, definitions and comments; raises Unexpandable. Changes nothing."""
    return dict(_Expansion(schema).of(schema, 1))


@dataclass(slots=True)
class _Expansion:
    """One schema being written out; counts what it has written."""

    root: Mapping[str, Any]
    nodes: int = MAX_NODES
    chars: int = MAX_CHARS

    def of(self, schema: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise Unexpandable(f"nested more than {MAX_DEPTH} levels deep; flatten it")
        self._spend(1, 0)
        if not isinstance(schema, Mapping):
            return schema
        written = {
            keyword: self._value(keyword, value, depth) for keyword, value in schema.items() if keyword not in _LEFT_OUT
        }
        if "$ref" not in schema:
            return written
        return _both(self.of(self._target(schema["$ref"]), depth + 1), written)

    def _value(self, keyword: str, value: Any, depth: int) -> Any:
        self._spend(0, len(keyword))
        if keyword in ONE:
            return self.of(value, depth + 1)
        if keyword in MANY and isinstance(value, list):
            return [self.of(child, depth + 1) for child in value]
        if keyword in NAMED and isinstance(value, Mapping):
            self._spend(0, sum(map(len, value)))
            return {name: self.of(child, depth + 1) for name, child in value.items()}
        self._spend(*_size(value))
        return value

    def _target(self, reference: Any) -> Any:
        match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        definitions = self.root.get(match[1]) if match else None
        if match is None or not isinstance(definitions, Mapping) or match[2] not in definitions:
            raise Unexpandable(f'the reference "{reference!s:.80}" leads nowhere')
        return definitions[match[2]]

    def _spend(self, nodes: int, chars: int) -> None:
        self.nodes -= nodes
        self.chars -= chars
        if self.nodes < 0:
            raise Unexpandable(f"more than {MAX_NODES:,} parts once its references are written out; simplify it")
        if self.chars < 0:
            raise Unexpandable(f"more than {MAX_CHARS // 1024} KiB of text once its references are written out")


def _both(target: Any, beside: dict[str, Any]) -> Any:
    """Put together what a reference means and what stands beside it."""
    if not beside:
        return target
    # Only annotations can be mixed in: `additionalProperties` and others of the target look at its own neighbours.
    if isinstance(target, Mapping) and beside.keys() <= ANNOTATIONS:
        return {**target, **beside}
    parts = beside.get("allOf")  # an older release took anything for a list
    return {**beside, "allOf": [*(parts if isinstance(parts, list | tuple) else ()), target]}


def _size(value: Any) -> tuple[int, int]:
    """Count the values in a plain JSON value, and the characters of its texts and names."""
    if isinstance(value, Mapping):
        sizes = [_size(child) for child in value.values()]
        return 1 + sum(nodes for nodes, _ in sizes), sum(map(len, value)) + sum(chars for _, chars in sizes)
    if isinstance(value, list):
        sizes = [_size(child) for child in value]
        return 1 + sum(nodes for nodes, _ in sizes), sum(chars for _, chars in sizes)
    return 1, len(value) if isinstance(value, str) else 8

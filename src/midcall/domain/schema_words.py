"""What authors write in a schema that JSON Schema has in another form, or not at all, and what to write instead."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from midcall.domain.subschemas import MANY, NAMED, ONE

Path = tuple[str | int, ...]

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
#: Words of other languages and libraries, and what they are here.
_OTHER_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("int", "int32", "int64", "long", "whole"), '"integer"'),
    **dict.fromkeys(("float", "double", "decimal", "num", "numeric"), '"number"'),
    **dict.fromkeys(("str", "text", "varchar", "char", "password"), '"string"'),
    **dict.fromkeys(("bool", "flag", "yes/no"), '"boolean"'),
    **dict.fromkeys(("list", "tuple", "set", "string[]", "array[string]"), '"array", with "items" beside it'),
    **dict.fromkeys(("number[]", "integer[]", "int[]"), '"array", with "items": {"type": "number"} beside it'),
    **dict.fromkeys(("dict", "map", "json", "record", "struct"), '"object"'),
    **dict.fromkeys(("none", "nil", "undefined", "void"), '"null"'),
    "enum": '"string", with "enum": ["…", "…"] beside it',
    **{form: f'"string", with "format": "{form}" beside it' for form in ("date", "time", "email", "uuid", "uri")},
    **dict.fromkeys(("datetime", "date-time", "timestamp"), '"string", with "format": "date-time" beside it'),
    "url": '"string", with "format": "uri" beside it',
    "phone": r'"string", with "pattern": "^\\+[1-9][0-9]{1,14}$" beside it',
}
_ANYTHING = frozenset({"any", "mixed", "unknown", "*", ""})

_A_SCHEMA = 'write a schema here, such as {"type": "string"}'
_A_NUMBER = "write a number without quotes"
_A_COUNT = "write a whole number of 0 or more, without quotes"
_A_FLAG = "write true or false, without quotes"
_A_TEXT = "write a text in quotes"
_A_LIST = "write a list, in brackets"
_NAMES = 'write a list of names, such as ["name"]'

_LOOKAROUND = re.compile(r"\(\?<?[=!]")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=|\\k<")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and (isinstance(value, int) or value.is_integer())


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


#: Keywords that hold plain values: what they may be, and what to write.
_PLAIN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("minimum", "maximum"), (_is_number, _A_NUMBER)),
    **dict.fromkeys(
        ("exclusiveMinimum", "exclusiveMaximum"),
        (_is_number, "write the limit itself, as a number, and leave minimum or maximum out beside it"),
    ),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "write a number greater than 0, without quotes"),
    **dict.fromkeys(
        (
            *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
            *("minContains", "maxContains"),
        ),
        (_is_count, _A_COUNT),
    ),
    **dict.fromkeys(
        ("uniqueItems", "deprecated", "readOnly", "writeOnly"), (lambda value: isinstance(value, bool), _A_FLAG)
    ),
    **dict.fromkeys(
        ("title", "description", "format", "pattern", "$ref", "$comment", "contentEncoding", "contentMediaType"),
        (_is_text, _A_TEXT),
    ),
    "examples": (lambda value: isinstance(value, list), f"{_A_LIST}, also of one example"),
    "enum": (
        lambda value: isinstance(value, list) and bool(value),
        'write the choices as a list, such as ["small", "large"]',
    ),
    "dependentRequired": (
        lambda value: isinstance(value, Mapping) and all(map(_is_names, value.values())),
        'write an object of lists of names, such as {"street": ["city"]}',
    ),
}


def word_faults(schema: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield where something else is to be written, and what; of a schema of any shape that is not nested too deep."""
    if not isinstance(schema, Mapping):
        if not isinstance(schema, bool):
            yield path, _A_SCHEMA
        return
    yield from _type_faults(schema, path)
    yield from _required_faults(schema, path)
    for keyword, value in schema.items():
        here = (*path, keyword)
        if keyword in _PLAIN and not _PLAIN[keyword][0](value):
            yield here, _PLAIN[keyword][1]
        elif keyword == "pattern":
            yield from ((here, text) for text in _pattern_faults(value))
        elif keyword == "items" and isinstance(value, list):
            yield here, 'write "prefixItems" for a list of schemas, or one schema of all entries here'
        elif keyword in ONE:
            yield from word_faults(value, here)
        elif keyword in MANY:
            yield from _many_faults(value, here)
        elif keyword in NAMED:
            yield from _named_faults(keyword, value, here)


def _many_faults(value: Any, here: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, list) or not value:
        yield here, 'write a list of schemas, such as [{"type": "string"}, {"type": "null"}]'
        return
    for index, child in enumerate(value):
        yield from word_faults(child, (*here, index))


def _named_faults(keyword: str, value: Any, here: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, Mapping):
        yield here, 'write an object of names and schemas, such as {"name": {"type": "string"}}'
        return
    for name, child in value.items():
        if keyword == "dependencies" and isinstance(child, list):
            if not _is_names(child):
                yield (*here, name), _NAMES
            continue
        if keyword == "patternProperties":
            yield from (((*here, name), text) for text in _pattern_faults(name))
        yield from word_faults(child, (*here, name))


def _type_faults(schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    if "type" not in schema:
        return
    kind = schema["type"]
    kinds = kind if isinstance(kind, list) and kind else [kind]
    for each in kinds:
        if each in TYPES if isinstance(each, str) else False:
            continue
        yield (*path, "type"), _other_type(each)
        return
    if isinstance(kind, list) and len(set(kind)) != len(kind):
        yield (*path, "type"), "leave out the type that stands twice"


def _other_type(given: Any) -> str:
    """Say what to write in place of a word that is no type."""
    if given is None:
        return 'write "null" in quotes'
    if not isinstance(given, str):
        return f"write one of: {', '.join(TYPES)}"
    word = given.strip().lower()
    if word in _ANYTHING:
        return 'leave "type" out where any type will do'
    known = f'"{word}"' if word in TYPES else _OTHER_TYPES.get(word)
    said = f'"{given:.40}" is no type of JSON Schema; '
    return f"{said}write {known}" if known else f"{said}write one of: {', '.join(TYPES)}"


def _required_faults(schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    needed = schema.get("required", [])
    if isinstance(needed, bool):
        name = path[-1] if len(path) > 1 and path[-2] == "properties" else None
        if name is None:
            yield (*path, "required"), _NAMES
        elif needed:
            text = f'leave this out, and add "{name!s:.80}" to the list "required" beside "properties", one level up'
            yield (*path, "required"), text
        else:
            text = 'leave this out: what is not in the list "required" beside "properties" is optional'
            yield (*path, "required"), text
    elif not _is_names(needed):
        yield (*path, "required"), f"{_NAMES}, each once"


def _pattern_faults(pattern: str) -> Iterator[str]:
    if _LOOKAROUND.search(pattern):
        yield (
            "looks ahead or behind, which takes no bounded time; write each condition as a pattern of its own, such as "
            '"allOf": [{"pattern": "[A-Z]"}, {"pattern": "[0-9]"}], for what must not be "not": {"pattern": "…"}, and '
            "for a length minLength and maxLength"
        )
    elif _BACK_REFERENCE.search(pattern.replace("\\\\", "")):
        yield "refers back to what a part of it has found, which takes no bounded time; write the choices out"

"""What a schema asks of a value, in plain words: for an LLM with a caller on the line, and for people.

Never a pattern, never a keyword of JSON Schema. An example stands for what no words say.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midcall.domain.moments import is_date, is_date_time, is_time
from midcall.domain.phone import asks_phone, is_e164

#: Choices and names that are told; more help nobody who listens.
MAX_CHOICES = 20
#: Characters of one example, choice or name, and of what is wanted in all.
MAX_WORD = 80
MAX_WANTED = 500
#: Levels of lists, branches and references that are told of.
_DEPTH = 4
_BRANCHES = 8

#: Each format, and an example of it.
FORMATS: Mapping[str, tuple[str, str]] = {
    "date": ("a date as YYYY-MM-DD", "1990-04-23"),
    "date-time": ("a date and time as YYYY-MM-DDTHH:MM:SS with its offset", "2026-03-05T10:00:00Z"),
    "time": ("a time of day as HH:MM:SS with its offset", "10:00:00Z"),
    "duration": ("a duration in ISO 8601", "PT30M"),
    "email": ("an e-mail address with an @", "ada@example.com"),
    "idn-email": ("an e-mail address with an @", "ada@example.com"),
    "hostname": ("a host name", "www.example.com"),
    "idn-hostname": ("a host name", "www.example.com"),
    "ipv4": ("an IPv4 address", "192.0.2.1"),
    "ipv6": ("an IPv6 address", "2001:db8::1"),
    "uri": ("a web address that begins with https://", "https://example.com/page"),
    "iri": ("a web address that begins with https://", "https://example.com/page"),
    "uri-reference": ("a web address or a path", "/page"),
    "iri-reference": ("a web address or a path", "/page"),
    "uri-template": ("a web address with places in braces", "https://example.com/{id}"),
    "uuid": ("a UUID", "3f2b7c1e-8a54-4d0e-9c1b-2f6f1f0c9a10"),
    "json-pointer": ("a path that begins with /", "/orders/0"),
    "relative-json-pointer": ("a relative path that begins with a number", "1/orders"),
    "regex": ("a regular expression", "[a-z]+"),
}
_PHONE = ("a phone number that begins with + and the country code (+1, +44 and so on)", "+15550100199")
_TYPES: Mapping[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_EXAMPLES: Mapping[str, Any] = {"integer": 5, "number": 2.5}
_PYTHON: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list,
    "object": Mapping,
    "null": type(None),
}
#: How a text of a format is known, where that is cheap.
_FORMS: Mapping[str, Callable[[str], bool]] = {
    "date": is_date,
    "date-time": is_date_time,
    "time": is_time,
    "email": lambda text: "@" in text,
}
_NUMERIC = frozenset({"integer", "number"})


@dataclass(frozen=True, slots=True)
class SchemaDescription:
    """Says what schemas of one document want; `untold` are names that nothing may say."""

    root: Mapping[str, Any]
    untold: frozenset[str] = frozenset()

    def wanted(self, schema: Any, *, secret: bool = False, depth: int = _DEPTH) -> str:
        """Say what a schema wants, as a noun; of something secret no choice is told."""
        return self._said(schema, depth, secret=secret)[:MAX_WANTED]

    def example(self, said: Sequence[Mapping[str, Any]], *, secret: bool = False) -> Any:
        """Return an example of what some schemas say of one value, the outermost first; None: there is none.

        An author's own example or default that plainly does not fit is none.
        """
        for schema in said:
            given = schema.get("examples")
            known = [*given[:1], *_default(schema)] if isinstance(given, list) else _default(schema)
            for value in () if secret else known:
                if self._tellable(value) and not _is_unlike(schema, value):
                    return value
        for schema in said:
            if asks_phone(schema):
                return _PHONE[1]
            if schema.get("format") in FORMATS:
                return FORMATS[schema["format"]][1]
        return None

    def names(self, names: Sequence[str]) -> str:
        """List names, but for those that nothing may say."""
        told = [name for name in names if name not in self.untold]
        return _listed([f"{name:.{MAX_WORD}}" for name in told], ", ")

    def target(self, reference: Any) -> Any:
        """Find what a reference means; an empty schema where it leads nowhere."""
        node: Any = self.root
        for step in str(reference).removeprefix("#/").split("/"):
            node = node.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(node, Mapping) else {}
        return node

    def _tellable(self, value: Any) -> bool:
        if value is None or value == "":
            return False
        text = word(value)
        return len(text) <= MAX_WORD and not any(name in text for name in self.untold)

    def _said(self, schema: Any, depth: int, *, secret: bool) -> str:
        if schema is False:
            return "nothing"
        if not isinstance(schema, Mapping) or depth == 0:
            return "a value"
        if "const" in schema or isinstance(schema.get("enum"), list):
            return self._choice(schema, secret=secret)
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), list):
                return self._branches(schema, keyword, depth, secret=secret)
        if "type" not in schema and ("$ref" in schema or isinstance(schema.get("allOf"), list)):
            return self._said(self._joined(schema), depth - 1, secret=secret)
        kinds = [self._kind(kind, schema, depth, secret=secret) for kind in kinds_of(schema)]
        return " or ".join(kinds) or "another value"

    def _branches(self, schema: Mapping[str, Any], keyword: str, depth: int, *, secret: bool) -> str:
        beside = {name: value for name, value in schema.items() if name not in {"anyOf", "oneOf"}}
        parts = [
            self._said({**beside, **branch} if isinstance(branch, Mapping) else branch, depth - 1, secret=secret)
            for branch in schema[keyword][:_BRANCHES]
        ]
        return " or ".join(dict.fromkeys(parts))

    def _joined(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema with what its reference and the branches of its `allOf` say, as far as one of them does."""
        branches = schema.get("allOf")
        whole: dict[str, Any] = {}
        for each in [schema, *(branches[:_BRANCHES] if isinstance(branches, list) else ())]:
            if not isinstance(each, Mapping):
                continue
            target = self.target(each["$ref"]) if "$ref" in each else {}
            whole |= target if isinstance(target, Mapping) else {}
            whole |= {name: value for name, value in each.items() if name not in {"$ref", "allOf"}}
        return whole

    def _choice(self, schema: Mapping[str, Any], *, secret: bool) -> str:
        if secret:
            return "one of the choices that the tool names"
        if "const" in schema:
            return f"exactly {word(schema['const'])}"
        choices = schema["enum"]
        told = [word(choice) for choice in choices if not any(name in word(choice) for name in self.untold)]
        return f"one of: {_listed(told, ', ')}"

    def _kind(self, kind: str, schema: Mapping[str, Any], depth: int, *, secret: bool) -> str:
        if kind == "string":
            return _text(schema)
        if kind in _NUMERIC:
            return " ".join(filter(None, (_TYPES[kind], _limits(schema))))
        if kind == "array":
            entries = schema.get("items")
            each = self._said(entries, depth - 1, secret=secret) if isinstance(entries, Mapping) and entries else ""
            count = _count(schema.get("minItems"), schema.get("maxItems"), "entry", "entries")
            unlike = "all of them different" if schema.get("uniqueItems") is True else ""
            about = ", ".join(filter(None, (count, unlike, f"each of them {each}" if each else "")))
            return f"a list with {about}" if count else f"a list, {about}" if about else "a list"
        if kind == "object":
            needed = schema.get("required")
            names = self.names(needed) if isinstance(needed, list) else ""
            count = _count(schema.get("minProperties"), schema.get("maxProperties"), "value", "values")
            about = " and ".join(filter(None, (names, count)))
            return f"an object with {about}" if about else "an object"
        return _TYPES.get(kind, "a value")


def kinds_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema names, or shows by its other keywords."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, list):
        return [each for each in kind if isinstance(each, str)]
    for shown, keywords in (
        ("object", ("properties", "required", "additionalProperties", "minProperties", "maxProperties")),
        ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
        ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        ("string", ("minLength", "maxLength", "pattern", "format")),
    ):
        if any(keyword in schema for keyword in keywords):
            return [shown]
    return []


def sample_of_kind(schema: Mapping[str, Any]) -> Any:
    """Return an example of a number without limits; None of all else."""
    kinds = kinds_of(schema)
    return _EXAMPLES.get(kinds[0]) if kinds and not _limits(schema) and "enum" not in schema else None


def word(value: Any) -> str:
    """Write a value as it is said: a text as it is, all else as JSON; cut where it is long."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_WORD else f"{text[: MAX_WORD - 1]}…"


def _is_unlike(schema: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value is plainly none that its schema wants: of another type, not in its form, out of bounds."""
    kinds = kinds_of(schema)
    if kinds and not any(isinstance(value, _PYTHON.get(kind, object)) for kind in kinds):
        return True
    if isinstance(value, bool) and kinds and "boolean" not in kinds:
        return True
    if isinstance(value, str):
        if asks_phone(schema):
            return not is_e164(value)
        written_so = _FORMS.get(str(schema.get("format")))
        return written_so is not None and not written_so(value)
    if isinstance(value, int | float):
        least, most = schema.get("minimum"), schema.get("maximum")
        return (isinstance(least, int | float) and value < least) or (isinstance(most, int | float) and value > most)
    return False


def _default(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["default"]] if "default" in schema else []


def _listed(words: Sequence[str], between: str) -> str:
    more = [f"and {len(words) - MAX_CHOICES} more"] if len(words) > MAX_CHOICES else []
    return between.join([*words[:MAX_CHOICES], *more])


def _text(schema: Mapping[str, Any]) -> str:
    if asks_phone(schema):
        return _PHONE[0]
    form = schema.get("format")
    if isinstance(form, str) and form in FORMATS:
        return FORMATS[form][0]
    count = _count(schema.get("minLength"), schema.get("maxLength"), "character", "characters")
    whole = f"text of {count}" if count else "text"
    return f"{whole} in the form that is asked for" if "pattern" in schema else whole


def _count(least: Any, most: Any, one: str, many: str) -> str:
    if least == most and least is not None:
        return f"exactly {least} {one if least == 1 else many}"
    if least and most is not None:
        return f"{least} to {most} {many}"
    if least:
        return f"at least {least} {one if least == 1 else many}"
    return f"at most {most} {one if most == 1 else many}" if most is not None else ""


def _limits(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    parts = []
    if least is not None and most is not None:
        parts.append(f"from {word(least)} to {word(most)}")
    elif least is not None or most is not None:
        parts.append(f"of at least {word(least)}" if least is not None else f"of at most {word(most)}")
    if "exclusiveMinimum" in schema:
        parts.append(f"greater than {word(schema['exclusiveMinimum'])}")
    if "exclusiveMaximum" in schema:
        parts.append(f"less than {word(schema['exclusiveMaximum'])}")
    if "multipleOf" in schema:
        parts.append(f"that is a multiple of {word(schema['multipleOf'])}")
    return " and ".join(parts)

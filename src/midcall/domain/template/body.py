"""JSON body templates: placeholders stand in texts alone, so the template is JSON before and after."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from midcall.domain.javascript_json import NotSerializable, stringify
from midcall.domain.jsonvalue import MAX_DEPTH, NotJson, parse
from midcall.domain.template.text import TextTemplate, fault, parse_text, shown
from midcall.domain.template.values import LeftOut, NoValue, TemplateValues, refused

#: Of the template as JSON.
MAX_TEMPLATE_CHARS = 64 * 1024
#: Of what becomes of it: as much as the API takes with a call.
MAX_BODY_CHARS = 1024 * 1024

#: In all texts of one body.
MAX_PLACEHOLDERS = 500

#: What may have been meant for a placeholder, outside of a text too.
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")

#: Stands for what was left out until it is.
_LEFT_OUT: Any = object()

#: A JSON value in which texts with placeholders are taken apart, objects and arrays are frozen.
JsonNode: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class BodyTemplate:
    """A JSON body: `root` is its value, frozen, with a `TextTemplate` for every text that has placeholders."""

    root: JsonNode
    names: frozenset[str]
    #: Those that stand somewhere without a default.
    bare_names: frozenset[str] = frozenset()

    def fill(self, values: TemplateValues, loc: str = "webhook.body") -> Any:
        """Return the JSON value; a text that is one placeholder becomes the value itself, of whatever type.

        What was left out of the call is left out of its object or list, and empty within a text.
        Raises TemplateUnfilled, also where the whole would be longer than MAX_BODY_CHARS as JSON.
        """
        filled = _Filling(values).fill(self.root, loc)
        filled = None if filled is _LEFT_OUT else filled
        try:
            stringify(filled, max_chars=MAX_BODY_CHARS)
        except NotSerializable as error:
            raise refused(loc, f"with the values of this call it is {error}") from None
        return filled


def parse_body(source: Any, loc: str = "webhook.body") -> BodyTemplate:
    """Take a body apart: a text is read as JSON, any other JSON value is the body itself. Raises InvalidInput."""
    value = _read(source, loc) if isinstance(source, str) else source
    try:
        stringify(value, max_chars=MAX_TEMPLATE_CHARS, max_depth=MAX_DEPTH)
    except NotSerializable as error:
        raise fault(loc, f"cannot be a template: it is {error}") from None
    root = _parsed(value, loc)
    texts = tuple(_texts(root))
    if sum(text.placeholders for text in texts) > MAX_PLACEHOLDERS:
        raise fault(loc, f"has more than {MAX_PLACEHOLDERS} placeholders; split the function in two")
    names = frozenset[str]().union(*(text.names for text in texts))
    return BodyTemplate(root, names, frozenset[str]().union(*(text.bare_names for text in texts)))


class _Filling:
    """Fills one template, within one bound for all of its texts."""

    def __init__(self, values: TemplateValues) -> None:
        self._values = values
        self._left = MAX_BODY_CHARS

    def fill(self, node: JsonNode, loc: str) -> Any:
        if isinstance(node, TextTemplate):
            return self._text(node, loc)
        if isinstance(node, Mapping):
            items = ((name, self.fill(item, f"{loc}.{name:.80}")) for name, item in node.items())
            return {name: item for name, item in items if item is not _LEFT_OUT}
        if isinstance(node, tuple):
            filled = (self.fill(item, f"{loc}.{index}") for index, item in enumerate(node))
            return [item for item in filled if item is not _LEFT_OUT]
        return node

    def _text(self, text: TextTemplate, loc: str) -> Any:
        if text.whole is None:
            filled = text.fill(self._values, loc, max_chars=self._left)
            self._left -= len(filled)
            return filled
        try:
            return text.whole.value(self._values)
        except LeftOut:
            return _LEFT_OUT
        except NoValue as error:
            raise refused(loc, str(error)) from None


def _read(source: str, loc: str) -> Any:
    if len(source) > MAX_TEMPLATE_CHARS:
        raise fault(loc, f"longer than {MAX_TEMPLATE_CHARS:,} characters; shorten it")
    try:
        return parse(source.encode("utf-8", "surrogatepass"))
    except NotJson as error:
        if _would_be_json(_PLACEHOLDER.sub("0", source)):
            raise fault(
                loc, 'a placeholder stands inside quotes: write "{{name}}", which keeps the type of its value'
            ) from None
        raise fault(loc, f"{error}; with placeholders in it, the body still has to be JSON") from None


def _would_be_json(source: str) -> bool:
    try:
        parse(source.encode("utf-8", "surrogatepass"))
    except NotJson:
        return False
    return True


def _parsed(value: Any, loc: str) -> JsonNode:
    if isinstance(value, str):
        text = parse_text(value, loc, max_chars=MAX_TEMPLATE_CHARS)
        return text if text.names else text.sample()
    if isinstance(value, Mapping):
        return MappingProxyType({_key(name, loc): _parsed(item, f"{loc}.{name:.80}") for name, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_parsed(item, f"{loc}.{index}") for index, item in enumerate(value))
    return value


def _key(name: str, loc: str) -> str:
    if "{{" not in name:
        return name
    text = parse_text(name, loc, max_chars=MAX_TEMPLATE_CHARS)
    if text.names:
        raise fault(loc, f"{shown(name)}: a placeholder stands for a value, not for a key: write the key out")
    return text.sample()


def _texts(node: JsonNode) -> Iterator[TextTemplate]:
    if isinstance(node, TextTemplate):
        yield node
    for child in node.values() if isinstance(node, Mapping) else node if isinstance(node, tuple) else ():
        yield from _texts(child)

"""JSON body templates: placeholders stand in texts alone, so the template is JSON before and after."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from midcall.domain.javascript_json import Unwritable, stringify
from midcall.domain.jsonvalue import MAX_DEPTH, NotJson, parse
from midcall.domain.template.text import Text, fault, parse_text, shown
from midcall.domain.template.values import NoValue, Values, refused

#: Of the template as JSON.
MAX_TEMPLATE_CHARS = 64 * 1024
#: Of what becomes of it: as much as the API takes with a call.
MAX_BODY_CHARS = 1024 * 1024

#: In all texts of one body.
MAX_PLACEHOLDERS = 500

#: What may have been meant for a placeholder, outside of a text too.
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")

#: A JSON value in which texts with placeholders are taken apart, objects and arrays are frozen.
Node: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class BodyTemplate:
    """A JSON body: `root` is its value, frozen, with a `Text` in the place of every text that has placeholders."""

    root: Node
    names: frozenset[str]

    def fill(self, values: Values, loc: str = "webhook.body") -> Any:
        """Return the JSON value; a text that is one placeholder becomes the value itself, of whatever type.

        Raises TemplateUnfilled, also where the whole would be longer than MAX_BODY_CHARS as JSON.
        """
        filled = _Filling(values).fill(self.root, loc)
        try:
            stringify(filled, max_chars=MAX_BODY_CHARS)
        except Unwritable as error:
            raise refused(loc, f"with the values of this call it is {error}") from None
        return filled


def parse_body(source: Any, loc: str = "webhook.body") -> BodyTemplate:
    """Take a body apart: a text is read as JSON, any other JSON value is the body itself. Raises InvalidInput."""
    value = _read(source, loc) if isinstance(source, str) else source
    try:
        stringify(value, max_chars=MAX_TEMPLATE_CHARS, max_depth=MAX_DEPTH)
    except Unwritable as error:
        raise fault(loc, f"cannot be a template: it is {error}") from None
    root = _parsed(value, loc)
    texts = tuple(_texts(root))
    if sum(text.placeholders for text in texts) > MAX_PLACEHOLDERS:
        raise fault(loc, f"has more than {MAX_PLACEHOLDERS} placeholders; split the function in two")
    return BodyTemplate(root, frozenset().union(*(text.names for text in texts)))


class _Filling:
    """Fills one template, within one bound for all of its texts."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._left = MAX_BODY_CHARS

    def fill(self, node: Node, loc: str) -> Any:
        if isinstance(node, Text):
            return self._text(node, loc)
        if isinstance(node, Mapping):
            return {name: self.fill(item, f"{loc}.{name:.80}") for name, item in node.items()}
        if isinstance(node, tuple):
            return [self.fill(item, f"{loc}.{index}") for index, item in enumerate(node)]
        return node

    def _text(self, text: Text, loc: str) -> Any:
        if text.whole is None:
            filled = text.fill(self._values, loc, max_chars=self._left)
            self._left -= len(filled)
            return filled
        try:
            return self._values.get(text.whole)
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


def _parsed(value: Any, loc: str) -> Node:
    if isinstance(value, str):
        text = parse_text(value, loc, max_chars=MAX_TEMPLATE_CHARS)
        return text if text.names else value
    if isinstance(value, Mapping):
        named = next((name for name in value if "{{" in name), None)
        if named is not None:
            raise fault(loc, f"{shown(named)}: a placeholder stands for a value, not for a key: write the key out")
        return MappingProxyType({name: _parsed(item, f"{loc}.{name:.80}") for name, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_parsed(item, f"{loc}.{index}") for index, item in enumerate(value))
    return value


def _texts(node: Node) -> Iterator[Text]:
    if isinstance(node, Text):
        yield node
    for child in node.values() if isinstance(node, Mapping) else node if isinstance(node, tuple) else ():
        yield from _texts(child)

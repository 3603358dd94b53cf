"""What a format has no keyword for, told to the LLM in a description; midcall checks it anyway."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from midcall.domain.expanded import ANNOTATIONS
from midcall.vendors.branches import lean
from midcall.vendors.merging import merged
from midcall.vendors.rules import spoken
from midcall.vendors.shape import Shape
from midcall.vendors.tool import Tool, ToolNote

#: Characters of one keyword in words; a longer condition would teach an LLM nothing.
MAX_WORDS = 500
#: Characters of a function's description: OpenAI takes no more, and our own form neither.
MAX_DESCRIPTION = 1_024

#: Less of a text than this says nothing.
_LEAST_ROOM = 20
_NO_ROOM = f"there is no room for all of it in the function's description, which has {MAX_DESCRIPTION:,} characters"
_PARAMETERS = (ANNOTATIONS - {"examples"}) | {"type", "properties", "required"}
_ENDS = frozenset({"additionalProperties", "unevaluatedProperties"})

#: Says which keywords of a value a format has no place for, each with what it says.
Unspoken = Callable[[Shape], Mapping[str, Any]]


def unspoken(shape: Shape, known: Collection[str]) -> dict[str, Any]:
    """Return the keywords of a value that are not among those a format knows."""
    return {name: value for name, value in (*shape.limits.items(), *shape.relations.items()) if name not in known}


def described(text: str | None, keywords: Mapping[str, Any]) -> str:
    """Add keywords to a description, in words; empty if there is nothing to say."""
    words = "; ".join(word for name, value in keywords.items() if (word := _word(name, value)))
    return f"{text or ''} ({words})".lstrip() if words else text or ""


def described_tool(
    tool: Tool, vendor: str, *, unsaid: Collection[str] = (), quiet: Collection[str] = ()
) -> tuple[str, tuple[ToolNote, ...]]:
    """Describe a function with what its parameters say as a whole: many frameworks show an LLM nothing else of that.

    Of the keywords in `unsaid` the vendor's schema says nothing, which is told but for those in `quiet`. Also returns
    that, and what there was no room for.
    """
    whole = merged(tool.parameters)
    said, rest = spoken(at_root(whole))
    root = whole.get("description") or ""
    lost = []
    text = tool.description
    if root and root not in text:
        room = MAX_DESCRIPTION - len(text) - 1
        if len(root) > room:
            lost.append(ToolNote("parameters.description", f"{_NO_ROOM}; shorten it"))
        text = text if room < _LEAST_ROOM else f"{text} {root if len(root) <= room else root[: room - 1] + '…'}"
    for keyword, sentence in said.items():
        if len(text) + 1 + len(sentence) > MAX_DESCRIPTION:
            lost.append(ToolNote(f"parameters.{keyword}", f"{_NO_ROOM}; say it in the description of a parameter"))
            continue
        text = f"{text} {sentence}"
        if keyword in unsaid and keyword not in quiet:
            lost.append(ToolNote(f"parameters.{keyword}", _told(vendor)))
    kept: dict[str, Any] = {}
    length = len(text) + len(" ")
    for keyword, value in rest.items():
        # As `described` writes them, brackets and all: counted, since a schema has thousands of keywords of its own.
        more = len(f"; {word}") if (word := _word(keyword, value)) else 0
        if more and length + more > MAX_DESCRIPTION:
            lost.append(ToolNote(f"parameters.{keyword}", f"{_NO_ROOM}; say it in the description of a parameter"))
            continue
        length += more
        kept[keyword] = value
        if keyword in unsaid:
            lost += notes_of({keyword: value}, "parameters", vendor, quiet={*quiet, *ANNOTATIONS})
    return described(text, kept), tuple(lost)


def at_root(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands at the top of parameters besides the parameters themselves: rules, and examples."""
    said = {
        keyword: value
        for keyword, value in schema.items()
        # That further properties may come, or none, goes without saying.
        if keyword not in _PARAMETERS and not (keyword in _ENDS and (value == {} or isinstance(value, bool)))
    }
    known = schema.get("properties", {})
    said |= {keyword: lean(said[keyword], known) for keyword in ("anyOf", "oneOf", "then", "else") if keyword in said}
    undeclared = [name for name in schema.get("required", ()) if name not in known]
    return {**({"required": undeclared} if undeclared else {}), **said}


def without(schema: Mapping[str, Any], unfit: Collection[str] = ()) -> dict[str, Any]:
    """Return a schema of parameters without its description, which the function's has, and what a vendor refuses."""
    return {keyword: value for keyword, value in schema.items() if keyword != "description" and keyword not in unfit}


def notes_below(shape: Shape, unspoken: Unspoken, vendor: str) -> Iterator[ToolNote]:
    """Tell of each keyword of parameters, at any depth, that is told in words alone and is no limit, or not at all."""
    for child in (*shape.variants, *shape.properties.values(), *((shape.items,) if shape.items else ())):
        yield from notes_of(unspoken(child), child.loc, vendor, quiet={*child.limits, "enum"})
        yield from notes_below(child, unspoken, vendor)


def notes_of(keywords: Mapping[str, Any], loc: str, vendor: str, *, quiet: Collection[str] = ()) -> Iterator[ToolNote]:
    """Tell of the keywords of one place; those in `quiet` only if they are too long for words."""
    for name, value in keywords.items():
        if not _word(name, value):
            yield ToolNote(f"{loc}.{name}", f"{vendor} has no place for it, and it is too long for the description")
        elif name not in quiet:
            yield ToolNote(f"{loc}.{name}", _told(vendor))


def notes_of_nulls(shape: Shape, vendor: str) -> Iterator[ToolNote]:
    """Tell of values that must be there and may be null, for a vendor that knows no null."""
    for name, child in shape.properties.items():
        if child.nullable and name in shape.required:
            yield ToolNote(child.loc, f"{vendor} has no null; the LLM always gives a value. Take it out of required")
    for child in (*shape.variants, *shape.properties.values(), *((shape.items,) if shape.items else ())):
        yield from notes_of_nulls(child, vendor)


def _told(vendor: str) -> str:
    return f"{vendor} has no place for it; the description says it in words"


def _word(name: str, value: Any) -> str | None:
    word = f"{name}: {json.dumps(value, ensure_ascii=False)}"
    return word if len(word) <= MAX_WORDS else None

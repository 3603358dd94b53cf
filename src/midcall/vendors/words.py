"""What a format has no keyword for, told to the LLM in a description; midcall checks it anyway."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from midcall.vendors.merging import merged
from midcall.vendors.shape import Shape
from midcall.vendors.tool import Note, Tool

#: Characters of one keyword in words; a longer condition would teach an LLM nothing.
MAX_WORDS = 500

#: Says which keywords of a value a format has no place for, each with what it says.
Unspoken = Callable[[Shape], Mapping[str, Any]]


def unspoken(shape: Shape, known: Collection[str]) -> dict[str, Any]:
    """Return the keywords of a value that are not among those a format knows."""
    return {name: value for name, value in (*shape.limits.items(), *shape.relations.items()) if name not in known}


def described(text: str | None, keywords: Mapping[str, Any]) -> str:
    """Add keywords to a description, in words; empty if there is nothing to say."""
    words = "; ".join(word for name, value in keywords.items() if (word := _word(name, value)))
    return f"{text or ''} ({words})".lstrip() if words else text or ""


def described_tool(tool: Tool, keywords: Mapping[str, Any]) -> str:
    """Describe a tool for a vendor whose parameters have no description of their own at the top."""
    root = tool.parameters.get("description", "")
    text = tool.description if root in tool.description else f"{tool.description} {root}"
    return described(text, keywords)


def notes(shape: Shape, unspoken: Unspoken, vendor: str) -> Iterator[Note]:
    """Tell of each keyword, at any depth, that is told in words alone though it is no mere limit, or not at all."""
    yield from notes_of(unspoken(shape), shape.loc, vendor, quiet={*shape.limits, "enum"})
    for child in (*shape.variants, *shape.properties.values(), *((shape.items,) if shape.items else ())):
        yield from notes(child, unspoken, vendor)


def notes_of(keywords: Mapping[str, Any], loc: str, vendor: str, *, quiet: Collection[str] = ()) -> Iterator[Note]:
    """Tell of the keywords of one place; those in `quiet` only if they are too long for words."""
    for name, value in keywords.items():
        if not _word(name, value):
            yield Note(f"{loc}.{name}", f"{vendor} has no place for it, and it is too long for the description")
        elif name not in quiet:
            yield Note(f"{loc}.{name}", f"{vendor} has no place for it; the description says it in words")


def notes_of_nulls(shape: Shape, vendor: str) -> Iterator[Note]:
    """Tell of values that must be there and may be null, for a vendor that knows no null."""
    for name, child in shape.properties.items():
        if child.nullable and name in shape.required:
            yield Note(child.loc, f"{vendor} has no null; the LLM always gives a value. Take it out of required")
    for child in (*shape.variants, *shape.properties.values(), *((shape.items,) if shape.items else ())):
        yield from notes_of_nulls(child, vendor)


def without_at_root(
    schema: Mapping[str, Any], unfit: Collection[str], vendor: str
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """Write a schema of parameters without keywords that a vendor refuses at the top; its description tells of them."""
    whole = merged(schema)
    spoken = {keyword: value for keyword, value in whole.items() if keyword in unfit}
    kept = {keyword: value for keyword, value in whole.items() if keyword not in unfit}
    description = described(whole.get("description"), spoken)
    if description:
        kept["description"] = description
    return kept, tuple(notes_of(spoken, "parameters", vendor))


def _word(name: str, value: Any) -> str | None:
    word = f"{name}: {json.dumps(value, ensure_ascii=False)}"
    return word if len(word) <= MAX_WORDS else None

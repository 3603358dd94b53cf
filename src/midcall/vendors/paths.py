"""Paths to one value in a result, as vendors write them."""

import re

#: A dotted path, or JSONPath that leads to one value; other JSONPath may find several.
_SINGLE = re.compile(r"(?:\$|[A-Za-z_][\w-]*)(?:\.[\w-]+|\[\d+\]|\['[\w-]+'\])*")
_STEP = re.compile(r"\[(\d+)\]|\['([\w-]+)'\]|\.?([\w-]+)")


def steps_of(path: str) -> tuple[str, ...] | None:
    """Take a path apart (`$.data[0].id` and `data.0.id` are `data`, `0`, `id`); None if it may find several values."""
    if path == "$" or not _SINGLE.fullmatch(path):
        return None
    return tuple(index or quoted or name for index, quoted, name in _STEP.findall(path.removeprefix("$")))


def with_dots(steps: tuple[str, ...]) -> str:
    """Write a path as `data.0.id`."""
    return ".".join(steps)


def with_brackets(steps: tuple[str, ...]) -> str:
    """Write a path as `data[0].id`."""
    written = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps)
    return written.removeprefix(".")

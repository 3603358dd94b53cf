"""What changed between two versions, line by line: their settings, then their source."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from midcall.domain.budget import BudgetSpent
from midcall.domain.function_config import FunctionConfig
from midcall.domain.line_diff import unified
from midcall.service.credentials.inline_secrets import shown

#: Lines of one part that are compared, and of a difference that are told: comparing takes time quadratic in them.
MAX_LINES, MAX_TOLD = 4_000, 2_000


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff. `mark` is one of `+`, `-`, `@` (where it stands) and a space (unchanged)."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class DiffPart:
    """The changes in one part of a version: its settings, its source."""

    title: str
    lines: tuple[DiffLine, ...]
    #: Why there are no lines though it changed, or fewer than there could be; empty if these are all.
    note: str = ""


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[DiffPart, ...]:
    """Compare two versions' documents; secrets are masked. Parts that are the same are left out."""
    parts = [
        _part("Source", *(FunctionConfig.from_stored(each).code.source for each in (before, after))),
        _part("Settings", _settings(before), _settings(after)),
    ]
    if not any(parts) and before != after:
        # What is masked looks the same before and after.
        return (DiffPart("Settings", (), "A kept secret was replaced; its value is never shown."),)
    return tuple(part for part in parts if part is not None)


def _settings(document: Mapping[str, Any]) -> str:
    visible = shown(document)
    if isinstance(visible.get("code"), Mapping):
        visible["code"] = {name: value for name, value in visible["code"].items() if name != "source"}
    return json.dumps(visible, indent=2, ensure_ascii=False, sort_keys=True)


def _part(title: str, before: str, after: str) -> DiffPart | None:
    if before == after:
        return None
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        return DiffPart(title, (), f"It has more than {MAX_LINES:,} lines, which are not compared.")
    try:
        told = list(islice(_lines(old, new), MAX_TOLD + 1))
    except BudgetSpent:
        return DiffPart(title, (), "It differs in too many places to be compared line by line.")
    note = f"The first {MAX_TOLD:,} lines of the difference." if len(told) > MAX_TOLD else ""
    if not told:
        note = "The ends of its lines alone are others."
    return DiffPart(title, tuple(told[:MAX_TOLD]), note)


def _lines(old: list[str], new: list[str]) -> list[DiffLine]:
    found = unified(old, new)
    return [DiffLine(line[0], line if line[0] == "@" else line[1:]) for line in islice(found, 2, None)]

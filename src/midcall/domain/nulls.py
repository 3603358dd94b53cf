"""Null for a parameter that takes none: whoever sent it had nothing to give, and could not leave it out.

OpenAI's strict mode makes an LLM name every parameter, null for those it has no value for; other LLMs do so unasked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.expanded import Unexpandable, expanded

#: Parts of a schema that are asked what they say of a name: each name of a value may ask each branch.
MAX_STEPS = 200_000
_CHOICES_OF_A_STEP = 32


def without_nulls(schema: Mapping[str, Any], params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters without the nulls, at any depth, of properties whose schema takes no null.

    Where that takes too many steps they are left as they are: the check tells of the nulls.
    """
    if not _has_null(params):
        return params
    try:
        pruned: dict[str, Any] = _Pruning(Budget(MAX_STEPS, seconds=math.inf)).of(expanded(schema), params)
    except (Unexpandable, BudgetSpent):
        return params
    return pruned


def _has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


@dataclass(slots=True)
class _Pruning:
    """One value being read beside its schema; remembers what schemas say of a name, since lists ask it often."""

    budget: Budget
    found: dict[tuple[int, str | None], Any] = field(default_factory=dict)
    #: The schemas made on the way, kept so that no two have the same id.
    made: list[Any] = field(default_factory=list)

    def of(self, schema: Any, value: Any) -> Any:
        if isinstance(value, list):
            items = self._below(schema, None)
            return [self.of(items, entry) for entry in value]
        if not isinstance(value, Mapping):
            return value
        kept = {}
        for name, child in value.items():
            declared = self._below(schema, name)
            if child is not None or declared is None or self._takes_null(declared):
                kept[name] = self.of(declared, child)
        return kept

    def _below(self, schema: Any, name: str | None) -> Any:
        key = (id(schema), name)
        if key not in self.found:
            self.found[key] = self._said(schema, name)
            self.made.append(self.found[key])
        return self.found[key]

    def _said(self, schema: Any, name: str | None) -> Any:
        """Return what a schema and its branches say of a property, or (for None) of a list's entries; None: nothing."""
        self.budget.spend()
        if not isinstance(schema, Mapping):
            return None
        own = schema.get("items") if name is None else schema.get("properties", {}).get(name)
        parts = [own, *(self._said(branch, name) for branch in schema.get("allOf", ()))]
        for word in ("anyOf", "oneOf"):
            branches = [said for branch in schema.get(word, ()) if (said := self._said(branch, name)) is not None]
            parts.append({"anyOf": branches} if branches else None)
        said = [part for part in parts if part is not None]
        return said[0] if len(said) == 1 else {"allOf": said} if said else None

    def _takes_null(self, schema: Any) -> bool:
        self.budget.spend()
        if not isinstance(schema, Mapping):
            return bool(schema)
        kind, choices = schema.get("type", "null"), schema.get("enum", (None,))
        self.budget.spend(len(choices) // _CHOICES_OF_A_STEP)
        return (
            "null" in (kind if isinstance(kind, list) else [kind])
            and None in choices
            and schema.get("const") is None
            and all(map(self._takes_null, schema.get("allOf", ())))
            and all(any(map(self._takes_null, schema[word])) for word in ("anyOf", "oneOf") if word in schema)
        )

"""Rules about several parameters at once, in plain words: at the top of a schema few LLMs are shown them.

What has no plain words is written as JSON by `midcall.vendors.words`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

_CONDITION = ("if", "then", "else")
#: More have no room in a description.
_MAX_BRANCHES = 200
#: Keywords that add nothing to a branch of names.
_BESIDE = frozenset({"type", "required", "title", "description"})


def spoken(keywords: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Say those keywords of a schema that have plain words, a sentence each; also returns the others as they are."""
    said = {keyword: words for keyword, say in _SAY.items() if (words := say(keywords.get(keyword))) is not None}
    condition = _condition(keywords)
    if condition is not None:
        said["if"] = condition
    told = {*said, *(_CONDITION if condition is not None else ())}
    rest = {keyword: value for keyword, value in keywords.items() if keyword not in told}
    branches = [(branch, _whole(branch)) for branch in rest.get("allOf", ())]
    if any(words for _, words in branches):
        said["allOf"] = " ".join(words for _, words in branches if words)
        rest["allOf"] = [branch for branch, words in branches if not words]
    return said, {keyword: value for keyword, value in rest.items() if keyword != "allOf" or value}


def _whole(branch: Any) -> str:
    """Say a branch, if it has plain words for all that it says."""
    said, rest = spoken(branch) if isinstance(branch, Mapping) else ({}, {"": branch})
    return "" if rest.keys() - _BESIDE else " ".join(said.values())


def _at_least_one(branches: Any) -> str | None:
    groups = _groups(branches)
    return None if groups is None else f"Give at least one of: {'; '.join(groups)}."


def _exactly_one(branches: Any) -> str | None:
    groups = _groups(_without_the_others(branches))
    return None if groups is None else f"Give exactly one of: {'; '.join(groups)}."


def _without_the_others(branches: Any) -> Any:
    """Leave out of branches that they take none of the others' names: of exactly one that goes without saying."""
    few = isinstance(branches, list) and len(branches) <= _MAX_BRANCHES
    if not few or not all(isinstance(branch, Mapping) for branch in branches):
        return branches
    needed = [set(_required({"required": branch.get("required")}) or ()) for branch in branches]
    return [
        {keyword: value for keyword, value in branch.items() if keyword != "not"}
        if _refused(branch.get("not")) <= set().union(*needed[:place], *needed[place + 1 :])
        else branch
        for place, branch in enumerate(branches)
    ]


def _refused(schema: Any) -> set[str]:
    """Return the names that a `not` is about; a name that nothing has if it is about more."""
    if schema is None:
        return set()
    some = schema.get("anyOf") if isinstance(schema, Mapping) and schema.keys() == {"anyOf"} else [schema]
    found = [_required(each) for each in some] if isinstance(some, list) else [None]
    return {""} if None in found else {name for names in found for name in names or ()}


def _not_together(schema: Any) -> str | None:
    names = _required(schema)
    if names is not None:
        return f"Do not give {_and(names)}{' together' if len(names) > 1 else ''}."
    groups = _groups(schema.get("anyOf")) if isinstance(schema, Mapping) and schema.keys() == {"anyOf"} else None
    return None if groups is None else f"Do not give any of: {'; '.join(groups)}."


def _dependent(needs: Any) -> str | None:
    if not isinstance(needs, Mapping) or not needs:
        return None
    names = {name: each if isinstance(each, list) else _required(each) for name, each in needs.items()}
    if not all(names.values()):
        return None
    return " ".join(f"With {name} give {_and(each)} too." for name, each in names.items() if each)


def _also(names: Any) -> str | None:
    return f"Give {_and(names)} too." if isinstance(names, list) and names else None


def _least(count: Any) -> str | None:
    return f"Give at least {count:g} of the parameters." if isinstance(count, int | float) and count > 0 else None


def _most(count: Any) -> str | None:
    return f"Give at most {count:g} of the parameters." if isinstance(count, int | float) else None


_SAY: Mapping[str, Callable[[Any], str | None]] = {
    "required": _also,
    "anyOf": _at_least_one,
    "oneOf": _exactly_one,
    "dependentRequired": _dependent,
    "dependencies": _dependent,
    "dependentSchemas": _dependent,
    "not": _not_together,
    "minProperties": _least,
    "maxProperties": _most,
}


def _condition(keywords: Mapping[str, Any]) -> str | None:
    """Say a condition on values that asks for parameters: `if` kind is "iban", `then` iban is needed."""
    when = _when(keywords.get("if"))
    given = {word: keywords[word] for word in ("then", "else") if word in keywords}
    names = {word: _required(schema) for word, schema in given.items()}
    if when is None or not names or None in names.values():
        return None
    then, other = names.get("then"), names.get("else")
    parts = [f"If {when}, give {_and(then)}."] if then else []
    parts += [f"{'If not' if then else f'Unless {when}'}, give {_and(other)}."] if other else []
    return " ".join(parts)


def _when(schema: Any) -> str | None:
    if not isinstance(schema, Mapping) or not schema.keys() <= _BESIDE | {"properties"}:
        return None
    values = schema.get("properties", {})
    found = list(_tests(values))
    if not values:
        names = _required(schema)
        return None if names is None else f"{_and(names)} {'is' if len(names) == 1 else 'are'} given"
    return " and ".join(found) if len(found) == len(values) else None


def _tests(properties: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in properties.items():
        known = isinstance(schema, Mapping) and schema.keys() <= {"const", "enum", "type"}
        values = [schema["const"]] if known and "const" in schema else schema.get("enum") if known else None
        if values:
            yield f"{name} is {' or '.join(json.dumps(value, ensure_ascii=False) for value in values)}"


def _groups(branches: Any) -> list[str] | None:
    """Write branches that ask for names alone."""
    if not isinstance(branches, list) or not 0 < len(branches) <= _MAX_BRANCHES:
        return None
    found = [_required(branch) for branch in branches]
    return None if None in found else [_and(names) for names in found if names]


def _required(schema: Any) -> Sequence[str] | None:
    """Return the names that a schema asks for, if it says nothing else."""
    if not isinstance(schema, Mapping) or not schema.keys() <= _BESIDE:
        return None
    return schema.get("required") or None


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

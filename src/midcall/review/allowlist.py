"""What may be imported: `allowed.toml` beside this module, and what an operator adds to it (`extension.py`)."""

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

#: The tables of an allow-list file.
TABLES = frozenset({"modules", "modules_since", "keywords", "decorators", "hints"})
#: The minor versions of Python 3 that midcall runs on.
MINORS = (11, 12, 13, 14)


class BadAllowList(ValueError):
    """An allow-list that cannot be used; the message names each faulty entry and the cure."""


@dataclass(frozen=True, slots=True, eq=False)
class AllowList:
    """Modules with the names that may be used from each, and the words of advice for others.

    `keywords` narrows a call (`"logging.basicConfig"`) to some keyword arguments; `decorators` may only decorate
    classes. `packages` are the dotted prefixes (`urllib` of `urllib.parse`) that may be stepped through on the way to
    a listed module.
    """

    modules: Mapping[str, frozenset[str]]
    keywords: Mapping[str, frozenset[str]]
    decorators: frozenset[str]
    hints: Mapping[str, str]
    packages: frozenset[str]

    def is_step(self, module: str) -> bool:
        """Say whether `module` is listed, or leads to one that is."""
        return module in self.modules or module in self.packages

    def names_of(self, module: str) -> frozenset[str]:
        """Return the names that may be used from `module`; none if it is not listed."""
        return self.modules.get(module, frozenset())

    def has(self, dotted: str) -> bool:
        """Say whether `module.name` is listed."""
        module, _, name = dotted.rpartition(".")
        return name in self.names_of(module)

    def beyond(self, base: "AllowList") -> dict[str, frozenset[str]]:
        """Return what is listed here and not in `base`: module -> names."""
        more = {module: names - base.names_of(module) for module, names in self.modules.items()}
        return {module: names for module, names in more.items() if names}

    def terms(self) -> str:
        """Return what is allowed and refused, as one text: equal for equal lists, however their files are written.

        Hints are left out: they are words of advice and decide nothing.
        """
        tables = _tables(self)
        del tables["hints"]
        return json.dumps(tables, sort_keys=True)


def allow_list(
    modules: Mapping[str, frozenset[str]],
    keywords: Mapping[str, frozenset[str]],
    decorators: frozenset[str],
    hints: Mapping[str, str],
) -> AllowList:
    """Make an allow-list of its four tables."""
    return AllowList(
        modules=modules, keywords=keywords, decorators=decorators, hints=hints, packages=_prefixes(modules)
    )


def parse(text: str, *, minor: int = sys.version_info.minor) -> AllowList:
    """Read an allow-list from TOML text; raises BadAllowList for a file of another shape.

    What `modules_since` lists for a later minor version of Python 3 than `minor` is left out: there it does not exist.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadAllowList(f"it is not TOML: {error}") from None
    unknown = sorted(data.keys() - TABLES)
    if unknown:
        raise BadAllowList(f"[{unknown[0]}]: no such table; there are {', '.join(sorted(TABLES))}")
    decorators = _table(data, "decorators")
    if decorators.keys() - {"names"}:
        raise BadAllowList("[decorators]: it has one entry, `names`, a list of `module.name`")
    return allow_list(
        _modules(data, minor),
        {name: _names(f"[keywords] {name}", value) for name, value in _table(data, "keywords").items()},
        _names("[decorators] names", decorators.get("names", [])),
        {
            name: _text(f"[hints] {names}", value)
            for names, value in _table(data, "hints").items()
            for name in names.split()
        },
    )


def _modules(data: Mapping[str, Any], minor: int) -> dict[str, frozenset[str]]:
    """Return the names of each module that are there in a minor version."""
    found = {name: _names(f"[modules] {name}", value) for name, value in _table(data, "modules").items()}
    for since, table in _table(data, "modules_since").items():
        place = f'[modules_since."{since}"]'
        if not re.fullmatch(r"3\.[1-9][0-9]?", since) or not isinstance(table, dict):
            raise BadAllowList(f'{place}: head it by a minor version in quotes, such as [modules_since."3.12"]')
        for name, value in table.items():
            names = _names(f"{place} {name}", value)
            if int(since.partition(".")[2]) <= minor:
                found[name] = found.get(name, frozenset()) | names
    return found


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise BadAllowList(f"{name}: it has to be a table, headed by a line `[{name}]`")
    return table


def _names(place: str, value: object) -> frozenset[str]:
    if isinstance(value, dict):
        inner = next(iter(value), "name")
        raise BadAllowList(f'{place}: a name with dots has to stand in quotes: "{place.split()[1]}.{inner}" = [...]')
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadAllowList(f'{place}: write a list of names: ["one", "two"]')
    return frozenset(value)


def _text(place: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadAllowList(f"{place}: write one text in quotes")
    return value


def _prefixes(modules: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return every dotted prefix of the listed modules."""
    split = [name.split(".") for name in modules]
    return frozenset(".".join(parts[:count]) for parts in split for count in range(1, len(parts)))


def dumps(allowed: AllowList) -> str:
    """Write a whole allow-list as JSON in ASCII, for another process."""
    return json.dumps(_tables(allowed))


def loads(text: str) -> AllowList:
    """Read what `dumps` wrote."""
    data = json.loads(text)
    return allow_list(
        {name: frozenset(names) for name, names in data["modules"].items()},
        {name: frozenset(names) for name, names in data["keywords"].items()},
        frozenset(data["decorators"]),
        data["hints"],
    )


def _tables(allowed: AllowList) -> dict[str, Any]:
    return {
        "modules": {name: sorted(names) for name, names in allowed.modules.items()},
        "keywords": {name: sorted(names) for name, names in allowed.keywords.items()},
        "decorators": sorted(allowed.decorators),
        "hints": dict(allowed.hints),
    }


def packaged() -> AllowList:
    """Return the allow-list that ships with midcall, for the running Python (read once)."""
    return packaged_for(sys.version_info.minor)


@cache
def packaged_for(minor: int) -> AllowList:
    """Return the allow-list that ships with midcall, for a minor version of Python 3 (read once)."""
    return parse(resources.files(__package__).joinpath("allowed.toml").read_text(encoding="utf-8"), minor=minor)

"""What may be imported, read from one file: `allowed.toml` beside this module."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True, eq=False)
class AllowList:
    """Modules with the names that may be used from each, and the words of advice for others.

    `keywords` narrows a call (`"logging.basicConfig"`) to some keyword arguments; `decorators` may only decorate
    classes. `packages` are the dotted prefixes (`urllib` of `urllib.parse`) that may be stepped through on the way to
    a listed module.
    """

    text: str
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


def parse(text: str) -> AllowList:
    """Read an allow-list from TOML text; raises ValueError or TypeError on a file of another shape."""
    data = tomllib.loads(text)
    modules = {str(name): frozenset(map(str, names)) for name, names in data["modules"].items()}
    keywords = {str(name): frozenset(map(str, names)) for name, names in data.get("keywords", {}).items()}
    decorators = frozenset(map(str, data.get("decorators", {}).get("names", ())))
    hints = {str(name): str(hint) for name, hint in data.get("hints", {}).items()}
    return AllowList(
        text=text,
        modules=modules,
        keywords=keywords,
        decorators=decorators,
        hints=hints,
        packages=_prefixes(modules),
    )


def _prefixes(modules: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return every dotted prefix of the listed modules."""
    split = [name.split(".") for name in modules]
    return frozenset(".".join(parts[:count]) for parts in split for count in range(1, len(parts)))


@cache
def packaged() -> AllowList:
    """Return the allow-list that ships with midcall (read once)."""
    return parse(resources.files(__package__).joinpath("allowed.toml").read_text(encoding="utf-8"))

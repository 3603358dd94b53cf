"""Rules on where classes come from.

A class can be made without a `class` statement (`type(int)` is `type`, and calling it makes one with any attributes).
Alone that does no harm; as a base class it would bring attributes that library code trusts.
"""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.kinds import is_as_written
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example
from midcall.review.scopes import Binding, Kind

#: Library functions that make a class to inherit from, by names that they check themselves.
_MAKERS = frozenset({"collections.namedtuple", "typing.NamedTuple", "typing.TypedDict", "enum.Enum"})


def _bases(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.ClassDef):
        for base in node.bases:
            if not _is_known(module, base, 4):
                yield Hit(
                    base,
                    "What this base class is cannot be seen here.",
                    "Inherit from a class of this file, of the library, or from nothing.",
                )


def _is_known(module: Module, base: ast.expr, steps: int) -> bool:
    """Say whether a base is a class as written in this file, or one of the library."""
    if isinstance(base, ast.Subscript):
        return _is_known(module, base.value, steps)
    if isinstance(base, ast.Call):
        return module.is_only(base.func, *_MAKERS)
    if isinstance(base, ast.Attribute):
        return module.is_library(base)
    if not isinstance(base, ast.Name) or steps == 0:
        return False
    bindings = module.meaning(base).bindings
    return all(_is_class(module, binding, steps - 1) for binding in bindings)


def _is_class(module: Module, binding: Binding, steps: int) -> bool:
    if binding.kind is Kind.IMPORTED:
        return True
    if binding.kind is Kind.VALUE and isinstance(binding.value, ast.Call | ast.Name | ast.Attribute):
        return _is_known(module, binding.value, steps)
    if not isinstance(binding.node, ast.ClassDef) or binding.kind is not Kind.CLASS:
        return False
    # A decorator may put anything in the place of the class, unless it is one of the library.
    return is_as_written(module, binding.node)


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="class.base",
        summary="Base classes are class statements of the file, or classes of the library.",
        severity=Severity.ERROR,
        check=_bases,
        good=example(
            "from typing import NamedTuple\n\nclass Slot(NamedTuple):\n    start: int\n\n"
            "def handler(session):\n    return Slot(1).start\n"
        ),
        bad=example(
            "kind = type(int)\n\nclass Item(kind('Base', (), {})):\n    pass\n\ndef handler(session):\n    return 1\n"
        ),
    ),
)

"""Rules on where classes come from.

A class can be made without a `class` statement (`type(int)` is `type`, and calling it makes one with any attributes).
Alone that does no harm; as a base class it would bring attributes that library code trusts.
"""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.kinds import is_as_written
from midcall.review.lineage import TEXTS, family
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example
from midcall.review.scopes import Binding, BindingKind
from midcall.review.vocabulary import SPECIAL_METHODS, words

#: Library functions that make a class to inherit from, by names that they check themselves.
_MAKERS = frozenset({"collections.namedtuple", "typing.NamedTuple", "typing.TypedDict", "enum.Enum"})

#: Modules that look for files and modules by a name that they are given, once they have looked at it as a text.
_FINDERS = frozenset({"zoneinfo", "pytz", "phonenumbers", "dateutil"})
#: What a text does when it is looked at, joined and taken apart; what it only shows of itself is its own.
_OF_TEXTS = (frozenset(dir(str)) | frozenset(dir(bytes)) | SPECIAL_METHODS) - words(
    "__doc__ __format__ __init__ __init_subclass__ __new__ __repr__ __slots__ __str__"
)


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
    if binding.kind is BindingKind.IMPORTED:
        return True
    if binding.kind is BindingKind.VALUE and isinstance(binding.value, ast.Call | ast.Name | ast.Attribute):
        return _is_known(module, binding.value, steps)
    if not isinstance(binding.node, ast.ClassDef) or binding.kind is not BindingKind.CLASS:
        return False
    # A decorator may put anything in the place of the class, unless it is one of the library.
    return is_as_written(module, binding.node)


def _texts(module: Module) -> Iterator[Hit]:
    imported = {alias.name for node in module.nodes(ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in module.nodes(ast.ImportFrom)}
    if _FINDERS.isdisjoint(name.partition(".")[0] for name in imported):
        return
    kin = [(node, family(module, node)) for node in module.nodes(ast.ClassDef)]
    texts = [(node, found) for node, found in kin if found.origins & TEXTS]
    for node, found in texts:
        if any(not _is_of_texts(name) for name in found.origins):
            yield _lying(node, "inherits from a text and from another class of the library")
    for statement in {id(each): each for _, found in texts for each in found.statements}.values():
        yield from (_lying(place, f"defines `{name}` for a text") for place, name in _defined(statement))
    if texts:
        for stored in module.nodes(ast.Attribute):
            if stored.attr in _OF_TEXTS and not isinstance(stored.ctx, ast.Load):
                yield _lying(stored, f"sets `{stored.attr}`, which a text has,")


def _is_of_texts(name: str) -> bool:
    return name in TEXTS | {"builtins.object", "abc.ABC"} or name.partition(".")[0] in {"enum", "typing"}


def _defined(node: ast.ClassDef) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what a class body binds of what texts have; plain values, as members of enums are, cannot be called."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            continue
        is_definition = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        for part in [statement] if is_definition else ast.walk(statement):
            name = _bound(part)
            if name in _OF_TEXTS:
                yield statement, name


def _bound(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.alias):
        return node.asname or node.name
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""


def _lying(node: ast.stmt | ast.expr, what: str) -> Hit:
    return Hit(
        node,
        f"This {what} while the file uses a module that finds files by names: a name must be what it looks like.",
        "Give it another name, or keep the text in an attribute of a class that inherits from nothing.",
    )


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
    Rule(
        id="class.text",
        summary="Beside modules that find files by names (zoneinfo, pytz), classes that inherit from `str` or `bytes` "
        "change nothing of what a text does.",
        severity=Severity.ERROR,
        check=_texts,
        good=example(
            "from enum import Enum\nfrom zoneinfo import ZoneInfo\n\nclass Zone(str, Enum):\n"
            "    HOME = 'Europe/Berlin'\n\n    def __str__(self):\n        return self.value\n\n"
            "def handler(session):\n    return ZoneInfo(Zone.HOME).key\n"
        ),
        bad=example(
            "from zoneinfo import ZoneInfo\n\nclass Name(str):\n    def __radd__(self, other):\n"
            "        return '/etc/passwd'\n\ndef handler(session):\n    return ZoneInfo(Name('UTC')).key\n"
        ),
    ),
)

"""Which name means what where: the scopes of a module, their bindings, and how a use resolves.

Follows the language reference (4.2 and 6.2.4): comprehensions are scopes of their own, their first iterable belongs to
the scope around; class scopes are invisible from functions within; a walrus in a comprehension binds around it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class BindingKind(StrEnum):
    """How a name came to be bound."""

    #: `import a`, `import a.b`, `import a.b as c`, or a submodule by `from a import b`.
    MODULE = "module"
    #: `from a import name`.
    IMPORTED = "imported"
    #: `name = value`, `name: T = value`, `name := value`: the value is known.
    VALUE = "value"
    #: `def` or `async def`.
    FUNCTION = "function"
    #: `class`.
    CLASS = "class"
    #: A parameter.
    PARAMETER = "parameter"
    #: Loop target, unpacking, `with`, `except`, pattern, `del`, augmented assignment, bare annotation.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that binds a name. `value` is what it is bound to, where that is one expression.

    `origin` is the dotted module (`MODULE`) or `module.name` (`IMPORTED`).
    """

    kind: BindingKind
    node: ast.AST
    value: ast.expr | None = None
    origin: str = ""


@dataclass(eq=False)
class LexicalScope:
    """One scope: the module, a function or lambda, a class, or a comprehension."""

    node: ast.AST
    parent: "LexicalScope | None"
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    outer_names: dict[str, ast.Global | ast.Nonlocal] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """True for a class body."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_module(self) -> bool:
        """True for the module itself."""
        return self.parent is None

    @property
    def is_comprehension(self) -> bool:
        """True for the inner part of a comprehension."""
        return isinstance(self.node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)

    @property
    def module(self) -> "LexicalScope":
        """The outermost scope, which is the module's."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def chain(self) -> Iterator["LexicalScope"]:
        """Yield the scopes in which a name used here is looked up, innermost first."""
        scope: LexicalScope | None = self
        while scope is not None:
            if scope is self or not scope.is_class:
                yield scope
            scope = scope.parent


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """The bindings that a name may stand for at one place. `falls_through`: it may also reach the built-ins."""

    bindings: tuple[Binding, ...]
    falls_through: bool
    scope: LexicalScope | None


def target_scope(scope: LexicalScope, name: str) -> LexicalScope:
    """Return the scope in which binding `name` within `scope` takes effect (`global` and `nonlocal` included)."""
    statement = scope.outer_names.get(name)
    if statement is None:
        return scope
    if isinstance(statement, ast.Global):
        return scope.module
    outer = scope.parent
    while outer is not None and (outer.is_class or name not in outer.bindings):
        outer = outer.parent
    return outer or scope.module


def resolve(scope: LexicalScope, name: str) -> Meaning:
    """Return all that `name` may mean when used in `scope`.

    A class or the module may not have bound it yet (or deleted it), so what lies around shows through; a function's own
    name never does that: using it too early raises.
    """
    found: list[Binding] = []
    first: LexicalScope | None = None
    for candidate in scope.chain():
        here = target_scope(candidate, name)
        bound = here.bindings.get(name)
        if not bound:
            if here is not candidate and here.is_module:
                break
            continue
        found.extend(bound)
        first = first or here
        if here.is_module:
            break
        if not here.is_class:
            return Meaning(tuple(found), falls_through=False, scope=first)
    return Meaning(tuple(found), falls_through=True, scope=first)

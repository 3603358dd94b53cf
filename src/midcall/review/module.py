"""A parsed module as the rules see it: nodes by type, parents, scopes, imports, and what constants can be."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar, cast

from midcall.domain.review import Subject
from midcall.review.allowlist import AllowList
from midcall.review.binder import Binder
from midcall.review.scopes import BindingKind, LexicalScope, Meaning, resolve
from midcall.review.text import SourceText

NodeT = TypeVar("NodeT", bound=ast.AST)
T = TypeVar("T")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """The source, its tree, and answers to what rules ask; each answer is worked out once."""

    def __init__(self, text: SourceText, tree: ast.Module, allowed: AllowList) -> None:
        self.text = text
        self.tree = tree
        self.allowed = allowed
        self._bound = Binder(tree, modules=frozenset(allowed.modules)).bound
        self.root = self._bound.root
        self._modules: dict[Meaning, frozenset[str]] = {}
        self._origins: dict[Meaning, str] = {}
        self._all_origins: dict[Meaning, frozenset[str]] = {}
        self._binders: dict[Meaning, frozenset[ast.AST]] = {}
        self._answers: dict[Callable[[Module], Any], Any] = {}
        self._by_type: dict[type, list[ast.AST]] = defaultdict(list)
        for node in self._bound.order:
            self._by_type[type(node)].append(node)

    @property
    def subject(self) -> Subject:
        """The source that is reviewed, with its declarations."""
        return self.text.subject

    def nodes(self, kind: type[NodeT]) -> list[NodeT]:
        """Return all nodes of exactly this type, in source order (names in a function after its decorators)."""
        return cast("list[NodeT]", self._by_type.get(kind, []))

    def functions(self) -> list[FunctionNode]:
        """Return every `def` and `async def`."""
        return [*self.nodes(ast.FunctionDef), *self.nodes(ast.AsyncFunctionDef)]

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node around, or None for the module and for nodes that stand in several places."""
        return self._bound.parent_of.get(node)

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around, innermost first."""
        current = self.parent(node)
        while current is not None:
            yield current
            current = self.parent(current)

    def scope(self, node: ast.AST) -> LexicalScope:
        """Return the scope in which a node stands."""
        return self._bound.scope_of.get(node, self.root)

    def meaning(self, node: ast.Name) -> Meaning:
        """Return what a name may stand for where it is used."""
        return self._meanings[node] if node in self._meanings else resolve(self.scope(node), node.id)

    @cached_property
    def _meanings(self) -> dict[ast.Name, Meaning]:
        cache: dict[tuple[LexicalScope, str], Meaning] = {}
        found: dict[ast.Name, Meaning] = {}
        for node in self.nodes(ast.Name):
            key = (self.scope(node), node.id)
            if key not in cache:
                cache[key] = resolve(*key)
            found[node] = cache[key]
        return found

    def uses(self, binding: ast.AST, name: str) -> list[tuple[Meaning, list[ast.Name]]]:
        """Return where a name is read that one statement binds, by meaning: all of one may stand for the same."""
        return [(meaning, found) for meaning, found in self._reads[name].items() if binding in self._bound_by(meaning)]

    @cached_property
    def _reads(self) -> defaultdict[str, dict[Meaning, list[ast.Name]]]:
        found: defaultdict[str, dict[Meaning, list[ast.Name]]] = defaultdict(dict)
        for node in self.nodes(ast.Name):
            if isinstance(node.ctx, ast.Load):
                found[node.id].setdefault(self.meaning(node), []).append(node)
        return found

    def _bound_by(self, meaning: Meaning) -> frozenset[ast.AST]:
        if meaning not in self._binders:
            self._binders[meaning] = frozenset(binding.node for binding in meaning.bindings)
        return self._binders[meaning]

    def is_builtin(self, node: ast.AST, *names: str) -> bool:
        """Say whether a node is the built-in function of one of these names, bound nowhere in the source."""
        return isinstance(node, ast.Name) and node.id in names and not self.meaning(node).bindings

    def origin(self, node: ast.AST) -> str:
        """Return the dotted library name that an expression stands for (`json.dumps`), or an empty string.

        Follows plain renaming (`d = json.dumps`) a few steps.
        """
        return self._origin(node, 4)

    def origins(self, node: ast.AST) -> frozenset[str]:
        """Return every dotted library name that an expression may stand for: a name can be bound several times."""
        return self._origins_of(node, 4)

    def _origins_of(self, node: ast.AST, steps: int) -> frozenset[str]:
        if isinstance(node, ast.Attribute):
            return frozenset(f"{base}.{node.attr}" for base in self._origins_of(node.value, steps))
        if not isinstance(node, ast.Name) or steps == 0:
            return frozenset()
        meaning = self.meaning(node)
        if meaning not in self._all_origins:
            found: set[str] = set()
            for binding in meaning.bindings:
                if binding.kind in {BindingKind.MODULE, BindingKind.IMPORTED}:
                    found.add(binding.origin)
                elif binding.kind is BindingKind.VALUE and isinstance(binding.value, ast.Name | ast.Attribute):
                    found |= self._origins_of(binding.value, steps - 1)
            self._all_origins[meaning] = frozenset(found)
        return self._all_origins[meaning]

    def is_library(self, node: ast.AST) -> bool:
        """Say whether an expression is a name of the library, however its name may have been bound."""
        if isinstance(node, ast.Attribute):
            return self.is_library(node.value)
        if not isinstance(node, ast.Name):
            return False
        bindings = self.meaning(node).bindings
        return bool(bindings) and all(found.kind in {BindingKind.MODULE, BindingKind.IMPORTED} for found in bindings)

    def is_only(self, node: ast.AST, *names: str) -> bool:
        """Say whether an expression can be nothing but these names of the library."""
        return self.is_library(node) and self.origins(node) <= set(names)

    def modules(self, node: ast.Name) -> frozenset[str]:
        """Return the dotted modules that a name may stand for."""
        meaning = self.meaning(node)
        if meaning not in self._modules:
            self._modules[meaning] = frozenset(
                found.origin for found in meaning.bindings if found.kind is BindingKind.MODULE
            )
        return self._modules[meaning]

    def _origin(self, node: ast.AST, steps: int) -> str:
        if isinstance(node, ast.Attribute):
            base = self._origin(node.value, steps)
            return f"{base}.{node.attr}" if base else ""
        if not isinstance(node, ast.Name) or steps == 0:
            return ""
        meaning = self.meaning(node)
        if meaning not in self._origins:
            self._origins[meaning] = self._origin_of(meaning, steps)
        return self._origins[meaning]

    def _origin_of(self, meaning: Meaning, steps: int) -> str:
        for binding in meaning.bindings:
            if binding.kind in {BindingKind.MODULE, BindingKind.IMPORTED}:
                return binding.origin
            if binding.kind is BindingKind.VALUE and isinstance(binding.value, ast.Name | ast.Attribute):
                found = self._origin(binding.value, steps - 1)
                if found:
                    return found
        return ""

    def once(self, work: Callable[["Module"], T]) -> T:
        """Return `work(self)`, worked out at the first call only."""
        if work not in self._answers:
            self._answers[work] = work(self)
        return cast("T", self._answers[work])

    def enclosing_function(self, node: ast.AST) -> FunctionNode | ast.Lambda | None:
        """Return the innermost function or lambda around a node."""
        for parent in self.parents(node):
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return parent
        return None

    def in_annotation(self, node: ast.AST) -> bool:
        """Say whether a node stands in an annotation."""
        child = node
        for parent in self.parents(node):
            if isinstance(parent, ast.arg | ast.AnnAssign):
                return child is parent.annotation
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
                return child is parent.returns
            child = parent
        return False

    @cached_property
    def handler(self) -> FunctionNode | None:
        """The last top-level function called `handler`, if there is one."""
        found = [
            node
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "handler"
        ]
        return found[-1] if found else None

    @cached_property
    def class_attributes(self) -> frozenset[str]:
        """Names that the source itself gives to attributes: class bodies, methods, and stores on anything."""
        stored = {node.attr for node in self.nodes(ast.Attribute) if _is_store(node)}
        return self.own_attributes | stored

    @cached_property
    def own_attributes(self) -> frozenset[str]:
        """Names that classes of the source give to their own objects: in their bodies, and on `self` and `cls`."""
        own = {node.attr for node in self.nodes(ast.Attribute) if self.is_first(node.value) and _is_store(node)}
        for node in self.nodes(ast.ClassDef):
            for statement in node.body:
                own.update(_bound_in_class(statement))
        return frozenset(own)

    def is_first(self, node: ast.AST) -> bool:
        """Say whether an expression is the first parameter of a method, in that or in a function within it."""
        bindings = self.meaning(node).bindings if isinstance(node, ast.Name) else ()
        return bool(bindings) and all(found.node in self._firsts for found in bindings)

    @cached_property
    def _firsts(self) -> frozenset[ast.AST]:
        methods = [node for node in self.functions() if self.scope(node).is_class]
        return frozenset(arg for node in methods for arg in [*node.args.posonlyargs, *node.args.args][:1])


def _is_store(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def _bound_in_class(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    for target in targets:
        parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        yield from (part.id for part in parts if isinstance(part, ast.Name))
        if isinstance(target, ast.Name) and target.id == "__slots__" and isinstance(statement, ast.Assign):
            yield from _texts(statement.value)


def _texts(node: ast.expr) -> Iterator[str]:
    for part in node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes within a function or block, not those of functions and classes defined inside it."""
    todo = list(ast.iter_child_nodes(node))
    while todo:
        child = todo.pop()
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo.extend(ast.iter_child_nodes(child))


def dotted(node: ast.AST) -> list[str]:
    """Return the parts of `a.b.c`, or an empty list for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return []
    return [node.id, *reversed(parts)]

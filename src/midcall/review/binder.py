"""Walks a module once and notes scopes, bindings, uses and parents."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from midcall.review.scopes import Binding, BindingKind, LexicalScope, target_scope

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
#: Nodes without content, which the parser shares between places.
MARKERS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class SymbolTable:
    """The module's scope, each node's scope and parent, and all nodes in order of the source."""

    root: LexicalScope
    scope_of: dict[ast.AST, LexicalScope] = field(default_factory=dict)
    parent_of: dict[ast.AST, ast.AST] = field(default_factory=dict)
    order: list[ast.AST] = field(default_factory=list)


class Binder:
    """The walk itself. `is_module` says whether a dotted name is a listed module (for `from a import b`)."""

    def __init__(self, tree: ast.Module, *, modules: frozenset[str]) -> None:
        self._modules = modules
        self.bound = SymbolTable(LexicalScope(tree, None))
        self._late: list[tuple[LexicalScope, str, Binding]] = []
        self._visit_children(tree, self.bound.root)
        # After the walk, because a `nonlocal` may name what the function around binds further down.
        for scope, name, binding in self._late:
            target_scope(scope, name).bindings.setdefault(name, []).append(binding)

    def _bind(self, scope: LexicalScope, name: str, binding: Binding) -> None:
        if name in scope.outer_names:
            self._late.append((scope, name, binding))
        else:
            scope.bindings.setdefault(name, []).append(binding)

    def _visit(self, node: ast.AST, parent: ast.AST, scope: LexicalScope) -> None:
        self.bound.parent_of[node] = parent
        self.bound.scope_of[node] = scope
        self.bound.order.append(node)
        special = _SPECIAL.get(type(node))
        if special is not None:
            special(self, node, scope)
        else:
            self._visit_children(node, scope)

    def _visit_children(self, node: ast.AST, scope: LexicalScope) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, MARKERS):
                self._visit(child, node, scope)

    def on_function(self, node: _Function, scope: LexicalScope) -> None:
        """Open a scope for a function or lambda; defaults and annotations belong outside."""
        if not isinstance(node, ast.Lambda):
            self._bind(scope, node.name, Binding(BindingKind.FUNCTION, node))
            for outer in (*node.decorator_list, *([node.returns] if node.returns else [])):
                self._visit(outer, node, scope)
        inner = LexicalScope(node, scope)
        _collect_outer_names(node, inner)
        self._visit_arguments(node.args, node, scope, inner)
        for statement in node.body if isinstance(node.body, list) else [node.body]:
            self._visit(statement, node, inner)

    def _visit_arguments(
        self, arguments: ast.arguments, node: ast.AST, scope: LexicalScope, inner: LexicalScope
    ) -> None:
        self.bound.parent_of[arguments] = node
        self.bound.scope_of[arguments] = scope
        self.bound.order.append(arguments)
        for child in ast.iter_child_nodes(arguments):
            self._visit(child, arguments, scope)
            if isinstance(child, ast.arg):
                inner.bindings.setdefault(child.arg, []).append(Binding(BindingKind.PARAMETER, child))

    def on_class(self, node: ast.ClassDef, scope: LexicalScope) -> None:
        """Open a scope for a class body."""
        self._bind(scope, node.name, Binding(BindingKind.CLASS, node))
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self._visit(outer, node, scope)
        inner = LexicalScope(node, scope)
        _collect_outer_names(node, inner)
        for statement in node.body:
            self._visit(statement, node, inner)

    def on_comprehension(self, node: _Comprehension, scope: LexicalScope) -> None:
        """Open a scope for a comprehension; its first iterable belongs outside."""
        inner = LexicalScope(node, scope)
        for position, generator in enumerate(node.generators):
            self.bound.parent_of[generator] = node
            self.bound.scope_of[generator] = inner
            self.bound.order.append(generator)
            self._visit(generator.target, generator, inner)
            self._visit(generator.iter, generator, scope if position == 0 else inner)
            for condition in generator.ifs:
                self._visit(condition, generator, inner)
        elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for element in elements:
            self._visit(element, node, inner)

    def on_named(self, node: ast.NamedExpr, scope: LexicalScope) -> None:
        """Bind a walrus around any comprehension."""
        around = scope
        while around.is_comprehension and around.parent is not None:
            around = around.parent
        self._bind(around, node.target.id, Binding(BindingKind.VALUE, node, node.value))
        for child in (node.target, node.value):
            self.bound.parent_of[child] = node
        self.bound.scope_of[node.target] = around
        self.bound.order.append(node.target)
        self._visit(node.value, node, scope)

    def on_name(self, node: ast.Name, scope: LexicalScope) -> None:
        """Bind a name that is stored or deleted."""
        if not isinstance(node.ctx, ast.Load):
            self._bind(scope, node.id, self._binding_of(node))

    def _binding_of(self, node: ast.Name) -> Binding:
        parent = self.bound.parent_of[node]
        if isinstance(parent, ast.Assign) and isinstance(node.ctx, ast.Store):
            return Binding(BindingKind.VALUE, parent, parent.value)
        if isinstance(parent, ast.AnnAssign) and parent.value is not None:
            return Binding(BindingKind.VALUE, parent, parent.value)
        return Binding(BindingKind.OTHER, node)

    def on_import(self, node: ast.Import, scope: LexicalScope) -> None:
        """Bind the names of modules that `import` brings."""
        for alias in node.names:
            origin = alias.name if alias.asname else alias.name.split(".")[0]
            self._bind(scope, alias.asname or origin, Binding(BindingKind.MODULE, node, origin=origin))
            self._visit(alias, node, scope)

    def on_import_from(self, node: ast.ImportFrom, scope: LexicalScope) -> None:
        """Bind imported names and submodules."""
        for alias in node.names:
            origin = f"{node.module or ''}.{alias.name}"
            kind = BindingKind.MODULE if origin in self._modules else BindingKind.IMPORTED
            self._bind(scope, alias.asname or alias.name, Binding(kind, node, origin=origin))
            self._visit(alias, node, scope)

    def on_naming(self, node: ast.AST, scope: LexicalScope) -> None:
        """Handle what binds a name kept as plain text: `except ... as name` and the patterns of `match`."""
        name = node.rest if isinstance(node, ast.MatchMapping) else getattr(node, "name", None)
        if name:
            self._bind(scope, name, Binding(BindingKind.OTHER, node))
        self._visit_children(node, scope)


def _collect_outer_names(node: ast.AST, scope: LexicalScope) -> None:
    """Note the `global` and `nonlocal` statements of a scope before its body is walked."""
    todo = list(ast.iter_child_nodes(node))
    while todo:
        child = todo.pop()
        if isinstance(child, ast.Global | ast.Nonlocal):
            scope.outer_names.update(dict.fromkeys(child.names, child))
        elif not isinstance(child, _Function | ast.ClassDef | ast.expr):
            todo.extend(ast.iter_child_nodes(child))


_SPECIAL: dict[type[ast.AST], Callable[[Binder, Any, LexicalScope], None]] = {
    ast.FunctionDef: Binder.on_function,
    ast.AsyncFunctionDef: Binder.on_function,
    ast.Lambda: Binder.on_function,
    ast.ClassDef: Binder.on_class,
    ast.ListComp: Binder.on_comprehension,
    ast.SetComp: Binder.on_comprehension,
    ast.DictComp: Binder.on_comprehension,
    ast.GeneratorExp: Binder.on_comprehension,
    ast.NamedExpr: Binder.on_named,
    ast.Name: Binder.on_name,
    ast.Import: Binder.on_import,
    ast.ImportFrom: Binder.on_import_from,
    ast.ExceptHandler: Binder.on_naming,
    ast.MatchAs: Binder.on_naming,
    ast.MatchStar: Binder.on_naming,
    ast.MatchMapping: Binder.on_naming,
}

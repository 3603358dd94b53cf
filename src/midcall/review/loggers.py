"""Where loggers are, and what of theirs may be reached: they hold handlers, those a stream and a formatter.

A formatter takes a format string that reaches into everything it is given; a filter or a handler of one's own is handed
records, whose attributes have any names. A logger that stays in plain names or attributes can be followed; one that is
handed on could be anywhere, so those that lead further are refused everywhere then.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from midcall.review.constants import texts
from midcall.review.module import Module
from midcall.review.vocabulary import words

#: Attributes of loggers, and of what those lead to, that lead further.
CLOSED = words(
    "handlers filters formatter manager root parent addHandler removeHandler addFilter removeFilter makeRecord handle "
    "callHandlers setFormatter setLoggerClass loggerClass setLogRecordFactory logRecordFactory loggerDict"
)

#: Those of them to which the others lead, and that lead out: they are enough where a logger may be anywhere.
_LAST = words("handlers filters addHandler addFilter makeRecord callHandlers")


@dataclass
class Loggers:
    """Where a file keeps loggers: bindings of names, names of attributes, and whether any got away."""

    bindings: set[ast.AST] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    got_away: bool = False


def reached(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield each place where one of the attributes may be reached on a logger, with its name."""
    kept = module.once(_loggers)
    if not (kept.bindings or kept.attributes or kept.got_away):
        return
    for node in module.nodes(ast.Attribute):
        names = CLOSED if _is_logger(module, kept, node.value) else _LAST if kept.got_away else ()
        if node.attr in names and not _is_look(module, node):
            yield node, node.attr
    if kept.got_away:
        yield from ((node, name) for node in module.nodes(ast.MatchClass) for name in node.kwd_attrs if name in _LAST)
        for call in module.nodes(ast.Call):
            yield from ((call, name) for name in _named_in_text(module, call) if name in _LAST)


def _named_in_text(module: Module, call: ast.Call) -> Iterator[str]:
    """Yield the attributes that a call of `getattr` or `str.format` names in its texts."""
    if module.is_builtin(call.func, "getattr") and len(call.args) > 1:
        yield from texts(module, call.args[1]) or ()
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"format", "format_map"}:
        for template in texts(module, call.func.value) or ():
            yield from re.findall(r"\.(\w+)", template)


def _loggers(module: Module) -> Loggers:
    kept = Loggers()
    places: list[ast.Name | ast.Attribute] = [*module.nodes(ast.Name), *module.nodes(ast.Attribute)]
    for node in places:
        if isinstance(node.ctx, ast.Load) and "logging.getLogger" in module.origins(node):
            parent = module.parent(node)
            if isinstance(parent, ast.Call) and parent.func is node:
                _keep(module, kept, parent)
            elif not isinstance(parent, ast.Attribute):
                kept.got_away = True
    for made in module.nodes(ast.Call):
        if isinstance(made.func, ast.Attribute) and made.func.attr == "getChild":
            _keep(module, kept, made)
    kept.got_away |= any(_gets_away(module, kept, node) for node in places)
    return kept


def _gets_away(module: Module, kept: Loggers, node: ast.Name | ast.Attribute) -> bool:
    if not isinstance(node.ctx, ast.Load) or _is_base(module, node):
        return False
    return _is_kept(module, kept, node) if isinstance(node, ast.Name) else node.attr in kept.attributes


def _keep(module: Module, kept: Loggers, node: ast.expr) -> None:
    """Note where a logger goes that an expression gives."""
    parent = module.parent(node)
    if _is_base(module, node) or isinstance(parent, ast.Expr):
        kept.bindings.add(node)
        return
    targets: list[ast.expr] = []
    if isinstance(parent, ast.Assign):
        targets = parent.targets
    elif isinstance(parent, ast.AnnAssign):
        targets = [parent.target]
    kept.got_away |= not targets
    for target in targets:
        if isinstance(target, ast.Name) and parent is not None:
            kept.bindings.add(parent)
            if module.scope(target).is_class:
                kept.attributes.add(target.id)
        elif isinstance(target, ast.Attribute):
            kept.attributes.add(target.attr)
        else:
            kept.got_away = True


def _is_base(module: Module, node: ast.expr) -> bool:
    parent = module.parent(node)
    return isinstance(parent, ast.Attribute) and parent.value is node


def _is_kept(module: Module, kept: Loggers, node: ast.Name) -> bool:
    return any(binding.node in kept.bindings for binding in module.meaning(node).bindings)


def _is_logger(module: Module, kept: Loggers, node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return _is_kept(module, kept, node)
    if isinstance(node, ast.Attribute):
        return node.attr in kept.attributes
    return node in kept.bindings


def _is_look(module: Module, node: ast.Attribute) -> bool:
    """Say whether handlers are only asked for whether there are any, or cleared."""
    parent = module.parent(node)
    if node.attr != "handlers" or not isinstance(node.ctx, ast.Load):
        return False
    if isinstance(parent, ast.Attribute):
        called = module.parent(parent)
        return parent.attr == "clear" and isinstance(called, ast.Call) and called.func is parent
    if isinstance(parent, ast.Call):
        return module.is_builtin(parent.func, "len", "bool")
    return (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)) or (
        isinstance(parent, ast.If | ast.IfExp | ast.While) and parent.test is node
    )

"""Calls of actions as the source writes them: which operation, with which options, with whose credential.

What is not plain to see counts as unknown, and no rule says anything of it: the worker checks every call once more.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from midcall.connectors import operations
from midcall.connectors.enabled import operations_enabled
from midcall.connectors.kit import Connector, Operation
from midcall.domain.action import snake
from midcall.review.module import Module
from midcall.review.scopes import BindingKind

#: Plain renamings (`http = actions.http`) that are followed.
_STEPS = 3
#: Parts of a dotted name that are looked at.
_DEEPEST = 8
#: Words of a list that a comment shows.
_SHOWN = 12
_CREDENTIAL = ("credential", "credential_id")
#: Expressions that are no object of options.
_PLAIN = ast.Constant | ast.JoinedStr | ast.UnaryOp | ast.List | ast.Tuple | ast.Set


@dataclass(frozen=True, slots=True)
class ActionReference:
    """One place where `actions.…` is reached: the parts behind `actions`, in snake_case."""

    node: ast.expr
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One option of a call: where its name stands (or the value, if given by position), and its value."""

    name: ast.AST
    value: ast.expr


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """A fault in how a call's arguments are put together."""

    where: ast.AST
    message: str


@dataclass(slots=True)
class OperationCall:
    """One call of an operation that there is. `is_open`: it may have more options than can be seen."""

    node: ast.Call
    name: str
    connector: Connector
    operation: Operation
    options: dict[str, Argument] = field(default_factory=dict)
    credential: Argument | None = None
    is_open: bool = False
    misfits: list[ArgumentFault] = field(default_factory=list)


def uses(module: Module) -> list[ActionReference]:
    """Return every place where `actions.…` is reached, through plain renaming too."""
    return module.once(_uses)


def calls(module: Module) -> list[OperationCall]:
    """Return every call of an operation that there is, enabled or not."""
    return module.once(_calls)


def enabled(module: Module) -> frozenset[str]:
    """Return the whole names of the operations that the function may call."""
    return module.once(_enabled)


def reachable(module: Module) -> Iterator[OperationCall]:
    """Yield the calls of enabled operations: of others, `declared.action` says all there is to say."""
    return (call for call in calls(module) if call.name in enabled(module))


def _enabled(module: Module) -> frozenset[str]:
    return frozenset(operations_enabled(map(snake, module.subject.actions)))


def _uses(module: Module) -> list[ActionReference]:
    if "actions" not in module.text.source:
        return []
    found = []
    for node in module.nodes(ast.Attribute):
        if not isinstance(module.parent(node), ast.Attribute):
            parts = _parts(module, node)
            if len(parts) > 1:
                found.append(ActionReference(node, parts[1:]))
    return found


def _parts(module: Module, node: ast.AST, steps: int = _STEPS) -> tuple[str, ...]:
    """Return `("actions", "http", "get")` for what stands for `actions.http.get`, or nothing."""
    behind: list[str] = []
    while isinstance(node, ast.Attribute):
        behind.append(snake(node.attr))
        node = node.value
    if not isinstance(node, ast.Name) or len(behind) > _DEEPEST:
        return ()
    head = _head(module, node, steps)
    return (*head, *reversed(behind)) if head else ()


def _head(module: Module, node: ast.Name, steps: int) -> tuple[str, ...]:
    bindings = module.meaning(node).bindings
    if node.id == "actions" and any(binding.kind is BindingKind.PARAMETER for binding in bindings):
        return ("actions",)
    if steps and len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE and bindings[0].value is not None:
        return _parts(module, bindings[0].value, steps - 1)
    return ()


def _calls(module: Module) -> list[OperationCall]:
    if "actions" not in module.text.source:
        return []
    known, found = operations(), []
    for node in module.nodes(ast.Call):
        name = ".".join(_parts(module, node.func)[1:]) if isinstance(node.func, ast.Attribute | ast.Name) else ""
        if name in known:
            call = OperationCall(node, name, *known[name])
            _read(module, call)
            found.append(call)
    return found


def _read(module: Module, call: OperationCall) -> None:
    """Note the options that a call is given, as `midcall.connectors.kit.bind` will read them."""
    arguments, positional = call.node.args, call.operation.positional
    if any(isinstance(argument, ast.Starred) for argument in arguments):
        call.is_open = True
    elif len(arguments) == 1 and (mapping := _mapping(module, arguments[0])) is not None:
        _take_all(call, mapping)
    elif len(arguments) == 1 and not _is_plain(module, arguments[0]):
        # It may be a value by position or a whole object of options.
        call.is_open = True
    else:
        for name, argument in zip(positional, arguments, strict=False):
            _take(call, name, Argument(argument, argument))
        if len(arguments) > len(positional):
            takes = f"({', '.join(positional)}) by position, or" if positional else "options by name, or"
            call.misfits.append(
                ArgumentFault(arguments[len(positional)], f"`{call.name}` takes {takes} an object of options")
            )
    for keyword in call.node.keywords:
        if keyword.arg is None:
            call.is_open = True
        else:
            _take(call, snake(keyword.arg), Argument(keyword, keyword.value))
    _unwrap(module, call)


def _unwrap(module: Module, call: OperationCall) -> None:
    """Look into the envelope `{"credentialId": …, "options": {…}}`."""
    if set(call.options) != {"options"}:
        return
    value = call.options["options"].value
    inner = _mapping(module, value)
    if inner is None and _is_plain(module, value):
        return
    call.options.clear()
    if inner is None:
        call.is_open = True
    else:
        _take_all(call, inner)


def _take_all(call: OperationCall, mapping: ast.Dict) -> None:
    for key, value in zip(mapping.keys, mapping.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            _take(call, snake(key.value), Argument(key, value))
        else:
            call.is_open = True


def _take(call: OperationCall, name: str, given: Argument) -> None:
    if name in _CREDENTIAL:
        call.credential = given
    elif name in call.options:
        call.misfits.append(ArgumentFault(given.name, f"`{name[:60]}` is given twice"))
    else:
        call.options[name] = given


def _mapping(module: Module, node: ast.expr) -> ast.Dict | None:
    """Return the literal that an expression is: itself, or what a name stands for that is used nowhere else."""
    if isinstance(node, ast.Name) and module.once(_loads)[node.id] == 1:
        bindings = module.meaning(node).bindings
        if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE:
            node = bindings[0].value or node
    return node if isinstance(node, ast.Dict) else None


def _is_plain(module: Module, node: ast.expr, steps: int = _STEPS) -> bool:
    """Say whether an expression is plainly no object of options."""
    if isinstance(node, ast.Name) and steps:
        bindings = module.meaning(node).bindings
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE else None
        return value is not None and _is_plain(module, value, steps - 1)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod)
    if isinstance(node, ast.IfExp):
        return _is_plain(module, node.body, steps) and _is_plain(module, node.orelse, steps)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant)
    return isinstance(node, _PLAIN)


def _loads(module: Module) -> Counter[str]:
    return Counter(node.id for node in module.nodes(ast.Name) if isinstance(node.ctx, ast.Load))


def unawaited(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield where a call's value is used in an `async def` as if it had been awaited, and the operation's name."""
    pending = {call.node: call.name for call in calls(module) if _is_async(module, call.node)}
    if not pending:
        return
    for node, name in pending.items():
        if isinstance(module.parent(node), ast.Expr | ast.Return) or _is_looked_into(module, node):
            yield node, name
    for used in module.nodes(ast.Name):
        if isinstance(used.ctx, ast.Load) and _is_looked_into(module, used):
            bindings = module.meaning(used).bindings
            value = bindings[0].value if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE else None
            if isinstance(value, ast.Call) and value in pending:
                yield used, pending[value]


def _is_async(module: Module, node: ast.AST) -> bool:
    return isinstance(module.enclosing_function(node), ast.AsyncFunctionDef)


def _is_looked_into(module: Module, node: ast.AST) -> bool:
    parent = module.parent(node)
    return isinstance(parent, ast.Subscript | ast.Attribute) and parent.value is node


def listed(words: tuple[str, ...], most: int = _SHOWN) -> str:
    """Write a list of words for people, cut where it goes on for long."""
    return ", ".join(words[:most]) + (", …" if len(words) > most else "") or "none"

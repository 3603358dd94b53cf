"""Rules on what was declared with the code: parameters and phases; actions are in `actions.py`."""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example


def _parameters(module: Module) -> Iterator[Hit]:
    declared = module.subject.parameters
    for node, key in _reads(module):
        name = key.value if isinstance(key, ast.Constant) else None
        if isinstance(name, str) and name not in declared and _is_params(module, node, 4):
            yield Hit(
                key,
                f"No declared parameter is called `{name[:60]}`, so the agent never fills it.",
                "Declare it in the function's parameters"
                + (f", or use one of these: {', '.join(sorted(declared)[:12])}." if declared else "."),
            )


def _reads(module: Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield container and key of every `x[key]` and `x.get(key)`."""
    for item in module.nodes(ast.Subscript):
        if isinstance(item.ctx, ast.Load):
            yield item.value, item.slice
    for call in module.nodes(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args:
            yield call.func.value, call.args[0]


def _is_params(module: Module, node: ast.expr, steps: int) -> bool:
    """Say whether an expression is the session's `params`, through plain renaming and `or {}` too."""
    if steps == 0 or module.handler is None:
        return False
    if isinstance(node, ast.BoolOp):
        return _is_params(module, node.values[0], steps - 1)
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        return len(bindings) == 1 and bindings[0].value is not None and _is_params(module, bindings[0].value, steps - 1)
    if isinstance(node, ast.Subscript):
        return _is_text(node.slice, "params") and _is_session(module, node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        return _is_text(node.args[0], "params") and _is_session(module, node.func.value)
    return False


def _is_text(node: ast.AST, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _is_session(module: Module, node: ast.AST) -> bool:
    if not isinstance(node, ast.Name) or module.handler is None:
        return False
    first = [*module.handler.args.posonlyargs, *module.handler.args.args][:1]
    return any(binding.node in first for binding in module.meaning(node).bindings)


def _terminate(module: Module) -> Iterator[Hit]:
    elsewhere = sorted(module.subject.phases - {"pre_session"})
    if "pre_session" in module.subject.phases and any(_is_text(node, "phase") for node in module.nodes(ast.Constant)):
        elsewhere = []  # it asks when it runs
    for key, value in _terminates(module):
        if elsewhere and not (isinstance(value, ast.Constant) and value.value is False):
            yield Hit(
                key,
                f"`terminateAgent` only works before the session; attached to {' and '.join(elsewhere)}, as this "
                "function is or will be, nothing comes of it.",
                "Attach the function to pre_session alone, or leave the key out.",
            )
        if isinstance(value, ast.Constant) and not isinstance(value.value, bool):
            yield Hit(value, "`terminateAgent` has to be True or False; anything else is an error.", "Write `True`.")


def _terminates(module: Module) -> Iterator[tuple[ast.AST, ast.expr | None]]:
    for mapping in module.nodes(ast.Dict):
        for key, value in zip(mapping.keys, mapping.values, strict=True):
            if key is not None and _is_text(key, "terminateAgent"):
                yield key, value
    for keyword in module.nodes(ast.keyword):
        if keyword.arg == "terminateAgent":
            yield keyword, keyword.value
    for item in module.nodes(ast.Subscript):
        if isinstance(item.ctx, ast.Store) and _is_text(item.slice, "terminateAgent"):
            parent = module.parent(item)
            yield item, parent.value if isinstance(parent, ast.Assign) else None


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="declared.parameter",
        summary="`session['params']` is only asked for declared parameters.",
        severity=Severity.WARNING,
        check=_parameters,
        good=example("def handler(session):\n    return session['params']['order_id']\n", parameters=["order_id"]),
        bad=example("def handler(session):\n    return session['params']['order']\n", parameters=["order_id"]),
    ),
    Rule(
        id="declared.terminate",
        summary="`terminateAgent` is True or False, and only given before the session.",
        severity=Severity.WARNING,
        check=_terminate,
        good=example("def handler(session):\n    return {'terminateAgent': True}\n", phases=["pre_session"]),
        bad=example("def handler(session):\n    return {'terminateAgent': True}\n", phases=["during_session"]),
    ),
)

"""Rules on how code runs on and ends: loops without an end, swallowed errors, endless recursion."""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import FunctionNode, Module, walk_own
from midcall.review.rule import Hit, Rule, Span, example

_ENDLESS = frozenset({"itertools.count", "itertools.cycle", "itertools.repeat"})
_GROWERS = frozenset({"append", "add", "extend", "insert", "appendleft", "update", "setdefault"})
_CONSUMERS = ("list", "tuple", "set", "frozenset", "dict", "sum", "max", "min", "sorted", "all", "any")
_ENDERS = ("SystemExit", "KeyboardInterrupt", "GeneratorExit")
_Loop = ast.While | ast.For | ast.AsyncFor


def _heading(module: Module, node: ast.stmt | ast.ExceptHandler) -> Span:
    place = module.text.span(node)
    return Span(place.line, place.column, place.line, len(module.text.lines[place.line - 1]) + 1)


def _endless(module: Module) -> Iterator[Hit]:
    for loop in module.nodes(ast.While):
        if (_always_true(loop.test) and not _leaves(loop)) or (_never_changes(module, loop) and not _leaves(loop)):
            yield _endless_hit(module, loop)
    for each in module.nodes(ast.For):
        if (_is_endless(module, each.iter) or _grows(each)) and not _leaves(each):
            yield _endless_hit(module, each)


def _endless_hit(module: Module, loop: ast.stmt) -> Hit:
    return Hit(
        _heading(module, loop),
        "This loop has no way out, so the call only ends at its deadline, while the caller waits.",
        "Give it a condition that becomes false, or a `break` or `return` inside; better, loop over a list or range.",
    )


def _always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Constant) and not test.operand.value
    if isinstance(test, ast.List | ast.Tuple | ast.Set):
        return bool(test.elts)
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Constant):
        sides = [test.left, *test.comparators]
        same = all(isinstance(side, ast.Constant) and side.value == test.left.value for side in sides)
        return same and isinstance(test.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE)
    return isinstance(test, ast.Constant) and bool(test.value)


def _never_changes(module: Module, loop: ast.While) -> bool:
    """Say whether a loop's condition looks only at local names that its body leaves alone."""
    inside = list(ast.walk(loop.test))
    if any(isinstance(node, ast.Call | ast.Attribute | ast.Subscript | ast.NamedExpr | ast.Await) for node in inside):
        return False
    names = {node.id: node for node in inside if isinstance(node, ast.Name)}
    if not names or any(_is_shared(module, node) for node in names.values()):
        return False
    # A mere mention may change what a name stands for (`queue.pop()`, `fill(queue)`), so any one counts.
    mentioned = {node.id for part in loop.body for node in ast.walk(part) if isinstance(node, ast.Name)}
    return not names.keys() & mentioned


def _is_shared(module: Module, node: ast.Name) -> bool:
    """Say whether other functions could change a name: it is global, or bound in a function around."""
    meaning = module.meaning(node)
    return meaning.scope is None or meaning.scope is not module.scope(node) or meaning.scope.is_module


def _leaves(loop: _Loop) -> bool:
    """Say whether a loop's body has a way out: its own `break`, or a `return`, `raise` or `yield`."""
    todo: list[tuple[ast.AST, bool]] = [(part, False) for part in loop.body]
    while todo:
        node, inner = todo.pop()
        if isinstance(node, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom):
            return True
        if isinstance(node, ast.Break) and not inner:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        nested = inner or isinstance(node, _Loop)
        todo.extend((child, nested) for child in ast.iter_child_nodes(node))
    return False


def _is_endless(module: Module, node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if module.is_builtin(node.func, "enumerate", "map", "filter") and node.args:
        return any(_is_endless(module, argument) for argument in node.args)
    if module.is_builtin(node.func, "iter"):
        # `iter(int, 1)`: the function never gives the value that would end it.
        return len(node.args) == 2 and module.is_builtin(node.args[0], "int", "str", "list", "dict", "float")  # noqa: PLR2004
    origin = module.origin(node.func)
    return origin in _ENDLESS and not (origin == "itertools.repeat" and (len(node.args) > 1 or node.keywords))


def _grows(loop: ast.For) -> bool:
    """Say whether a loop adds to the very list it goes over."""
    if not isinstance(loop.iter, ast.Name):
        return False
    for statement in loop.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _GROWERS:
            base = call.func.value
            if isinstance(base, ast.Name) and base.id == loop.iter.id:
                return True
    return False


def _consumed(module: Module) -> Iterator[Hit]:
    for call in module.nodes(ast.Call):
        if module.is_builtin(call.func, *_CONSUMERS) and call.args and _never_ends(module, call.args[0]):
            yield _consumed_hit(call)
    collected: list[ast.ListComp | ast.SetComp | ast.DictComp] = [
        *module.nodes(ast.ListComp),
        *module.nodes(ast.SetComp),
        *module.nodes(ast.DictComp),
    ]
    for node in collected:
        if any(_is_endless(module, part.iter) for part in node.generators):
            yield _consumed_hit(node)


def _never_ends(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.GeneratorExp):
        return any(_is_endless(module, part.iter) for part in node.generators)
    return _is_endless(module, node)


def _consumed_hit(node: ast.AST) -> Hit:
    return Hit(
        node,
        "This takes everything from something that never ends, until memory or time runs out.",
        "Take a bounded part: `itertools.islice(values, 100)`.",
    )


def _excepts(module: Module) -> Iterator[Hit]:
    for handler in module.nodes(ast.ExceptHandler):
        wide = handler.type is None or _names_base(module, handler.type)
        if wide and not any(isinstance(node, ast.Raise) for node in walk_own(handler)):
            yield Hit(
                _heading(module, handler),
                "This also swallows what ends the program, and hides every mistake.",
                "Name the errors you expect, such as `except (KeyError, ValueError):`; at most `except Exception:`.",
            )


def _names_base(module: Module, node: ast.expr) -> bool:
    names = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(module.is_builtin(name, "BaseException", "BaseExceptionGroup", *_ENDERS) for name in names)


def _finally(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Try):
        for statement in node.finalbody:
            yield from _jumps(statement, in_loop=False)


def _jumps(node: ast.AST, *, in_loop: bool) -> Iterator[Hit]:
    leaves = isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not in_loop)
    if leaves:
        yield Hit(
            node,
            "In `finally` this cancels a `return` or an error on its way out, without a trace.",
            "Move it behind the `try` statement.",
        )
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return
    for child in ast.iter_child_nodes(node):
        yield from _jumps(child, in_loop=in_loop or isinstance(node, _Loop))


def _exits(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if raised is not None and module.is_builtin(raised, "BaseException", *_ENDERS):
            yield Hit(
                node,
                "This ends the whole program, so the call has no result.",
                "Use `return` to end; for a failure `raise ValueError('what is wrong')`.",
            )


def _recursion(module: Module) -> Iterator[Hit]:
    functions = {node.name: node for node in module.tree.body if isinstance(node, FunctionNode)}
    # Only a function with such a call in it can lead back to itself; most have none and need no closer look.
    callers = {
        module.enclosing_function(call)
        for call in module.nodes(ast.Call)
        if isinstance(call.func, ast.Name) and call.func.id in functions
    }
    calls = {
        name: _certain_calls(node) & functions.keys() if node in callers else set() for name, node in functions.items()
    }
    for name, node in functions.items():
        if _reaches(calls, name):
            yield Hit(
                _heading(module, node),
                f"Every call of `{name}` leads to another call of it, so it never comes to an end.",
                "Return a value without calling it again when the work is done, before the call.",
            )


def _reaches(calls: dict[str, set[str]], start: str) -> bool:
    seen: set[str] = set()
    todo = list(calls[start])
    while todo:
        name = todo.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            todo.extend(calls[name])
    return False


def _certain_calls(function: FunctionNode) -> set[str]:
    """Return the functions that every run of this one calls: those before anything that could end or branch."""
    found: set[str] = set()
    for statement in function.body:
        if isinstance(statement, ast.Return | ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield | ast.YieldFrom):
                return found
            found.update(_called(statement))
            if isinstance(statement, ast.Return):
                return found
        elif any(isinstance(node, ast.Return | ast.Raise | ast.Yield) for node in ast.walk(statement)):
            return found
    return found


def _called(node: ast.AST) -> Iterator[str]:
    """Yield names called whenever a node is evaluated: not in branches, comprehensions or functions made in it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield node.func.id
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.IfExp):
        parts = [node.test]
    elif isinstance(node, ast.BoolOp):
        parts = [node.values[0]]
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        parts = [node.generators[0].iter]
    elif isinstance(node, ast.Lambda):
        parts = []
    for part in parts:
        yield from _called(part)


_BODY = "def handler(session):\n    return 1\n"
RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="flow.endless",
        summary="Loops have a way out.",
        severity=Severity.WARNING,
        check=_endless,
        good=example("def handler(session):\n    while True:\n        if session:\n            return 1\n"),
        bad=example("def handler(session):\n    while True:\n        pass\n    return 1\n"),
    ),
    Rule(
        id="flow.consumed",
        summary="Nothing takes all of a sequence that never ends.",
        severity=Severity.WARNING,
        check=_consumed,
        good=example(
            "import itertools\n\ndef handler(session):\n    return list(itertools.islice(itertools.count(), 3))\n"
        ),
        bad=example("import itertools\n\ndef handler(session):\n    return list(itertools.count())\n"),
    ),
    Rule(
        id="flow.swallow",
        summary="Errors are caught by name.",
        severity=Severity.WARNING,
        check=_excepts,
        good=example("def handler(session):\n    try:\n        return 1\n    except ValueError:\n        return 2\n"),
        bad=example("def handler(session):\n    try:\n        return 1\n    except:\n        return 2\n"),
    ),
    Rule(
        id="flow.finally",
        summary="`finally` neither returns nor jumps.",
        severity=Severity.WARNING,
        check=_finally,
        good=example("def handler(session):\n    try:\n        return 1\n    finally:\n        print('done')\n"),
        bad=example("def handler(session):\n    try:\n        return 1\n    finally:\n        return 2\n"),
    ),
    Rule(
        id="flow.exit",
        summary="The code ends with `return` or an ordinary error, not by ending the program.",
        severity=Severity.WARNING,
        check=_exits,
        good=example("def handler(session):\n    raise ValueError('no such order')\n"),
        bad=example("def handler(session):\n    raise SystemExit(0)\n"),
    ),
    Rule(
        id="flow.recursion",
        summary="A function that calls itself has a way to end.",
        severity=Severity.WARNING,
        check=_recursion,
        good=example("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\n\n" + _BODY),
        bad=example("def handler(session):\n    return handler(session)\n"),
    ),
)

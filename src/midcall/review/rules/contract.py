"""Rules on the contract: a `handler` that midcall can call, and that gives something back."""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import FunctionNode, Module, walk_own
from midcall.review.rule import Hit, Rule, Span, example
from midcall.review.scopes import BindingKind
from midcall.review.vocabulary import words

_WRITE = "Write `def handler(session):` or `def handler(session, actions):` at the top level, not indented."

#: What of a result midcall reads itself.
_READ = ("dynamicVariables", "terminateAgent")
#: What the function is called that other platforms call.
_USUAL = words(
    "handler handle main lambda_handler run execute entrypoint invoke process run_script execute_script tool function "
    "cloud_function hello_http app start call"
)


def _handler(module: Module) -> Iterator[Hit]:
    if module.handler is not None:
        return
    bound = module.root.bindings.get("handler")
    if bound:
        advice = _WRITE
        if isinstance(bound[-1].value, ast.Lambda):
            advice = "Write `def handler(session):`, and below it, indented, `return` and what the lambda gives."
        yield Hit(bound[-1].node, "`handler` has to be a function at the top level of the file.", advice)
        return
    near = _meant(module)
    where: ast.AST | Span = near if near is not None else Span()
    advice = _WRITE
    if isinstance(near, ast.ClassDef):
        advice = (
            f"Write `def handler(session):` below the class, which makes a `{near.name[:40]}` and returns what its "
            "method gives: `return Tool().run(**session['params'])`."
        )
    elif near is not None:
        first = ", ".join(f"`{argument.arg[:40]}`" for argument in near.args.args[:3])
        advice = (
            f"Rename `{near.name[:40]}`: `def handler(session):`, or `def handler(session, actions):` with actions."
        )
        if first:
            advice += f" What {first} held is read from the session: `session['params']['name']`."
    yield Hit(where, "There is no function called `handler` (in small letters) for midcall to call.", advice)


def _meant(module: Module) -> FunctionNode | ast.ClassDef | None:
    """Return what was probably meant to be called: a function with a usual name, or the last one of the file."""
    functions = [node for node in module.tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    usual = next((node for node in functions if node.name.lower() in _USUAL), None)
    if usual is not None or functions:
        return usual or functions[-1]
    nested = next((node for node in module.functions() if node.name.lower() == "handler"), None)
    return nested or next((node for node in reversed(module.tree.body) if isinstance(node, ast.ClassDef)), None)


def _signature(module: Module) -> Iterator[Hit]:
    node = module.handler
    if node is None:
        return
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    if not positional and arguments.vararg is None:
        yield Hit(node, "`handler` takes no argument, but is called with the session.", _WRITE)
    for extra in positional[1:required]:
        if extra is not positional[1] or extra.arg != "actions":
            yield Hit(
                extra,
                f"`handler` is called with the session, and with `actions` if it asks for that; nothing fills "
                f"`{extra.arg}`.",
                "Read values from `session['params']`; call a second parameter `actions`.",
            )
    for keyword, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is None:
            yield Hit(keyword, f"Nothing fills `{keyword.arg}`.", "Give it a default value, or remove it.")


def _once(module: Module) -> Iterator[Hit]:
    if module.handler is None:
        return
    for binding in module.root.bindings.get("handler", []):
        if binding.node is not module.handler:
            yield Hit(
                binding.node,
                "`handler` is given another meaning here, so it is not clear which one runs.",
                "Keep one `def handler`, and use other names for everything else.",
            )


def _generator(module: Module) -> Iterator[Hit]:
    if module.handler is None:
        return
    for node in walk_own(module.handler):
        if isinstance(node, ast.Yield | ast.YieldFrom):
            yield Hit(
                node,
                "With `yield` the handler becomes a generator; that cannot be sent as a result.",
                "Collect the values in a list and `return` it.",
            )
            return


def _returns(module: Module) -> Iterator[Hit]:
    node = module.handler
    if node is None or module.subject.phases == {"post_session"}:
        return
    inside = list(walk_own(node))
    if any(isinstance(part, ast.Return) and part.value is not None for part in inside):
        return
    if any(isinstance(part, ast.Raise | ast.Yield | ast.YieldFrom) for part in inside):
        return
    yield Hit(
        _heading(module, node),
        "`handler` never returns a value, so the agent gets nothing (`null`).",
        "End with `return` and the value, such as `return {'ok': True}`.",
    )


def _heading(module: Module, node: FunctionNode) -> Span:
    place = module.text.span(node)
    return Span(place.line, place.column, place.line, len(module.text.lines[place.line - 1]) + 1)


def _result(module: Module) -> Iterator[Hit]:
    if module.handler is None:
        return
    for node in walk_own(module.handler):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from _unjson(node.value)


def _unjson(node: ast.expr) -> Iterator[Hit]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Tuple):
                yield Hit(key, "A tuple cannot be a key in JSON.", "Use text as the key.")
            yield from _unjson(value)
    elif isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _unjson(element)
    elif isinstance(node, ast.IfExp):
        yield from (*_unjson(node.body), *_unjson(node.orelse))
    else:
        kind = _kind(node)
        if kind:
            yield Hit(node, f"{kind} is not JSON, so this result cannot be sent.", _convert(kind))


def _kind(node: ast.expr) -> str:
    if isinstance(node, ast.Set | ast.SetComp):
        return "A set"
    if isinstance(node, ast.GeneratorExp):
        return "A generator"
    if isinstance(node, ast.Lambda):
        return "A function"
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes | complex):
        return f"A value of type {type(node.value).__name__}"
    return "An ellipsis" if isinstance(node, ast.Constant) and node.value is ... else ""


def _convert(kind: str) -> str:
    return "Return text instead, such as `value.decode()`." if "bytes" in kind else "Return a list: `sorted(values)`."


def _text_result(module: Module) -> Iterator[Hit]:
    """Find texts of JSON that are returned, with what midcall only reads in a dict."""
    if module.handler is None:
        return
    returned = [
        node.value for node in walk_own(module.handler) if isinstance(node, ast.Return) and node.value is not None
    ]
    for value in returned:
        for call in ast.walk(_meaning(module, value)):
            if isinstance(call, ast.Call) and call.args and "json.dumps" in module.origins(call.func):
                yield from _unread(module, call)


def _unread(module: Module, call: ast.Call) -> Iterator[Hit]:
    found = _meaning(module, call.args[0])
    keys = found.keys if isinstance(found, ast.Dict) else []
    name = next((key.value for key in keys if isinstance(key, ast.Constant) and key.value in _READ), None)
    if name is not None:
        yield Hit(
            call,
            f"`{name}` stands in a text here, where nothing reads it.",
            "Return the dict itself, without `json.dumps`, and `dynamicVariables` at its top.",
        )


def _meaning(module: Module, node: ast.expr) -> ast.expr:
    """Return what a name is bound to, if that is one expression; anything else as it is."""
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE and bindings[0].value is not None:
            return bindings[0].value
    return node


_FINE = example("def handler(session):\n    return 1\n")
RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="contract.handler",
        summary="There is a function `handler` at the top level.",
        severity=Severity.ERROR,
        check=_handler,
        good=_FINE,
        bad=example("def Handler(session):\n    return 1\n"),
    ),
    Rule(
        id="contract.signature",
        summary="`handler` can be called with the session, or with the session and `actions`.",
        severity=Severity.ERROR,
        check=_signature,
        good=example("def handler(session, actions):\n    return 1\n"),
        bad=example("def handler(name, age):\n    return 1\n"),
    ),
    Rule(
        id="contract.once",
        summary="`handler` is defined once and nothing else takes its name.",
        severity=Severity.ERROR,
        check=_once,
        good=_FINE,
        bad=example("def handler(session):\n    return 1\n\nhandler = 5\n"),
    ),
    Rule(
        id="contract.generator",
        summary="`handler` returns its result; it does not yield.",
        severity=Severity.ERROR,
        check=_generator,
        good=_FINE,
        bad=example("def handler(session):\n    yield 1\n"),
    ),
    Rule(
        id="contract.returns",
        summary="`handler` returns something (unless it only ever runs after the session).",
        severity=Severity.WARNING,
        check=_returns,
        good=_FINE,
        bad=example("def handler(session):\n    print('done')\n"),
    ),
    Rule(
        id="contract.result",
        summary="What `handler` returns is JSON.",
        severity=Severity.WARNING,
        check=_result,
        good=example("def handler(session):\n    return sorted({1, 2})\n"),
        bad=example("def handler(session):\n    return {1, 2}\n"),
    ),
    Rule(
        id="contract.text",
        summary="`dynamicVariables` and `terminateAgent` are returned in a dict, not in a text of JSON.",
        severity=Severity.WARNING,
        check=_text_result,
        good=example("def handler(session):\n    return {'dynamicVariables': {'tier': 'gold'}}\n"),
        bad=example(
            "import json\n\ndef handler(session):\n    return json.dumps({'dynamicVariables': {'tier': 'gold'}})\n"
        ),
    ),
)

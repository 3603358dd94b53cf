"""Rules on built-in functions: which may be used, and how."""

import ast
import builtins
from collections.abc import Callable, Iterator

from midcall.domain.review import Severity
from midcall.review.forms import names_a_type
from midcall.review.module import Module
from midcall.review.private import private_fault
from midcall.review.rule import Hit, Rule, example
from midcall.review.vocabulary import attribute_fault, is_special, words

#: Built-ins that only compute. What is not here is refused, also what a later Python adds.
ALLOWED = words(
    "abs aiter all anext any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod "
    "enumerate filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter "
    "len list map max min next object oct ord pow print property range repr reversed round set slice "
    "sorted staticmethod str sum super tuple type zip True False None Ellipsis NotImplemented"
) | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException) and not name.startswith("_")
}
_KNOWN = frozenset(vars(builtins)) | {"exit", "quit", "help", "copyright", "credits", "license"}
#: Names that every module has without binding them.
_MODULE_DUNDERS = words(
    "__builtins__ __loader__ __spec__ __file__ __path__ __package__ __cached__ __annotations__ __dict__ __class__"
)
#: What ends a program elsewhere; the sandbox has them (`sandbox/child.py` at the top).
_ENDS = ("exit", "quit")
_ADVICE = {
    "eval": "Compute the value directly; for numbers use `int(...)` or `float(...)`, for data `json.loads(...)`.",
    "exec": "Write the code itself; choose between functions with a dict such as `{'a': f, 'b': g}[name]`.",
    "compile": "Write the code itself. For a pattern use `re.compile(...)`.",
    "open": "There are no files to read; data comes in `session`, and text can be kept in a variable.",
    "input": "There is nobody to type; read the value from `session['params']`.",
    "vars": "Name the keys or attributes you need; of a dataclass, `dataclasses.asdict(thing)` gives all.",
    "dir": "Name the keys or attributes you need.",
    "locals": "Name the variables you need, such as in an f-string, or keep values in a dict.",
    "globals": "Name the variables you need, or keep values in a dict; choose a function by `{'a': f, 'b': g}[name]`.",
    "setattr": "Write `thing.name = value`, or keep values in a dict.",
    "delattr": "Write `del thing.name`, or keep values in a dict.",
    "__import__": "Write `import` at the top, with a module on the list.",
    "exit": "End with `return`.",
    "quit": "End with `return`.",
    "memoryview": "Use slices of `bytes` instead.",
}


def _forbidden(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Name):
        if not isinstance(node.ctx, ast.Load) or node.id in ALLOWED:
            continue
        if node.id not in _KNOWN and node.id not in _MODULE_DUNDERS:
            continue
        meaning = module.meaning(node)
        if node.id in _ENDS and not meaning.bindings and _is_statement(module, node):
            yield Hit(
                node,
                f"`{node.id}()` ends the call with an error: the agent gets no result.",
                "End with `return` and what the agent is to hear, or `raise ValueError('why')`.",
                Severity.WARNING,
            )
        elif meaning.falls_through and node.id not in {"__doc__", "__name__"}:
            own = "; a name of yours with the same spelling could give way to it" if meaning.bindings else ""
            yield Hit(
                node,
                f"The built-in `{node.id}` reaches beyond the function{own}.",
                "Give yours another name." if own else _ADVICE.get(node.id, "Write it without this built-in."),
            )


def _is_statement(module: Module, node: ast.Name) -> bool:
    """Say whether a name is called, and nothing made of what that gives."""
    call = _call_of(module, node)
    return call is not None and isinstance(module.parent(call), ast.Expr)


def _narrow(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Name):
        judge = _JUDGES.get(node.id)
        if judge is None or not isinstance(node.ctx, ast.Load) or not module.meaning(node).falls_through:
            continue
        fault = judge(module, node)
        if fault is not None:
            yield Hit(node, fault[0], fault[1])


_Fault = tuple[str, str] | None


def _call_of(module: Module, node: ast.Name) -> ast.Call | None:
    parent = module.parent(node)
    return parent if isinstance(parent, ast.Call) and parent.func is node else None


def _judge_getattr(module: Module, node: ast.Name) -> _Fault:
    call = _call_of(module, node)
    name = call.args[1] if call and len(call.args) > 1 else None
    if call is None or call.keywords or not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return (
            f"`{node.id}` with a name that is not written out here can reach anything.",
            "Write `thing.name`, or keep values in a dict: `values.get(name)`; of methods `{'a': self.do_a}[name]()`.",
        )
    fault = attribute_fault(name.value, in_code=False)
    if name.value.startswith("_") and not is_special(name.value):
        private = private_fault(module, call.args[0], name.value)
        return (f"`{name.value[:40]}` may not be reached: {private[0]}.", private[1]) if private else None
    if is_special(name.value) and node.id == "getattr":
        fault = fault or "names with two underscores on both sides belong to Python itself"
    return (f"`{name.value[:40]}` may not be reached: {fault}.", "Use the value itself.") if fault else None


def _judge_type(module: Module, node: ast.Name) -> _Fault:
    call = _call_of(module, node)
    if call is not None:
        plain = len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)
        return None if plain else ("`type` with several arguments makes classes unseen.", "Write a `class` statement.")
    if names_a_type(module, node):
        return None
    return ("`type` may only be called with one argument.", "Write `type(value)`, or a `class` statement.")


def _judge_super(module: Module, node: ast.Name) -> _Fault:
    call = _call_of(module, node)
    if call is not None and isinstance(module.parent(call), ast.Attribute):
        return None
    return ("`super` is only used directly.", "Write `super().method(...)`.")


_JUDGES: dict[str, Callable[[Module, ast.Name], _Fault]] = {
    "getattr": _judge_getattr,
    "hasattr": _judge_getattr,
    "type": _judge_type,
    "super": _judge_super,
}

RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="builtin.forbidden",
        summary="Built-ins that read files, run text as code, or look into the interpreter are not used, by any name.",
        severity=Severity.ERROR,
        check=_forbidden,
        good=example("def handler(session):\n    return int('1')\n"),
        bad=example("def handler(session):\n    run = eval\n    return run('1')\n"),
    ),
    Rule(
        id="builtin.narrow",
        summary="`getattr`, `hasattr`, `type` and `super` are called directly, with names that are written out.",
        severity=Severity.ERROR,
        check=_narrow,
        good=example("def handler(session):\n    return getattr(session, 'size', 0)\n"),
        bad=example("def handler(session):\n    return getattr(session, session['params']['x'])\n", parameters=["x"]),
    ),
)

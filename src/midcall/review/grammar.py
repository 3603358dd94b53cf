"""The syntax that the review knows: every kind of node with its fields. Whatever else a Python reads is refused.

All walkers and rules were written for these kinds. A later Python adds others, or new fields to these, and a library
that the review stands on may let them pass; so nothing looks at a tree before this list was held against it.
"""

import ast
from collections.abc import Iterator

_KINDS = """\
Module body type_ignores
FunctionDef name args body decorator_list returns type_comment type_params
AsyncFunctionDef name args body decorator_list returns type_comment type_params
ClassDef name bases keywords body decorator_list type_params
Return value
Delete targets
Assign targets value type_comment
AugAssign target op value
AnnAssign target annotation value simple
For target iter body orelse type_comment
AsyncFor target iter body orelse type_comment
While test body orelse
If test body orelse
With items body type_comment
AsyncWith items body type_comment
Match subject cases
Raise exc cause
Try body handlers orelse finalbody
Assert test msg
Import names
ImportFrom module names level
Global names
Nonlocal names
Expr value
Pass
Break
Continue
BoolOp op values
NamedExpr target value
BinOp left op right
UnaryOp op operand
Lambda args body
IfExp test body orelse
Dict keys values
Set elts
ListComp elt generators
SetComp elt generators
DictComp key value generators
GeneratorExp elt generators
Await value
Yield value
YieldFrom value
Compare left ops comparators
Call func args keywords
FormattedValue value conversion format_spec
JoinedStr values
Constant value kind
Attribute value attr ctx
Subscript value slice ctx
Starred value ctx
Name id ctx
List elts ctx
Tuple elts ctx
Slice lower upper step
Load
Store
Del
And
Or
Add
Sub
Mult
MatMult
Div
Mod
Pow
LShift
RShift
BitOr
BitXor
BitAnd
FloorDiv
Invert
Not
UAdd
USub
Eq
NotEq
Lt
LtE
Gt
GtE
Is
IsNot
In
NotIn
comprehension target iter ifs is_async
ExceptHandler type name body
arguments posonlyargs args vararg kwonlyargs kw_defaults kwarg defaults
arg arg annotation type_comment
keyword arg value
alias name asname
withitem context_expr optional_vars
match_case pattern guard body
MatchValue value
MatchSingleton value
MatchSequence patterns
MatchMapping keys patterns rest
MatchClass cls patterns kwd_attrs kwd_patterns
MatchStar name
MatchAs pattern name
MatchOr patterns
"""
#: Kind -> its fields. Type parameters are a field of known kinds, and kinds of their own, which are not known.
KNOWN = {kind: frozenset(fields) for kind, *fields in map(str.split, _KINDS.splitlines())}

_LAZY = "is only worked out when something asks for it, so it is not plain when it runs and what its names mean"
_PARAMETERS = (
    f"Type parameters in brackets are not allowed: what stands in them {_LAZY}.",
    'Write `T = TypeVar("T")` above (a class then inherits from `Generic[T]`), or use `Any`; both are in `typing`.',
)
_TEMPLATES = (
    'Template strings (`t"..."`) are not allowed: they hand on values with the code that made them.',
    "Write an f-string.",
)
#: What to say of kinds that are known by name and refused. Kinds of later minor versions stand here too.
_REFUSED = {
    "TryStar": ("`except*` is not allowed: it can confuse the interpreter.", "Write a plain `except`."),
    "TypeAlias": (
        f"`type X = ...` is not allowed: the value {_LAZY}.",
        "Write a plain assignment, such as `Prices = dict[str, float]`.",
    ),
    "TypeVar": _PARAMETERS,
    "ParamSpec": _PARAMETERS,
    "TypeVarTuple": _PARAMETERS,
    "TemplateStr": _TEMPLATES,
    "Interpolation": _TEMPLATES,
}
#: Classes of the running Python that are known with all of their fields; most nodes need no closer look than this.
_WHOLE = frozenset(
    kind
    for name, kind in vars(ast).items()
    if name in KNOWN and issubclass(kind, ast.AST) and KNOWN[name].issuperset(kind._fields)
)


def strange(tree: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    """Yield the nodes of kinds that are not known, with what is wrong and what to write; walks without recursion.

    A node is one of those too if a field that nobody here knows holds anything. What lies within is not looked at.
    """
    todo = [tree]
    while todo:
        node = todo.pop()
        fault = None if type(node) in _WHOLE else _fault(node)
        if fault is None:
            todo.extend(ast.iter_child_nodes(node))
        else:
            yield node, *fault


def _fault(node: ast.AST) -> tuple[str, str] | None:
    kind = type(node).__name__
    if kind in _REFUSED:
        return _REFUSED[kind]
    fields = KNOWN.get(kind)
    if fields is None:
        return (
            f"The review does not know this kind of syntax ({kind}), so it is not allowed.",
            "Write it in another way.",
        )
    new = next((name for name, value in ast.iter_fields(node) if value and name not in fields), None)
    if new is None:
        return None
    return f"The review does not know this form of {kind} ({new}), so it is not allowed.", "Write it in its plain form."

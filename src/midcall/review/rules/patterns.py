"""Rules on class patterns: what a class offers to them by position."""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example
from midcall.review.vocabulary import READABLE, attribute_fault, is_special

_NAME = "__match_args__"
_ADVICE = "Write a tuple of the attributes' names, such as `__match_args__ = ('x', 'y')`, or use a dataclass."


def _match_args(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Name):
        if node.id != _NAME or isinstance(node.ctx, ast.Del):
            continue
        parent = module.parent(node)
        value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
        if not isinstance(value, ast.Tuple):
            yield Hit(node, f"`{_NAME}` has to be a tuple that is written out here.", _ADVICE)
            continue
        for element in value.elts:
            fault = _fault(element)
            if fault:
                yield Hit(element, f"A class pattern would read what may not be reached: {fault}.", _ADVICE)


def _fault(element: ast.expr) -> str:
    if not isinstance(element, ast.Constant) or not isinstance(element.value, str):
        return "a name that is not written out"
    if element.value in READABLE:
        return "a name that belongs to Python"
    return attribute_fault(element.value, in_code=False)


def _slots(module: Module) -> Iterator[Hit]:
    """`__slots__` makes attributes too; nothing private to Python may be among them."""
    for node in module.nodes(ast.Name):
        parent = module.parent(node)
        if node.id != "__slots__" or not isinstance(parent, ast.Assign | ast.AnnAssign) or parent.value is None:
            continue
        for part in ast.walk(parent.value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and is_special(part.value):
                yield Hit(part, f"`{part.value[:40]}` belongs to Python itself.", "Choose another name.")


RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="pattern.arguments",
        summary="`__match_args__` names ordinary attributes, written out.",
        severity=Severity.ERROR,
        check=_match_args,
        good=example(
            "class Point:\n    __match_args__ = ('x',)\n    x = 1\n\n"
            "def handler(session):\n    match Point():\n        case Point(x):\n            return x\n    return None\n"
        ),
        bad=example("class Point:\n    __match_args__ = ('__class__',)\n\ndef handler(session):\n    return 1\n"),
    ),
    Rule(
        id="pattern.slots",
        summary="`__slots__` names ordinary attributes.",
        severity=Severity.ERROR,
        check=_slots,
        good=example("class Point:\n    __slots__ = ('x', '_y')\n\ndef handler(session):\n    return Point and 1\n"),
        bad=example("class Point:\n    __slots__ = ('__dict__',)\n\ndef handler(session):\n    return Point and 1\n"),
    ),
)

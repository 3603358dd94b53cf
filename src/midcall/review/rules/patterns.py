"""Rules on class patterns: what a class offers to them by position."""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.positions import attributes_by_position
from midcall.review.rule import Hit, Rule, example
from midcall.review.vocabulary import LIBRARY_PRIVATE, READABLE, attribute_fault, is_special

_NAME = "__match_args__"
_ADVICE = "Write a tuple of the attributes' names, such as `__match_args__ = ('x', 'y')`, or use a dataclass."

_SLOTS = "Write a tuple of texts, such as `__slots__ = ('x', 'y')`."
_NAMED = "Write the attributes' names, `case Point(x=1):`, or test with `isinstance` and read `point.x`."


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
        if node.id != "__slots__" or not isinstance(node.ctx, ast.Store):
            continue
        parent = module.parent(node)
        value = parent.value if isinstance(parent, ast.Assign | ast.AnnAssign) else None
        for part in _parts(value):
            if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
                yield Hit(node, "The names in `__slots__` have to be written out here.", _SLOTS)
            elif is_special(part.value):
                yield Hit(part, f"`{part.value[:40]}` belongs to Python itself.", "Choose another name.")


def _parts(value: ast.expr | None) -> list[ast.expr | None]:
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return [*value.elts]
    return value.keys if isinstance(value, ast.Dict) else [value]


def _positions(module: Module) -> Iterator[Hit]:
    """Judge what patterns by position read: the attributes that a class names, of whatever passes for its object."""
    for node in module.nodes(ast.MatchClass):
        if not node.patterns:
            continue
        names = attributes_by_position(module, node.cls)
        if names is None:
            yield Hit(node, "Which attributes this pattern reads cannot be seen: its class is not known here.", _NAMED)
            continue
        for name in names:
            fault = "" if _is_own(name) else attribute_fault(name, in_code=False)
            if fault:
                yield Hit(node, f"This pattern could read `.{name[:40]}`, which may not be reached: {fault}.", _NAMED)


def _is_own(name: str) -> bool:
    return name.startswith("_") and not is_special(name) and name not in LIBRARY_PRIVATE


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
        id="pattern.position",
        summary="Class patterns by position are for classes whose attributes can be seen, and are ordinary.",
        severity=Severity.ERROR,
        check=_positions,
        good=example(
            "from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int\n\n"
            "def handler(session):\n    match session:\n        case Point(x):\n            return x\n    return 1\n"
        ),
        bad=example(
            "def read(value, kind):\n    match value:\n        case kind(found):\n            return found\n\n"
            "def handler(session):\n    return read(1, int)\n"
        ),
    ),
    Rule(
        id="pattern.slots",
        summary="`__slots__` names ordinary attributes, written out.",
        severity=Severity.ERROR,
        check=_slots,
        good=example("class Point:\n    __slots__ = ('x', '_y')\n\ndef handler(session):\n    return Point and 1\n"),
        bad=example("class Point:\n    __slots__ = ('__dict__',)\n\ndef handler(session):\n    return Point and 1\n"),
    ),
)

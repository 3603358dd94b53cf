"""Nested fields in the specs of `str.format` (`{:>{width}}`): what comes into the spec, as far as the source says.

A spec that is worked out elsewhere is a part of the template that nobody has seen. A width, or a text that is written
out, is ordinary, and so is anything within a spec that stands there for the rest.
"""

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from midcall.review.constants import number, texts
from midcall.review.module import Module
from midcall.review.scopes import BindingKind

#: A spec in a text of its own: fill, alignment, sign, width, precision, kind, or a format of dates.
_PLAIN = re.compile(r"[^{}]{0,64}")
_NUMBERS = ("abs", "int", "len", "ord", "round")
_CHOOSERS = ("max", "min", "sum")
_STEPS = 8
#: Fields within the specs of one template.
_MOST = 50


@dataclass(frozen=True, slots=True)
class Nested:
    """One field within a spec: its name (a number where it had none), and whether the spec has text of its own too."""

    name: str
    is_within: bool


def nested(template: str) -> Iterator[Nested]:
    """Yield the fields within specs; fields without a name are counted, as `str.format` does."""
    count = 0
    for _text, name, spec, _conversion in string.Formatter().parse(template):
        if name is None:
            continue
        count += not re.split(r"[.\[]", name, maxsplit=1)[0]
        inner = list(string.Formatter().parse(spec or ""))
        is_within = any(text for text, *_rest in inner)
        for _literal, field, _spec, _mark in inner:
            if field is not None:
                yield Nested(field or str(count), is_within)
                count += not field


def faults(module: Module, method: ast.Attribute, template: str) -> Iterator[str]:
    """Yield what is wrong with the fields within specs of a template, where `method` is its `.format`."""
    known = module.once(_known_fields)
    if template not in known:
        known[template] = tuple(islice(nested(template), _MOST + 1))
    if len(known[template]) > _MOST:
        yield f"More than {_MOST} fields within format specs are too many to check."
    else:
        yield from filter(None, (fault(module, method, field) for field in known[template]))


def _known_fields(_module: Module) -> dict[str, tuple[Nested, ...]]:
    return {}


def fault(module: Module, method: ast.Attribute, field: Nested) -> str:
    """Say what is wrong with a field within a spec, where `method` is `"...".format`; empty if nothing is."""
    if not re.fullmatch(r"\w+", field.name):
        return f"The field `{field.name[:40]}` within a format spec reaches into a value."
    given = _given(module, method, field.name)
    known = None if given is None else texts(module, given)
    if known is not None:
        if all(_PLAIN.fullmatch(text) for text in known):
            return ""
        return f"What the field `{field.name[:40]}` puts into a format spec is a template itself."
    if field.is_within or (given is not None and _is_number(module, given, _STEPS)):
        return ""
    return f"The format spec that the field `{field.name[:40]}` puts in is not written out in this file."


def _given(module: Module, method: ast.Attribute, name: str) -> ast.expr | None:
    """Return the argument that a field names, None if the call does not say."""
    call = module.parent(method)
    if not isinstance(call, ast.Call) or call.func is not method or method.attr != "format":
        return None
    if not name.isdecimal():
        return next((word.value for word in call.keywords if word.arg == name), None)
    before = call.args[: int(name) + 1]
    if len(before) <= int(name) or any(isinstance(argument, ast.Starred) for argument in before):
        return None
    return before[-1]


def _is_number(module: Module, node: ast.expr, steps: int) -> bool:
    """Say whether an expression is plainly a number."""
    if steps == 0 or number(module, node) is not None:
        return steps > 0
    if isinstance(node, ast.Call):
        if module.is_builtin(node.func, *_NUMBERS):
            return True
        return module.is_builtin(node.func, *_CHOOSERS) and all(_gives_numbers(module, a, steps) for a in node.args)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.FloorDiv):
        return _is_number(module, node.left, steps - 1) or _is_number(module, node.right, steps - 1)
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE else None
        return value is not None and _is_number(module, value, steps - 1)
    return False


def _gives_numbers(module: Module, node: ast.expr, steps: int) -> bool:
    if isinstance(node, ast.GeneratorExp | ast.ListComp | ast.SetComp):
        return _is_number(module, node.elt, steps - 1)
    if isinstance(node, ast.Call) and module.is_builtin(node.func, "map"):
        return module.is_builtin(node.args[0], *_NUMBERS) if node.args else False
    return _is_number(module, node, steps - 1)

"""Which attributes a class pattern reads by position: what a class statement, or the call that makes a class, says."""

import ast

from midcall.review.constants import literal
from midcall.review.lineage import family
from midcall.review.module import Module

_TUPLES = frozenset({"collections.namedtuple", "typing.NamedTuple"})


def attributes_by_position(module: Module, node: ast.expr) -> list[str] | None:
    """Return the names that a class may offer by position, None if the source does not say which class it is.

    What a class statement sets as `__match_args__` has a rule of its own; the library's classes offer nothing to fear,
    which a test sees to.
    """
    kin = family(module, node)
    if not kin.is_known:
        return None
    names = [
        statement.target.id
        for found in kin.statements
        for statement in found.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
    for call in kin.makers:
        made = _of_maker(module, call)
        if made is None:
            return None
        names += made
    return names


def _of_maker(module: Module, call: ast.Call) -> list[str] | None:
    """Return the names that `namedtuple` is given, if they are written out."""
    if not module.is_only(call.func, *_TUPLES):
        return None
    given = [*call.args[1:2], *(word.value for word in call.keywords if word.arg in {"field_names", "fields"})]
    found = literal(module, given[0]) if len(given) == 1 else None
    if isinstance(found, ast.Constant) and isinstance(found.value, str):
        return found.value.replace(",", " ").split()
    if not isinstance(found, ast.List | ast.Tuple):
        return None
    names = [part.elts[0] if isinstance(part, ast.Tuple | ast.List) and part.elts else part for part in found.elts]
    known = [name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)]
    return known if len(known) == len(names) else None

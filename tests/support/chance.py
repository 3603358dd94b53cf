"""What a test holds to be absent, and chance may put there: ids, times and ports are digits, most of them hexadecimal.

An id has 80 random bits: four given digits stand in one of a dozen of them once in 300 runs.
"""

import ast
import re
from typing import NamedTuple

#: So few digits of an id turn up by themselves.
_CHANCE = re.compile(r"[0-9a-f]{1,7}")


class Finding(NamedTuple):
    """A line, and the text that is too short."""

    line: int
    text: str


def by_chance(source: str) -> list[Finding]:
    """Return where a test asserts that a text that may be part of an id is not in something else."""
    tree = ast.parse(source)
    named = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [
        Finding(node.lineno, repr(text))
        for assertion in ast.walk(tree)
        if isinstance(assertion, ast.Assert)
        for node in ast.walk(assertion.test)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn)
        if (text := _text(node.left, named)) is not None and _CHANCE.fullmatch(text)
        # A name among names, or a word of a text that has been written out.
        if not isinstance(node.comparators[0], ast.Set | ast.Tuple | ast.List | ast.Constant)
    ]


def _text(node: ast.expr, named: dict[str, ast.expr]) -> str | None:
    node = named.get(node.id, node) if isinstance(node, ast.Name) else node
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
        return None
    return node.value if isinstance(node.value, str) else node.value.decode("latin-1")

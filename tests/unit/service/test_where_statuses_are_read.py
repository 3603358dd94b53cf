"""Who asks what a run's status is: read from the code, so that what follows from a status stays in one table."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import midcall
from midcall.domain.run_status import InvocationStatus, RunStatus

SOURCE = Path(midcall.__file__).parent
CLASSES = frozenset({"RunStatus", "InvocationStatus"})
WORDS = frozenset(status.value for status in (*RunStatus, *InvocationStatus))
#: The table itself, what judges a sandbox's evidence by its frames' words, and conditions of SQL.
ALLOWED = ("domain/run_status.py", "sandbox/outcome.py", "storage/")


def read_apart(tree: ast.AST) -> Iterator[str]:
    """Yield comparisons with single statuses, and tables of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            found = any(map(is_status, sides)) or (any(map(is_word, sides)) and any(map(says_status, sides)))
        elif isinstance(node, ast.Dict):
            found = any(key is not None and is_status(key) for key in node.keys)
            found |= sum(is_word(key) for key in node.keys if key is not None) > 1 and not is_answer(node)
        elif isinstance(node, ast.match_case):
            found = any(is_status(each.value) for each in ast.walk(node.pattern) if isinstance(each, ast.MatchValue))
        else:
            continue
        if found:
            yield ast.unparse(node)


def is_status(node: ast.AST) -> bool:
    """Tell whether an expression is one status, or some."""
    if isinstance(node, ast.Set | ast.Tuple | ast.List):
        return any(map(is_status, node.elts))
    if isinstance(node, ast.Attribute) and node.attr == "value":
        node = node.value
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in CLASSES


def is_word(node: ast.AST) -> bool:
    """Tell whether an expression is the word of one, or some words."""
    if isinstance(node, ast.Set | ast.Tuple | ast.List):
        return any(map(is_word, node.elts))
    return isinstance(node, ast.Constant) and node.value in WORDS


def says_status(node: ast.AST) -> bool:
    """Tell whether something is called a status."""
    last = node.slice if isinstance(node, ast.Subscript) else node
    name = {ast.Attribute: "attr", ast.Name: "id", ast.Constant: "value"}.get(type(last), "")
    return getattr(last, name, None) in {"status", "run_status"}


def is_answer(node: ast.Dict) -> bool:
    """Tell whether a dict says whether something went well, and what went wrong."""
    return {key.value for key in node.keys if isinstance(key, ast.Constant) and key.value in WORDS} == {"ok", "error"}


@pytest.mark.parametrize(
    "source",
    [
        "invocation.status is InvocationStatus.DEAD",
        "report.status != RunStatus.OK",
        "line.status in {InvocationStatus.FAILED, InvocationStatus.DEAD}",
        "row.status == InvocationStatus.SUCCEEDED.value",
        "outcome['status'] == 'failed'",
        "status in ('queued', 'running')",
        "TONES = {'succeeded': 'good', 'failed': 'bad'}",
        "STATUSES = {RunStatus.OK: InvocationStatus.SUCCEEDED}",
        "match status:\n    case RunStatus.OK: pass",
    ],
)
def test_a_status_read_apart_is_found(source: str) -> None:
    """However it is written."""
    assert list(read_apart(ast.parse(source)))


def test_what_follows_from_a_status_stands_in_one_table() -> None:
    """Whoever wants to know asks the status: `status.ok`, `status.final`, `status.tone`."""
    found = [
        f"{name}: {text}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not (name := path.relative_to(SOURCE).as_posix()).startswith(ALLOWED)
        for text in read_apart(ast.parse(path.read_text()))
    ]
    assert found == []

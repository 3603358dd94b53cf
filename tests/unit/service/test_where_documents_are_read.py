"""Who reads a stored document by its fields' names: read from the code, so that defaults stay in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import midcall
from midcall.service.functions.form import FunctionForm

SOURCE = Path(midcall.__file__).parent
FIELDS = frozenset(FunctionForm.model_fields) - {"display_name", "tags"}
#: What gives a stored document, and the names that one goes by.
GIVING, NAMES = frozenset({"stored", "to_stored", "config"}), frozenset({"config", "stored"})
#: Here names mean fields: the typed value itself, what lists show of a document, documents in the making whose secrets
#: become references, strangers' files, and what tables held when a migration was written.
ALLOWED = (
    "domain/function_config.py",
    "domain/preview.py",
    "service/credentials/inline_secrets.py",
    "vendors/imports/",
    "storage/migrations/",
)


def looked_up(tree: ast.AST) -> Iterator[str]:
    """Yield look-ups of a document's fields in what is a stored document, or was called one."""
    known = set(NAMES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value and gives(node.value, known):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            known |= {target.id for target in targets if isinstance(target, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            of, key = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            of, key = node.func.value, node.args[0] if node.args else node
        else:
            continue
        if isinstance(key, ast.Constant) and key.value in FIELDS and gives(of, known):
            yield ast.unparse(node)


def gives(node: ast.AST, known: set[str]) -> bool:
    """Tell whether an expression is a stored document: by its last word, or by the name that it was given."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr in GIVING
    return isinstance(node, ast.Name) and node.id in known


@pytest.mark.parametrize(
    "source",
    [
        "version.config['code']['source']",
        "version.stored.get('background')",
        "form.config().to_stored()['parameters']",
        "document = version.stored\ndocument['kind']",
        "def f(config): return config.get('messages', {})",
    ],
)
def test_a_look_up_is_found(source: str) -> None:
    """However it is written."""
    assert list(looked_up(ast.parse(source)))


def test_stored_documents_are_read_as_typed_values() -> None:
    """Whoever needs a field takes it from `FunctionConfig`, which knows what older documents lack."""
    found = [
        f"{name}: {text}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not (name := path.relative_to(SOURCE).as_posix()).startswith(ALLOWED)
        for text in looked_up(ast.parse(path.read_text()))
    ]
    assert found == []

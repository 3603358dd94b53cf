"""docs/actions.md and what editors are offered: both are what the connectors say."""

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from midcall.connectors import CONNECTORS, example, operations
from midcall.connectors.completion import completion, options_of, signature
from midcall.connectors.doc import main, render
from midcall.connectors.kit import Connector, Operation
from midcall.domain.review import Subject
from midcall.review import review

DOCUMENT = Path(__file__).parents[3] / "docs" / "actions.md"
OPERATIONS = [pytest.param(*found, id=name) for name, found in operations().items()]


def test_the_document_is_up_to_date() -> None:
    """Else run `python -m midcall.connectors.doc docs/actions.md`."""
    assert DOCUMENT.read_text(encoding="utf-8") == render()


def test_the_command_writes_and_checks_the_document(tmp_path: Path) -> None:
    """--check changes nothing and fails where the page says something else, or is not there."""
    page = tmp_path / "actions.md"
    for stale in (None, "old"):
        if stale is not None:
            page.write_text(stale)
        with pytest.raises(SystemExit, match="is not what the connectors say"):
            main(["--check", str(page)])
        assert page.exists() is (stale is not None)
    main([str(page)])
    main(["--check", str(page)])
    assert page.read_text(encoding="utf-8") == render()


def test_the_document_has_every_operation_and_option() -> None:
    """Each connector is a section, each operation one below."""
    text = render()
    for name, (connector, operation) in operations().items():
        section = text.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        assert f"## {connector.title}: `{connector.name}`" in text
        assert operation.summary in section
        assert operation.example in section
        for option in options_of(operation):
            assert f"| `{option.name}` |" in section or "Options: those of" in section


def test_the_worked_example_is_the_tested_one() -> None:
    """It stands there whole, and would be listed like any other if it were registered."""
    assert inspect.getsource(example) in render()
    assert example.CONNECTOR.name not in CONNECTORS
    shown = render([example.CONNECTOR])
    assert "### helpdesk.list_tickets" in shown
    assert "| `max_tickets` | integer (≥ 1, ≤ 1000) | `100` |  |" in shown


def test_the_code_in_the_document_is_approved() -> None:
    """What is shown as a whole handler passes review."""
    blocks = [part.partition("```")[0] for part in DOCUMENT.read_text(encoding="utf-8").split("```python\n")[1:]]
    handlers = [block for block in blocks if "def handler" in block]
    assert len(handlers) == 3
    for source in handlers:
        subject = Subject(source, frozenset({"phone"}), actions=("http",), egress=("api.example.com",))
        assert review(subject) == ()


def test_completion_offers_every_operation_as_json() -> None:
    """In the order of the connectors."""
    offered = completion()
    assert [each["name"] for each in offered] == list(operations())
    assert json.loads(json.dumps(offered)) == offered
    assert all(each["summary"] and each["example"] and each["returns"] for each in offered)


@pytest.mark.parametrize(("connector", "operation"), OPERATIONS)
def test_a_signature_is_python_and_names_every_option(connector: Connector, operation: Operation) -> None:
    """Required options have no default, and those by position come first."""
    written = signature(f"{connector.name}.x", operation)
    (made,) = ast.parse(f"def {written.removeprefix(f'actions.{connector.name}.')}: pass").body
    assert isinstance(made, ast.FunctionDef)
    assert [argument.arg for argument in made.args.args] == list(operation.positional)
    named = {argument.arg for argument in (*made.args.args, *made.args.kwonlyargs)}
    assert named == {*operation.options.model_fields, "credential"}


def test_a_signature_shows_types_and_defaults() -> None:
    """As Python would declare it."""
    assert signature("helpdesk.list_tickets", example.CONNECTOR.operations["list_tickets"]) == (
        'actions.helpdesk.list_tickets(*, state: str = "open", max_tickets: int = 100, credential: str = None)'
    )
    get: Any = CONNECTORS["http"].operations["get"]
    assert signature("http.get", get).startswith("actions.http.get(url: str, *, headers: dict | list = []")


@pytest.mark.parametrize(("connector", "operation"), OPERATIONS)
def test_every_example_passes_review(connector: Connector, operation: Operation) -> None:
    """With the actions enabled, and the credential that it names declared."""
    call = operation.example.removeprefix("await ")
    kinds = sorted(operation.credentials or connector.credentials)
    (made,) = ast.parse(call).body
    words = [node.value for node in ast.walk(made) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    names = {name: kinds[0].value for name in words if name.isidentifier()} or {"one": kinds[0].value}
    named = "credential" in call
    declared = tuple(names) if named else next(iter(names))
    subject = Subject(
        f"def handler(session, actions):\n    return {call}\n",
        actions=(connector.name,),
        egress=("api.example.com",),
        declared={connector.name: declared if isinstance(declared, tuple) else (declared,)},
        credentials=names,
    )
    assert review(subject) == ()

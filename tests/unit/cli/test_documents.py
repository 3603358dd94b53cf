"""What `midcall review` and `midcall run` take: a source, a whole document, flags; what is wrong says where."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from midcall.cli.document import MAX_BYTES, read_function, read_mocks, read_params
from midcall.cli.function import session_of
from midcall.domain.function_config import FunctionConfig
from midcall.domain.mock import Raised, Returned

SOURCE = "def handler(session, actions):\n    return actions.http.get('https://shop.example.com')\n"
DOCUMENT: dict[str, Any] = {
    "name": "find_order",
    "description": "Finds an order.",
    "kind": "code",
    "timeout": 7,
    "parameters": [{"name": "order_id", "type": "integer", "required": True}],
    "code": {"source": SOURCE, "actions": ["http.get"], "egress": ["shop.example.com"]},
}


def read(file: Path, **flags: Any) -> Mapping[str, Any]:
    """Read a function with some flags."""
    return read_function(file, **{"parameters": None, "actions": None, "egress": None, **flags}).config().to_stored()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write a source."""
    file = tmp_path / "source.py"
    file.write_text(SOURCE)
    return file


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Write a document."""
    file = tmp_path / "function.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


def test_a_document_is_read_as_the_api_reads_it(document: Path) -> None:
    """With parameters in either form, and every default written out."""
    config = read(document)
    assert config["parameters"]["required"] == ["order_id"]
    assert (config["timeout"], config["code"]["actions"]) == (7, ["http.get"])


def test_flags_say_of_a_source_what_its_document_would(source: Path, tmp_path: Path) -> None:
    """Parameters as JSON or as a file with it."""
    fields = json.dumps(DOCUMENT["parameters"])
    (tmp_path / "fields.json").write_text(fields)
    for parameters in (fields, str(tmp_path / "fields.json")):
        config = read(source, parameters=parameters, actions=["http.get"], egress=["shop.example.com"])
        assert config["parameters"]["required"] == ["order_id"]
        assert (config["code"]["actions"], config["code"]["egress"]) == (["http.get"], ["shop.example.com"])


def test_flags_stand_in_for_what_the_document_says(document: Path) -> None:
    """The rest of it stays."""
    code = read(document, actions=["airtable"])["code"]
    assert (code["actions"], code["egress"]) == (["airtable"], ["shop.example.com"])


def test_mocks_are_those_of_test_runs() -> None:
    """An answer, or an error."""
    mocks = read_mocks('[{"action": "http.get", "returns": 1}, {"action": "http", "raises": {"message": "gone"}}]')
    assert [mock.answer for mock in mocks] == [Returned(1), Raised("gone")]
    assert read_mocks(None) == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "column"),
        (b"[]", "give a JSON object"),
        (b'{"kind": "code"}', "code: required"),
        (b'{"kind": "code", "code": {"source": ""}, "tipeout": 1}', "tipeout"),
        (b'{"kind": "code", "code": {"source": "x", "actions": ["htp"]}}', "did you mean http"),
        (b'{"code": 1}', "code"),
        (b'"' + b"x" * MAX_BYTES + b'"', "larger than"),
    ],
)
def test_a_document_that_is_none_says_what_and_where(tmp_path: Path, content: bytes, told: str) -> None:
    """As the argument's error, whatever stands in it."""
    file = tmp_path / "function.json"
    file.write_bytes(content)
    with pytest.raises(typer.BadParameter) as refused:
        read(file)
    assert told in refused.value.message


def test_what_strangers_wrote_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    """Names of unknown fields come from the document."""
    file = tmp_path / "function.json"
    file.write_text(json.dumps({**DOCUMENT, "\x1b[2J\u202e": 1}))
    with pytest.raises(typer.BadParameter) as refused:
        read(file)
    assert not {"\x1b", "\u202e"} & set(refused.value.message)


@pytest.mark.parametrize("text", ["{", "nowhere.json", '[{"action": "http.get"}]', "[1]"])
def test_mocks_that_are_none_are_refused(text: str) -> None:
    """As JSON, as a file, as mocks."""
    with pytest.raises(typer.BadParameter):
        read_mocks(text)


def test_parameters_of_a_call_are_an_object() -> None:
    """A list is none."""
    assert read_params('{"a": 1}') == {"a": 1}
    with pytest.raises(typer.BadParameter, match="give a JSON object"):
        read_params("[1]")


def test_a_named_pipe_is_refused_and_a_shells_is_read(tmp_path: Path) -> None:
    """Opening one waits for somebody to write; a shell's has its writer already."""
    named = tmp_path / "pipe.json"
    os.mkfifo(named)
    with pytest.raises(typer.BadParameter, match="named pipe"):
        read(named)
    (tmp_path / "loop.json").symlink_to("loop.json")
    with pytest.raises(typer.BadParameter, match="symbolic links"):
        read_params(str(tmp_path / "loop.json"))
    reading, writing = os.pipe()
    try:
        os.write(writing, b'{"a": 1}')
        os.close(writing)
        assert read_params(f"/dev/fd/{reading}") == {"a": 1}
    finally:
        os.close(reading)


def test_no_parameters_given_apart_stand_in_for_those_of_the_session(document: Path) -> None:
    """An empty object says that the call has none, and so is refused where one is needed."""
    config = FunctionConfig.from_stored(read(document))
    session = '{"params": {"order_id": 1}}'
    assert session_of(config, session, None, 1_000)["params"] == {"order_id": 1}
    with pytest.raises(typer.BadParameter, match="order_id"):
        session_of(config, session, "{}", 1_000)

"""`midcall run` gives code the session body of every other run, whatever its file says."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.support.bodies import check_shape

from midcall.cli.function import session_of
from midcall.domain.function_config import FunctionConfig

#: A function that declares no parameters.
CONFIG = FunctionConfig.from_stored({"parameters": {"type": "object", "properties": {}}})


def read(folder: Path, given: Any) -> dict[str, Any]:
    """Read a session's file."""
    file = folder / "S.json"
    file.write_text(json.dumps(given), "utf-8")
    return session_of(CONFIG, str(file), None, 1500)


def test_without_a_file_every_field_is_there() -> None:
    """Code that reads the caller's address finds a text."""
    body = session_of(CONFIG, None, None, 1500)
    check_shape(body)
    assert (body["phase"], body["sessionId"], body["deadlineMs"]) == ("during_session", "run", 1500)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"userDetails": {"email": "ada@example.com"}, "own": [1]},
        {"userDetails": None, "phase": None, "params": None, "dynamicVariables": None},
        {"phase": "post_session", "analysis": {"mood": "good"}, "environment": "staging", "sessionId": "s1"},
    ],
    ids=str,
)
def test_what_a_file_says_is_kept_and_the_rest_is_there(tmp_path: Path, given: dict[str, Any]) -> None:
    """Nulls say that nothing is known."""
    body = read(tmp_path, given)
    check_shape(body)
    for name, value in given.items():
        if value is not None and name != "userDetails":
            assert body[name] == value


@pytest.mark.parametrize(
    ("given", "loc"),
    [
        ({"userDetails": "x"}, "userDetails"),
        ({"userDetails": {"email": 5}}, "userDetails.email"),
        ({"params": []}, "params"),
        ({"phase": "midway"}, "phase"),
    ],
    ids=str,
)
def test_a_file_with_a_wrong_type_says_what_to_write(tmp_path: Path, given: dict[str, Any], loc: str) -> None:
    """Before anything runs."""
    with pytest.raises(typer.BadParameter, match=rf"{loc}: must be "):
        read(tmp_path, given)

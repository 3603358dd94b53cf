"""Code as people bring it along is approved and gives CPython's own results, or is refused with its cure."""

import re
import sys
from types import ModuleType
from typing import Any

import pytest
from tests.support.ported import agrees, entries, errors, in_plain_python, result

#: What an entry fails with that returns what is no JSON, or whose own check fails: said by the sandbox, with the place.
FAULTS = {
    "return_set": "set, which is not JSON",
    "return_nan": "not a finite number",
    "return_bytes": "bytes, which is not JSON",
    "return_generator": "generator, which is not JSON",
    "assert_stmt": "n is required",
}
#: What an entry gives of which the corpus does not say what.
GIVES = {
    "return_datetime": {"at": "2026-01-02T03:04:00"},
    "return_enum": 1,
    "return_none": None,
    "traceback": "Traceback",
}
#: Idiom -> words of the advice that is its cure.
CURES = {
    "attrgetter": "lambda",
    "obj_dict": "dataclasses.asdict",
    "globals_get": "keep values in a dict",
    "tempfile": "io.StringIO",
    "lambda_handler": "Rename `lambda_handler`",
    "handler_lambda": "what the lambda gives",
    "toplevel_return": "inside the function",
    "py2_print": "`print(...)`",
    "type_stmt312": "plain assignment",
    "nbsp": "no-break spaces",
    "tabs_mixed": "four spaces",
    "typing_extensions": "from typing import TypedDict",
    "platform": "do without it",
    "email_parser": "email.utils",
}
#: What CPython gives where the corpus says something else: `1 month` also is `1 m`, a minute; 10 is no 10.0.
OTHERWISE = {
    "s03": "**Result:** 2026-04-08 15:01:00\n**Day of week:** Wednesday",
    "s39": {"convert_currency": "10 usd = 8.50 eur"},
}
NOW = r"\d{4}-\d\d-\d\dT[0-9:+]*"
SCRIPTS = entries("scripts.jsonl")


@pytest.fixture
def runner(child: ModuleType) -> ModuleType:
    """Run a handler, with what it gets as `actions` beside."""
    child.actions = sys.modules["actions"]  # type: ignore[attr-defined]
    return child


@pytest.mark.parametrize("entry", entries("idioms.jsonl"), ids=lambda entry: entry["id"])
def test_an_idiom_runs_or_has_a_cure(runner: ModuleType, entry: dict[str, Any]) -> None:
    """What is approved gives what CPython gives; of what is not, one comment says what to write."""
    refused = errors(entry, entry["source"])
    if entry["id"] in CURES:
        (comment,) = refused
        assert CURES[entry["id"]] in comment.suggestion
        return
    assert refused == []
    given = result(runner, entry, entry["source"])
    if entry["id"] in FAULTS:
        assert FAULTS[entry["id"]] in given
    else:
        assert given == GIVES.get(entry["id"], entry["expected"])


@pytest.mark.filterwarnings("ignore:Parsing dates involving a day:DeprecationWarning")  # as of Python 3.13
@pytest.mark.parametrize(
    "entry", [each for each in SCRIPTS if not each["calls_network"]], ids=lambda entry: entry["id"]
)
def test_a_script_that_calls_no_network_passes_as_it_is(runner: ModuleType, entry: dict[str, Any]) -> None:
    """At first try, with CPython's result."""
    assert errors(entry, entry["source"]) == []
    given = result(runner, entry, entry["source"])
    # `analisado_em` is the time.
    assert re.sub(NOW, "", str(given)) == re.sub(NOW, "", str(in_plain_python(entry, entry["source"])))
    assert agrees(given, OTHERWISE.get(entry["id"], entry["expected"]))


@pytest.mark.parametrize("entry", [each for each in SCRIPTS if each["calls_network"]], ids=lambda entry: entry["id"])
def test_a_script_that_calls_the_network_is_cured_by_what_its_comments_name(
    runner: ModuleType, entry: dict[str, Any]
) -> None:
    """Each refused import is named with what takes its place; the one edit then passes, and gives the result."""
    refused = errors(entry, entry["source"])
    assert refused
    assert all("actions.http" in comment.suggestion or "@dataclass" in comment.suggestion for comment in refused)
    assert errors(entry, entry["fixed_source"]) == []
    assert agrees(result(runner, entry, entry["fixed_source"]), entry["expected"])

"""What may be written about mocks, and how faults in it are told."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from midcall.connectors import operations
from midcall.domain.mock import MAX_MOCKS, MAX_MOCKS_BYTES, Mock, NotRecorded, Raised, Returned
from midcall.service.actions.mock_form import MockForms
from midcall.service.fields import faults_of

FORMS: TypeAdapter[Any] = TypeAdapter(MockForms)


def read(*mocks: Any) -> list[Mock]:
    """Read mocks."""
    return [form.mock() for form in FORMS.validate_python(list(mocks))]


def fault(*mocks: Any) -> tuple[str, str]:
    """Return the only fault of mocks: where, and what."""
    with pytest.raises(ValidationError) as raised:
        read(*mocks)
    (found,) = faults_of(raised.value)
    return found.loc, found.msg


def test_every_answer_is_read() -> None:
    """Null is an answer; a failure's code follows from its status."""
    assert read(
        {"action": "airtable", "returns": None},
        {"action": "http.get", "when": {"url": "https://a.example/*"}, "returns": {"a": 1}, "times": 2},
        {"action": "airtable.getRecordList", "raises": {"message": "no", "status": 404, "body": "x"}},
        {"action": "http", "raises": {"message": "no"}},
        {"action": "http", "raises": {"message": "no", "code": "timed_out"}},
        {"action": "http", "not_recorded": "too_large", "times": 1},
    ) == [
        Mock("airtable", Returned(None)),
        Mock("http.get", Returned({"a": 1}), {"url": "https://a.example/*"}, 2),
        Mock("airtable.get_record_list", Raised("no", "http_error", 404, "x")),
        Mock("http", Raised("no")),
        Mock("http", Raised("no", "timed_out")),
        Mock("http", NotRecorded("too_large"), times=1),
    ]


def test_a_misspelled_action_is_told_with_the_closest() -> None:
    """At its place."""
    loc, msg = fault({"action": "http", "returns": 1}, {"action": "airtable.get_record_lst", "returns": 1})
    assert loc.endswith("1.action")
    assert "did you mean airtable.get_record_list" in msg


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"returns": 1, "raises": {"message": "x"}},
        {"raises": None},
        {"returns": 1, "not_recorded": "abandoned"},
    ],
)
def test_a_mock_has_exactly_one_answer(answers: dict[str, Any]) -> None:
    """None, two, or one that is null where null is no answer."""
    loc, msg = fault({"action": "http", **answers})
    assert (loc, msg) == ("0", "give exactly one of returns and raises")


def test_a_misspelled_option_is_told_with_the_closest() -> None:
    """It would never fit, and a call that was to be mocked would go out."""
    loc, msg = fault({"action": "http.get", "when": {"ulr": "x"}, "returns": 1})
    assert loc == "0.when"
    assert "did you mean url" in msg
    _, msg = fault({"action": "http.get", "when": {"zzzzzz": "x"}, "returns": 1})
    assert "its options are: " in msg


@pytest.mark.parametrize("action", sorted(operations()))
def test_every_option_of_every_action_can_be_a_condition(action: str) -> None:
    """By its own name, in camelCase, and by the other names that it may have."""
    fields = operations()[action][1].options.model_fields
    for when in (dict.fromkeys(fields, 1), {info.alias or name: 1 for name, info in fields.items()}):
        assert read({"action": action, "when": when, "returns": 1})
    assert read({"action": action.split(".", maxsplit=1)[0], "when": dict.fromkeys(fields, 1), "returns": 1})
    assert read({"action": action, "when": {"credential": "crm"}, "returns": 1})


def test_other_names_of_options_can_be_conditions() -> None:
    """What code may write, a mock may."""
    for name in ("params", "query", "json", "data", "body", "clientOptions", "timeout", "ignoreSsl", "headers"):
        assert read({"action": "http.post", "when": {name: 1}, "returns": 1})


def test_mocks_are_bounded() -> None:
    """In number, in bytes, in how often they answer."""
    assert len(read(*[{"action": "http", "returns": 1}] * MAX_MOCKS)) == MAX_MOCKS
    assert "100" in fault(*[{"action": "http", "returns": 1}] * (MAX_MOCKS + 1))[1]
    assert "256 KiB" in fault({"action": "http", "returns": "x" * MAX_MOCKS_BYTES})[1]
    for times in (0, 101, "2", True):
        assert fault({"action": "http", "returns": 1, "times": times})[0] == "0.times"

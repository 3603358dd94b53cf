"""The answer of `actions.http` is the dict that is documented, and knows the words of `requests` besides."""

import copy
import json
from types import ModuleType
from typing import Any

import pytest
from tests.unit.sandbox.conftest import runner_module

from midcall.review.rules.actions import ANSWERS

GOOD = {"responseCode": 200, "data": {"name": "t"}, "message": "OK"}


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make what code gets as `actions`."""
    return runner_module("actions", monkeypatch)


def answered(actions: ModuleType, value: Any, action: str = "http.get") -> Any:
    """Return what a call gives whose reply holds a value."""
    return actions._unwrapped(action, {"id": 1, "value": value})


def test_it_is_the_dict_that_is_documented(actions: ModuleType) -> None:
    """Equal, of the same keys, and the same JSON."""
    answer = answered(actions, GOOD)
    assert answer == GOOD
    assert answer["data"]["name"] == answer.get("data")["name"] == "t"
    assert json.loads(json.dumps(answer)) == GOOD
    assert copy.deepcopy(answer).json() == {"name": "t"}


def test_it_knows_the_words_of_requests_and_httpx(actions: ModuleType) -> None:
    """Ported code reads it as it read a response."""
    answer = answered(actions, GOOD)
    assert answer.json() == {"name": "t"}
    assert answer.status_code == answer.status == 200
    assert answer.ok
    assert answer.is_success
    assert not answer.is_error
    assert answer.raise_for_status() is answer
    assert answer.text == '{"name": "t"}'
    assert answer.content == b'{"name": "t"}'
    assert answer.reason == answer.reason_phrase == "OK"
    assert answer.headers == {}


def test_text_is_read_as_json_where_it_is_asked_for(actions: ModuleType) -> None:
    """As `requests` does, with its error for what is none."""
    assert answered(actions, {"responseCode": 200, "data": '{"a": 1}', "message": "OK"}).json() == {"a": 1}
    with pytest.raises(json.JSONDecodeError):
        answered(actions, {"responseCode": 200, "data": "<p>", "message": "OK"}).json()
    empty = answered(actions, {"responseCode": 204, "data": None, "message": "No Content"})
    assert (empty.json(), empty.text) == (None, "")


def test_a_status_of_a_failure_is_raised_where_the_code_asks(actions: ModuleType) -> None:
    """With `ignore_response_code=True` such answers come; the error is the one that calls raise otherwise."""
    answer = answered(actions, {"responseCode": 404, "data": {"error": "no order"}, "message": "Not Found"})
    assert not answer.ok
    with pytest.raises(actions.ActionError) as caught:
        answer.raise_for_status()
    assert str(caught.value) == "http.get: HTTP 404 Not Found"
    assert (caught.value.status, caught.value.body) == (404, {"error": "no order"})


def test_headers_are_found_in_any_case(actions: ModuleType) -> None:
    """With `full_response=True` there are some."""
    headers = answered(actions, GOOD | {"headers": {"X-Next": "2", "content-type": "text/html"}}).headers
    assert headers["x-next"] == headers.get("X-NEXT") == "2"
    assert "Content-Type" in headers
    assert headers.get("nothing", "else") == "else"


@pytest.mark.parametrize(
    ("action", "value"), [("slack.send_message", GOOD), ("http.get", [1]), ("http.get", {"a": 1}), ("http.get", None)]
)
def test_other_answers_stay_what_they_are(actions: ModuleType, action: str, value: Any) -> None:
    """Only an answer that came over HTTP has a status."""
    assert type(answered(actions, value, action)) is type(value)


def test_review_knows_what_an_answer_has(actions: ModuleType) -> None:
    """What it warns of is what is not there."""
    own = {name for name in dir(answered(actions, GOOD)) if not name.startswith("_")} - set(dir(dict))
    assert own - {"fault"} == ANSWERS

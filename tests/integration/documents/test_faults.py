"""What was wrong when users of the documents tried them (`tests/corpus/faults.jsonl`), and is no more."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.documents.document_user import DocumentUser
from tests.support.target import replying

FAULTS: dict[str, Any] = {
    fault["id"]: fault for fault in map(json.loads, Path("tests/corpus/faults.jsonl").read_text("utf-8").splitlines())
}


def comments(user: DocumentUser, fault: Any) -> dict[str, Any]:
    """Have the source of a fault reviewed; returns its comments by rule."""
    code = {name: fault[name] for name in ("source", "actions", "egress") if name in fault}
    review = user.admin.ok("POST", "/v1/review", {"kind": "code", "code": code})
    return {comment["rule"]: comment for comment in review["comments"]}


def test_plain_values_of_a_query_mask_nothing(user: DocumentUser) -> None:
    """F1: the answer as the target gave it."""
    fault = FAULTS["F1-mask"]
    user.there.answer = lambda _: replying(fault["target_answers"])
    document = fault["function"]
    user.publish({**document, "webhook": {**document["webhook"], "url": f"{user.there.url}/orders"}})
    outcome = user.invoke("f1")
    assert outcome["result"] == fault["target_answers"]
    assert (outcome["dynamicVariables"]["st"], outcome["dynamicVariables"]["tot"]) == ("open", 100)


@pytest.mark.parametrize("name", ["F2-text", "F3-nan"])
def test_text_that_is_no_json_costs_no_worker_and_no_session(user: DocumentUser, name: str) -> None:
    """F2, F3: it succeeds with a warning that the path finds nothing, and its session can be read and ended."""
    function = user.publish(FAULTS[name]["function"])["name"]
    user.talk(function)
    outcome = user.done(function)
    assert [one for one in outcome["warnings"] if "finds nothing" in one]
    assert not {"slot", "x"} & set(user.session()["dynamicVariables"])
    assert user.admin.send("GET", "/v1/sessions").status_code == 200
    assert user.end()["status"] == "ended"


def test_an_undefined_name_is_told_as_it_was_written(user: DocumentUser) -> None:
    """F4: with its capital."""
    assert "Undefined name 'Datetime'" in comments(user, FAULTS["F4-case"])["flakes.undefined"]["message"]


def test_no_break_spaces_are_named_with_the_cure(user: DocumentUser) -> None:
    """F5: and no advice about print."""
    found = comments(user, FAULTS["F5-nbsp"])
    assert [rule for rule, one in found.items() if "no-break spaces by spaces" in one["suggestion"]] == ["syntax.error"]
    assert "print" not in json.dumps(found)


def test_a_class_may_call_its_own_private_methods(user: DocumentUser) -> None:
    """F6: it is approved, and runs."""
    assert comments(user, FAULTS["F6-private"]) == {}
    user.code("own", FAULTS["F6-private"]["source"])
    assert user.invoke("own")["result"] == 1


def test_a_timeout_in_seconds_is_warned_of_at_its_line(user: DocumentUser) -> None:
    """F7: here it is milliseconds."""
    found = comments(user, FAULTS["F7-timeout"])["action.milliseconds"]
    assert (found["line"], "10000" in found["suggestion"]) == (2, True)


def test_an_answer_reads_as_that_of_requests(user: DocumentUser) -> None:
    """F8: `.json()` is its data."""
    fault = FAULTS["F8-response"]
    user.code("ask", fault["source"], actions=tuple(fault["actions"]), egress=tuple(fault["egress"]))
    mocks = [{"action": "http.get", "returns": {"responseCode": 200, "data": {"a": 1}, "message": "OK"}}]
    report = user.admin.ok("POST", "/v1/functions/ask/test", {"mocks": mocks, "dry": True})
    assert (report["status"], report["result"]) == ("ok", {"a": 1}), report["error"]

"""What was wrong when users of the documents tried them (`tests/corpus/faults.jsonl`), and is no more."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.documents.desk import Desk
from tests.support.target import replying

FAULTS: dict[str, Any] = {
    fault["id"]: fault for fault in map(json.loads, Path("tests/corpus/faults.jsonl").read_text("utf-8").splitlines())
}


def comments(desk: Desk, fault: Any) -> dict[str, Any]:
    """Have the source of a fault reviewed; returns its comments by rule."""
    code = {name: fault[name] for name in ("source", "actions", "egress") if name in fault}
    review = desk.admin.ok("POST", "/v1/review", {"kind": "code", "code": code})
    return {comment["rule"]: comment for comment in review["comments"]}


def test_plain_values_of_a_query_mask_nothing(desk: Desk) -> None:
    """F1: the answer as the target gave it."""
    fault = FAULTS["F1-mask"]
    desk.there.answer = lambda _: replying(fault["target_answers"])
    document = fault["function"]
    desk.publish({**document, "webhook": {**document["webhook"], "url": f"{desk.there.url}/orders"}})
    outcome = desk.invoke("f1")
    assert outcome["result"] == fault["target_answers"]
    assert (outcome["dynamicVariables"]["st"], outcome["dynamicVariables"]["tot"]) == ("open", 100)


@pytest.mark.parametrize("name", ["F2-text", "F3-nan"])
def test_text_that_is_no_json_costs_no_worker_and_no_session(desk: Desk, name: str) -> None:
    """F2, F3: it succeeds with a warning that the path finds nothing, and its session can be read and ended."""
    function = desk.publish(FAULTS[name]["function"])["name"]
    desk.talk(function)
    outcome = desk.done(function)
    assert [one for one in outcome["warnings"] if "finds nothing" in one]
    assert not {"slot", "x"} & set(desk.session()["dynamicVariables"])
    assert desk.admin.send("GET", "/v1/sessions").status_code == 200
    assert desk.end()["status"] == "ended"


def test_an_undefined_name_is_told_as_it_was_written(desk: Desk) -> None:
    """F4: with its capital."""
    assert "Undefined name 'Datetime'" in comments(desk, FAULTS["F4-case"])["flakes.undefined"]["message"]


def test_no_break_spaces_are_named_with_the_cure(desk: Desk) -> None:
    """F5: and no advice about print."""
    found = comments(desk, FAULTS["F5-nbsp"])
    assert [rule for rule, one in found.items() if "no-break spaces by spaces" in one["suggestion"]] == ["syntax.error"]
    assert "print" not in json.dumps(found)


def test_a_class_may_call_its_own_private_methods(desk: Desk) -> None:
    """F6: it is approved, and runs."""
    assert comments(desk, FAULTS["F6-private"]) == {}
    desk.code("own", FAULTS["F6-private"]["source"])
    assert desk.invoke("own")["result"] == 1


def test_a_timeout_in_seconds_is_warned_of_at_its_line(desk: Desk) -> None:
    """F7: here it is milliseconds."""
    found = comments(desk, FAULTS["F7-timeout"])["action.milliseconds"]
    assert (found["line"], "10000" in found["suggestion"]) == (2, True)


def test_an_answer_reads_as_that_of_requests(desk: Desk) -> None:
    """F8: `.json()` is its data."""
    fault = FAULTS["F8-response"]
    desk.code("ask", fault["source"], actions=tuple(fault["actions"]), egress=tuple(fault["egress"]))
    mocks = [{"action": "http.get", "returns": {"responseCode": 200, "data": {"a": 1}, "message": "OK"}}]
    report = desk.admin.ok("POST", "/v1/functions/ask/test", {"mocks": mocks, "dry": True})
    assert (report["status"], report["result"]) == ("ok", {"a": 1}), report["error"]

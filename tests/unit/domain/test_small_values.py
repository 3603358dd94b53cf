"""Ids, times, errors, keys, retries, session bodies."""

import inspect
import re

import pytest

from midcall.domain import errors
from midcall.domain.errors import Fault, InvalidInput, MidcallError
from midcall.domain.ids import new_id
from midcall.domain.phases import Phase
from midcall.domain.retry import LONGEST_DELAY_MS, delay_ms
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session_body import body_alone
from midcall.domain.times import iso, iso_or_none, now_ms
from midcall.domain.workspace import Key, Scope

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MidcallError)]


def test_ids_say_what_they_are_and_never_repeat() -> None:
    """A prefix, 48 bits of time, 80 of chance."""
    ids = {new_id("inv") for _ in range(2_000)}
    assert len(ids) == 2_000
    assert all(re.fullmatch(r"inv_[0-9a-f]{32}", made) for made in ids)


def test_ids_sort_by_age() -> None:
    """The time comes first: listings need no column for it."""
    began = now_ms()
    made = new_id("x")
    assert began <= int(made[2:14], 16) <= now_ms()


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_777_360_403_915, "2026-04-28T07:13:23.915Z"),
        (1_777_360_403_005, "2026-04-28T07:13:23.005Z"),
        (1_777_360_403_999, "2026-04-28T07:13:23.999Z"),
    ],
)
def test_times_are_iso_8601_in_utc_with_milliseconds(ms: int, text: str) -> None:
    """As the vendors write them."""
    assert iso(ms) == text
    assert iso_or_none(None) is None


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_says_what_to_do_and_has_a_stable_word(kind: type[MidcallError]) -> None:
    """Its docstring is its message; its code is snake_case."""
    assert kind().message.endswith(".")
    assert re.fullmatch(r"[a-z_]+", kind.code)
    assert kind("other").message == "other"


def test_no_two_errors_share_a_word() -> None:
    """A caller that matches on the code knows the cause."""
    codes = [kind.code for kind in ERRORS]
    assert len(codes) == len(set(codes))


def test_an_error_keeps_its_faults() -> None:
    """In order."""
    faults = [Fault("a", "x"), Fault("b", "y")]
    assert InvalidInput(faults=faults).faults == tuple(faults)


def test_an_admins_key_may_do_everything_and_others_what_they_name() -> None:
    """Scopes do not imply each other."""
    key = Key("key_1", "ws_1", "ann", frozenset({Scope.RUN}), (), "", 0)
    assert [scope for scope in Scope if key.may(scope)] == [Scope.RUN]
    admin = Key("key_1", "ws_1", "ann", frozenset({Scope.ADMIN}), (), "", 0)
    assert all(admin.may(scope) for scope in Scope)


def test_delays_double_up_to_five_seconds() -> None:
    """From 100 ms on, whatever the attempt."""
    assert [delay_ms(attempt) for attempt in (1, 2, 3, 6, 7, 20)] == [100, 200, 400, 3_200, 5_000, LONGEST_DELAY_MS]


def test_two_statuses_are_open_and_six_final() -> None:
    """As the enumeration's own comment says."""
    assert {InvocationStatus.QUEUED, InvocationStatus.RUNNING} == {
        status for status in InvocationStatus if not status.final
    }
    assert len(InvocationStatus) == 8


def body(**given: object) -> dict[str, object]:
    """Complete a session body."""
    return body_alone(
        given,
        session_id="s1",
        phase=Phase.DURING_SESSION,
        environment="production",
        params={"a": 1},
        now=0,
        deadline_ms=7,
    )


def test_a_session_body_has_every_field_of_the_contract() -> None:
    """Also where the platform sent none of them."""
    assert set(body()) == {
        *("sessionId", "direction", "medium", "agentDetails", "userDetails", "communicationChannelName"),
        *("communicationChannelId", "threadId", "recordingUrl", "dynamicVariables", "createdAt", "time", "params"),
        *("analysis", "llmResponse", "transcript", "contact", "phase", "environment", "deadlineMs"),
    }


def test_what_the_platform_sent_wins_but_for_what_midcall_itself_says() -> None:
    """Unknown fields pass through; phase, environment, params and deadline are midcall's."""
    found = body(direction="outbound", own={"x": None}, phase="evil", deadlineMs=1, params={"b": 2}, environment="x")
    assert (found["direction"], found["own"]) == ("outbound", {"x": None})
    assert (found["phase"], found["deadlineMs"], found["params"]) == ("during_session", 7, {"a": 1})
    assert found["environment"] == "production"


@pytest.mark.parametrize("sent", [{"a": 1}, {}, None, [], "x"])
def test_variables_are_seeded_with_the_time(sent: object) -> None:
    """`currentTime` is there unless the platform sets it; what is no object is not used."""
    variables = body(dynamicVariables=sent)["dynamicVariables"]
    assert variables == {"currentTime": "1970-01-01T00:00:00.000Z", **(sent if isinstance(sent, dict) else {})}
    assert body(dynamicVariables={"currentTime": "noon"})["dynamicVariables"] == {"currentTime": "noon"}

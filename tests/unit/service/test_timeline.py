"""A session's events, told call by call."""

from typing import Any

from midcall.domain.events import Event, EventName
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import SessionStatus
from midcall.service.sessions.timeline import CallEntry, StatusEntry, Timeline, VariableEntry


def events(*told: tuple[EventName, dict[str, Any]]) -> list[Event]:
    """Make events, 10 ms apart."""
    return [Event(place, "ses_1", name, 1_000 + 10 * place, data) for place, (name, data) in enumerate(told, 1)]


STARTED = (
    EventName.STARTED,
    {"invocation_id": "inv_1", "function": "look", "phase": "during_session", "message": "One moment."},
)
PROGRESS = (EventName.PROGRESS, {"invocation_id": "inv_1", "function": "look", "text": "half way"})
SET = (EventName.VARIABLE, {"name": "verified", "value": True, "source": "function:look"})
COMPLETED = (
    EventName.COMPLETED,
    {
        "invocation_id": "inv_1",
        "function": "look",
        "phase": "during_session",
        "version": 3,
        "status": "succeeded",
        "message": "Done.",
        "changed": ["verified"],
        "error": None,
        "warnings": [],
    },
)


def test_a_call_is_one_entry_from_its_start_to_its_outcome() -> None:
    """What was said, how far it came, how long it took, and what it set."""
    timeline = Timeline()
    timeline.tell(events(STARTED, PROGRESS, SET, COMPLETED))
    [call] = timeline.entries.values()
    assert call == CallEntry(
        key="inv_1",
        at=1_010,
        function="look",
        phase="during_session",
        status=InvocationStatus.SUCCEEDED,
        version=3,
        took_ms=30,
        said_first="One moment.",
        said="Done.",
        progress=("half way",),
        variables={"verified": True},
    )


def test_an_entry_keeps_its_place_while_it_changes() -> None:
    """What began first stands first, whatever ends first; reading on tells what changed alone."""
    timeline = Timeline()
    told = events(STARTED, (EventName.SESSION, {"status": "ended", "reason": None}), SET, COMPLETED)
    timeline.tell(told[:2])
    assert timeline.open_calls() == ["inv_1"]
    changed = timeline.tell(told[2:])
    assert [entry.key for entry in changed] == ["inv_1"]
    assert timeline.open_calls() == []
    first, second = timeline.entries.values()
    assert isinstance(first, CallEntry)
    assert second == StatusEntry(2, 1_020, SessionStatus.ENDED, None)
    assert timeline.last == 4


def test_what_the_caller_sets_is_an_entry_of_its_own() -> None:
    """And what was refused has an outcome without a start."""
    timeline = Timeline()
    setting = (EventName.VARIABLE, {"name": "mood", "value": "calm", "source": "caller"})
    refused = (EventName.COMPLETED, {**COMPLETED[1], "status": "refused", "changed": []})
    timeline.tell(events(setting, refused))
    mood, call = timeline.entries.values()
    assert mood == VariableEntry(1, 1_010, "mood", "calm", "caller")
    assert isinstance(call, CallEntry)
    assert (call.status, call.took_ms, call.variables) == (InvocationStatus.REFUSED, 0, {})

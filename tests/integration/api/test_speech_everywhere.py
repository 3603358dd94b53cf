"""What is said around a call is the same in its own stream, in the session's events and in what is exported."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.api.sessions import Play, stream
from tests.support.fakes import echo
from tests.support.serving import Client, Served

#: What the author wrote, what the attachment says instead, and: what is said at once, whether anything is said
#: meanwhile, whether the agent goes on by itself.
TABLE: list[tuple[dict[str, Any], dict[str, Any] | None, list[str], bool, bool]] = [
    ({}, None, [], False, True),
    ({"speak_during_execution": True}, None, [], True, True),
    ({"messages": {"started": ["One moment."]}}, None, ["One moment."], True, True),
    ({"messages": {"started": ["A.", "B."]}, "speak_during_execution": True}, None, ["A.", "B."], True, True),
    ({"speak_after_execution": False}, None, [], False, False),
    ({"messages": {"started": ["A."]}}, {"started": ["Mine."]}, ["Mine."], True, True),
    ({"messages": {"started": ["A."]}}, {"error": "No."}, ["A."], True, True),
    ({"messages": {"started": ["A."]}}, {"started": []}, [], False, True),
    ({"messages": {"started": ["A."]}, "speak_during_execution": True}, {"started": []}, [], True, True),
    ({"messages": {"started": ["A."], "returned": "Sent."}, "background": True}, None, ["A."], True, True),
    ({"messages": {"returned": "Sent."}, "background": True}, None, [], False, True),
]


@pytest.fixture
def play(served: Served, admin: Client) -> Iterator[Play]:
    """Make a workspace whose functions do what the test says."""
    play = Play(served, admin)
    served.sandbox.behave = play.behave
    yield play
    served.sandbox.behave = echo


@pytest.mark.parametrize(("changes", "own", "started", "during", "after"), TABLE, ids=str)
def test_what_is_said_is_the_same_everywhere(
    play: Play, changes: dict[str, Any], own: dict[str, Any] | None, started: list[str], *, during: bool, after: bool
) -> None:
    """Texts are said whatever the flag says; the flag without texts leaves the words to the agent."""
    play.function("look", **changes)
    attached = {"phase": "during_session", **({} if own is None else {"messages": own})}
    play.agent(look=attached)
    play.start()
    with stream(play.admin, "/v1/sessions/s1/functions/look", method="POST", body={}) as events:
        of_call = list(events)
    play.end(analysis={})
    with stream(play.admin, "/v1/sessions/s1/events") as events:
        of_session = [event for event in events if event.name == "started"]
    (told,) = of_session
    assert (told.data["message"] in started) if started else told.data["message"] is None
    assert (told.data["speak_during_execution"], told.data["speak_after_execution"]) == (during, after)
    again = [event.data for event in of_call if event.name == "started"]
    # A background call is accepted at once: it is told of its start where there is something to say.
    assert again == ([] if changes.get("background") and not started else [told.data])
    assert [event.name for event in of_call][-1] == "completed"
    if changes.get("background"):
        assert of_call[-1].data["message"] == "Sent."
    _check_exports(play, started, during=during, after=after, returned=(changes.get("messages") or {}).get("returned"))


def _check_exports(play: Play, started: list[str], *, during: bool, after: bool, returned: str | None) -> None:
    def tool(name: str) -> tuple[Any, set[str]]:
        found = play.admin.ok("GET", f"/v1/agents/desk/tools?format={name}")
        return found["tools"][0], {problem["loc"] for problem in found["problems"]}

    retell, _ = tool("retell")
    assert (retell["speak_during_execution"], retell["speak_after_execution"]) == (during, after)
    assert all(text in retell.get("execution_message_description", "") for text in started)
    assert ("execution_message_type" in retell) == bool(started)
    vapi, lost = tool("vapi")
    begun = [each["content"] for each in vapi["messages"] if each["type"] == "request-start"]
    # An empty one keeps Vapi's own filler away; none leaves the words to it.
    assert begun == (started or ([] if during else [""]))
    done = [each["content"] for each in vapi["messages"] if each["type"] == "request-complete"]
    assert done == ([returned] if returned else [])
    assert ("speak_after_execution" in lost) == (not after)
    elevenlabs, lost = tool("elevenlabs")
    assert elevenlabs["pre_tool_speech"] == ("force" if during else "off")
    assert ("speak_after_execution" in lost) == (not after)
    assert ("messages.started" in lost) == bool(started)


def test_nobody_speaks_before_a_session_and_after_it(play: Play) -> None:
    """There is no conversation, whatever the function says."""
    play.function("look", messages={"started": ["One moment."]}, speak_during_execution=True)
    attached = [{"function": "look", "phase": f"{when}_session"} for when in ("pre", "post")]
    play.admin.ok("PUT", "/v1/agents/desk", {"functions": attached})
    play.start()
    play.end(analysis={})
    with stream(play.admin, "/v1/sessions/s1/events") as events:
        told = [event.data for event in events if event.name == "started"]
    assert [(each["message"], each["speak_during_execution"], each["speak_after_execution"]) for each in told] == [
        (None, False, False)
    ] * 2

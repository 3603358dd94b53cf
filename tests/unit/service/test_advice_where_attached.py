"""What surprises where a function is attached is said: in its review, in the answer to attaching, and of a run."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.fakes import FakeReviewer
from tests.support.world import World, function

from midcall.domain.agent import Attachment, OnFailure
from midcall.domain.phases import Phase
from midcall.domain.review import ReviewReport, Severity, Subject, waited_for
from midcall.review import review
from midcall.service.functions.form import parse_function

PRE, DURING, POST = Phase.PRE_SESSION, Phase.DURING_SESSION, Phase.POST_SESSION
ENDS = 'def handler(session):\n    return {"terminateAgent": session["medium"] == "web"}\n'
NEVER = 'def handler(session):\n    return {"dynamicVariables": {}, "terminateAgent": False}\n'


class RealReviewer(FakeReviewer):
    """The rules themselves, in this very process."""

    def review(self, subject: Subject) -> ReviewReport:
        """Review one source."""
        return ReviewReport(self.policy, review(subject), took_ms=0.5)


@pytest.fixture
def reviewing(world: World) -> World:
    """Have a world reviewed by the rules."""
    world.reviews = replace(world.reviews, reviewer=RealReviewer())
    return world


def warned(world: World, *attached: Attachment | tuple[str, Phase]) -> list[str]:
    """Attach; returns what is said of it, which is what whoever reads the agent later is told, in lists too."""
    said = world.agent(*attached).warnings
    assert world.agents.get(world.caller, "front_desk").warnings == said
    return list(said)


@pytest.mark.parametrize("phase", [DURING, POST])
def test_who_attaches_what_ends_sessions_elsewhere_than_before_them_is_warned(world: World, phase: Phase) -> None:
    """Nothing comes of it there; guards are warned of as before."""
    world.published("guard", code={"source": ENDS})
    (text,) = warned(world, ("guard", phase))
    assert "terminateAgent" in text
    assert f"in {phase} nothing comes of it" in text
    assert warned(world, Attachment("guard", PRE, 0, on_failure=OnFailure.TERMINATE)) == []
    both = warned(world, Attachment("guard", PRE, 0, on_failure=OnFailure.TERMINATE), ("guard", phase))
    assert both == [text]


def test_what_never_ends_a_session_may_be_attached_anywhere(world: World) -> None:
    """`"terminateAgent": False` is what the documents' example returns; a webhook is judged when it answers."""
    world.published("polite", code={"source": NEVER})
    world.published("hook", kind="webhook", code=None, webhook={"url": "https://example.com/hook"})
    assert warned(world, ("polite", DURING), ("polite", POST), ("hook", DURING), ("hook", POST)) == []


@pytest.mark.parametrize(
    ("changes", "attachment", "said"),
    [
        ({"timeout": 30}, {}, True),
        ({"timeout": 11}, {}, True),
        ({"timeout": 10}, {}, False),
        # Nobody has chosen it.
        ({}, {}, False),
        ({"timeout": 30}, {"timeout": 5}, False),
        ({"timeout": 5}, {"timeout": 60}, True),
        ({"timeout": 30, "background": True}, {}, False),
        ({"timeout": 30}, {"phase": PRE}, False),
        ({"timeout": 30}, {"phase": POST}, False),
    ],
    ids=str,
)
def test_who_attaches_what_keeps_a_caller_waiting_is_advised(
    world: World, changes: dict[str, Any], attachment: dict[str, Any], *, said: bool
) -> None:
    """As the documents do: ten seconds feel like an eternity. It refuses nothing."""
    world.published("slow", **changes)
    texts = warned(world, Attachment(**{"function": "slow", "phase": DURING, "order": 0, **attachment}))
    assert len(texts) == said
    assert all("10 s or less" in text for text in texts)


def reviewed(world: World, phases: tuple[Phase, ...] = (), **changes: Any) -> dict[str, list[Any]]:
    """Review a draft that is to be attached so; returns the comments by rule."""
    found: dict[str, list[Any]] = {}
    told = world.reviews.preview(world.caller, parse_function(function("draft", **changes)), phases)
    assert told["status"] == "approved"
    for comment in told["comments"]:
        found.setdefault(comment["rule"], []).append(comment)
    return found


@pytest.mark.parametrize(
    ("phases", "source", "said"),
    [
        ((), ENDS, False),
        ((PRE,), ENDS, False),
        ((DURING,), ENDS, True),
        ((POST,), ENDS, True),
        ((PRE, DURING), ENDS, True),
        ((PRE, DURING), ENDS.replace("medium", "phase"), False),
        ((DURING,), NEVER, False),
    ],
    ids=str,
)
def test_a_review_says_where_nothing_comes_of_ending(
    reviewing: World, phases: tuple[Phase, ...], source: str, *, said: bool
) -> None:
    """By the phases that are declared."""
    found = reviewed(reviewing, phases, code={"source": source})
    assert ("declared.terminate" in found) == said


def test_a_review_knows_where_the_function_is_attached(reviewing: World) -> None:
    """By any agent of the workspace, under its very name; of a version that is submitted and of a draft."""
    reviewing.published("guard", code={"source": ENDS})
    reviewing.published("guard2")
    reviewing.agent(("guard2", DURING))
    assert "declared.terminate" not in _rules(reviewing, "guard")
    reviewing.agent(("guard", POST))
    assert "declared.terminate" in _rules(reviewing, "guard")
    reviewing.catalog.add_version(reviewing.caller, "guard", {"description": "Decides who."}, base=None, if_match=None)
    told = reviewing.reviews.submit(reviewing.caller, "guard", 2)
    assert told["status"] == "approved"
    assert "declared.terminate" in {comment["rule"] for comment in told["comments"]}


def _rules(world: World, name: str) -> set[str]:
    told = world.reviews.preview(world.caller, parse_function(function(name, code={"source": ENDS})))
    return {comment["rule"] for comment in told["comments"]}


@pytest.mark.parametrize(
    ("changes", "phases", "said"),
    [
        ({"timeout": 30}, (), True),
        ({"timeout": 30}, (DURING,), True),
        ({"timeout": 30}, (PRE, POST), False),
        ({"timeout": 10}, (DURING,), False),
        ({}, (DURING,), False),
        ({"timeout": 30, "background": True}, (DURING,), False),
    ],
    ids=str,
)
def test_a_review_advises_of_a_long_timeout(
    reviewing: World, changes: dict[str, Any], phases: tuple[Phase, ...], *, said: bool
) -> None:
    """Of what somebody waits for on the line; code and webhooks alike, and neither is refused for it."""
    webhook = {"kind": "webhook", "code": None, "webhook": {"url": "https://example.com/hook"}}
    for kind in ({}, webhook):
        found = reviewed(reviewing, phases, **kind, **changes)
        assert ("timing-timeout" in found) == said
        assert {comment["severity"] for comment in found.get("timing-timeout", [])} <= {Severity.INFO}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("time.sleep(5)", True),
        ("time.sleep(3.5)", True),
        ("time.sleep(3)", False),
        ("time.sleep(0.2)", False),
        ("time.sleep(seconds)", False),
        ("for _ in range(10):\n        time.sleep(1)", True),
        ("for _ in range(3):\n        time.sleep(1)", False),
        ("for _ in range(2):\n        for _ in [1, 2]:\n            time.sleep(1)", True),
        ("while True:\n        time.sleep(4)\n        break", True),
        ("time.sleep(2 * 2)", True),
    ],
)
def test_a_review_advises_of_long_sleeps(reviewing: World, lines: str, *, said: bool) -> None:
    """Loops around them count; nobody waits for what runs in the background or after the session."""
    source = f"import time\nseconds = 9 if time.time() else 8\ndef handler(session):\n    {lines}\n    return 1\n"
    for phases in ((), (DURING,)):
        comments = reviewed(reviewing, phases, code={"source": source}).get("resource.pause", [])
        assert bool(comments) == said
        assert {comment["severity"] for comment in comments} <= {Severity.INFO}
    assert "resource.pause" not in reviewed(reviewing, (POST,), code={"source": source})
    assert "resource.pause" not in reviewed(reviewing, code={"source": source}, background=True)


def test_sleeping_asynchronously_is_as_silent(reviewing: World) -> None:
    """By position or by name."""
    for given in ("5", "delay=5"):
        source = f"import asyncio\nasync def handler(session):\n    await asyncio.sleep({given})\n    return 1\n"
        assert "resource.pause" in reviewed(reviewing, code={"source": source})


def test_nobody_waits_for_what_runs_in_the_background_or_outside_of_the_session() -> None:
    """What is attached nowhere yet may be called at any time."""
    assert waited_for((), background=False)
    assert not waited_for((), background=True)
    assert not waited_for({PRE, POST}, background=False)

"""One call of a webhook, whatever its attempts come to: what it says, and what its circuit breaker hears of it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.fakes import FakeOutbound

from midcall.domain.errors import TemplateUnfilled, TimedOut
from midcall.domain.function_config import FunctionConfig
from midcall.domain.http import HttpRequest, HttpResponse
from midcall.domain.invocation import Purpose
from midcall.domain.redaction import NOTHING
from midcall.outbound.errors import ConnectFailed
from midcall.service.claimed_run import ClaimedRun
from midcall.service.webhooks.request import Prepared, WebhookRequests
from midcall.service.webhooks.run_webhook import Target, WebhookAttempts


@dataclass
class Heard:
    """A `Breakers` that lets everybody through, unless told, and keeps what it hears."""

    open: bool = False
    asked: list[tuple[Hashable, bool]] = field(default_factory=list)
    told: list[bool | None] = field(default_factory=list)

    def ask(self, target: Hashable, *, begun: bool = False) -> "Heard | None":
        """Keep who asks."""
        self.asked.append((target, begun))
        return None if self.open else self

    def tell(self, healthy: bool | None) -> None:  # noqa: FBT001 (the port's signature)
        """Keep how it went."""
        self.told.append(healthy)


UNFILLED, AWAY = TemplateUnfilled("no value"), ConnectFailed()


@dataclass
class Way:
    """A way to a target: what comes of each attempt, in order; an error of ours is one of preparing it."""

    comes: list[int | Exception]
    heard: Heard = field(default_factory=Heard)

    def prepare(self, _task: ClaimedRun) -> Prepared:
        """Fail, or make a request."""
        if self.comes[0] is UNFILLED:
            raise cast(Exception, self.comes.pop(0))
        return Prepared(HttpRequest("POST", "https://api.example.com/"), redaction=NOTHING, hidden=frozenset())

    def answer(self, _request: HttpRequest) -> HttpResponse:
        """Fail, or answer."""
        came = self.comes.pop(0)
        if isinstance(came, Exception):
            raise came
        return HttpResponse(came, body=b"{}")

    def webhooks(self, clock: Callable[[], int]) -> WebhookAttempts:
        """Make what calls it."""
        requests = cast(WebhookRequests, self)
        return WebhookAttempts(requests, FakeOutbound(answer=self.answer), self.heard, clock)


def task(purpose: Purpose = Purpose.LIVE, attempt: int = 1, deadline_at: int = 1_000) -> ClaimedRun:
    """Make a task, as far as it is looked at."""
    config = FunctionConfig.from_stored({"webhook": {"url": "https://api.example.com/{{a}}"}})
    invocation = SimpleNamespace(purpose=purpose, attempt=attempt, max_attempts=3)
    version = SimpleNamespace(function_id="fun_1", config=config)
    return cast(ClaimedRun, SimpleNamespace(invocation=invocation, version=version, deadline_at=deadline_at))


@pytest.mark.parametrize(
    ("comes", "told"),
    [
        ([200], True),
        ([404], True),
        ([502, 502, 502], False),
        ([502, 502, 204], True),
        ([AWAY, TimedOut(), AWAY], False),
        ([502, UNFILLED], False),
        ([UNFILLED], None),
        ([RuntimeError()], False),
    ],
)
def test_a_breaker_is_asked_once_and_told_once(comes: list[int | Exception], told: bool | None) -> None:  # noqa: FBT001 (a parameter of the test)
    """What the last attempt that reached for the target came to counts for the call."""
    way = Way(list(comes))
    try:
        with way.webhooks(lambda: 0).calling(task()) as run:
            for number in range(len(comes)):
                run(number + 1)
    except RuntimeError:
        pass
    assert (way.heard.asked, way.heard.told) == ([(Target("fun_1", "https://api.example.com"), False)], [told])


@pytest.mark.parametrize(("comes", "said"), [([502, UNFILLED], "http_error"), ([UNFILLED, 502], "http_error")])
def test_what_was_sent_is_what_is_told(comes: list[int | Exception], said: str) -> None:
    """An attempt that did not get so far does not hide the one that did."""
    with Way(list(comes)).webhooks(lambda: 0).calling(task()) as run:
        reports = [run(number + 1).report for number in range(len(comes))]
    last = reports[-1]
    assert last.error is not None
    assert (last.error.type, last.error.http_status) == (said, 502)
    assert last.request is not None


def test_a_deadline_that_passes_between_attempts_does_not_hide_what_the_target_answered() -> None:
    """Before the first it is the whole outcome."""
    now = [0]
    way = Way([502])
    with way.webhooks(lambda: now[0]).calling(task()) as run:
        run(1)
        now[0] = 2_000
        error: Any = run(2).report.error
    assert error.http_status == 502
    with way.webhooks(lambda: 2_000).calling(task()) as run:
        assert run(1).report.status == "timeout"
    assert way.heard.told == [False, None]


def test_a_target_that_is_left_alone_is_not_called() -> None:
    """However often; nothing is told of it either."""
    way = Way([], Heard(open=True))
    with way.webhooks(lambda: 0).calling(task()) as run:
        errors: list[Any] = [run(number).report.error for number in (1, 2)]
    assert ([error.type for error in errors], way.heard.told) == (["circuit_open"] * 2, [])


def test_a_call_in_the_background_is_asked_for_at_its_first_attempt_and_counted_at_its_last() -> None:
    """Its attempts are claimed one by one, minutes apart."""
    heard = Heard()
    for attempt in (1, 2, 3):
        with Way([502], heard).webhooks(lambda: 0).calling(task(Purpose.BACKGROUND, attempt)) as run:
            run(attempt)
    assert [begun for _, begun in heard.asked] == [False, True, True]
    assert heard.told == [None, None, False]

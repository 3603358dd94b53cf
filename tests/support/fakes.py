"""Fakes of the service's ports: plain classes that keep the port's promises without the world behind it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.action import ActionCall
from midcall.domain.errors import Fault, InvalidInput, QueueUnavailable
from midcall.domain.http import AnyTokenRequest, HttpRequest, HttpResponse
from midcall.domain.invocation import Invocation
from midcall.domain.review import Comment, ReviewReport, Severity, Subject, WebhookSubject
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus
from midcall.review.webhook import review_webhook
from midcall.service.ports import ActionHandler

POLICY = "test.1"


def echo(request: RunRequest) -> RunReport:
    """Return the session body that the code would have got."""
    return RunReport(
        RunStatus.OK,
        result={"session": dict(request.session)},
        logs="echoed\n",
        sandbox_ms=1.5,
        sandbox_id=f"fake-{request.run_id}",
    )


@dataclass
class FakeSandbox:
    """A `Sandbox` that keeps what it was asked for, and answers as `behave` says."""

    behave: Callable[[RunRequest], RunReport] = echo
    #: What the code calls before it ends.
    calls: Sequence[ActionCall] = ()
    requests: list[RunRequest] = field(default_factory=list)

    def run(self, request: RunRequest, act: ActionHandler) -> RunReport:
        """Answer one request."""
        self.requests.append(request)
        for call in self.calls:
            act(call)
        return self.behave(request)


@dataclass
class FakeQueue:
    """A `Queue` that keeps ids; `away` is a Redis that does not answer."""

    away: bool = False
    enqueued: list[str] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    on_enqueue: Callable[[Invocation], object] = lambda _: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enqueue(self, invocation: Invocation) -> None:
        """Keep the id."""
        if self.away:
            raise QueueUnavailable
        self.on_enqueue(invocation)
        with self._lock:
            self.enqueued.append(invocation.id)

    def announce(self, invocation_id: str) -> None:
        """Keep the id."""
        with self._lock:
            self.announced.append(invocation_id)

    def alive(self) -> bool:
        """Tell whether it answers."""
        return not self.away

    def close(self) -> None:
        """Hold nothing."""


@dataclass
class FakeOutbound:
    """An `Outbound` that keeps what it was asked to send, and answers as `behave` says."""

    behave: Callable[[str], int] = lambda _: 200
    answer: Callable[[HttpRequest], HttpResponse] = lambda _: HttpResponse(200, body=b"{}")
    requests: list[HttpRequest] = field(default_factory=list)
    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def check(self, url: str, *, loc: str) -> None:
        """Refuse what is no https URL."""
        if not url.startswith("https://"):
            raise InvalidInput(faults=[Fault(loc, "give an https URL")])

    def send(self, request: HttpRequest) -> HttpResponse:
        """Keep what is sent."""
        self.requests.append(request)
        return self.answer(request)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_ms: int) -> int:  # noqa: ARG002 (the port's signature)
        """Keep what is sent."""
        self.sent.append((url, headers, body))
        return self.behave(url)


@dataclass
class FakeTokens:
    """A `Tokens` that makes one up for each request, and counts."""

    asked: list[AnyTokenRequest] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def token(self, wanted: AnyTokenRequest, *, workspace_id: str, timeout_ms: int) -> str:  # noqa: ARG002 (the port's signature)
        """Make a token."""
        self.asked.append(wanted)
        return f"token-{len(self.asked)}"

    def forget(self, wanted: AnyTokenRequest, token: str, *, workspace_id: str) -> None:  # noqa: ARG002 (the port's signature)
        """Note which was not taken."""
        self.forgotten.append(token)


@dataclass
class FakeReviewer:
    """A `Reviewer` to whom every source is clean, but for those that hold a word."""

    before: Callable[[], object] = lambda: None
    policy: str = POLICY
    word: str = "fault"
    #: Reviews are stopped at their limit of time.
    cut_off: bool = False
    subjects: list[Subject] = field(default_factory=list)

    def review(self, subject: Subject) -> ReviewReport:
        """Review one source."""
        self.subjects.append(subject)
        self.before()
        fault = Comment("test.fault", Severity.ERROR, "There is a fault.", "Take it out.")
        faulty = self.cut_off or self.word in subject.source
        return ReviewReport(self.policy, (fault,) if faulty else (), took_ms=0.5, cut_off=self.cut_off)

    def review_webhook(self, subject: WebhookSubject) -> ReviewReport:
        """Review one webhook, as the real one does."""
        return ReviewReport(self.policy, review_webhook(subject), took_ms=0.5)


class FakeWakes:
    """Wakes that ring once, at once: whoever waits looks at the row, and then every second."""

    @contextlib.contextmanager
    def watch(self, announced: str) -> Iterator[asyncio.Event]:  # noqa: ARG002 (the port's signature)
        """Give an event that is set already."""
        event = asyncio.Event()
        event.set()
        yield event


async def at_once(function: Callable[..., Any], *args: Any) -> Any:
    """Run blocking code right here, in place of a thread; an `InThread`."""
    return function(*args)


class Clock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        """Read it."""
        return self.now

    def advance(self, ms: int) -> None:
        """Move it on."""
        self.now += ms

    def sleep(self, seconds: float) -> None:
        """Sleep without waiting."""
        self.now += round(seconds * 1000)

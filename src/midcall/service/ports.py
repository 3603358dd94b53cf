"""What the use cases need from the world, as Protocols; the adapters implement them.

Every method that can fail says how with an error of `midcall.domain.errors`.
"""

from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.assistant import ModelOutput, Usage, WritingTask
from midcall.domain.http import AnyTokenRequest, FetchedToken, HttpRequest, HttpResponse
from midcall.domain.invocation import Invocation
from midcall.domain.review import ReviewReport, Subject, WebhookSubject
from midcall.domain.run import RunReport, RunRequest

#: Carries one action out; raises nothing.
ActionHandler = Callable[[ActionCall], ActionReply]


class Sandbox(Protocol):
    """Runs code in a throwaway container."""

    def run(self, request: RunRequest, act: ActionHandler) -> RunReport:
        """Run once and report; returns within `deadline_ms`, `wait_ms` and a little more.

        `act` carries out one action that the code calls, and raises nothing; it is called from several threads, and a
        call may still be under way when the run is over.
        Raises SandboxUnavailable or SandboxBusy (nothing was run), or SandboxLost (unknown what ran).
        """
        ...


class Reviewer(Protocol):
    """Reviews code in a place that can be killed."""

    @property
    def policy(self) -> str:
        """The version of the policy that it reviews under now."""
        ...

    def review(self, subject: Subject) -> ReviewReport:
        """Review one source; raises ReviewUnavailable when the review itself could not be carried out."""
        ...

    def review_webhook(self, subject: WebhookSubject) -> ReviewReport:
        """Review one webhook: no source, so nothing that could take long."""
        ...


class Outbound(Protocol):
    """The one guarded way out: to no place that the operator has not opened."""

    def check(self, url: str, *, loc: str) -> None:
        """Raise InvalidInput at `loc` for a URL that could never be called."""
        ...

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the answer, whatever its status; raises an OutboundError where none came."""
        ...

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_ms: int) -> int:
        """POST once, following no redirect; returns the status. Raises a MidcallError where no answer came."""
        ...


class Permit(Protocol):
    """One call's leave to go to a target."""

    def tell(self, healthy: bool | None) -> None:  # noqa: FBT001 (one word says all)
        """Note once how the call went; None where nothing reached the target."""
        ...


class Breakers(Protocol):
    """Remembers which targets fail, so that nobody waits for one that is known to be down."""

    def ask(self, target: Hashable, *, begun: bool = False) -> Permit | None:
        """Let a call go to a target, which has to tell then how it went; None where the target is left alone now.

        After a while one call is let through to probe. One that has `begun` earlier is never stopped.
        """
        ...


class TokenSource(Protocol):
    """Fetches OAuth2 tokens, anew each time."""

    def fetch(self, wanted: AnyTokenRequest, *, timeout_ms: int) -> FetchedToken:
        """Fetch a token; raises TokenRefused, or another OutboundError where no answer came."""
        ...


class Tokens(Protocol):
    """Fetches OAuth2 tokens, and keeps them as long as they are good: each workspace has its own."""

    def token(self, wanted: AnyTokenRequest, *, workspace_id: str, timeout_ms: int) -> str:
        """Return an access token; many who wait at once share one request. Raises an OutboundError, TokenRefused."""
        ...

    def forget(self, wanted: AnyTokenRequest, token: str, *, workspace_id: str) -> None:
        """Drop a token that its audience did not take, unless it came in place of another a moment ago."""


class WriterConversation(Protocol):
    """One conversation with a model about one task."""

    @property
    def usage(self) -> Usage:
        """The requests and tokens that were spent so far."""
        ...

    def answer(self, comments: str | None) -> AsyncIterator[ModelOutput]:
        """Have the model write: pieces of its explanation, then one `ModelAnswer`.

        `comments` are None at first, later what is to be said about its last answer. Raises ModelFailed, or
        AnswerUnreadable: then it may be asked once more all the same. Bounded in bytes; the caller bounds the time.
        """
        ...


class CodeWriter(Protocol):
    """A model that writes code."""

    @property
    def model(self) -> str:
        """The model's name, as the operator wrote it."""
        ...

    def begin(self, task: WritingTask) -> AbstractAsyncContextManager[WriterConversation]:
        """Open a conversation; its connections are closed when the block ends."""
        ...


class Queue(Protocol):
    """Wakes workers, and whoever waits for an outcome. It decides nothing: the database does."""

    def enqueue(self, invocation: Invocation) -> None:
        """Wake a worker for a committed invocation; raises QueueUnavailable."""
        ...

    def alive(self) -> bool:
        """Tell whether the queue answers."""
        ...

    def announce(self, invocation_id: str) -> None:
        """Tell who waits that the invocation's row has changed; a hint, lost without harm."""
        ...

"""The reviewer that the service uses: a few warm children, lent to one review each."""

import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

from midcall.domain.errors import ReviewUnavailable
from midcall.domain.review import Comment, ReviewReport, Severity, Subject, WebhookSubject
from midcall.review import policy_version
from midcall.review.allowlist import AllowList
from midcall.review.webhook import review_webhook
from midcall.reviewer.process import ChildLost, ChildTooSlow, ReviewProcess

_TOO_COMPLEX = Comment(
    rule="syntax.complexity",
    severity=Severity.ERROR,
    message="The source is too complex to review in the time allowed.",
    suggestion="Split long expressions and deep nesting into several functions, and move data out of the code.",
)
_CUT_OFF = (_TOO_COMPLEX,)


def _forgetting(method: "weakref.WeakMethod[Callable[[], None]]") -> Callable[[], None]:
    """Return a call of a method for as long as its object lives; hooks on fork cannot be taken back."""

    def call() -> None:
        bound = method()
        if bound is not None:
            bound()

    return call


class SubprocessReviewer:
    """Reviews in child processes; safe to use from many threads, and after a fork.

    A source that uses up the child's CPU time (`child.CPU_SECONDS`), takes longer than `seconds` on the clock, or ends
    the child, gets one comment that says so; the child is replaced. `children` reviews go on at once, others wait up to
    `patience` seconds. A child is renewed after `lifetime` reviews, so that nothing adds up in it. `allowed` says
    what may be imported.
    """

    def __init__(
        self,
        *,
        allowed: AllowList,
        children: int = 2,
        seconds: float = 6.0,
        start_seconds: float = 10.0,
        patience: float = 20.0,
        lifetime: int = 500,
        make_child: Callable[[AllowList], ReviewProcess] = ReviewProcess,
    ) -> None:
        self._size = children
        self._seconds = seconds
        self._start_seconds = start_seconds
        self._patience = patience
        self._lifetime = lifetime
        self._allowed = allowed
        self._make_child = make_child
        self._closed = False
        #: A parent's children, kept so that nobody tries to reap them.
        self._inherited: list[queue.LifoQueue[ReviewProcess | None]] = []
        self._slots: queue.LifoQueue[ReviewProcess | None]
        self._begin()
        os.register_at_fork(after_in_child=_forgetting(weakref.WeakMethod(self._after_fork)))

    def start(self) -> None:
        """Start the children now, so that the first review finds them warm; raises ReviewUnavailable."""
        slots = self._own_slots()
        held: list[ReviewProcess | None] = []
        try:
            for _ in range(self._size):
                child = slots.get(timeout=self._patience)
                held.append(child)
                held[-1] = child or self._make_child(self._allowed)
            # All of them load at once; only now does anyone wait.
            for position, child in enumerate(held):
                held[position] = None
                held[position] = self._usable(child)
        except queue.Empty as fault:
            raise ReviewUnavailable("Too many reviews are going on; try again shortly.") from fault
        finally:
            for child in held:
                slots.put(child)

    @property
    def policy(self) -> str:
        """The version of the policy that it reviews under."""
        return policy_version(self._allowed)

    def review(self, subject: Subject) -> ReviewReport:
        """Review one source; raises ReviewUnavailable when no child can be started or none is free in time."""
        started = time.perf_counter()
        slots = self._own_slots()
        try:
            child = slots.get(timeout=self._patience)
        except queue.Empty as fault:
            raise ReviewUnavailable("Too many reviews are going on; try again shortly.") from fault
        try:
            child, policy, comments = self._attempt(child, subject)
        except BaseException:
            slots.put(None)
            raise
        slots.put(child)
        took_ms = (time.perf_counter() - started) * 1000
        return ReviewReport(policy=policy, comments=comments, took_ms=took_ms, cut_off=comments is _CUT_OFF)

    def review_webhook(self, subject: WebhookSubject) -> ReviewReport:
        """Review one webhook, right here: its templates are bounded, and nothing in it is parsed that could explode."""
        started = time.perf_counter()
        comments = review_webhook(subject)
        return ReviewReport(policy_version(self._allowed), comments, took_ms=(time.perf_counter() - started) * 1000)

    def _attempt(
        self, child: ReviewProcess | None, subject: Subject
    ) -> tuple[ReviewProcess | None, str, tuple[Comment, ...]]:
        """Try twice at most: a child may have been ended from outside, through no fault of the source."""
        for _ in range(2):
            child = self._usable(child)
            try:
                policy, comments = child.review(subject, self._seconds)
            except ChildTooSlow:
                break
            except ChildLost:
                child.close()
                child = None
            else:
                return child, policy, comments
        if child is not None:
            child.close()
        # Starting takes a while; it goes on beside, and the next review only waits for what is left of it.
        with suppress(ReviewUnavailable):
            return self._make_child(self._allowed), policy_version(self._allowed), _CUT_OFF
        return None, policy_version(self._allowed), _CUT_OFF

    def _usable(self, child: ReviewProcess | None) -> ReviewProcess:
        if child is not None and (not child.is_alive or child.served >= self._lifetime):
            child.close()
            child = None
        child = child or self._make_child(self._allowed)
        try:
            child.wait_ready(self._start_seconds)
        except ReviewUnavailable:
            child.close()
            raise
        return child

    def _own_slots(self) -> "queue.LifoQueue[ReviewProcess | None]":
        with self._lock:
            if self._closed:
                raise ReviewUnavailable("The reviewer is closed.")
            return self._slots

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._slots = queue.LifoQueue()
        for _ in range(self._size):
            self._slots.put(None)

    def _after_fork(self) -> None:
        """Begin anew in a forked process: the children belong to the parent, and a lock may be held for ever."""
        self._inherited.append(self._slots)
        self._begin()

    def rest(self) -> None:
        """End the children that are idle; the next review starts one again."""
        slots = self._own_slots()
        idle: list[ReviewProcess | None] = []
        with suppress(queue.Empty):
            while True:
                idle.append(slots.get_nowait())
        for child in idle:
            if child is not None:
                child.close()
            slots.put(None)

    def close(self) -> None:
        """End all children; later reviews raise ReviewUnavailable."""
        with self._lock:
            self._closed = True
            slots = self._slots
        for _ in range(self._size):
            try:
                child = slots.get(timeout=self._patience)
            except queue.Empty:
                return
            if child is not None:
                child.close()

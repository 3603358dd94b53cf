"""What is said to a sandbox and heard from it: that it is ready, the one run it will ever make, and its outcome."""

import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport
from midcall.sandbox.errors import EngineFailed
from midcall.sandbox.frames import (
    ACTION_BYTES,
    CAPS,
    COUNTS,
    KIB,
    NO_NONCE,
    NONCE_BYTES,
    Frame,
    FrameError,
    FrameKind,
    FrameReader,
    encode,
)
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.outcome import Evidence, SandboxEnd, judge
from midcall.sandbox.streams import STDERR, STDOUT, StreamParts
from midcall.sandbox.untrusted import Unreadable, clean_text, parse_object, parse_value
from midcall.sandbox.wire import MAX_ANSWER_BYTES, MessageReader, WireError, to_json

READ_BYTES = 256 * KIB
#: Bytes of PID 1's own standard error that are kept to explain a boot that failed.
COMPLAINT_BYTES = 2 * KIB
MAX_ACTION_CHARS = 100
#: Kinds that PID 1 may send in a run.
_FROM_SANDBOX = (
    FrameKind.LOG,
    FrameKind.PROGRESS,
    FrameKind.ACTION,
    FrameKind.RESULT,
    FrameKind.FAULT,
    FrameKind.OUTCOME,
)


class CallerGone(Exception):
    """Whoever asked for the run has hung up."""


@dataclass(frozen=True, slots=True)
class SandboxJob:
    """One run as a sandbox is given it."""

    source: str
    session: Mapping[str, Any]
    actions: tuple[str, ...]
    limits: SandboxLimits
    #: On the clock of `time.monotonic()`.
    deadline: float
    #: Until when to wait for a sandbox, on the same clock, if that is not to take from the code's time: the deadline is
    #: then as far away when the run begins as it was when it was asked for. None: until the deadline, which stands.
    wait_until: float | None = None
    #: Whose run it is: owners share the sandboxes.
    owner: str = ""
    isolation: Isolation = Isolation.CONTAINER
    #: The caller's connection; when its other end goes, the run ends.
    caller: socket.socket | None = None
    #: Called with the sandbox's id before it is told anything.
    on_start: Callable[[str], None] = lambda _sandbox_id: None
    #: Called with what the code says of its progress, as it says it.
    on_progress: Callable[[str], None] = lambda _text: None
    #: Called with each action call; its answer comes as a message `reply` over `caller`.
    on_action: Callable[[Mapping[str, Any]], None] = lambda _call: None

    @property
    def sandbox_until(self) -> float:
        """Until when to wait for a sandbox."""
        return self.deadline if self.wait_until is None else self.wait_until


def has_hung_up(connection: socket.socket) -> bool:
    """Tell whether the other end of a connection has gone."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run that was made: what is known of it, in which sandbox it was, and when; seconds of `time.monotonic()`."""

    evidence: Evidence
    sandbox_id: str
    asked_at: float
    began_at: float
    ended_at: float

    def report(self, limits: SandboxLimits, isolation: Isolation) -> RunReport:
        """Judge it."""
        return replace(
            judge(self.evidence, limits),
            waited_ms=round((self.began_at - self.asked_at) * 1000, 3),
            sandbox_ms=round((self.ended_at - self.began_at) * 1000, 3),
            sandbox_id=self.sandbox_id,
            isolation=isolation,
        )


class SandboxConversation:
    """A sandbox that waits for the one run it will ever make, as its socket shows it."""

    def __init__(self, connection: socket.socket, streams: StreamParts) -> None:
        self._socket = connection
        self._streams = streams
        self._nonce = os.urandom(NONCE_BYTES)
        #: What comes before the first frame.
        self._greeting = b""
        self._reader = FrameReader(self._nonce, {kind: CAPS[kind] for kind in _FROM_SANDBOX})

    @property
    def alive(self) -> bool:
        """Tell whether an idle sandbox still waits: a dead one's stream has ended, that of one thrown away is closed.

        Whoever looks after idle ones may find one that was handed out, used and closed since it looked for them.
        """
        poll = select.poll()
        try:
            poll.register(self._socket, select.POLLIN)
        except ValueError:  # a closed socket's descriptor is -1
            return False
        return not poll.poll(0)

    def await_ready(self, deadline: float) -> None:
        """Wait for READY; raises EngineFailed with PID 1's own complaint where it does not come."""
        reader = FrameReader(NO_NONCE, {FrameKind.READY: CAPS[FrameKind.READY]})
        complaint = bytearray()
        while time.monotonic() < deadline:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self._socket.recv(READ_BYTES)
                ready = False
                for stream, part in self._streams.feed(data):  # to its end: what comes after is the next reader's
                    if stream == STDERR:
                        complaint += part[: COMPLAINT_BYTES - len(complaint)]
                    else:
                        ready |= any(list(reader.feed(part)))
                if ready:
                    return
            except TimeoutError:
                break
            except (FrameError, OSError) as error:
                raise EngineFailed(f"a sandbox did not boot: {error}") from error
            if not data:
                break
        text = complaint.decode("utf-8", "replace").strip() or "it did not say why"
        raise EngineFailed(f"a sandbox did not boot: {text}")

    def make(self, job: SandboxJob, sandbox_id: str, asked_at: float) -> MadeRun:
        """Make the run that was asked for then, and tell the caller first that it begins. Raises CallerGone."""
        began_at = time.monotonic()
        if job.wait_until is not None:
            job = replace(job, deadline=job.deadline + began_at - asked_at)
        if job.caller is not None and has_hung_up(job.caller):
            raise CallerGone
        job.on_start(sandbox_id)
        return MadeRun(self.run(job), sandbox_id, asked_at, began_at, time.monotonic())

    def run(self, job: SandboxJob) -> Evidence:
        """Make the run; returns by the deadline whatever the sandbox does. Raises CallerGone."""
        collected = Collected(job)
        try:
            self._socket.settimeout(max(0.001, job.deadline - time.monotonic()))
            with suppress(BrokenPipeError, ConnectionResetError):  # what it said before it went is still to be read
                self._socket.sendall(self._greeting + _request(job, self._nonce))
            ended = self._listen(job, collected, _Replies(self._nonce, collected))
        except TimeoutError:
            ended = SandboxEnd.DEADLINE
        except FrameError as error:
            ended = SandboxEnd.VIOLATION
            collected.violation = str(error)
        except OSError:
            ended = SandboxEnd.LOST
        return collected.evidence(ended)

    def _listen(self, job: SandboxJob, collected: "Collected", replies: "_Replies") -> SandboxEnd:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if job.caller is not None:
            poll.register(job.caller, select.POLLIN | select.POLLRDHUP)
        self._socket.settimeout(0)
        while not collected.done:
            left = job.deadline - time.monotonic()
            if left <= 0:
                return SandboxEnd.DEADLINE
            for fd, events in poll.poll(left * 1000):
                if fd != self._socket.fileno():
                    if events & ~select.POLLIN:
                        raise CallerGone
                    replies.take(job.caller)
                elif events & ~select.POLLOUT and not self._read(collected):
                    return SandboxEnd.LOST
            # Never by waiting: PID 1 may itself be waiting for what it wrote to be read here.
            if not collected.done:
                poll.modify(self._socket, select.POLLIN | (select.POLLOUT if replies.hand_on(self._socket) else 0))
        return SandboxEnd.OUTCOME

    def _read(self, collected: "Collected") -> bool:
        """Read what is there; False at the end of the stream."""
        data = self._socket.recv(READ_BYTES)
        for stream, part in self._streams.feed(data):
            if stream == STDOUT:
                for frame in self._reader.feed(part):
                    collected.take(frame)
        return bool(data)


def _request(job: SandboxJob, nonce: bytes) -> bytes:
    """Return the two frames that start a run; raises FrameError where the session is too large."""
    terms = {
        "deadline_ms": max(1, int((job.deadline - time.monotonic()) * 1000)),
        "log_bytes": job.limits.log_bytes,
        "result_bytes": job.limits.result_bytes,
        "memory_bytes": job.limits.memory_bytes,
    }
    body = {"source": job.source, "session": job.session, "actions": job.actions}
    parts = ((FrameKind.OPEN, terms), (FrameKind.INPUT, body))
    return b"".join(encode(kind, to_json(value), nonce) for kind, value in parts)


def _progress(payload: bytes) -> str:
    """Return the text of a PROGRESS frame; raises FrameError where it is none."""
    try:
        value = parse_value(payload, CAPS[FrameKind.PROGRESS])
    except Unreadable:
        value = None
    if not isinstance(value, str):
        raise FrameError("a progress message that is no text")
    return clean_text(value, len(value))


def _action(payload: bytes) -> dict[str, Any]:
    """Return the call of an ACTION frame; raises FrameError where it is none."""
    try:
        call = parse_object(payload, CAPS[FrameKind.ACTION])
    except Unreadable:
        call = {}
    fits = (
        set(call) == {"id", "action", "args", "kwargs"}
        and type(call["id"]) is int
        and isinstance(call["action"], str)
        and len(call["action"]) <= MAX_ACTION_CHARS
        and isinstance(call["args"], list)
        and isinstance(call["kwargs"], dict)
    )
    if not fits:
        raise FrameError("an action call that is none")
    return call


class _Replies:
    """Answers to action calls on their way from the caller into the sandbox."""

    def __init__(self, nonce: bytes, collected: "Collected") -> None:
        self._nonce = nonce
        self._collected = collected
        self._messages = MessageReader(MAX_ANSWER_BYTES)
        self._outgoing = bytearray()

    def take(self, caller: socket.socket | None) -> None:
        """Read what the caller sent; raises CallerGone for anything but answers that are waited for."""
        try:
            data = caller.recv(READ_BYTES, socket.MSG_DONTWAIT) if caller is not None else b""
            if not data:
                raise CallerGone
            for message in self._messages.feed(data):
                number = message.pop("id", None)
                if message.pop("kind") != "reply" or number not in self._collected.asked:
                    raise CallerGone
                self._collected.asked.discard(number)
                self._outgoing += encode(FrameKind.REPLY, to_json({"id": number, **message}), self._nonce)
        except BlockingIOError:
            return
        except (OSError, WireError, FrameError):
            raise CallerGone from None

    def hand_on(self, sandbox: socket.socket) -> bool:
        """Write what the sandbox takes now; returns whether anything is left."""
        if self._outgoing:
            try:
                with memoryview(self._outgoing) as view:
                    sent = sandbox.send(view[:READ_BYTES])
            except BlockingIOError:
                sent = 0
            except (BrokenPipeError, ConnectionResetError):
                sent = len(self._outgoing)  # nobody takes it any more; the sandbox's last word is still to be read
            del self._outgoing[:sent]
        return bool(self._outgoing)


class Collected:
    """What has come out of a sandbox so far, each kind within its cap."""

    def __init__(self, job: SandboxJob) -> None:
        self._job = job
        self._logs = bytearray()
        self._truncated = False
        self._answer: Frame | None = None
        self._outcome: bytes | None = None
        self._numbers: set[int] = set()
        self._action_bytes = 0
        #: Numbers of the action calls that wait for their answer.
        self.asked: set[int] = set()
        self.violation = ""

    @property
    def done(self) -> bool:
        """Tell whether the outcome has come."""
        return self._outcome is not None

    def take(self, frame: Frame) -> None:
        """Add a frame; raises FrameError where it may not come any more."""
        if self._outcome is not None:
            raise FrameError("a frame after the outcome")
        if frame.kind is FrameKind.OUTCOME:
            self._outcome = frame.payload
        elif frame.kind is FrameKind.LOG:
            room = self._job.limits.log_bytes - len(self._logs)
            self._logs += frame.payload[:room]
            self._truncated |= len(frame.payload) > room
        elif frame.kind is FrameKind.PROGRESS:
            self._job.on_progress(_progress(frame.payload))
        elif frame.kind is FrameKind.ACTION:
            self._call(frame.payload)
        elif self._answer is None:
            self._answer = frame
        else:
            raise FrameError("a second result")

    def _call(self, payload: bytes) -> None:
        # Before it is parsed: as values it may take thirty times the memory, here and in the worker.
        self._action_bytes += len(payload)
        if self._action_bytes > ACTION_BYTES:
            raise FrameError(f"action calls of more than {ACTION_BYTES} bytes")
        call = _action(payload)
        # Threads of one run may overtake each other; what counts is that no number comes twice.
        if not 0 < call["id"] <= COUNTS[FrameKind.ACTION] or call["id"] in self._numbers:
            raise FrameError("an action call whose number came before, or never can")
        self._numbers.add(call["id"])
        self.asked.add(call["id"])
        self._job.on_action(call)

    def evidence(self, ended: SandboxEnd) -> Evidence:
        """Return all that is known, after a conversation that ended so."""
        return Evidence(
            ended=ended,
            answer=self._answer,
            outcome=self._outcome,
            logs=bytes(self._logs),
            logs_truncated=self._truncated,
            violation=self.violation,
        )

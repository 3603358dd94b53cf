"""Replay a past invocation on its recorded answers: the same code on the same input, and nothing leaves midcall."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.errors import Conflict, NotFound
from midcall.domain.function import Version
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.mock import Recording, Rehearsal
from midcall.domain.session import Session
from midcall.domain.times import iso
from midcall.domain.variables import CURRENT_TIME
from midcall.service.access.access import Caller
from midcall.service.claimed_run import effective
from midcall.service.ports import Queue
from midcall.service.runs.submit import asked_preview, check_room, check_status, refuse_limited, wake
from midcall.storage.database import Storage, Transaction

#: Bytes of a session's body that a replay, or a test case made of a run, is a copy of.
MAX_COPIED = 2 * 1024 * 1024
#: Fields of the session body that every run gets anew.
_SET_BY_THE_RUN = ("params", "phase", "environment", "deadlineMs")


@dataclass(frozen=True, slots=True)
class Replays:
    """Use cases of dry replays and of the recordings that they need."""

    storage: Storage
    queue: Queue
    clock: Callable[[], int]
    #: Calls that may wait in all, over all workspaces; more get QueueFull.
    max_queued: int

    def dry(self, caller: Caller, invocation_id: str, replay_id: str) -> Invocation:
        """Commit a dry run of what a past invocation ran, then wake a worker for it.

        It belongs to no session: it changes no variables, writes no events, and nothing follows it. Raises NotFound,
        NotApproved, QueueFull, and Conflict for what cannot be replayed.
        """
        refuse_limited(caller)
        with self.storage.read() as tx:
            past = tx.invocations.get(caller.workspace_id, invocation_id)
            _check_code(past)
            check_over(past)
            check_in_use(tx, past)
            version = tx.functions.version(past.function_id, past.version)
            check_status(version)
            recording = tx.rehearsals.kept(past.id)
            check_recorded(past, recording)
            invocation = self._again(tx, caller, past, version, recording, replay_id)
        with self.storage.write() as tx:
            check_room(tx, caller, invocation, max_queued=self.max_queued)
            tx.invocations.add(invocation)
            mocks = recording.mocks if recording else ()
            tx.rehearsals.plan(replay_id, Rehearsal(mocks, dry=True, replay_of=past.id))
            self._note(tx, caller, past, replay_id)
        wake(self.queue, invocation)
        return invocation

    def recording(self, invocation: Invocation) -> Recording | None:
        """Read what an invocation's actions were answered."""
        with self.storage.read() as tx:
            return tx.rehearsals.kept(invocation.id)

    def _again(
        self,
        tx: Transaction,
        caller: Caller,
        past: Invocation,
        version: Version,
        recording: Recording | None,
        replay_id: str,
    ) -> Invocation:
        session = session_of(tx, past)
        seen = body_seen(past, session, kept_body(tx, session), recording)
        now = self.clock()
        timeout_s = effective(version.config, session, past).timeout
        queued = Invocation.queued(
            replay_id,
            past.function,
            version,
            Purpose.TEST,
            past.phase,
            workspace_id=past.workspace_id,
            environment=past.environment,
            principal=caller.principal,
            now=now,
            deadline_at=now + timeout_s * 1000,
        )
        return replace(
            queued,
            sha256=past.sha256,
            params=past.params,
            asked=asked_preview(version.config, past.params, seen),
            session=seen,
        )

    def _note(self, tx: Transaction, caller: Caller, past: Invocation, replay_id: str) -> None:
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=self.clock(),
            principal=caller.principal,
            key_id=caller.key.id,
            act="invocation.replay",
            subject=past.id,
            function_id=past.function_id,
            detail={"version": past.version, "sha256": past.sha256, "dry": True, "invocation": replay_id},
        )


def session_of(tx: Transaction, past: Invocation) -> Session | None:
    """Read the session of a past invocation, if it has one that is still there."""
    return None if past.session_key is None else tx.sessions.by_key(past.session_key)


def kept_body(tx: Transaction, session: Session | None) -> Mapping[str, Any]:
    """Read what is kept of a session's body; raises Conflict for what is too large to be copied by a word."""
    if session is None:
        return {}
    if session.body_bytes > MAX_COPIED:
        raise Conflict(
            f"the session's body has more than {MAX_COPIED // 1024} KiB; it is not copied: test with a shorter one"
        )
    return tx.sessions.body(session.id)


def body_seen(
    past: Invocation, session: Session | None, kept: Mapping[str, Any], recording: Recording | None
) -> dict[str, Any]:
    """Return the session body as a past run saw it, without what every run gets anew."""
    seen = recording.session if recording else {}
    if session is None:
        return _alone(past, seen)
    body = session.body(kept, phase=past.phase, params={}, deadline_ms=0, overrides=past.session)
    return {name: value for name, value in {**body, **seen}.items() if name not in _SET_BY_THE_RUN}


def check_over(past: Invocation) -> None:
    """Raise Conflict for an invocation that is not over, or that was refused before its function ran."""
    if not past.final:
        raise Conflict(f"the invocation is {past.status}; come back once it is over")
    if past.status.refused and past.report is None:
        raise Conflict("the call was refused before its function ran; there is nothing to run again")


def _check_code(past: Invocation) -> None:
    if past.kind is not Kind.CODE:
        raise Conflict("a webhook calls no actions, so nothing of it is recorded; only code can be replayed dry")


def check_in_use(tx: Transaction, past: Invocation) -> None:
    """Raise NotFound for what was archived: another function may have its name by now."""
    name = tx.functions.by_id(past.function_id).name
    if tx.functions.get(past.workspace_id, name).id != past.function_id:
        raise NotFound(f"the function {name} that this invocation ran is archived")


def check_recorded(past: Invocation, recording: Recording | None) -> None:
    """Raise Conflict for a run whose actions were answered, but the answers were not kept."""
    if recording is None and past.report is not None and past.report.actions:
        raise Conflict(
            "what the actions of this run were answered was not kept; "
            "switch on record_actions of the workspace, and later runs can be replayed"
        )


def _alone(past: Invocation, seen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the session body of a call without a session, with the time and the id that its run was given."""
    moment = iso(past.started_at or past.created_at)
    times = {"createdAt": moment, "time": moment, **seen}
    variables = {CURRENT_TIME: times["time"], **past.variables}
    return {"sessionId": past.id, **times, **past.session, "dynamicVariables": variables}

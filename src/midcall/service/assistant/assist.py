"""Use case of the Code Assistant: a model writes, the real review judges, its comments go back, a person decides.

Nothing is saved but a line in the audit trail, without a word of what was said.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from midcall.domain.errors import AssistantBusy, AssistantNotConfigured, Fault, InvalidInput
from midcall.domain.function_config import Kind
from midcall.review.allowlist import AllowList
from midcall.service.access.access import Caller
from midcall.service.assistant.brief import brief
from midcall.service.assistant.events import AssistantEvent, Question
from midcall.service.assistant.masking import PromptMasker
from midcall.service.assistant.run import AssistantJob, AssistRun
from midcall.service.credentials.credentials import Credentials
from midcall.service.fields import storable
from midcall.service.functions.form import FunctionForm
from midcall.service.functions.review_version import Reviews
from midcall.service.ports import CodeWriter
from midcall.service.runs.wait import InThread
from midcall.storage.database import Storage
from midcall.storage.listings import PageRequest

DEADLINE_S = 120.0
MAX_DESCRIPTION = 4_000
MAX_MESSAGES, MAX_MESSAGE = 40, 20_000
#: Credentials whose names the model is told.
MAX_NAMED = 100

_EMPTY = FunctionForm.model_validate(
    {"name": "draft", "description": "A new function.", "kind": Kind.CODE, "code": {"source": ""}}
)


@dataclass(slots=True)
class QuestionLimit:
    """Bounds how many questions are answered at once, in this process and for each workspace."""

    in_all: int = 8
    each: int = 2
    _taken: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def taken(self, workspace_id: str) -> Iterator[None]:
        """Hold a seat for a block; raises AssistantBusy if none is free."""
        with self._lock:
            if self._taken.get(workspace_id, 0) >= self.each or sum(self._taken.values()) >= self.in_all:
                raise AssistantBusy
            self._taken[workspace_id] = self._taken.get(workspace_id, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[workspace_id] -= 1
                if not self._taken[workspace_id]:
                    del self._taken[workspace_id]


@dataclass(frozen=True, slots=True)
class Assist:
    """Use case of the Code Assistant."""

    storage: Storage
    reviews: Reviews
    credentials: Credentials
    allowed: AllowList
    clock: Callable[[], int]
    #: None: nobody said which model to ask.
    writer: CodeWriter | None = None
    deadline_s: float = DEADLINE_S
    seats: QuestionLimit = field(default_factory=QuestionLimit)

    #: How to set it up, where it is not.
    advice: ClassVar[str] = AssistantNotConfigured().message

    @property
    def configured(self) -> bool:
        """Whether there is a model to ask."""
        return self.writer is not None

    async def ask(
        self, caller: Caller, question: Question, in_thread: InThread
    ) -> AsyncGenerator[AssistantEvent, None]:
        """Answer a question, event by event; the last one is `Completed`. Closing the iterator stops the model.

        Before the first event it raises AssistantNotConfigured, AssistantBusy, InvalidInput; after it nothing.
        Database and review run `in_thread`; no transaction is open while the model writes.
        """
        if self.writer is None:
            raise AssistantNotConfigured
        _check(question)
        with self.seats.taken(caller.workspace_id):
            job = await in_thread(self._prepare, caller, question, self.writer.model)
            run = AssistRun(job, self.reviews, self.writer, self.deadline_s, in_thread)
            # In a task of its own, which alone the deadline ends: not whoever reads the events.
            work = asyncio.create_task(run.work())
            work.add_done_callback(lambda _: run.events.put_nowait(None))
            try:
                while (event := await run.events.get()) is not None:
                    yield event
                await work
            finally:
                work.cancel()
                await asyncio.wait([work])

    def _prepare(self, caller: Caller, question: Question, model: str) -> AssistantJob:
        draft = question.draft or _EMPTY
        config = draft.config()
        with self.storage.read() as tx:
            named = tx.credentials.page(caller.workspace_id, PageRequest(limit=MAX_NAMED))
            masker = PromptMasker(self.credentials.secrets_in(tx, caller.workspace_id))
        task = brief(
            config, question.description, question.messages, allowed=self.allowed, credentials=named, masker=masker
        )
        with self.storage.write() as tx:
            tx.audit.add(
                workspace_id=caller.workspace_id,
                at=self.clock(),
                principal=caller.principal,
                key_id=caller.key.id,
                act="assistant.ask",
                subject=config.name,
                detail={"model": model, "messages": len(question.messages)},
            )
        return AssistantJob(caller, draft, task, masker)


def _check(question: Question) -> None:
    """Refuse what is too much, or no function of code."""
    faults = []
    if not 1 <= len(question.description.strip()) <= len(question.description) <= MAX_DESCRIPTION:
        faults.append(Fault("description", f"say what the code should do, in {MAX_DESCRIPTION:,} characters at most"))
    if len(question.messages) > MAX_MESSAGES:
        faults.append(Fault("messages", f"at most {MAX_MESSAGES}; leave the oldest out, or begin a new conversation"))
    texts = [("description", question.description)]
    texts += [(f"messages.{place}.text", turn.text) for place, turn in enumerate(question.messages[:MAX_MESSAGES])]
    for loc, text in texts:
        if loc != "description" and len(text) > MAX_MESSAGE:
            faults.append(Fault(loc, f"longer than {MAX_MESSAGE:,} characters; shorten it"))
        try:
            storable(text)
        except ValueError as error:
            faults.append(Fault(loc, str(error)))
    if question.draft is not None and question.draft.kind is not Kind.CODE:
        faults.append(Fault("function.kind", "the assistant writes code; a webhook has none, so give one of kind code"))
    if faults:
        raise InvalidInput(faults=faults)

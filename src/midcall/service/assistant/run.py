"""The answering of one question: rounds of writing and review, under one deadline."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from midcall.domain.assistant import ModelAnswer, Status, Usage, WritingTask
from midcall.domain.errors import AnswerUnreadable, InvalidInput, ModelFailed, ReviewUnavailable
from midcall.domain.function import VersionStatus
from midcall.domain.review import Comment, Severity
from midcall.service.access.access import Caller
from midcall.service.assistant.events import (
    AssistantAnswer,
    AssistantEvent,
    Completed,
    ExplanationWritten,
    Reviewed,
    SourceWritten,
    Thinking,
)
from midcall.service.assistant.masking import PromptMasker
from midcall.service.assistant.proposal import case_of, diff, proposals, proposed
from midcall.service.functions.form import FunctionForm
from midcall.service.functions.review_version import Reviews
from midcall.service.ports import CodeWriter, WriterConversation
from midcall.service.runs.wait import InThread

#: Answers that a model may give to one question.
ROUNDS = 3

_STAYED = f"The review still has errors after {ROUNDS} attempts; read its comments, or say what to do differently."
_LATE = "There was no complete answer within {:g} s; what came until then is here."
_UNREVIEWED = "The review could not be carried out; try again."


@dataclass(frozen=True, slots=True)
class AssistantJob:
    """One question, ready to be put to the model."""

    caller: Caller
    draft: FunctionForm
    task: WritingTask = field(repr=False)
    masker: PromptMasker


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One answer of the model. `wanted` is the function as it would be; None: no such function can be."""

    written: ModelAnswer
    wanted: FunctionForm | None
    #: What makes it no function, as comments.
    faults: tuple[Comment, ...] = ()
    proposals: Mapping[str, Any] = field(default_factory=dict)
    review: Mapping[str, Any] | None = None


class AssistRun:
    """One question under way; `events` ends with `Completed`.

    The events wait there without a bound of their own: what a model may answer has one.
    """

    def __init__(
        self, job: AssistantJob, reviews: Reviews, writer: CodeWriter, deadline_s: float, in_thread: InThread
    ) -> None:
        self.events: asyncio.Queue[AssistantEvent | None] = asyncio.Queue()
        self._job = job
        self._reviews = reviews
        self._writer = writer
        self._deadline_s = deadline_s
        self._in_thread = in_thread
        self._round = 0
        self._last: _Attempt | None = None

    async def work(self) -> None:
        """Go through the rounds, and tell how it ended."""
        conversation: WriterConversation | None = None
        try:
            async with asyncio.timeout(self._deadline_s), self._writer.begin(self._job.task) as conversation:
                status, message = await self._rounds(conversation)
        except TimeoutError:
            status, message = Status.TIMED_OUT, _LATE.format(self._deadline_s)
        except ModelFailed as error:
            status, message = Status.MODEL_ERROR, error.message
        except ReviewUnavailable:
            status, message = Status.NOT_PASSED, _UNREVIEWED
        usage = Usage() if conversation is None else conversation.usage
        self.events.put_nowait(Completed(await self._in_thread(self._answer, status, message, usage)))

    async def _rounds(self, conversation: WriterConversation) -> tuple[Status, str]:
        comments: str | None = None
        for self._round in range(1, ROUNDS + 1):
            self.events.put_nowait(Thinking(self._round))
            try:
                written = await self._listen(conversation, comments)
            except AnswerUnreadable as error:
                comments = error.message
                continue
            attempt = self._last = await self._in_thread(self._read, written)
            self.events.put_nowait(SourceWritten(self._round, written.source, written.explanation, attempt.proposals))
            attempt = self._last = await self._in_thread(self._judged, attempt)
            review = attempt.review or {}
            self.events.put_nowait(Reviewed(self._round, review))
            if review["status"] == VersionStatus.APPROVED:
                return Status.PASSED, ""
            comments = self._job.masker.text(_as_text(review))
        if self._last is None:
            return Status.UNREADABLE, comments or AnswerUnreadable().message
        return Status.NOT_PASSED, _STAYED

    async def _listen(self, conversation: WriterConversation, comments: str | None) -> ModelAnswer:
        async for piece in conversation.answer(comments):
            if isinstance(piece, ModelAnswer):
                return piece
            self.events.put_nowait(ExplanationWritten(self._round, piece.text))
        raise AnswerUnreadable

    def _read(self, written: ModelAnswer) -> _Attempt:
        draft = self._job.draft
        try:
            wanted = proposed(draft, written)
            return _Attempt(written, wanted, proposals=proposals(draft, wanted))
        except InvalidInput as error:
            texts = [f"{fault.loc}: {fault.msg}" for fault in error.faults] or [error.message]
            return _Attempt(written, None, tuple(_fault(text) for text in texts))

    def _judged(self, attempt: _Attempt) -> _Attempt:
        """Have the real review look at the function as it would be; nothing is saved."""
        if attempt.wanted is not None:
            return replace(attempt, review=self._reviews.preview(self._job.caller, attempt.wanted))
        review = {
            "status": VersionStatus.CHANGES_REQUESTED.value,
            "policy": self._reviews.reviewer.policy,
            "sha256": "",
            "took_ms": 0.0,
            "comments": [asdict(comment) for comment in attempt.faults],
        }
        return replace(attempt, review=review)

    def _answer(self, status: Status, message: str, usage: Usage) -> AssistantAnswer:
        last = self._last
        if last is None:
            return AssistantAnswer(status, message, rounds=self._round, usage=usage)
        before = self._job.draft.config().code.source
        return AssistantAnswer(
            status=status,
            message=message,
            source=last.written.source,
            explanation=last.written.explanation,
            review=last.review,
            diff=diff(before, last.written.source),
            proposals=last.proposals,
            test=case_of(last.written),
            rounds=self._round,
            usage=usage,
        )


def _fault(text: str) -> Comment:
    return Comment("document", Severity.ERROR, text, "Correct this part of the answer, or leave it out.")


def _as_text(review: Mapping[str, Any]) -> str:
    """Write what a review says so that a model can mend it."""
    said = "\n".join(
        f"- line {each['line']}, {each['severity']} ({each['rule']}): {each['message']} {each['suggestion']}"
        for each in review["comments"]
    )
    return f"The review does not let this pass:\n{said}\nMend each error, and answer with the whole source again."

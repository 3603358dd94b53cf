"""`CodeWriter` over a model of pydantic-ai."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import structlog
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from midcall.assistant.answer import TOOL, calls_of, explanation_so_far, read
from midcall.assistant.bounded import TooMuch
from midcall.domain.assistant import ExplanationPart, ModelOutput, Role, Usage, WritingTask
from midcall.domain.errors import AnswerUnreadable, ModelFailed

#: Characters of one answer, and those of them in which the explanation is looked for while they come.
MAX_ANSWER_CHARS = 512 * 1024
MAX_SCANNED_CHARS = 32 * 1024

_ADVICE = {
    401: "refuses the key; check MIDCALL_ASSISTANT_API_KEY",
    403: "refuses the key; check MIDCALL_ASSISTANT_API_KEY",
    404: "knows no such model or address; check MIDCALL_ASSISTANT_MODEL and MIDCALL_ASSISTANT_BASE_URL",
    429: "is asked too much, or its quota is used up; try again later",
}
_PARAMETERS = ModelRequestParameters(output_mode="tool", output_tools=[TOOL], allow_text_output=False)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Writes code with the model that `connect` opens, in answers of `max_tokens` at most."""

    model: str
    connect: Callable[[], AbstractAsyncContextManager[Model]]
    max_tokens: int

    @asynccontextmanager
    async def begin(self, task: WritingTask) -> AsyncIterator["ModelConversation"]:
        """Open a conversation, with connections of its own."""
        async with self.connect() as model:
            yield ModelConversation(model, task, ModelSettings(max_tokens=self.max_tokens))


class ModelConversation:
    """One conversation. Of an answer that broke off nothing is kept, so the next one is asked for as if it were new."""

    def __init__(self, model: Model, task: WritingTask, settings: ModelSettings) -> None:
        self.usage = Usage()
        self._model = model
        self._settings = settings
        self._said: list[ModelMessage] = _opening(task)
        self._last: ModelResponse | None = None

    async def answer(self, comments: str | None) -> AsyncIterator[ModelOutput]:
        """Ask the model once; see `Conversation`."""
        if comments is not None and self._last is not None:
            self._said += [self._last, ModelRequest(parts=_reply(self._last, comments))]
        self._last = None
        self.usage += Usage(requests=1)
        try:
            stream = model_request_stream(
                self._model, self._said, model_settings=self._settings, model_request_parameters=_PARAMETERS
            )
            async with stream as events:
                listener = _Listener()
                async for event in events:
                    if isinstance(event, PartStartEvent | PartDeltaEvent) and (text := listener.hear(event)):
                        yield ExplanationPart(text)
                response = events.get()
                spent = events.usage
                spent = spent() if callable(spent) else spent
        except ModelFailed:
            raise
        except Exception as error:  # an endpoint may send anything, and libraries raise what they stumble over
            raise _cause_of(error) from None  # the cause's text may quote the request
        self.usage += Usage(0, spent.input_tokens, spent.output_tokens)
        self._last = response
        yield read(response)


class _Listener:
    """Follows an answer while it comes: counts it, and finds what is new of the explanation."""

    def __init__(self) -> None:
        self._left = MAX_ANSWER_CHARS
        self._call: int | None = None
        self._arguments = ""
        self._told = 0
        self._more = True

    def hear(self, event: PartStartEvent | PartDeltaEvent) -> str:
        """Return what is new of the explanation; raises ModelFailed for an answer without an end."""
        part = event.part if isinstance(event, PartStartEvent) else event.delta
        new = ""
        if isinstance(part, TextPart):
            new = part.content
        elif isinstance(part, TextPartDelta):
            new = part.content_delta
        elif isinstance(part, ToolCallPart):
            new = part.args if isinstance(part.args, str) else ""
        elif isinstance(part, ToolCallPartDelta):
            new = part.args_delta if isinstance(part.args_delta, str) else ""
        self._left -= len(new)
        if self._left < 0:
            raise ModelFailed(f"the model's answer is longer than {MAX_ANSWER_CHARS // 1024} KiB; it was stopped")
        return self._explained(event.index, new) if isinstance(part, ToolCallPart | ToolCallPartDelta) else ""

    def _explained(self, index: int, new: str) -> str:
        # Of several calls the first one counts.
        self._call = index if self._call is None else self._call
        if index != self._call or not self._more:
            return ""
        self._arguments += new
        text, self._more = explanation_so_far(self._arguments)
        self._more = self._more and len(self._arguments) <= MAX_SCANNED_CHARS
        fresh, self._told = text[self._told :], max(self._told, len(text))
        return fresh


def _opening(task: WritingTask) -> list[ModelMessage]:
    messages: list[ModelMessage] = []
    parts: list[ModelRequestPart] = [SystemPromptPart(task.instructions)]
    for turn in task.turns:
        if turn.role is Role.USER:
            parts.append(UserPromptPart(turn.text))
        else:
            messages += [ModelRequest(parts=parts), ModelResponse(parts=[TextPart(turn.text)])]
            parts = []
    return [*messages, ModelRequest(parts=parts)]


def _reply(response: ModelResponse, comments: str) -> list[ModelRequestPart]:
    """Answer each call, as the protocols want it; where there was none, comments are the user's turn."""
    calls = calls_of(response)
    if not calls:
        return [UserPromptPart(comments)]
    return [ToolReturnPart(call.tool_name, comments, call.tool_call_id) for call in calls]


def _cause_of(error: Exception) -> ModelFailed | AnswerUnreadable:
    """Say what went wrong in words of our own: the endpoint's may quote keys, and what it was sent."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and isinstance(cause, Exception):
        chain.append(cause)
    log.info("model_failed", cause=[type(each).__name__ for each in chain])
    if any(isinstance(each, TooMuch) for each in chain):
        return ModelFailed("the model's endpoint sends more than any answer needs, or packs it; it was stopped")
    if isinstance(error, ModelHTTPError):
        advice = _ADVICE.get(error.status_code, "has a fault, or something before it has; try again later")
        return ModelFailed(f"the model's endpoint answered with status {error.status_code}: it {advice}")
    if isinstance(error, ModelAPIError) and not any(isinstance(each, ValueError) for each in chain):
        return ModelFailed("the model's endpoint cannot be reached, or broke off; check MIDCALL_ASSISTANT_BASE_URL")
    return AnswerUnreadable("what the model's endpoint sent is not in the form of its protocol")

"""What an LLM is told of an outcome, and what calling again is good for. An outcome's `message` is for the ear."""

import json
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from midcall.domain.errors import (
    OutboundError,
    QueueUnavailable,
    SandboxBusy,
    SandboxLost,
    SandboxUnavailable,
    TimedOut,
    TokenUnreachable,
)
from midcall.domain.invocation import Outcome

#: What the line hears where the function's author has set no error message.
DEFAULT_ERROR_MESSAGE = "Sorry, that did not work just now."
#: What the LLM is told of a call whose result comes later, where its author has set no words for that.
RUNS_ON = "The function runs on by itself; its result is not needed now."

#: Types of errors that may be gone in a while: the same call can succeed then.
_PASSING = frozenset(
    error.code
    for error in (
        OutboundError,
        QueueUnavailable,
        SandboxBusy,
        SandboxLost,
        SandboxUnavailable,
        TimedOut,
        TokenUnreachable,
    )
) | {"circuit_open", "worker_lost"}
_PASSING_STATUSES = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.LOCKED, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class RetryAdvice(StrEnum):
    """The condition under which a call that did not succeed is worth another try."""

    #: Values of its parameters are to be put right, by the LLM itself.
    FIX_PARAMS = "fix_params"
    #: The caller has to say, show or do something first, such as prove who they are.
    ASK_CALLER = "ask_caller"
    #: Nothing but time.
    LATER = "later"
    #: Nothing; or there is no need.
    NO = "no"


def told_content(outcome: Outcome) -> Any:
    """Return one text or JSON value for the LLM, never an empty one: frameworks take `false`, 0 and "" for no answer.

    Of a cut result it says so and of how much; as `{"result": …}` it is no longer than the limit of the result.
    """
    if not outcome.status.final:
        return outcome.message or RUNS_ON
    if outcome.status.refused:
        return outcome.result or DEFAULT_ERROR_MESSAGE
    if not outcome.status.ok:
        return outcome.message or DEFAULT_ERROR_MESSAGE
    if outcome.truncated and isinstance(outcome.result, str):  # bytes stand in an object, whose media type stays
        return _cut(outcome.result, outcome.whole)
    return outcome.result or {"result": outcome.result}


def retry_of(outcome: Outcome) -> RetryAdvice:
    """Say what calling again is good for."""
    error = outcome.error
    if not outcome.status.is_error or error is None:
        return RetryAdvice.LATER if outcome.status.timed_out else RetryAdvice.NO
    if outcome.status.refused:
        return {"invalid_params": RetryAdvice.FIX_PARAMS, "gate_closed": RetryAdvice.ASK_CALLER}.get(
            error.type, RetryAdvice.NO
        )
    if error.http_status is not None:
        server = error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return RetryAdvice.LATER if server or error.http_status in _PASSING_STATUSES else RetryAdvice.NO
    passing = outcome.status.timed_out or error.type in _PASSING
    return RetryAdvice.LATER if passing else RetryAdvice.NO


def _cut(text: str, whole: str | None) -> str:
    """Say at the end of a cut text that it was cut, within the text's own length; where that is too short, nothing."""
    note = f" … (cut: {whole} in all)" if whole else " … (cut)"
    if len(text) < 2 * len(note):
        return text
    # Each character that is left out makes the JSON shorter by one at least.
    over = max(0, len(json.dumps({"result": text + note}, ensure_ascii=False)) - len(text))
    return text[: max(0, len(text) - over)] + note

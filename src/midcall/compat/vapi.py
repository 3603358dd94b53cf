"""`/v1/adapters/{id}`: Vapi's server URL, for all its messages. Once one is let in, the answer is an HTTP 200."""

import asyncio
from typing import Any

import structlog
from fastapi import APIRouter

from midcall.compat.adapter_sessions import AdapterSessions
from midcall.compat.bodies import body_of
from midcall.compat.deliveries import VAPI_SECRET, AdmittedDelivery, FromVapi
from midcall.compat.shapes import VapiShape
from midcall.domain.errors import MidcallError
from midcall.domain.session import SessionStatus
from midcall.domain.variables import values
from midcall.vendors import vapi
from midcall.vendors.conversation import CallResult, Conversation
from midcall.web.common import PROBLEMS
from midcall.web.json_response import AsciiJsonResponse

router = APIRouter(prefix="/v1", tags=["vapi"], responses=PROBLEMS, dependencies=[VAPI_SECRET])

log = structlog.get_logger()

#: What the LLM is told of what only the log should know.
UNEXPECTED = "This did not work, for a reason that only the server's log tells."


@router.post(
    "/adapters/{adapter_id}",
    response_model=VapiShape,
    response_model_exclude_unset=True,
    openapi_extra=body_of("`{message}`; the secret in `X-Vapi-Secret` or `Authorization`"),
)
async def vapi_message(admitted: FromVapi) -> AsciiJsonResponse:
    """Take a message: `tool-calls`, `assistant-request` and `end-of-call-report`; others are only acknowledged."""
    try:
        return AsciiJsonResponse(await _answer(admitted))
    except Exception as error:  # the edge to a vendor that reads nothing but a 200
        return AsciiJsonResponse(vapi.error(_told(error)))


async def _answer(admitted: AdmittedDelivery) -> dict[str, Any]:
    message = await admitted.read(vapi.message)
    if message is None:
        return {}
    sessions = admitted.sessions
    if message.kind is vapi.VapiMessageKind.TOOL_CALLS:
        results = await asyncio.gather(*(_result_of(sessions, message.conversation, call) for call in message.calls))
        return vapi.results(message.calls, results)
    if message.ending is not None:
        await sessions.end(message.ending)
        return {}
    session = await sessions.start(message.conversation)
    refused = session.status is SessionStatus.TERMINATED
    agent = admitted.adapter.vendor_agent
    return vapi.assistant(values(session.variables), agent=agent, refused=refused, reason=session.reason)


async def _result_of(sessions: AdapterSessions, conversation: Conversation, call: vapi.ToolCall) -> CallResult:
    if call.call is None:
        return CallResult(ok=False, value=call.fault)
    try:
        return await sessions.call(conversation, call.call)
    except Exception as error:  # the same edge: one call that fails must not take the others' answers along
        return CallResult(ok=False, value=_told(error))


def _told(error: Exception) -> str:
    if not isinstance(error, MidcallError):
        log.error("unexpected_error", exc_info=error)
        return UNEXPECTED
    return "; ".join([error.message, *(f"{fault.loc}: {fault.msg}" for fault in error.faults)])

"""`/v1/adapters/{id}/inbound` and `/events`: Retell's and UponAI's webhooks."""

from fastapi import APIRouter

from midcall.compat.bodies import body_of
from midcall.compat.deliveries import RETELL_SIGNATURE, FromRetell
from midcall.compat.shapes import RetellInboundShape, Taken
from midcall.domain.session import SessionStatus
from midcall.domain.variables import values
from midcall.vendors import retell
from midcall.vendors.conversation import Ending
from midcall.web.common import PROBLEMS
from midcall.web.json_response import AsciiJsonResponse

router = APIRouter(prefix="/v1", tags=["retell"], responses=PROBLEMS, dependencies=[RETELL_SIGNATURE])


@router.post(
    "/adapters/{adapter_id}/inbound",
    response_model=RetellInboundShape,
    openapi_extra=body_of("`call_inbound`, signed in `X-Retell-Signature`"),
)
async def retell_inbound(admitted: FromRetell) -> AsciiJsonResponse:
    """Start a session for a call that comes in; pre-session functions decide about it. Retell waits 10 s."""
    adapter = admitted.adapter
    signature = admitted.delivery.signature
    conversation = await admitted.read(lambda body: retell.inbound(body, adapter=adapter.id, signature=signature))
    session = await admitted.sessions.start(conversation)
    refused = session.status is SessionStatus.TERMINATED
    answer = retell.inbound_answer(
        session.session_id,
        values(session.variables),
        agent=adapter.vendor_agent,
        refused=refused,
        reason=session.reason,
    )
    return AsciiJsonResponse(answer)


@router.post(
    "/adapters/{adapter_id}/events",
    response_model=Taken,
    openapi_extra=body_of("`{event, call}`, signed in `X-Retell-Signature`"),
)
async def retell_event(admitted: FromRetell) -> AsciiJsonResponse:
    """Take an event: `call_started` starts the session, `call_ended` ends it, `call_analyzed` brings the analysis."""
    told = await admitted.read(retell.event)
    if isinstance(told, Ending):
        await admitted.sessions.end(told)
    elif told is not None:
        await admitted.sessions.start(told)
    return AsciiJsonResponse({})

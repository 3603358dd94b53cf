"""`/v1/adapters/{id}/initiation` and `/post-call`: ElevenLabs' webhooks."""

from fastapi import APIRouter

from midcall.compat.bodies import body_of
from midcall.compat.deliveries import ELEVENLABS_SIGNATURE, MIDCALL_SECRET, FromElevenLabs, SignedByElevenLabs
from midcall.compat.shapes import ElevenLabsInitiationShape, Taken
from midcall.domain.session import SessionStatus
from midcall.domain.variables import values
from midcall.vendors import elevenlabs
from midcall.web.common import PROBLEMS
from midcall.web.json_response import AsciiJsonResponse

router = APIRouter(prefix="/v1", tags=["elevenlabs"], responses=PROBLEMS)


@router.post(
    "/adapters/{adapter_id}/initiation",
    response_model=ElevenLabsInitiationShape,
    dependencies=[MIDCALL_SECRET],
    openapi_extra=body_of("`{caller_id, agent_id, called_number, call_sid}`; the secret in `X-Midcall-Secret`"),
)
async def elevenlabs_initiation(admitted: FromElevenLabs) -> AsciiJsonResponse:
    """Start a session for a telephone call; a refusal is told the agent in `midcall_refused`."""
    session = await admitted.sessions.start(await admitted.read(elevenlabs.initiation))
    refused = session.status is SessionStatus.TERMINATED
    return AsciiJsonResponse(
        elevenlabs.initiation_answer(values(session.variables), refused=refused, reason=session.reason)
    )


@router.post(
    "/adapters/{adapter_id}/post-call",
    response_model=Taken,
    dependencies=[ELEVENLABS_SIGNATURE],
    openapi_extra=body_of("`post_call_transcription`, signed in `ElevenLabs-Signature`"),
)
async def elevenlabs_post_call(admitted: SignedByElevenLabs) -> AsciiJsonResponse:
    """End a session with transcript and analysis; other webhooks are only acknowledged."""
    ending = await admitted.read(elevenlabs.post_call)
    if ending is not None:
        await admitted.sessions.end(ending)
    return AsciiJsonResponse({})

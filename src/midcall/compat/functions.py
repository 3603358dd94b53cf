"""`/v1/adapters/{id}/functions/{name}`: Retell's custom functions and ElevenLabs' server tools, an address each."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from midcall.compat.bodies import body_of
from midcall.compat.deliveries import MIDCALL_SECRET, RETELL_SIGNATURE, AdmittedDelivery, FunctionCaller
from midcall.compat.shapes import ResultShape
from midcall.domain.adapter import Vendor
from midcall.vendors import elevenlabs, retell
from midcall.vendors.conversation import Conversation, FunctionCall
from midcall.vendors.reading import CONVERSATION_HEADER
from midcall.vendors.writing import as_object
from midcall.web.common import PROBLEMS, FunctionNameParam
from midcall.web.json_response import AsciiJsonResponse

router = APIRouter(
    prefix="/v1", tags=["retell", "elevenlabs"], responses=PROBLEMS, dependencies=[RETELL_SIGNATURE, MIDCALL_SECRET]
)


@router.post(
    "/adapters/{adapter_id}/functions/{name}",
    response_model=ResultShape,
    openapi_extra=body_of("retell: `{name, call, args}` or the arguments, signed; elevenlabs: the arguments"),
)
async def call_by_vendor(name: FunctionNameParam, admitted: FunctionCaller) -> AsciiJsonResponse:
    """Call a function of the adapter's agent; a session that is not there yet is started first.

    The answer is the result itself if it has names or is a list, else `{"result": …}`; a call that is refused or fails
    is `{"error": …}`, with what the LLM should know or say.
    """
    conversation, call = await admitted.read(_reader(name, admitted))
    return AsciiJsonResponse(as_object(await admitted.sessions.call(conversation, call)))


def _reader(name: str, admitted: AdmittedDelivery) -> Callable[[Any], tuple[Conversation, FunctionCall]]:
    headers = admitted.delivery.headers
    if admitted.adapter.vendor is Vendor.ELEVENLABS:
        return lambda body: elevenlabs.tool_call(body, name, headers)
    return lambda body: retell.function_call(
        body,
        name,
        session=headers.get(CONVERSATION_HEADER),
        adapter=admitted.adapter.id,
        signature=admitted.delivery.signature,
    )

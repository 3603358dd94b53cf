"""Who a vendor's delivery comes from: its secret before its body, its signature over the raw bytes, before a parse."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Request
from fastapi.security import APIKeyHeader

from midcall.compat.adapter_sessions import AdapterSessions
from midcall.domain.adapter import Adapter, Vendor
from midcall.domain.on_behalf import OWNER
from midcall.domain.proof import Delivery, DeliveryProof
from midcall.web.common import InThreads, TraceId
from midcall.web.intake import SURE_S, parsed
from midcall.web.services import Use

T = TypeVar("T")

#: Of any shape: what could be no id at all gets the answer of one that is not there.
DeliveryAdapterId = Annotated[str, Path(description="the adapter's id")]


def _scheme(header: str, description: str) -> Any:
    """Describe a proof in OpenAPI; it is checked when a delivery is admitted."""
    return Depends(APIKeyHeader(name=header, scheme_name=header, description=description, auto_error=False))


RETELL_SIGNATURE = _scheme("X-Retell-Signature", "`v=<unix ms>,d=<hex>`, HMAC-SHA256 over body and milliseconds")
ELEVENLABS_SIGNATURE = _scheme("ElevenLabs-Signature", "`t=<unix s>,v0=<hex>`, HMAC-SHA256 over `t.body`")
VAPI_SECRET = _scheme("X-Vapi-Secret", "the adapter's secret; or as `Authorization: Bearer`")
MIDCALL_SECRET = _scheme("X-Midcall-Secret", "the adapter's secret; or as `Authorization: Bearer`")


@dataclass(frozen=True, slots=True)
class AdmittedDelivery:
    """A delivery that has shown what it had to."""

    adapter: Adapter
    delivery: Delivery
    sessions: AdapterSessions

    async def read(self, read: Callable[[Any], T]) -> T:
        """Parse the body and hand it to a reader, in a thread: it may be 16 MB. A body of no bytes is None.

        Raises BadJson, and what the reader raises.
        """
        body = self.delivery.body
        found: T = await self.sessions.in_thread(lambda: read(parsed(body) if body else None))
        return found


def admitting(proofs: Mapping[Vendor, DeliveryProof]) -> Callable[..., Awaitable[AdmittedDelivery]]:
    """Make a dependency that lets in what shows the proof of its adapter's vendor, and nothing else."""

    async def admitted(
        adapter_id: DeliveryAdapterId, request: Request, use: Use, in_thread: InThreads, trace: TraceId
    ) -> AdmittedDelivery:
        headers, began = dict(request.headers), asyncio.get_running_loop().time()
        known = await in_thread(use.adapters.admit_by_headers, adapter_id, proofs, headers)
        if known is not None:
            request.state.hold.belong_to(known[1].workspace_id)
        delivery = Delivery(headers=headers, body=await request.body())
        if known is None or asyncio.get_running_loop().time() - began > SURE_S:
            known = await in_thread(use.adapters.admit, adapter_id, proofs, delivery)
        adapter, caller = known
        OWNER.set(caller.workspace_id)
        request.app.state.rates.take(caller)
        request.state.hold.belong_to(caller.workspace_id)
        return AdmittedDelivery(adapter, delivery, AdapterSessions(use, caller, adapter, in_thread, trace))

    return admitted


FromVapi = Annotated[AdmittedDelivery, Depends(admitting({Vendor.VAPI: DeliveryProof.VAPI_SECRET}))]
FromRetell = Annotated[AdmittedDelivery, Depends(admitting({Vendor.RETELL: DeliveryProof.RETELL_SIGNATURE}))]
FromElevenLabs = Annotated[AdmittedDelivery, Depends(admitting({Vendor.ELEVENLABS: DeliveryProof.MIDCALL_SECRET}))]
SignedByElevenLabs = Annotated[
    AdmittedDelivery, Depends(admitting({Vendor.ELEVENLABS: DeliveryProof.ELEVENLABS_SIGNATURE}))
]
FunctionCaller = Annotated[
    AdmittedDelivery,
    Depends(
        admitting({Vendor.RETELL: DeliveryProof.RETELL_SIGNATURE, Vendor.ELEVENLABS: DeliveryProof.MIDCALL_SECRET})
    ),
]

"""Shapes of the answers to vendors, for OpenAPI; `midcall.vendors` writes them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

#: A function's result as it is, if it has names or is a list; else under `result`. `error` where there is none.
ResultShape = dict[str, Any] | list[Any]


class Taken(BaseModel):
    """The delivery was taken; there is nothing to say."""


class RetellInbound(BaseModel):
    """What Retell reads of it; variables are text."""

    dynamic_variables: dict[str, str]
    metadata: dict[str, str]
    override_agent_id: str | None = None


class RetellInboundShape(BaseModel):
    """The answer to Retell's inbound webhook."""

    call_inbound: RetellInbound


class ElevenLabsInitiationShape(BaseModel):
    """The answer to ElevenLabs' initiation webhook."""

    type: Literal["conversation_initiation_client_data"]
    dynamic_variables: dict[str, str | int | float | bool]


class VapiResult(BaseModel):
    """What one tool call came to: `result` or `error`, a line of text each."""

    toolCallId: str  # noqa: N815 (Vapi's own names)
    name: str
    result: str | None = None
    error: str | None = None


class VapiShape(BaseModel):
    """The answer to a message of Vapi's, by its type; empty where none is expected."""

    model_config = ConfigDict(title="VapiAnswer")

    results: list[VapiResult] | None = None
    assistantId: str | None = None  # noqa: N815
    assistantOverrides: dict[str, Any] | None = None  # noqa: N815
    error: str | None = None

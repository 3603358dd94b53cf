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


class VocobaseField(BaseModel):
    """One field; `jsonSchema` where its type is custom."""

    name: str
    type: Literal["string", "number", "boolean", "string[]", "number[]", "custom"]
    description: str
    required: bool
    jsonSchema: dict[str, Any] | None = None  # noqa: N815 (Vocobase's own name)


class VocobaseFunction(BaseModel):
    """A function as Vocobase shows it; `status` is that of its latest version."""

    id: str
    name: str
    description: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    header_keys: list[str]
    input_schema: list[VocobaseField]
    output_schema: list[VocobaseField]
    timeout: int
    started_messages: list[str]
    error_message: str | None
    status: Literal["draft", "approved", "changes_requested", "pending_approval", "rejected"]
    created_at: str
    updated_at: str


class VocobaseShape(BaseModel):
    """One function."""

    success: Literal[True]
    data: VocobaseFunction


class VocobaseListShape(BaseModel):
    """Functions."""

    success: Literal[True]
    data: list[VocobaseFunction]
    next_cursor: str | None


class VocobaseDeleted(BaseModel):
    """What was deleted."""

    id: str
    deleted: Literal[True]


class VocobaseDeletedShape(BaseModel):
    """The answer to a deletion."""

    success: Literal[True]
    data: VocobaseDeleted


class VocobaseFault(BaseModel):
    """One fault: which field, and what to do."""

    field: str
    message: str


class VocobaseError(BaseModel):
    """What was wrong; `code` is a stable word."""

    code: str
    message: str
    details: list[VocobaseFault]
    request_id: str


class VocobaseErrorShape(BaseModel):
    """The answer to a call that was wrong."""

    success: Literal[False]
    error: VocobaseError


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

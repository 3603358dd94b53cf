"""SubVerse's agent triggers: an agent calls somebody, or writes to them by chat or email.

Options are those of SubVerse's actions. Its base URL is the operator's to set, since the triggers may also be another
platform's that speaks the same. The call's path is that of SubVerse's REST reference ("Trigger Call": POST
/call/trigger below https://api.subverseai.com/api, header `x-api-key`). Nothing that we have read names a path for chat
and email: theirs are ours, made like it.
"""

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, JsonValue, Strict, model_validator

from midcall.connectors import grants
from midcall.connectors.fields import (
    EMAIL,
    MAX_EMAIL_CHARS,
    Email,
    OneLineName,
    Phone,
    in_one_line,
    is_clients_fault,
    json_object,
    matching,
)
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, Steps
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse

CALL_PATH = "/call/trigger"
#: No document names these two.
CHAT_PATH, EMAIL_PATH = "/chat/trigger", "/email/trigger"

MAX_TEXT_CHARS = 20_000
MAX_COPIES = 50
#: 1 is the most urgent, says SubVerse.
DEFAULT_PRIORITY, LEAST_PRIORITY = 10, 100
MAX_RETRIES = 100
_FAILED = 400

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+\-]{1,30}(?:/[A-Za-z0-9_+\-]{1,30}){0,2}")


def _moment(value: str) -> str:
    try:
        known = _TIME.fullmatch(value) is not None and datetime.fromisoformat(value) is not None
    except ValueError:
        known = False
    if not known:
        raise ValueError("is no ISO 8601 time with its offset; write it as 2026-08-08T08:14:57Z or …+02:00")
    return value


def _zone(value: str) -> str:
    try:
        known = _ZONE.fullmatch(value) is not None and ZoneInfo(value) is not None
    except (KeyError, ValueError, IsADirectoryError, PermissionError):
        known = False
    except (OSError, ImportError):
        # Where no file may be opened, as in the review's processes, nobody can tell; the call itself is checked again.
        known = True
    if not known:
        raise ValueError("is no IANA time zone; write one such as Europe/Berlin or Asia/Kolkata")
    return value


def _copies(value: JsonValue) -> JsonValue:
    addresses = value if isinstance(value, list) else [value]
    if not 1 <= len(addresses) <= MAX_COPIES:
        raise ValueError(f"has to have between 1 and {MAX_COPIES} addresses")
    if not all(isinstance(one, str) and len(one) <= MAX_EMAIL_CHARS and re.fullmatch(EMAIL, one) for one in addresses):
        raise ValueError(
            "holds something that is no email address; send one such as ann@example.com, or a list of them"
        )
    return value


Copies = Annotated[JsonValue, AfterValidator(_copies)]
Hour = Annotated[
    str,
    matching(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", "is no time of day; write HH:MM from 00:00 to 23:59, such as 09:00"),
]
Moment = Annotated[str, AfterValidator(_moment)]
Zone = Annotated[str, Field(max_length=100), AfterValidator(_zone)]
PromptText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)]
Metadata = dict[str, JsonValue]


class CallOptions(Options):
    """What the agent begins with: `initial_message` is said first, `additional_context` is for the agent alone."""

    initial_message: PromptText | None = None
    additional_context: PromptText | None = None


class CallOutboundTrigger(Options):
    """Let an agent call a telephone number, now or at a time.

    `phone_number` and `agent_number` (what is called from) are E.164; `schedule_time` is ISO 8601 with its offset.
    Calls are made between `start_working_hour` and `end_working_hour` (HH:MM) of `timezone`. Of `call_priority`, 1 is
    the most urgent and 100 the least.
    """

    phone_number: Phone
    agent_name: OneLineName
    agent_number: Phone | None = None
    metadata: Metadata | None = None
    schedule_time: Moment | None = None
    start_working_hour: Hour | None = None
    end_working_hour: Hour | None = None
    timezone: Zone | None = None
    no_of_retries: Annotated[int, Strict(), Field(ge=0, le=MAX_RETRIES)] = 0
    call_priority: Annotated[int, Strict(), Field(ge=1, le=LEAST_PRIORITY)] = DEFAULT_PRIORITY
    options: CallOptions | None = None


class WhatsappOptions(Options):
    """What is written: `say` sends `message`, `prompt` lets the agent write by it, `template` sends `template_id`."""

    message_type: Literal["say", "prompt", "template"]
    message: PromptText | None = None
    additional_context: PromptText | None = None
    template_id: OneLineName | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.message_type == "template" and self.template_id is None:
            raise ValueError('template_id is required where message_type is "template"; add it')
        if self.message_type != "template" and self.message is None:
            raise ValueError(f'message is required where message_type is "{self.message_type}"; add it')
        if self.message_type != "template" and self.template_id is not None:
            raise ValueError('template_id goes with message_type "template" alone; remove it')
        return self


class ChatTrigger(Options):
    """Let an agent write to somebody by chat, such as WhatsApp.

    `communication_channel` names the channel that is written from; `customer_number` is E.164, `schedule_time` ISO 8601
    with its offset.
    """

    communication_channel: OneLineName
    customer_number: Phone
    whatsapp_options: WhatsappOptions
    metadata: Metadata | None = None
    schedule_time: Moment | None = None
    agent_name: OneLineName | None = None


class EmailOptions(Options):
    """What is written: `say` sends `subject` and `body`, with `prompt` the agent writes by `body`."""

    message_type: Literal["say", "prompt"]
    subject: Annotated[str, Field(min_length=1, max_length=998)] | None = None
    body: PromptText | None = None
    additional_context: PromptText | None = None
    reply_to: Email | None = None
    cc: Copies | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.body is None:
            raise ValueError(f'body is required where message_type is "{self.message_type}"; add it')
        if self.message_type == "say" and self.subject is None:
            raise ValueError('subject is required where message_type is "say"; add it')
        return self


class EmailTrigger(Options):
    """Let an agent write an email.

    `communication_channel` names the channel that is written from; `schedule_time` is ISO 8601 with its offset.
    """

    communication_channel: OneLineName
    customer_email: Email
    email_options: EmailOptions
    metadata: Metadata | None = None
    schedule_time: Moment | None = None


def _trigger(path: str, options: Options) -> Steps:
    # Never sent twice after a lost connection or a 5xx: somebody's telephone would ring twice.
    answer = yield ApiRequest(
        "POST",
        path,
        json=options.model_dump(mode="json", by_alias=True, exclude_none=True),
        repeatable=False,
        sees=is_clients_fault,
    )
    value = json_object(answer, "the agent API") if answer.status < _FAILED else answer.value
    code = value.get("responseCode", answer.status) if isinstance(value, dict) else answer.status
    # The answer's own code is believed where it is worse than the status.
    if answer.status >= _FAILED or (isinstance(code, int) and code >= _FAILED):
        raise _refused(answer, code if isinstance(code, int) else answer.status)
    return {"responseCode": code, "data": value.get("data")}


def _refused(answer: HttpResponse, status: int) -> ActionFailed:
    said = answer.value.get("message") if isinstance(answer.value, dict) else None
    text = f"the agent API refused ({status})" + (f": {in_one_line(said)}" if isinstance(said, str) and said else "")
    if status in {401, 403}:
        text += "; look at the credential's x-api-key"
    return ActionFailed(text, code="refused", status=answer.status, body=answer.value)


def _call(options: CallOutboundTrigger, _account: Account) -> Steps:
    return _trigger(CALL_PATH, options)


def _chat(options: ChatTrigger, _account: Account) -> Steps:
    return _trigger(CHAT_PATH, options)


def _email(options: EmailTrigger, _account: Account) -> Steps:
    return _trigger(EMAIL_PATH, options)


_SESSION = '{"responseCode": 200, "data": {"sessionId": …}}'

CONNECTOR = Connector(
    name="agent",
    title="Agent triggers",
    summary="Lets an agent call somebody, or write to them by chat or email (SubVerse's agent triggers).",
    base_url=None,
    credentials={CredentialType.HEADER: grants.own_header},
    source="https://docs.subverseai.com/integrations/agentic-functions/custom-function-actions",
    operations={
        "call_outbound_trigger": Operation(
            CallOutboundTrigger,
            _call,
            returns='{"responseCode": 200, "data": {"jobId": …}}',
            example='actions.agent.call_outbound_trigger({"phoneNumber": "+4930123456", "agentName": "collections", '
            '"metadata": {"name": "Ann"}, "scheduleTime": "2026-08-08T08:14:57Z", "startWorkingHour": "09:00", '
            '"endWorkingHour": "18:00", "timezone": "Europe/Berlin", "noOfRetries": 2, "callPriority": 5, '
            '"options": {"initialMessage": "Hello Ann"}})',
        ),
        "chat_trigger": Operation(
            ChatTrigger,
            _chat,
            returns=_SESSION,
            example='actions.agent.chat_trigger(communication_channel="support-whatsapp", '
            'customer_number="+4930123456", '
            'whatsapp_options={"messageType": "template", "templateId": "order_update"})',
        ),
        "email_trigger": Operation(
            EmailTrigger,
            _email,
            returns=_SESSION,
            example='actions.agent.email_trigger(communication_channel="support-email", '
            'customer_email="ann@example.com", email_options={"messageType": "say", "subject": "Your order", '
            '"body": "It is on its way."})',
        ),
    },
)

"""WhatsApp's Cloud API: send a text, send a template.

Source: developers.facebook.com (Cloud API messages, error codes, Graph API changelog). Free text reaches only who wrote
within the last 24 hours; a template that WhatsApp approved reaches everybody who may be written to.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, Field, JsonValue, StrictBool

from midcall.connectors import grants
from midcall.connectors.fields import Phone, in_one_line, is_clients_fault, json_object, matching
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, Steps, path
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse

#: The Graph API's latest as of November 2026: since 2026-07-29, by its changelog; a version lives two years.
VERSION = "v26.0"
MAX_TEXT_CHARS = 4_096
MAX_COMPONENTS = 20
#: Where a throttled answer names no time.
PAUSE_MS = 1_000
_FAILED = 400
#: Codes of errors that say "too many requests"; they come with a 400 as well. Nothing was sent.
THROTTLED = frozenset({4, 80_007, 130_429, 131_056})

#: What to do about the errors that people meet, by their code.
CURES: Mapping[int, str] = {
    0: "the token is not valid; save the credential again with a new one",
    10: "the token lacks a permission; give its app whatsapp_business_messaging",
    100: "look at the options, and at the credential's phone_number_id",
    190: "the token has expired; save the credential again with a system user's token, which does not",
    131_026: "the number may have no WhatsApp, or an old one; reach them in another way",
    131_030: "with a test number, first add the recipient to its list of allowed numbers",
    131_047: "more than 24 hours have passed since they wrote; send a template instead",
    132_000: "give as many parameters as the template has placeholders",
    132_001: "look at the template's name and language; both must be as they were approved",
    132_012: "give the template's parameters in the form that it was approved with",
}

Language = Annotated[str, matching(r"[a-z]{2,3}(_[A-Za-z0-9]{2,4})?", "is no language code; write one such as en_US")]
TemplateName = Annotated[
    str, matching(r"[a-z0-9_]{1,512}", "is no template's name; those have small letters, digits and _")
]


class SendText(Options):
    """Send a text to somebody who wrote within the last 24 hours.

    `to` is E.164; `text` (or `body`) has 4,096 characters at most; `preview_url` shows a preview of its first link.
    """

    to: Phone
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)] = Field(
        validation_alias=AliasChoices("text", "body")
    )
    preview_url: StrictBool = False


class SendTemplate(Options):
    """Send a template that WhatsApp approved.

    `to` is E.164; `language` is the template's (`en_US`); `components` fill its placeholders, as the Cloud API writes
    them: `[{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]`.
    """

    to: Phone
    name: TemplateName
    language: Language
    components: Annotated[list[dict[str, JsonValue]], Field(max_length=MAX_COMPONENTS)] = Field(default_factory=list)


def _send_text(options: SendText, account: Account) -> Steps:
    return _send(
        options.to, {"type": "text", "text": {"body": options.text, "preview_url": options.preview_url}}, account
    )


def _send_template(options: SendTemplate, account: Account) -> Steps:
    template: dict[str, Any] = {"name": options.name, "language": {"code": options.language}}
    if options.components:
        template["components"] = options.components
    return _send(options.to, {"type": "template", "template": template}, account)


def _send(to: str, message: Mapping[str, Any], account: Account) -> Steps:
    # Never sent twice after a lost connection or a 5xx: the first may have arrived.
    answer = yield ApiRequest(
        "POST",
        path(f"/{VERSION}/{{}}/messages", account["phone_number_id"]),
        json={"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, **message},
        repeatable=False,
        sees=is_clients_fault,
        throttled=_throttled,
    )
    value = _said(answer)
    messages, contacts = _first(value.get("messages")), _first(value.get("contacts"))
    return {"id": messages.get("id"), "status": messages.get("message_status"), "waId": contacts.get("wa_id")}


def _throttled(answer: HttpResponse) -> int | None:
    return PAUSE_MS if answer.status >= _FAILED and _code(answer) in THROTTLED else None


def _error(answer: HttpResponse) -> Mapping[str, Any]:
    error = answer.value.get("error") if isinstance(answer.value, dict) else None
    return error if isinstance(error, dict) else {}


def _code(answer: HttpResponse) -> int | None:
    code = _error(answer).get("code")
    return code if isinstance(code, int) else None


def _first(value: Any) -> Mapping[str, Any]:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _said(answer: HttpResponse) -> dict[str, Any]:
    """Return what WhatsApp answered; raises ActionFailed with its error and the cure."""
    error = _error(answer)
    if answer.status < _FAILED and not error:
        return json_object(answer, "WhatsApp")
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    parts = [in_one_line(part) for part in (error.get("message"), details) if isinstance(part, str) and part]
    code = _code(answer)
    text = f"WhatsApp refused ({answer.status})" + (f": {': '.join(parts)}" if parts else "")
    if code in THROTTLED:
        raise ActionFailed(f"{text}; send less often", code="throttled", status=answer.status, body=answer.value)
    cure = None if code is None else CURES.get(code)
    raise ActionFailed(text + (f"; {cure}" if cure else ""), code="refused", status=answer.status, body=answer.value)


def _check(account: Account) -> Steps:
    answer = yield ApiRequest("GET", path(f"/{VERSION}/{{}}", account["phone_number_id"]), sees=is_clients_fault)
    value = _said(answer)
    return {name: value.get(name) for name in ("display_phone_number", "verified_name")}


CONNECTOR = Connector(
    name="whatsapp",
    title="WhatsApp",
    summary="Texts and templates by WhatsApp's Cloud API, from the credential's number.",
    base_url="https://graph.facebook.com",
    credentials={CredentialType.WHATSAPP: grants.bearer("access_token")},
    check=_check,
    source="https://developers.facebook.com/documentation/business-messaging/whatsapp",
    operations={
        "send_text": Operation(
            SendText,
            _send_text,
            positional=("to", "text"),
            returns='{"id": "wamid.…", "status": None, "waId": "4930123456"}',
            example='actions.whatsapp.send_text("+4930123456", "Your parcel is on its way.")',
        ),
        "send_template": Operation(
            SendTemplate,
            _send_template,
            returns='{"id": "wamid.…", "status": "accepted", "waId": "4930123456"}',
            example='actions.whatsapp.send_template({"to": "+4930123456", "name": "order_update", "language": "en_US", '
            '"components": [{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]})',
        ),
    },
)

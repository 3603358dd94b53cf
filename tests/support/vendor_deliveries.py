"""What vendors' own code says of deliveries and answers. Runs in `.venv-vendors`, which has that and not midcall.

Reads `{sign, check, answers, calls}` as JSON from standard input: bodies for Retell's SDK to sign, ElevenLabs'
signatures to check, answers to Vapi's tool calls and Retell's call objects to hold against the types. Writes, under the
same names, the signatures, and for each of the others what is wrong with it, or null.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from elevenlabs.errors import BadRequestError
from elevenlabs.webhooks_custom import WebhooksClient
from pydantic import TypeAdapter
from retell.lib.webhook_auth import symmetric
from retell.types import PhoneCallResponse
from vapi.types.server_message_response_tool_calls import ServerMessageResponseToolCalls


def fault_of(check: Callable[[], Any], *errors: type[Exception]) -> str | None:
    """Return what a check raises."""
    try:
        check()
    except errors as error:
        return str(error)
    return None


def strictly(kind: Any, value: Any) -> str | None:
    """Hold a value against a type that takes no other field and converts nothing."""
    kind = TypeAdapter(kind)
    return fault_of(lambda: kind.validate_python(value, strict=True, extra="forbid", by_alias=True), ValueError)


def genuine(message: dict[str, str]) -> str | None:
    """Have ElevenLabs' SDK check a signature."""
    body, header, secret = message["body"], message["header"], message["secret"]
    construct: Any = WebhooksClient.construct_event
    return fault_of(lambda: construct(None, body, header, secret), BadRequestError)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    found = {
        "sign": [symmetric["sign"](one["body"], one["secret"]) for one in asked["sign"]],
        "check": [genuine(message) for message in asked["check"]],
        "answers": [strictly(ServerMessageResponseToolCalls, answer) for answer in asked["answers"]],
        "calls": [strictly(PhoneCallResponse, call) for call in asked["calls"]],
    }
    json.dump(found, sys.stdout)

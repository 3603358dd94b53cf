"""WhatsApp's Cloud API as developers.facebook.com has it: Graph paths, Graph errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.target import Received, Reply, Target, replying, target

TOKEN = "EAAJB-token-of-a-system-user"  # noqa: S105 (no real one)
NUMBER_ID = "106540352242922"

_PATH = re.compile(r"/v[0-9]{2}\.[0-9]/(?P<id>[^/]+)(?P<messages>/messages)?")


@dataclass
class WhatsappApi:
    """One business number."""

    http: Target
    sent: list[Any] = field(default_factory=list)
    throttled: int = 0
    #: How too many requests are answered: 429 with the code 130429, or 400 with the code 4.
    throttle_status: int = 429
    #: Who may be written to, and who wrote within the last 24 hours.
    allowed: frozenset[str] = frozenset({"+16505551234", "+16505550000"})
    in_window: frozenset[str] = frozenset({"+16505551234"})
    #: Name and language of approved templates, and how many parameters their bodies take.
    templates: dict[tuple[str, str], int] = field(default_factory=lambda: {("order_update", "en_US"): 1})

    @property
    def url(self) -> str:
        """The base URL."""
        return self.http.url

    def answer(self, request: Received) -> Reply:
        """Answer one request."""
        if self.throttled:
            self.throttled -= 1
            return self._throttled()
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _failed(401, 190, "Invalid OAuth access token - Cannot parse access token")
        match = _PATH.fullmatch(request.path.partition("?")[0])
        if match is None or match["id"] != NUMBER_ID:
            return _failed(400, 100, "Unsupported request. Object does not exist or lacks permissions", subcode=33)
        if request.method == "GET" and not match["messages"]:
            return replying({"verified_name": "Jasper's Market", "display_phone_number": "+1 631-555-5555"})
        if request.method != "POST" or not match["messages"]:
            return _failed(400, 100, "Unsupported request")
        return self._send(request.json)

    def _throttled(self) -> Reply:
        if self.throttle_status == 429:
            return _failed(429, 130429, "(#130429) Rate limit hit", "Message failed to send: too many messages")
        return _failed(400, 4, "(#4) Application request limit reached")

    def _send(self, message: Any) -> Reply:
        to = message.get("to", "")
        if message.get("messaging_product") != "whatsapp":
            return _failed(400, 100, "(#100) The parameter messaging_product is required.")
        if to not in self.allowed:
            details = "Recipient phone number not in allowed list: Add recipient phone number to recipient list"
            return _failed(400, 131030, "(#131030) Recipient phone number not in allowed list", details)
        if message.get("type") == "text" and to not in self.in_window:
            details = "More than 24 hours have passed since the recipient last replied to the sender number."
            return _failed(400, 131047, "(#131047) Re-engagement message", details)
        if message.get("type") == "template":
            refusal = self._template(message["template"])
            if refusal is not None:
                return refusal
        self.sent.append(message)
        number = to.removeprefix("+")
        accepted = {"message_status": "accepted"} if message["type"] == "template" else {}
        return replying(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": number}],
                "messages": [{"id": f"wamid.HBgL{len(self.sent):08}", **accepted}],
            }
        )

    def _template(self, template: Any) -> Reply | None:
        wanted = self.templates.get((template["name"], template["language"]["code"]))
        if wanted is None:
            details = f"template name ({template['name']}) does not exist in {template['language']['code']}"
            return _failed(404, 132001, "(#132001) Template name does not exist in the translation", details)
        given = sum(len(each["parameters"]) for each in template.get("components", ()) if each["type"] == "body")
        if given != wanted:
            details = f"body: number of localizable_params ({given}) does not match the expected number ({wanted})"
            return _failed(400, 132000, "(#132000) Number of parameters does not match the expected number", details)
        return None


def _failed(status: int, code: int, message: str, details: str = "", subcode: int | None = None) -> Reply:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if subcode is not None:
        error["error_subcode"] = subcode
    return replying({"error": {**error, "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam"}}, status)


@contextmanager
def whatsapp_api() -> Iterator[WhatsappApi]:
    """Serve it."""
    with target() as http:
        api = WhatsappApi(http)
        http.answer = api.answer
        yield api

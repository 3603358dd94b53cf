"""The agent API as SubVerse documents it: `x-api-key`, JSON in, `{responseCode, message, data}` out, on loopback."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.target import Received, Reply, Target, replying, target

KEY = "sv-key-7f3a9c"

#: What each trigger must come with, and what its answer's data is called.
TRIGGERS: Mapping[str, tuple[frozenset[str], str]] = {
    "/call/trigger": (frozenset({"phoneNumber", "agentName"}), "jobId"),
    "/chat/trigger": (frozenset({"communicationChannel", "customerNumber", "whatsappOptions"}), "sessionId"),
    "/email/trigger": (frozenset({"communicationChannel", "customerEmail", "emailOptions"}), "sessionId"),
}


@dataclass
class AgentApi:
    """The service: what was triggered, and how many of the next requests are too many."""

    http: Target
    triggered: list[tuple[str, Any]] = field(default_factory=list)
    throttled: int = 0
    #: Agents that exist; all others are refused in a 200.
    agents: frozenset[str] = frozenset({"collections"})

    @property
    def url(self) -> str:
        """The base URL."""
        return self.http.url

    def answer(self, request: Received) -> Reply:
        """Answer one request."""
        if self.throttled:
            self.throttled -= 1
            return replying({"responseCode": 429, "message": "Too many requests"}, 429, **{"retry-after": "1"})
        if request.headers.get("x-api-key") != KEY:
            return replying({"responseCode": 401, "message": "Invalid API key", "data": None}, 401)
        if request.method != "POST" or request.path not in TRIGGERS:
            return replying({"responseCode": 404, "message": "Not found", "data": None}, 404)
        return self._trigger(request)

    def _trigger(self, request: Received) -> Reply:
        required, name = TRIGGERS[request.path]
        try:
            body = request.json
        except json.JSONDecodeError:
            return replying({"responseCode": 400, "message": "Body is not JSON", "data": None}, 400)
        missing = sorted(required - set(body))
        if missing:
            return replying({"responseCode": 400, "message": f"{missing[0]} is required", "data": None}, 400)
        if body.get("agentName", "collections") not in self.agents:
            return replying({"responseCode": 404, "message": "Agent not found", "data": None})
        self.triggered.append((request.path, body))
        data = {name: f"{name}-{len(self.triggered)}"}
        return replying({"responseCode": 200, "message": "Triggered successfully", "data": data})


@contextmanager
def agent_api() -> Iterator[AgentApi]:
    """Serve it."""
    with target() as http:
        api = AgentApi(http)
        http.answer = api.answer
        yield api

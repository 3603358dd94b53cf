"""Vendors as they call over HTTP: each signs, or sends its secret, as its platform does."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from tests.integration.api.sessions import Play
from tests.support.serving import Client

from midcall.domain.ids import new_id
from midcall.domain.signature import sign_elevenlabs, sign_retell

SECRET = "key_0123456789"  # noqa: S105

Json = dict[str, Any]


@dataclass
class Platform:
    """One vendor's platform, for one adapter."""

    client: Client
    vendor: str
    adapter: str
    secret: str = SECRET

    def post(
        self, path: str, body: Any, *, headers: Json | None = None, secret: str | None = None, at_s: float | None = None
    ) -> httpx.Response:
        """Send a body to a path below the adapter; bytes go as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        at_s, secret = time.time() if at_s is None else at_s, secret or self.secret
        proof = {
            "retell": {"x-retell-signature": sign_retell(secret, at_ms=round(at_s * 1000), body=raw)},
            "vapi": {"x-vapi-secret": secret},
            "elevenlabs": {
                "x-midcall-secret": secret,
                "elevenlabs-signature": sign_elevenlabs(secret, at_s=round(at_s), body=raw),
            },
        }
        whole = {"content-type": "application/json", **proof[self.vendor], **(headers or {})}
        return self.client.send("POST", f"/v1/adapters/{self.adapter}{path}", content=raw, headers=whole)

    def ok(self, path: str, body: Any, **options: Any) -> Any:
        """Send a body, and expect success; returns the JSON of the answer."""
        response = self.post(path, body, **options)
        assert response.status_code == 200, response.text
        return response.json()


def connect(play: Play, vendor: str, *, agent: str = "desk", **more: Any) -> Platform:
    """Make an adapter for an agent; returns its vendor's platform."""
    adapter = new_id("ad").replace("_", "-")[:40]
    play.admin.ok("PUT", f"/v1/adapters/{adapter}", {"vendor": vendor, "agent": agent, "secret": SECRET, **more})
    return Platform(play.served.client(None), vendor, adapter)

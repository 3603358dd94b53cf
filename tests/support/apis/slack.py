"""Slack's Web API as docs.slack.dev has it: nearly all is a 200 with `ok`, pages have cursors, 429 has Retry-After."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.target import Received, Reply, Target, replying, target

TOKEN = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy"  # noqa: S105 (Slack's own example)


def channel(number: int, **other: Any) -> dict[str, Any]:
    """Make a channel object with the fields that Slack sends."""
    return {
        "id": f"C{number:010}",
        "name": f"channel-{number}",
        "is_channel": True,
        "is_private": False,
        "is_archived": False,
        "is_member": True,
        "creator": "U061F7AUR",
        "topic": {"value": f"topic {number}", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": 4,
        **other,
    }


@dataclass
class SlackApi:
    """A workspace."""

    http: Target
    channels: list[dict[str, Any]] = field(default_factory=lambda: [channel(number) for number in range(1, 8)])
    scopes: frozenset[str] = frozenset({"chat:write", "channels:read", "groups:read"})
    posted: list[Any] = field(default_factory=list)
    throttled: int = 0
    #: What a page holds at most, whatever is asked for: Slack may give fewer than that.
    page: int = 1_000

    @property
    def url(self) -> str:
        """The base URL."""
        return f"{self.http.url}/api"

    def answer(self, request: Received) -> Reply:
        """Answer one request."""
        if self.throttled:
            self.throttled -= 1
            return replying({"ok": False, "error": "ratelimited"}, 429, **{"retry-after": "1"})
        parts = urlsplit(request.path)
        methods = {
            "/api/auth.test": self._auth_test,
            "/api/chat.postMessage": self._post_message,
            "/api/conversations.list": self._list,
        }
        method = methods.get(parts.path)
        if method is None:
            return _failed("unknown_method")
        authorization = request.headers.get("authorization")
        if authorization is None:
            return _failed("not_authed")
        if authorization != f"Bearer {TOKEN}":
            return _failed("invalid_auth")
        is_json = request.headers.get("content-type", "").startswith("application/json")
        return method({**dict(parse_qsl(parts.query)), **(request.json if is_json and request.body else {})})

    def _auth_test(self, _: Mapping[str, Any]) -> Reply:
        return replying(
            {
                "ok": True,
                "url": "https://subarachnoid.slack.com/",
                "team": "Subarachnoid Workspace",
                "user": "bot",
                "team_id": "T0G9PQBBK",
                "user_id": "W23456789",
                "bot_id": "BZYBOTHED",
            }
        )

    def _post_message(self, given: Mapping[str, Any]) -> Reply:
        if "chat:write" not in self.scopes:
            return _failed("missing_scope", needed="chat:write", provided=",".join(sorted(self.scopes)))
        known = {each["id"]: each for each in self.channels}
        found = known.get(str(given.get("channel")))
        if found is None:
            return _failed("channel_not_found")
        if found["is_archived"]:
            return _failed("is_archived")
        if not found["is_member"]:
            return _failed("not_in_channel")
        if not given.get("text") and not given.get("blocks"):
            return _failed("no_text")
        self.posted.append(dict(given))
        ts = f"1503435956.{len(self.posted):06}"
        message = {"type": "message", "subtype": "bot_message", "text": given.get("text"), "ts": ts}
        return replying({"ok": True, "channel": found["id"], "ts": ts, "message": message})

    def _list(self, given: Mapping[str, Any]) -> Reply:
        types = given.get("types", "public_channel").split(",")
        needed = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
        for kind in types:
            if needed.get(kind, "mpim:read") not in self.scopes:
                return _failed("missing_scope", needed=needed.get(kind, "mpim:read"), provided="identify")
        limit = given.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= 999:
            return _failed("invalid_limit")
        try:
            start = int(base64.b64decode(given["cursor"], validate=True)) if given.get("cursor") else 0
        except ValueError:
            return _failed("invalid_cursor")
        shown = [
            each
            for each in self.channels
            if ("private_channel" if each["is_private"] else "public_channel") in types
            and not (given.get("exclude_archived") == "true" and each["is_archived"])
        ]
        end = start + min(int(limit), self.page)
        following = base64.b64encode(str(end).encode()).decode() if end < len(shown) else ""
        return replying({"ok": True, "channels": shown[start:end], "response_metadata": {"next_cursor": following}})


def _failed(error: str, **more: str) -> Reply:
    return replying({"ok": False, "error": error, **more})


@contextmanager
def slack_api() -> Iterator[SlackApi]:
    """Serve it."""
    with target() as http:
        api = SlackApi(http)
        http.answer = api.answer
        yield api

"""The shape of the session body, written down a second time: what code may count on in every run."""

from typing import Any

TEXTS = (
    *("sessionId", "direction", "medium", "communicationChannelName", "communicationChannelId", "recordingUrl"),
    *("createdAt", "time", "llmResponse", "phase", "environment"),
)
OBJECTS = ("agentDetails", "userDetails", "dynamicVariables", "params", "analysis", "contact")
LISTS = ("threadId", "transcript")
PARTS = {"agentDetails": ("id", "name", "version", "number"), "userDetails": ("id", "email", "number")}


def check_shape(body: Any) -> None:
    """Fail for a body that lacks a documented field, or has one of another type."""
    wrong = [name for name in TEXTS if not isinstance(body.get(name), str)]
    wrong += [name for name in OBJECTS if not isinstance(body.get(name), dict)]
    wrong += [name for name in LISTS if not isinstance(body.get(name), list)]
    assert not wrong, {name: body.get(name, "missing") for name in wrong}
    parts = {f"{name}.{part}": body[name].get(part) for name, parts in PARTS.items() for part in parts}
    assert not [path for path, value in parts.items() if not isinstance(value, str)], parts
    assert all(isinstance(each, str) for each in body["threadId"])
    assert type(body["deadlineMs"]) is int
    assert body["direction"] in {"inbound", "outbound"}
    assert body["phase"] in {"pre_session", "during_session", "post_session"}

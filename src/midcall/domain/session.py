"""The session body: what every function is given in every phase (SPEC §3)."""

from collections.abc import Mapping
from typing import Any

from midcall.domain.phases import Phase
from midcall.domain.times import iso


def session_body(
    given: Mapping[str, Any],
    *,
    session_id: str,
    phase: Phase,
    environment: str,
    params: Mapping[str, Any],
    now: int,
    deadline_ms: int,
) -> dict[str, Any]:
    """Complete a session body: fields midcall does not know pass through, its own win over what was sent."""
    moment = iso(now)
    body: dict[str, Any] = {
        "sessionId": session_id,
        "direction": "inbound",
        "medium": "phone",
        "agentDetails": {},
        "userDetails": {},
        "communicationChannelName": "",
        "communicationChannelId": "",
        "threadId": [],
        "recordingUrl": "",
        "createdAt": moment,
        "time": moment,
        "analysis": {},
        "llmResponse": "",
        "transcript": [],
        "contact": {},
        **given,
    }
    variables = given.get("dynamicVariables")
    body["dynamicVariables"] = {"currentTime": moment, **(variables if isinstance(variables, Mapping) else {})}
    body["params"] = dict(params)
    body |= {"phase": phase.value, "environment": environment, "deadlineMs": deadline_ms}
    return body

"""Write values the way vendors take them."""

import json
from collections.abc import Mapping
from typing import Any

from midcall.vendors.conversation import CallResult

#: What an agent's prompt can ask for, beside the variables that functions set.
REFUSED, REASON = "midcall_refused", "midcall_reason"
#: The name under which a vendor's metadata brings our session's id back.
SESSION = "midcall_session"

MAX_REASON = 500
#: What is said where a function terminated a session and gave no reason.
NO_REASON = "This call cannot be taken."


def as_text(value: Any) -> str:
    """Write a value as text: text stays as it is, all else is JSON; nothing is the empty text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def one_line(value: Any) -> str:
    """Write a value as one line of text; null is `null`, for an empty answer reads like none."""
    return " ".join(("null" if value is None else as_text(value)).splitlines())


def as_object(said: CallResult) -> Any:
    """Write what a call came to as JSON: the value itself if it has names or is a list, else under `result`.

    Retell and ElevenLabs show the LLM all of it; paths into it are those into the function's own result.
    """
    if not said.ok:
        return {"error": as_text(said.value)}
    return said.value if isinstance(said.value, dict | list) else {"result": said.value}


def texts(variables: Mapping[str, Any]) -> dict[str, str]:
    """Write dynamic variables as text."""
    return {name: as_text(value) for name, value in variables.items()}


def plain(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Write dynamic variables as text, numbers and booleans."""
    return {
        name: value if isinstance(value, bool | int | float) else as_text(value) for name, value in variables.items()
    }


def told(*, refused: bool, reason: str | None) -> dict[str, str]:
    """Return the variables that tell an agent whether its session was refused, always: some platforms miss none."""
    return {
        REFUSED: "true" if refused else "false",
        REASON: (reason or NO_REASON)[:MAX_REASON] if refused else "",
    }

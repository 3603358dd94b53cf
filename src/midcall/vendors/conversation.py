"""What vendors tell of a conversation, in the words of the session body."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.jsonvalue import canonical


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation as a vendor describes it.

    `ids` are the ids that its session may have, the likeliest first; the last is what a new session is called.
    `fields` are fields of the session body, `variables` the dynamic variables that the platform gave it.
    """

    ids: tuple[str, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call that the vendor's agent makes. `key` is the same for repeats of one call, None if none can be told.

    `overrides` are fields of the session body for this call alone: `transcript` as it is by now, `call` as it was sent.
    """

    name: str
    args: Mapping[str, Any]
    key: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a conversation: what is known of it by then, by the session body's names."""

    conversation: Conversation
    late: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of a call: a value, or the text that tells the LLM why there is none."""

    ok: bool
    value: Any


def key_of(vendor: str, **parts: Any) -> str:
    """Make a key that is the same for the same parts: at most 80 characters, whatever the parts hold."""
    return f"{vendor}:{digest_of(**parts)}"


def digest_of(**parts: Any) -> str:
    """Digest parts: 64 hexadecimal digits."""
    return hashlib.sha256(canonical(parts)).hexdigest()

"""Functions and their immutable versions: names, limits, digests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from midcall.domain.function_config import DEFAULT_TIMEOUT_S, FunctionConfig

NAME_PATTERN = r"^[a-zA-Z_][a-zA-Z0-9_]{0,62}$"
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}")

#: Names of the vendors' built-in integrations (Vocobase's list); an agent could not tell ours from theirs.
RESERVED_NAMES = frozenset(
    {
        "knowledge_base_search",
        "calendar_create_event",
        "calendar_list_events",
        "calendar_update_event",
        "calendar_delete_event",
        "gmail_send_email",
        "gmail_search_emails",
        "slack_send_message",
        "slack_list_channels",
        "add_to_cart",
        "view_cart",
        "clear_cart",
        "checkout",
    }
)

LONG_NAME = 40
SHORT_DESCRIPTION, LONG_DESCRIPTION = 10, 200
DEFAULT_ENVIRONMENT = "production"
#: Seconds that somebody on the line waits for.
PATIENT_S = 10


class VersionStatus(StrEnum):
    """How far a version has come."""

    #: Written, not yet submitted.
    DRAFT = "draft"
    #: Reviewed without an error; may be published and run.
    APPROVED = "approved"
    #: The review found errors.
    CHANGES_REQUESTED = "changes_requested"
    #: The review passed; a person must still decide.
    PENDING_APPROVAL = "pending_approval"
    #: A person decided against it.
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved a version under which policy, and the seal over the bytes that were approved."""

    policy: str
    principal: str
    at: int
    seal: str


@dataclass(frozen=True)
class Version:
    """One immutable version. `stored` is the whole executable document, `sha256` its digest."""

    function_id: str
    number: int
    stored: Mapping[str, Any]
    sha256: str
    status: VersionStatus
    author: str
    created_at: int
    review: Mapping[str, Any] | None = None
    approval: Approval | None = None

    @cached_property
    def config(self) -> FunctionConfig:
        """The document to be read; what was tampered with may be none, so whether it was approved is asked first."""
        return FunctionConfig.from_stored(self.stored)

    @property
    def decided_by_person(self) -> bool:
        """True if a person decided about it after its review; only a version that was read in full can tell."""
        return "decision" in (self.review or {})


@dataclass(frozen=True, slots=True)
class Function:
    """One named capability; its behaviour lives in its versions."""

    id: str
    workspace_id: str
    name: str
    display_name: str
    tags: tuple[str, ...]
    latest: int
    created_at: int
    updated_at: int
    published: Mapping[str, int] = field(default_factory=dict)


class VersionId(NamedTuple):
    """Which version of which function."""

    function_id: str
    number: int


def name_problem(name: str) -> str | None:
    """Say why a name cannot be taken, or None."""
    if not _NAME.fullmatch(name):
        return "start with a letter or underscore, then up to 62 letters, digits or underscores (ASCII)"
    if name in RESERVED_NAMES:
        return f"{name} is reserved for a built-in integration; choose another name"
    return None


def naming_advice(name: str, description: str) -> tuple[tuple[str, str], ...]:
    """Advice that refuses nothing, as (field, text): what helps an LLM choose the function well."""
    advice = []
    if len(name) > LONG_NAME:
        advice.append(("name", f"longer than {LONG_NAME} characters; some runtimes cut it"))
    if not SHORT_DESCRIPTION <= len(description) <= LONG_DESCRIPTION:
        text = f"outside {SHORT_DESCRIPTION}-{LONG_DESCRIPTION} characters; say when to call it, in a sentence or two"
        advice.append(("description", text))
    return tuple(advice)


def timeout_advice(timeout: int) -> str | None:
    """Say what is wrong with a timeout, in seconds, of a function that a caller waits for; nobody chose the default."""
    if timeout <= PATIENT_S or timeout == DEFAULT_TIMEOUT_S:
        return None
    return (
        f"{timeout} s are long for somebody on the line; {PATIENT_S} s or less are better, or run it in the background"
    )


#: A source of this size is about 2,000 lines; review and sandbox are tuned for less.
MAX_SOURCE_BYTES = 64 * 1024

_CODING_COOKIE = re.compile(r"\ufeff?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
#: What ends a line for Python; `str.splitlines` knows more.
_LINE_END = re.compile(r"\r\n?|\n")


def source_problem(source: str) -> str | None:
    """Say why a source cannot even be stored, or None; what it says as code is the review's to judge."""
    if "\0" in source:
        return "contains a NUL character; remove it"
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError as error:
        return f"contains half of a surrogate pair at character {error.start}; it cannot be written as UTF-8"
    if size > MAX_SOURCE_BYTES:
        return f"larger than {MAX_SOURCE_BYTES // 1024} KiB; shorten it or split it into several functions"
    for line in _LINE_END.split(source, maxsplit=2)[:2]:
        cookie = _CODING_COOKIE.match(line)
        if cookie and cookie[1].lower().replace("_", "-") not in {"utf-8", "utf8"}:
            return f"declares the encoding {cookie[1]!r:.40}; source is always UTF-8, remove that line"
    return None

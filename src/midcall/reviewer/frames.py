"""What parent and child say to each other: four bytes of length (big-endian), then JSON in ASCII."""

import json
import struct
from typing import Any

from midcall.domain.review import Comment, Severity, Subject

#: The length that stands before each frame.
HEADER = struct.Struct(">I")
#: No frame is larger; a source of 1 MiB of escapes stays below.
MAX_FRAME = 16 * 1024 * 1024
#: What the child says once, when it has loaded everything and shut itself in.
READY = b"ready"


def pack(payload: bytes) -> bytes:
    """Return a payload as one frame: its length in four bytes, then the payload itself."""
    return HEADER.pack(len(payload)) + payload


def pack_subject(subject: Subject) -> bytes:
    """Return the request for one review."""
    return pack(
        json.dumps(
            {
                "source": subject.source,
                "parameters": sorted(subject.parameters),
                "actions": list(subject.actions),
                "phases": sorted(subject.phases),
                "egress": list(subject.egress),
                "declared": {name: list(credentials) for name, credentials in subject.declared.items()},
                "background": subject.background,
                "credentials": None if subject.credentials is None else dict(subject.credentials),
            }
        ).encode("ascii")
    )


def read_subject(payload: bytes) -> Subject:
    """Return the subject of a request (written by midcall itself)."""
    data = json.loads(payload)
    return Subject(
        source=data["source"],
        parameters=frozenset(data["parameters"]),
        actions=tuple(data["actions"]),
        phases=frozenset(data["phases"]),
        egress=tuple(data["egress"]),
        declared={name: tuple(credentials) for name, credentials in data["declared"].items()},
        credentials=data["credentials"],
        background=data["background"],
    )


def pack_answer(policy: str, comments: tuple[Comment, ...]) -> bytes:
    """Return the answer to one review."""
    rows = [
        [
            comment.rule,
            comment.severity.value,
            comment.message,
            comment.suggestion,
            comment.line,
            comment.column,
            comment.end_line,
            comment.end_column,
        ]
        for comment in comments
    ]
    return pack(json.dumps({"policy": policy, "comments": rows}).encode("ascii"))


def read_answer(payload: bytes) -> tuple[str, tuple[Comment, ...]]:
    """Return policy and comments of an answer; raises ValueError, TypeError or KeyError on anything else.

    The child parses text that nobody trusts, so its words are put back together field by field.
    """
    data: Any = json.loads(payload)
    comments = tuple(
        Comment(
            rule=str(rule),
            severity=Severity(severity),
            message=str(message),
            suggestion=str(suggestion),
            line=int(line),
            column=int(column),
            end_line=int(end_line),
            end_column=int(end_column),
        )
        for rule, severity, message, suggestion, line, column, end_line, end_column in data["comments"]
    )
    return str(data["policy"]), comments

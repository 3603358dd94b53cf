"""Badges: a status as a word with a colour, never as a colour alone."""

from collections.abc import Mapping

from nicegui import ui

from midcall.domain.run_status import InvocationStatus, Tone

#: Statuses of versions, invocations and sessions to one of good, bad, warn, busy; others are plain.
TONES: Mapping[str, Tone] = {
    **{status.value: status.tone for status in InvocationStatus},
    "approved": "good",
    "active": "good",
    "ready": "good",
    "pending_approval": "warn",
    "changes_requested": "bad",
    "rejected": "bad",
    "lost": "bad",
    "revoked": "bad",
    "starting": "busy",
}

_LOOKS: Mapping[Tone, str] = {
    "good": "mc-good",
    "bad": "mc-bad",
    "warn": "mc-warn",
    "busy": "mc-busy",
    "plain": "",
}


def words(status: str) -> str:
    """Write a status for people."""
    return status.replace("_", " ")


def tone_of(status: str) -> Tone:
    """Return the tone of a status: what its badge's colour is."""
    return TONES.get(status, "plain")


def badge(status: str, *, tone: Tone | None = None) -> ui.label:
    """Show a status as a word on a coloured ground."""
    return ui.label(words(status)).classes("mc-badge").classes(_LOOKS[tone or tone_of(status)])

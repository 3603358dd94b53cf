"""Acts that a page can ask for and not do: each is confirmed on a page of its own that no script can reach.

The page at `/confirm/<id>` has no script, and an origin of its own (the policy's `sandbox`): scripts of other pages can
open it, and neither read it nor click on it. They cannot fetch it either: it is given to navigations alone, and holds
the word that the act is done for. See decision 0026.
"""

import asyncio
import html
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from midcall.domain.terminal import one_line
from midcall.ui.assets import asset
from midcall.ui.forms import fields_of
from midcall.ui.sign_ins import SignIn

PATH = "/confirm/"
#: A person decides within this time.
LIFE_S = 180.0
#: A click that comes sooner was meant for what stood there before.
LEAST_S = 0.4
#: The oldest makes room for one too many.
MAX_CONFIRMATIONS = 1_000
#: Of a fact; more of it says nothing to who reads it.
MAX_CHARS = 300
_MAX_FORM_BYTES = 1_024
_BYTES = 32

POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox allow-forms"
)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · midcall</title>
<link rel="stylesheet" href="../{css}">
</head>
<body class="mc-alone">
<main class="mc-sign-in mc-confirm">
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
_FORM = """<dl>{facts}</dl>
<form method="post"><input type="hidden" name="word" value="{word}"><button type="submit">{button}</button></form>
<p class="mc-hint">If you did not ask for this just now, close this window: nothing happens then.</p>"""
_DONE = "<p>You can close this window, and go on where you were.</p>"
_GONE = "<p>This was confirmed already, or not in time. Go back to the page, and ask for it again.</p>"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question to a person: a title, the facts that it is about, and the button's word."""

    title: str
    word: str
    facts: Mapping[str, str]


def each_fact(name: str, values: Sequence[str]) -> dict[str, str]:
    """Return a fact for each of some values: what is long is cut, and none may push another out of sight."""
    return {name if place == 0 else f"{name} ({place + 1})": value for place, value in enumerate(values)}


@dataclass(slots=True)
class PendingConfirmation:
    """An act that waits for its person."""

    id: str
    word: str
    session: SignIn
    confirmation: Confirmation
    decided: "asyncio.Future[bool]"
    #: When its page was given out.
    shown_at: float | None = None

    def decide(self, *, confirmed: bool) -> None:
        """Tell who waits how the person decided; a second decision changes nothing."""
        if not self.decided.done():
            self.decided.set_result(confirmed)


@dataclass(slots=True)
class Confirmations:
    """The acts that wait in this process. `clock` gives seconds that never go back."""

    clock: Callable[[], float]
    _pending: OrderedDict[str, PendingConfirmation] = field(default_factory=OrderedDict)

    def ask(self, session: SignIn, confirmation: Confirmation) -> PendingConfirmation:
        """Begin to wait for a person."""
        pending = PendingConfirmation(
            secrets.token_urlsafe(_BYTES),
            secrets.token_urlsafe(_BYTES),
            session,
            confirmation,
            asyncio.get_running_loop().create_future(),
        )
        self._pending[pending.id] = pending
        while len(self._pending) > MAX_CONFIRMATIONS:
            self._pending.popitem(last=False)[1].decide(confirmed=False)
        return pending

    def drop(self, pending: PendingConfirmation) -> None:
        """Wait for this person no more; counts as not confirmed."""
        self._pending.pop(pending.id, None)
        pending.decide(confirmed=False)

    def show(self, confirmation_id: str, session: SignIn | None) -> PendingConfirmation | None:
        """Give an act's page out to the session that asked for it."""
        pending = self._pending.get(confirmation_id)
        if pending is None or pending.session is not session:
            return None
        pending.shown_at = self.clock()
        return pending

    def confirm(self, confirmation_id: str, word: str) -> PendingConfirmation | None:
        """Take the word of an act's page for it; None for a wrong one, and if the act waits no more."""
        pending = self._pending.get(confirmation_id)
        if pending is None or pending.shown_at is None or not secrets.compare_digest(pending.word, word):
            return None
        if self.clock() - pending.shown_at >= LEAST_S:
            del self._pending[confirmation_id]
            pending.decide(confirmed=True)
        return pending


def add_confirm(pages: FastAPI, confirmations: Confirmations) -> None:
    """Add the routes to the UI's app."""

    @pages.get(f"{PATH}{{confirmation_id}}", include_in_schema=False)
    async def show(request: Request, confirmation_id: str) -> Response:
        if not _is_navigation(request):
            return _page("Not here", _GONE, HTTPStatus.FORBIDDEN)
        pending = confirmations.show(confirmation_id, request.state.sign_in)
        return _page("Nothing to confirm", _GONE, HTTPStatus.NOT_FOUND) if pending is None else _asked(pending)

    @pages.post(f"{PATH}{{confirmation_id}}", include_in_schema=False)
    async def confirm(request: Request, confirmation_id: str) -> Response:
        given = await fields_of(request, most_bytes=_MAX_FORM_BYTES, most_fields=1)
        pending = confirmations.confirm(confirmation_id, given.get("word", ""))
        if pending is None:
            return _page("Nothing to confirm", _GONE, HTTPStatus.NOT_FOUND)
        # Too soon: it is shown again.
        return _page("Confirmed", _DONE) if pending.decided.done() else _asked(pending)


def _is_navigation(request: Request) -> bool:
    """Tell whether a person's window goes there. No script can leave these headers out, or send others.

    Browsers send none over plain HTTP but on this machine; there it takes TLS to be safe from a script.
    """
    mode = request.headers.get("sec-fetch-mode")
    return mode is None or (mode == "navigate" and request.headers.get("sec-fetch-dest") == "document")


def _asked(pending: PendingConfirmation) -> Response:
    confirmation = pending.confirmation
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in confirmation.facts.items())
    return _page(confirmation.title, _FORM.format(facts=facts, word=pending.word, button=_text(confirmation.word)))


def _text(text: str) -> str:
    cut = text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}…"
    return html.escape(one_line(cut), quote=True)


def _page(title: str, content: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return HTMLResponse(
        _PAGE.format(title=_text(title), content=content, css=asset("midcall.css")),
        status_code=status,
        headers={"cache-control": "no-store", "content-security-policy": POLICY, "x-frame-options": "DENY"},
    )

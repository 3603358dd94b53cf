"""Sign in and out: a plain form, so that it is there at once and works before any script has run."""

import html
import re
from http import HTTPStatus

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from midcall.domain.errors import MidcallError, Unauthenticated
from midcall.service.access.access import VerifiedKey, proof_of
from midcall.ui.assets import asset
from midcall.ui.forms import fields_of
from midcall.ui.site import COOKIE, THEME_COOKIE, Site

#: A page of this UI, without the slash before it; nothing that a browser could take for another host.
_NEXT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_./~%-]{0,300}")
_MAX_KEY_CHARS = 200
#: The form has two fields, of a key and a path.
_MAX_FIELDS = 4
_MAX_FORM_BYTES = 4_096
HOME = "functions"

WRONG = (
    "midcall does not know this key, or it is revoked. A key looks like mc_…; copy the whole of it, or ask who gave it "
    "to you for a new one."
)
TOO_OFTEN = "Too many tries at once. Wait a few seconds, then try again."
SIGNED_OUT = "You are signed out."
EXPIRED = "Your session is over. Sign in again to go on."
_NOTES = {"out": SIGNED_OUT, "over": EXPIRED}

_PAGE = """<!DOCTYPE html>
<html lang="en" class="{theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · midcall</title>
<link rel="stylesheet" href="{css}">
<link rel="icon" href="{icon}">
</head>
<body class="mc-alone">
<main class="mc-sign-in">
<h1>midcall</h1>
<p>Custom functions for AI agents, reviewed and run on your own machines.</p>
{note}
<form method="post" action="sign-in">
<input type="hidden" name="next" value="{next}">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" placeholder="mc_…" required autofocus
 spellcheck="false" maxlength="{max_chars}"{invalid}>
<button type="submit">Sign in</button>
</form>
<p class="mc-hint">The first key of an installation is in the file <code>admin.key</code> of its data directory; who
administers a workspace makes more of them under Keys.</p>
</main>
</body>
</html>
"""


def add_sign_in(pages: FastAPI, site: Site) -> None:
    """Add the routes to the UI's app."""

    @pages.get("/sign-in", include_in_schema=False)
    async def form(request: Request) -> Response:
        if site.sign_ins.find(request.cookies.get(COOKIE)) is not None:
            return _go(_next(request.query_params.get("next", "")))
        note = _NOTES.get(request.query_params.get("why", ""), "")
        return _page(request, _next(request.query_params.get("next", "")), note=note)

    @pages.post("/sign-in", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        given = await fields_of(request, most_bytes=_MAX_FORM_BYTES, most_fields=_MAX_FIELDS)
        wanted = _next(given.get("next", ""))
        if site.tries.take(request.client.host if request.client else ""):
            return _page(request, wanted, error=TOO_OFTEN, status=HTTPStatus.TOO_MANY_REQUESTS)
        try:
            proof = proof_of(given.get("key", "").strip()[:_MAX_KEY_CHARS])
            await site.in_thread(site.services.access.recognise, proof)
        except Unauthenticated:
            return _page(request, wanted, error=WRONG, status=HTTPStatus.UNAUTHORIZED)
        except MidcallError as error:
            return _page(request, wanted, error=error.message, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return _signed_in(request, site, proof, wanted)

    @pages.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        session = site.sign_ins.find(request.cookies.get(COOKIE))
        if session is not None:
            site.sign_ins.end(session)
        response = _go("sign-in?why=out")
        response.delete_cookie(COOKIE, path=site.cookie_path, httponly=True, samesite="lax")
        return response


def _signed_in(request: Request, site: Site, proof: VerifiedKey, wanted: str) -> Response:
    before = site.sign_ins.find(request.cookies.get(COOKIE))
    if before is not None:
        site.sign_ins.end(before)
    response = _go(wanted)
    secure = request.url.scheme == "https" or (site.public_url or "").startswith("https:")
    # Until the browser is closed; the session itself ends earlier.
    response.set_cookie(
        COOKIE, site.sign_ins.begin(proof).id, path=site.cookie_path, httponly=True, samesite="lax", secure=secure
    )
    return response


def _next(given: str) -> str:
    """Return a page of ours to go on to."""
    return given if _NEXT.fullmatch(given) and ".." not in given and not given.startswith("sign-") else HOME


def _go(to: str) -> Response:
    # Relative to /ui/sign-in: nothing of the Host header, and good below a proxy's own path.
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": to, "cache-control": "no-store"})


def _page(
    request: Request, wanted: str, *, note: str = "", error: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    theme = request.cookies.get(THEME_COOKIE, "")
    notes = f'<p class="mc-note" role="status">{html.escape(note)}</p>' if note else ""
    if error:
        notes = f'<p class="mc-error" id="error" role="alert">{html.escape(error)}</p>'
    return HTMLResponse(
        _PAGE.format(
            theme=theme if theme in {"light", "dark"} else "",
            css=asset("midcall.css"),
            icon=asset("icon.svg"),
            note=notes,
            next=html.escape(wanted, quote=True),
            max_chars=_MAX_KEY_CHARS,
            invalid=' aria-invalid="true" aria-describedby="error"' if error else "",
        ),
        status_code=status,
        headers={"cache-control": "no-store"},
    )

"""Vapi's function tools, as its API has them."""

from typing import Any

from midcall.vendors.imports.config import Config
from midcall.vendors.imports.draft import (
    MAX_RETRIES,
    MAX_TIMEOUT,
    MIN_TIMEOUT,
    FunctionDraft,
    ImportedFunction,
    begin,
    nothing,
)

#: Seconds that Vapi waits where the config is silent.
DEFAULT_TIMEOUT_S = 20
SECRET_HEADER = "X-Vapi-Secret"  # noqa: S105 (a header's name)

_WIRE = (
    "Vapi posts {message: {toolCallList}} and reads {results}; midcall posts {name, call, args} and takes the whole"
    " answer as the result: change the target, or let Vapi call it and midcall the rest"
)
_MESSAGES = {
    "request-start": "messages.started",
    "request-failed": "messages.error",
    "request-complete": "messages.returned",
}


def read(config: Any, name: str | None = None) -> ImportedFunction:
    """Read a tool; raises InvalidInput."""
    source = begin(config)
    kind = source.text("type")
    if kind not in (None, "function"):
        return nothing(source, "type", f'not importable: only tools of type "function", not {kind!r:.80}')
    draft = FunctionDraft("Vapi", source, name)
    function = source.child("function")
    draft.name("name", function)
    draft.description("description", function)
    draft.schema("parameters", "parameters", function)
    if function.flag("strict"):
        draft.note(function.at("strict"), "midcall has no such switch; arguments are always held against the schema")
    _server(draft, source.child("server"))
    background = source.flag("async")
    draft.put("background", background, "async")
    _messages(draft, source, background=bool(background))
    for field in ("id", "orgId", "createdAt", "updatedAt"):
        source.leave(field, "midcall writes its own")
    return draft.finish()


def _server(draft: FunctionDraft, server: Config) -> None:
    url = server.text("url")
    if url is None:
        draft.findings.fault(
            server.at("url"), "required; where Vapi falls back on the assistant's URL, write that here"
        )
    draft.put("webhook.url", url, server.at("url"))
    draft.put("webhook.payload", "call")
    draft.note(server.at("url"), _WIRE)
    draft.headers("headers", server)
    secret = server.text("secret")
    if secret:
        for name, value in (("type", "header"), ("name", SECRET_HEADER), ("value", secret)):
            draft.put(f"webhook.auth.{name}", value, server.at("secret"))
    server.leave("credentialId", "a credential of Vapi's: save it here, and name it in webhook.auth")
    given, loc = server.number("timeoutSeconds"), server.at("timeoutSeconds")
    attempt = draft.bounded(DEFAULT_TIMEOUT_S if given is None else given, loc, MIN_TIMEOUT, MAX_TIMEOUT)
    draft.put("timeout", attempt, loc)
    _retries(draft, server.child("backoffPlan"))


def _retries(draft: FunctionDraft, plan: Config) -> None:
    loc = plan.at("maxRetries")
    retries = draft.bounded(plan.number("maxRetries"), loc, 0, MAX_RETRIES) or 0
    draft.put("retries", retries, loc)
    if retries:
        draft.note(loc, "here all attempts share the one timeout; raise it so that they fit")
    for name in ("type", "baseDelaySeconds", "excludedStatusCodes"):
        plan.leave(name, "midcall has a back-off of its own: 0.1 s, doubled each time, after 408, 429 and 5xx")


def _messages(draft: FunctionDraft, source: Config, *, background: bool) -> None:
    started = []
    seen = set()
    for one in source.children("messages"):
        kind, text = one.text("type"), one.text("content")
        place = _MESSAGES.get(kind or "")
        if not text:
            # An empty one keeps Vapi from saying a filler; midcall says none.
            continue
        if place is None:
            draft.note(one.at("type"), f"midcall says nothing at that moment; {kind!r:.80} was not carried over")
        elif kind == "request-start":
            started.append(draft.said(text, one.at("content")))
            draft.put(place, list(started), one.at("content"))
        elif kind == "request-complete" and not background:
            draft.note(one.at("content"), "midcall says no fixed text once a result is there; it was not carried over")
        elif kind in seen:
            draft.note(one.at("content"), "midcall has one such text; the first was carried over")
        else:
            seen.add(kind)
            draft.put(place, draft.said(text, one.at("content")), one.at("content"))

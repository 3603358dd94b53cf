"""Vocobase's functions: the body of its `POST /api/v2/functions`, or what it answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from midcall.domain.webhook_payload import BODYLESS
from midcall.vendors.imports.config import Config
from midcall.vendors.imports.draft import MAX_TIMEOUT, MIN_TIMEOUT, FunctionDraft, ImportedFunction, begin
from midcall.vendors.vocobase import write_only

_FIELD_WORDS = ("name", "type", "description", "required", "jsonSchema")


def read(config: Any, name: str | None = None) -> ImportedFunction:
    """Read a function; raises InvalidInput."""
    source = begin(config)
    if source.has("data") and not source.has("name"):
        source.flag("success")
        whole, source = source, source.child("data")
    else:
        whole = source
    draft = FunctionDraft("Vocobase", whole, name)
    draft.name("name", source)
    draft.description("description", source)
    for ours, theirs in (("parameters", "input_schema"), ("output_schema", "output_schema")):
        fields = [_field(one) for one in source.children(theirs)]
        if source.has(theirs):
            draft.put(ours, fields, source.at(theirs))
    url, method = source.text("url"), (source.text("method") or "POST").upper()
    if url is None:
        source.findings.fault(source.at("url"), "required; add it")
    draft.put("webhook.url", url, source.at("url"))
    draft.put("webhook.method", method, source.at("method"))
    draft.put("webhook.payload", "args")
    if method in BODYLESS and source.has("input_schema"):
        draft.note(source.at("method"), f"a {method} carries no body: the arguments go to the query")
    _headers(draft, source)
    timeout = source.at("timeout")
    draft.put("timeout", draft.bounded(source.number("timeout"), timeout, MIN_TIMEOUT, MAX_TIMEOUT), timeout)
    # Vocobase's document knows no retries, and a target may not know the same call when it comes again.
    draft.put("retries", 0)
    loc = source.at("started_messages")
    texts = enumerate(source.texts("started_messages"))
    started = [said for index, text in texts if (said := draft.said(text, f"{loc}.{index}"))]
    draft.put("messages.started", started or None, loc)
    loc = source.at("error_message")
    draft.put("messages.error", draft.said(source.text("error_message"), loc), loc)
    for field in ("id", "created_at", "updated_at"):
        source.leave(field, "midcall writes its own")
    found = draft.finish()
    # Its own answers show no header's value either.
    return found if found.document is None else replace(found, document=write_only(found.document))


def _field(one: Config) -> Mapping[str, Any]:
    return {word: one.value(word) for word in _FIELD_WORDS if one.has(word)}


def _headers(draft: FunctionDraft, source: Config) -> None:
    headers = draft.headers("headers", source)
    for name, value in headers.items():
        if "{{" in value:
            draft.note(f"{source.at('headers')}.{name}", "midcall fills {{…}} here; Vocobase's document knows none")
    sent = {name.lower() for name in headers}
    for index, name in enumerate(source.texts("header_keys")):
        if name.lower() not in sent:
            loc = f"{source.at('header_keys')}.{index}"
            draft.note(loc, "Vocobase does not give the value of this header away: add it to webhook.headers")

"""itellicoAI's custom API actions.

It documents its dialog alone, so this is the dialog's fields as JSON: `{name, description, method, url, auth, headers,
query, body, variables}`, where `auth` is `{"type": "none"}`, `{"type": "bearer", "token"}`, `{"type": "basic",
"username", "password"}`, `{"type": "header", "header_name", "header_value"}` or `{"type": "body", "parameter_name",
"parameter_value"}`, headers and query are names and texts, `body` is JSON or its text, and each of `variables` is
`{name, type, description, example, required, default}`.
"""

import re
from collections.abc import Mapping
from typing import Any

from midcall.domain.conversion import convert
from midcall.domain.parameters import FIELD_TYPES
from midcall.domain.webhook_payload import BODYLESS
from midcall.vendors.imports.config import Config
from midcall.vendors.imports.draft import FunctionDraft, ImportedFunction, begin

_TYPES = ("string", "integer", "float", "boolean", "date", "email", "phone")
_AUTH: Mapping[str, Mapping[str, str]] = {
    "none": {},
    "bearer": {"token": "token"},
    "basic": {"username": "username", "password": "password"},
    "header": {"name": "header_name", "value": "header_value"},
    "body": {"name": "parameter_name", "value": "parameter_value"},
}

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
#: A text of JSON, which is passed over, or a placeholder outside of all texts. A text that never ends matches too: else
#: it would be looked through again from each quote inside.
_BARE = re.compile(r'"(?:[^"\\]|\\[\s\S])*+"?|\{\{[^{}]*\}\}')

#: What a default has to be, by the type in JSON Schema.
_VALUES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def read(config: Any, name: str | None = None) -> ImportedFunction:
    """Read a custom action; raises InvalidInput."""
    source = begin(config)
    draft = FunctionDraft("itellicoAI", source, name)
    draft.name("name")
    draft.description("description")
    url, method = source.text("url"), (source.text("method") or "GET").upper()
    for field in ("url", "method"):
        if not source.has(field):
            source.findings.fault(field, "required; add it")
    draft.put("webhook.url", url, "url")
    draft.put("webhook.method", method, "method")
    headers, query = draft.headers("headers"), source.pairs("query")
    if query and method != "GET":
        draft.note("query", f"itellicoAI has a query with GET alone; midcall sends it with {method} too")
    draft.put("webhook.query", query, "query")
    _body(draft, source, method)
    _auth(draft, source.child("auth"))
    variables = [_variable(draft, one) for one in source.children("variables")]
    draft.put("parameters", variables, "variables")
    if method in BODYLESS:
        texts = " ".join([url or "", *headers.values(), *query.values()])
        _unused(draft, variables, {name.strip() for name in _PLACEHOLDER.findall(texts)}, method)
    # Its document knows no retries, and a ticket that is created twice is two tickets.
    draft.put("retries", 0)
    return draft.finish()


def _body(draft: FunctionDraft, source: Config, method: str) -> None:
    if method in BODYLESS:
        source.leave("body", f"a {method} carries no body")
        return
    body = source.value("body")
    if body is None or body == "":
        draft.put("webhook.payload", "args", "body")
        draft.note("body", "has none: midcall sends the variables as one JSON object")
        return
    if isinstance(body, str):
        quoted = _BARE.sub(lambda found: found[0] if found[0].startswith('"') else f'"{found[0]}"', body)
        if quoted != body:
            draft.note("body", "placeholders without quotes were put into quotes; their values keep their types")
        body = quoted
    draft.put("webhook.payload", "template", "body")
    draft.put("webhook.body", body, "body")


def _auth(draft: FunctionDraft, auth: Config) -> None:
    kind = auth.text("type") or "none"
    if kind not in _AUTH:
        draft.findings.fault(auth.at("type"), f"use one of: {', '.join(_AUTH)}")
        return
    draft.put("webhook.auth.type", kind, auth.at("type"))
    for ours, theirs in _AUTH[kind].items():
        value = auth.text(theirs)
        if value is None:
            draft.findings.fault(auth.at(theirs), "required; add it")
        draft.put(f"webhook.auth.{ours}", value, auth.at(theirs))


def _variable(draft: FunctionDraft, one: Config) -> Mapping[str, Any]:
    kind, description = one.text("type") or "string", one.text("description")
    if kind not in _TYPES:
        draft.findings.fault(one.at("type"), f"use one of: {', '.join(_TYPES)}")
        kind = "string"
    # The dialog has text fields for all of them.
    schema = FIELD_TYPES[kind]
    example, default = (convert(schema, one.value(word)) for word in ("example", "default"))
    if default not in (None, "") and type(default) not in _VALUES[schema["type"]]:
        draft.findings.fault(one.at("default"), f"is no {kind}; write one, or leave it out")
    required = one.flag("required")
    found = {"name": one.text("name"), "type": kind, "description": description, "required": required}
    found |= {"example": example, "default": None if default == "" else default}
    return {word: value for word, value in found.items() if value is not None}


def _unused(draft: FunctionDraft, fields: list[Mapping[str, Any]], used: set[str], method: str) -> None:
    for index, field in enumerate(fields):
        if field.get("name", "") not in used:
            loc = f"variables.{index}"
            draft.note(loc, f"no template uses it: midcall puts it into the query, since a {method} carries no body")

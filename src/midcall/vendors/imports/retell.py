"""Retell's custom functions, and UponAI's, which are the same: a tool of type `custom` as its API has it."""

import re
from collections.abc import Mapping
from typing import Any

from midcall.domain.webhook_payload import BODYLESS
from midcall.vendors.imports.config import Config
from midcall.vendors.imports.draft import (
    MAX_RETRIES,
    MAX_TIMEOUT,
    MIN_TIMEOUT,
    MS_PER_S,
    FunctionDraft,
    ImportedFunction,
    begin,
    nothing,
    whole_timeout,
)

#: What holds at Retell where the config is silent ("2 minutes if not specified", "retried up to 2 times").
DEFAULT_TIMEOUT_MS, DEFAULT_RETRIES = 120_000, 2

#: Variables that Retell fills by itself and midcall does not.
_THEIR_OWN = frozenset(
    {
        *("call_id", "call_type", "chat_id", "current_agent", "current_agent_state", "current_calendar"),
        *("current_hour", "current_time", "previous_agent_state", "session_duration", "session_type", "user_number"),
    }
)
_WITH_ZONE = ("current_time_", "current_calendar_", "current_hour_")
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
#: The same with a time zone: `current_time_America/New_York`.
_ZONED = re.compile(r"(current_(?:time|calendar|hour)_[A-Za-z0-9_+-]{1,40})/([A-Za-z0-9_+/-]{1,80})")


def read(config: Any, name: str | None = None) -> ImportedFunction:
    """Read a custom function; raises InvalidInput."""
    source = begin(_without_slashes(config))
    kind = source.text("type")
    if kind not in (None, "custom"):
        return nothing(source, "type", f'not importable: only tools of type "custom" call a URL, not {kind!r:.80}')
    draft = FunctionDraft("Retell", source, name)
    for field in ("tool_id", "id"):
        source.leave(field, "midcall gives ids of its own")
    draft.name("name")
    draft.description("description")
    draft.schema("parameters", "parameters")
    _request(draft, source)
    _times(draft, source)
    _speech(draft, source)
    variables = source.pairs("response_variables")
    draft.put("response_variables", variables, "response_variables")
    return draft.finish()


def _without_slashes(config: Any) -> Any:
    """Write names of Retell's with a time zone as variables can be called here: `current_time_America_New_York`."""
    if not isinstance(config, Mapping):
        return config
    return {**config, **{name: _named(config[name]) for name in ("url", "headers", "query_params") if name in config}}


def _named(value: Any) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _ZONED.sub(lambda name: name[0].replace("/", "_"), found[0]), value)
    if isinstance(value, Mapping):
        return {name: _named(text) if isinstance(text, str) else text for name, text in value.items()}
    return value


def _request(draft: FunctionDraft, source: Config) -> None:
    url, method = source.text("url"), (source.text("method") or "POST").upper()
    if url is None:
        source.findings.fault("url", "required; add it")
    draft.put("webhook.url", url, "url")
    draft.put("webhook.method", method, "method")
    draft.note("url", "signed with this workspace's secret, not with the Retell API key: have the target check that")
    _variables(draft, {"url": url or ""}, "")
    _variables(draft, draft.headers("headers"), "headers.")
    query = source.pairs("query_params")
    draft.put("webhook.query", query, "query_params")
    _variables(draft, query, "query_params.")
    at_root = source.flag("args_at_root")
    if method in BODYLESS:
        if source.has("parameters"):
            draft.note("parameters", f"a {method} carries no body: arguments that no template uses go to the query")
    elif not at_root:
        draft.note("args_at_root", "`call` is what the runtime passes under that name, else midcall's session body")
    draft.put("webhook.payload", "args" if at_root else "call", "args_at_root")


def _variables(draft: FunctionDraft, texts: Mapping[str, str], above: str) -> None:
    for place, text in texts.items():
        used = {name.strip() for name in _PLACEHOLDER.findall(text)}
        for name in sorted(name for name in used if name in _THEIR_OWN or name.startswith(_WITH_ZONE)):
            draft.note(
                f"{above}{place}", f"Retell fills {{{{{name}}}}} itself; here, set that dynamic variable in the session"
            )


def _times(draft: FunctionDraft, source: Config) -> None:
    given, again = source.number("timeout_ms"), source.number("max_retry")
    seconds = (DEFAULT_TIMEOUT_MS if given is None else given) / MS_PER_S
    attempt = draft.bounded(seconds, "timeout_ms", MIN_TIMEOUT, MAX_TIMEOUT) or MIN_TIMEOUT
    retries = draft.bounded(DEFAULT_RETRIES if again is None else again, "max_retry", 0, MAX_RETRIES) or 0
    whole = whole_timeout(attempt, retries)
    if whole > MAX_TIMEOUT:
        draft.note("timeout_ms", f"all attempts together have {MAX_TIMEOUT} s here; the last may be cut short")
    draft.put("attempt_timeout", attempt, "timeout_ms")
    draft.put("retries", retries, "max_retry")
    draft.put("timeout", min(whole, MAX_TIMEOUT), "timeout_ms")


def _speech(draft: FunctionDraft, source: Config) -> None:
    during = source.flag("speak_during_execution")
    draft.put("speak_during_execution", during, "speak_during_execution")
    draft.put("speak_after_execution", source.flag("speak_after_execution"), "speak_after_execution")
    if source.flag("enable_typing_sound"):
        draft.note("enable_typing_sound", "midcall plays no sounds; leave that to the runtime")
    kind, text = source.text("execution_message_type"), source.text("execution_message_description")
    loc = "execution_message_description"
    if not text:
        return
    if not during:
        draft.note(loc, "not said at Retell either while speak_during_execution is off; it was not carried over")
    elif kind == "static_text":
        draft.put("messages.started", [draft.said(text, loc)], loc)
    elif kind in (None, "prompt"):
        draft.note(loc, "a prompt; midcall says fixed texts alone: write some into messages.started")
    else:
        draft.note("execution_message_type", f"midcall knows no such type; {loc} was not carried over")

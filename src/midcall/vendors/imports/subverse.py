"""SubVerse's custom functions: JavaScript, or the URL of a webhook.

Its document shows the editor alone, so this is the editor's fields as JSON: `{functionName | name, description, phase,
parameters: [{dataType, identifier, description}], webhookUrl, code, errorMessage, returnMessage, backgroundTask,
actions}`. JavaScript is not translated: it becomes a draft in Python that calls a function which is not there, so that
review refuses it, with the JavaScript above it as a comment.
"""

import re
from collections.abc import Mapping
from typing import Any

from midcall.vendors.imports.config import Config
from midcall.vendors.imports.draft import FunctionDraft, ImportedFunction, begin

_TYPES = ("string", "number", "boolean")
_PHASES = {"pre": "pre_session", "during": "during_session", "post": "post_session"}
_ACTION = re.compile(r"subverseActions\s*\.\s*(\w{1,40})\s*\.\s*(\w{1,40})")
#: What ends a line for Python; a comment that holds another of JavaScript's goes on in the same line.
_LINE_END = re.compile(r"\r\n?|\n")

# The first two lines are ours: a comment there may declare an encoding.
_SKELETON = """\
# Imported from SubVerse, where it was JavaScript. Write in Python what it did; until then review refuses the function.
# The SubVerse source:
{comment}

def handler(session):
    return rewrite_the_javascript_above_in_python(session)
"""


def read(config: Any, name: str | None = None) -> ImportedFunction:
    """Read a custom function; raises InvalidInput."""
    source = begin(config)
    draft = FunctionDraft("SubVerse", source, name)
    draft.name("functionName" if source.has("functionName") else "name")
    draft.description("description")
    draft.put("parameters", [_parameter(draft, one) for one in source.children("parameters")], "parameters")
    url, code = source.text("webhookUrl"), source.text("code")
    if url:
        draft.put("webhook.url", url, "webhookUrl")
        draft.put("webhook.payload", "session")
        draft.put("retries", 0)
        if code:
            draft.note("code", "SubVerse calls the webhook where there is one; the code was not carried over")
    elif code:
        _code(draft, code)
    else:
        source.findings.fault("code", "there is neither webhookUrl nor code; add one")
    for ours, theirs in (("error", "errorMessage"), ("returned", "returnMessage")):
        draft.put(f"messages.{ours}", draft.said(source.text(theirs), theirs), theirs)
    draft.put("background", source.flag("backgroundTask"), "backgroundTask")
    _phase(draft, source)
    source.leave("actions", "enable midcall's actions of the same names once the function is written")
    source.leave("credentials", "credentials stay where they are; save them here too")
    return draft.finish()


def _parameter(draft: FunctionDraft, one: Config) -> Mapping[str, Any]:
    kind = (one.text("dataType") or "string").lower()
    if kind not in _TYPES:
        draft.findings.fault(one.at("dataType"), f"use one of: {', '.join(_TYPES)}")
    found = {"name": one.text("identifier"), "type": kind, "description": one.text("description")}
    return {word: value for word, value in found.items() if value is not None}


def _code(draft: FunctionDraft, code: str) -> None:
    comment = "\n".join(f"# {line}".rstrip() for line in _LINE_END.split(code))
    draft.put("code.source", _SKELETON.format(comment=comment), "code")
    draft.note(
        "code", "JavaScript, which midcall does not run: rewrite it in Python, it stands in the source as a comment"
    )
    for group, action in sorted(set(_ACTION.findall(code))):
        draft.note("code", f"calls subverseActions.{group}.{action}: what it does has to be written in Python too")


def _phase(draft: FunctionDraft, source: Config) -> None:
    given = source.text("phase")
    if given is None:
        return
    phase = next((ours for word, ours in _PHASES.items() if given.lower().startswith(word)), None)
    if phase is None:
        draft.note("phase", "midcall knows no such phase; it was not carried over")
    else:
        draft.note("phase", f'a function has no phase here, its attachment has: attach it with "phase": "{phase}"')

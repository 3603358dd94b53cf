"""The last look at what is sent to a browser: nothing that it would evaluate, but what this UI itself wrote.

NiceGUI evaluates properties whose names begin with ":", handlers, templates of slots and scripts, and cannot do without
(decision 0026). Pages use none of the first, one template, and scripts that are calls of known functions; so whatever
else comes along was planted, or is a mistake: it is left out, and logged.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from nicegui import Client
from nicegui.awaitable_response import AwaitableResponse, NullResponse
from nicegui.element import Element

from midcall.ui.parts.table import CELL

log = structlog.get_logger()

#: Properties that are parsed as markup, or run; "." and "^" before a name are Vue's ways to any of them.
_RUN = re.compile(r"[:.^]|on[A-Za-z]|(inner|outer)HTML$|srcdoc$|(options-|label-)?html$|v-")
_ADDRESSES = frozenset({"href", "action", "formaction", "src", "to", "xlink:href"})
_SCHEMES = frozenset({"", "http", "https"})
#: A call with JSON as its arguments: of our own scripts, and of NiceGUI's methods of elements.
_CALL = re.compile(r"(?:return )?(?:await )?(mc[A-Za-z]+|runMethod|getComputedProp)\((.*)\)", re.DOTALL)
#: What NiceGUI's sortable columns listen with.
_SORTABLE = re.compile(r"\(\) => mounted_app\?\.\$refs\.r\d+\?\.bind\(\)|\(event\) => emit\(event\.detail\)")
_RELOADS = 'console.log("reloading because outbox rewind failed"); window.location.reload()'

_TEMPLATES = frozenset({CELL})


def watch() -> None:
    """Look at each element and script from now on; doing it again changes nothing."""
    if getattr(Element._to_dict, "watched", False):  # noqa: SLF001 (each element goes through it, on every way)
        return
    Element._to_dict = _checked(Element._to_dict)  # type: ignore[method-assign, assignment]  # noqa: SLF001 (the same)
    Client.run_javascript = _only_calls(Client.run_javascript)  # type: ignore[method-assign]


def is_call(script: str) -> bool:
    """Tell whether a script calls one known function, with values."""
    found = _CALL.fullmatch(script)
    if found is None:
        return script == _RELOADS
    try:
        json.loads(f"[{found[2]}]")
    except ValueError:
        return False
    return True


def kept_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that a browser takes for values."""
    return {name: value for name, value in props.items() if not _RUN.match(name) and _leads_on(name, value)}


def _leads_on(name: str, value: Any) -> bool:
    if name not in _ADDRESSES or not isinstance(value, str):
        return True
    try:
        # Browsers leave control characters out: "java\nscript:" is one word to them.
        return urlsplit("".join(each for each in value if each > " ")).scheme in _SCHEMES
    except ValueError:
        return False


def _checked(to_dict: Callable[[Element], dict[str, Any]]) -> Callable[[Element], dict[str, Any]]:
    def checked(element: Element) -> dict[str, Any]:
        made = to_dict(element)
        props = made.get("props", {})
        kept = kept_props(props)
        if len(kept) != len(props):
            _refused(element, "property", len(props) - len(kept))
            made["props"] = kept
        events = [each for each in made.get("events", ()) if each["js_handler"] is None or _listens(each["js_handler"])]
        if len(events) != len(made.get("events", ())):
            _refused(element, "handler", len(made["events"]) - len(events))
            made["events"] = events
        for slot in made.get("slots", {}).values():
            if "template" in slot and slot["template"] not in _TEMPLATES:
                _refused(element, "template", 1)
                del slot["template"]
        return made

    checked.watched = True  # type: ignore[attr-defined]
    return checked


def _listens(handler: str) -> bool:
    return _SORTABLE.fullmatch(handler) is not None or (
        handler.startswith("() => mc") and is_call(handler.removeprefix("() => "))
    )


def _only_calls(run: Callable[..., AwaitableResponse]) -> Callable[..., AwaitableResponse]:
    def checked(client: Client, code: str, *, timeout: float = 1.0) -> AwaitableResponse:
        if is_call(code):
            return run(client, code, timeout=timeout)
        log.error("ui_refused", what="script")
        return NullResponse()

    return checked


def _refused(element: Element, what: str, count: int) -> None:
    # Not the text itself: it is a stranger's.
    log.error("ui_refused", what=what, count=count, of=element.tag)

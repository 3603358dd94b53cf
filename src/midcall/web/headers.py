"""Headers of every answer: a browser that is pointed at one must take it for what it is, and run nothing of it."""

from collections.abc import Mapping
from types import MappingProxyType

#: Nothing is loaded, framed, posted or run: answers are data, whatever a function put in them.
NOTHING_RUNS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#: The reference at /docs: its own files, calls to this server, and styles that Swagger UI sets on its elements.
OWN_FILES_RUN = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

#: The UI under /ui: the same, over a WebSocket too, and its pages' own scripts, known by `{nonce}`. NiceGUI compiles
#: Vue templates in the browser and sends expressions to evaluate, hence 'unsafe-eval'; no markup brings a script along.
UI_RUNS = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "x-content-type-options": "nosniff",
        "content-security-policy": NOTHING_RUNS,
        "referrer-policy": "no-referrer",
    }
)


def headers_of(request_id: str, given: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the headers of one answer, but for those that it was given already (names in lower case)."""
    wanted = {"x-request-id": request_id, **ALWAYS}
    return {name: value for name, value in wanted.items() if name not in given}

"""HTTP as values: what is asked of the guarded way out, and what came back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from midcall.domain.egress import Egress
from midcall.domain.jsonvalue import NotJson, parse_bytes

#: Name and value, in order; a name may stand there twice.
Headers = tuple[tuple[str, str], ...]


class Cancel:
    """Ends requests that are under way, from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self._done = threading.Event()

    @property
    def done(self) -> bool:
        """Tell whether nothing more is wanted."""
        return self._done.is_set()

    def now(self) -> None:
        """End what is under way, and whatever begins later."""
        with self._lock:
            self._done.set()
            for end in self._ends:
                end()

    def wait(self, seconds: float) -> bool:
        """Wait, and return whether something is still wanted then."""
        return not self._done.wait(seconds)

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `end` called, which must not fail, if the block is still running when nothing more is wanted."""
        with self._lock:
            self._ends.append(end)
            if self._done.is_set():
                end()
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. `timeout_ms` is for all of it; a body over `max_bytes` is cut there and the rest never read."""

    method: str
    url: str = field(repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout_ms: int = 30_000
    max_bytes: int = 256 * 1024
    #: Redirects that are followed, 0-5.
    redirects: int = 0
    #: Of these, only those within an origin, or from http to https on one host; others are the answer.
    near: bool = False
    #: The only hosts that it may go to, redirects included; None: every public one.
    egress: Egress | None = None
    #: False takes any certificate, where the operator allows that.
    verify: bool = True
    #: User name and password for HTTP Digest; shown to the first host alone, and replaces `Authorization`.
    digest: tuple[str, str] | None = field(default=None, repr=False)
    #: Ends it before its time.
    cancel: Cancel | None = field(default=None, repr=False, compare=False)


#: Levels of an answer that are read; whoever takes it apart says what is too deep.
_MAX_DEPTH = 250


@dataclass(frozen=True)
class HttpResponse:
    """One answer: `headers` with lower-case names in the order they came, `body` decoded and cut at the cap."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)
    truncated: bool = False
    took_ms: int = 0

    @cached_property
    def value(self) -> Any:
        """The body: JSON where it is any, else text."""
        try:
            return parse_bytes(self.body, _MAX_DEPTH) if self.body else None
        except NotJson:
            return self.text

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None; the name in any case."""
        return first(self.headers, name)


def first(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, or None; the name in any case."""
    return next((value for key, value in headers if key == name.lower()), None)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Which OAuth2 token is wanted: client credentials, RFC 6749 section 4.4."""

    token_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str = ""
    audience: str = ""
    #: The client's name and secret go into the body, not into `Authorization`.
    in_body: bool = False


@dataclass(frozen=True, slots=True)
class AssertionRequest:
    """Which OAuth2 token is wanted: for a signed assertion (RFC 7523), as Google's service accounts do."""

    token_url: str
    #: The service account's address.
    issuer: str = field(repr=False)
    #: RSA, PEM.
    private_key: str = field(repr=False)
    key_id: str = ""
    scopes: tuple[str, ...] = ()


AnyTokenRequest = TokenRequest | AssertionRequest


@dataclass(frozen=True, slots=True)
class FetchedToken:
    """A token as its endpoint gave it, and the seconds that it lives from then on."""

    token: str = field(repr=False)
    life_s: float

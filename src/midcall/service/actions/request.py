"""From what an operation asks for to an HTTP request: address, credential, limits. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any
from urllib.parse import urlsplit

from midcall.connectors.kit import NOTHING, ApiRequest, Connector
from midcall.domain.action import MAX_ANSWER_BYTES, ActionFailed
from midcall.domain.egress import Egress
from midcall.domain.errors import InvalidInput, SecretElsewhere
from midcall.domain.grant import Grant
from midcall.domain.http import Headers, HttpRequest
from midcall.domain.template.url import with_query
from midcall.service.credentials.hosts import check_may_go

#: Of one request whose operation names no time of its own.
TIMEOUT_MS = 30_000
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class ActionTarget:
    """Where the requests of one action may go."""

    #: Empty where requests name whole addresses.
    base_url: str
    egress: Egress

    @classmethod
    def of(
        cls, connector: Connector, base_url: str | None, account: Mapping[str, str], egress: Egress
    ) -> "ActionTarget":
        """Place a connector: at its base alone, or (if it has none) wherever the function's egress opens.

        Raises ActionFailed for a connector whose base nobody has set.
        """
        if connector.anywhere:
            return cls("", egress)
        if base_url is None:
            raise ActionFailed(
                f"this installation has no address for {connector.title}; its operator sets one with "
                f"MIDCALL_CONNECTOR_URLS={connector.name}=https://…",
                code="not_configured",
            )
        url = _filled(base_url, account)
        try:
            return cls(url, Egress.parse([urlsplit(url).netloc.lower()]))
        except ValueError:
            text = f"the address of {connector.title} is none that can be called; its operator sets it"
            raise ActionFailed(text, code="not_configured") from None


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A request, and the host as it may be shown."""

    request: HttpRequest = field(repr=False)
    host: str


def request_of(ask: ApiRequest, place: ActionTarget, grant: Grant, *, left_ms: int) -> ActionRequest:
    """Make the request of one ask; raises ActionFailed for one that cannot be written, or may not have the grant."""
    url = place.base_url + ask.path if place.base_url else _absolute(ask.url)
    headers, body = _with_body(ask, grant)
    try:
        url = with_query(with_query(url, ask.query, "query"), grant.query, "query")
    except InvalidInput as error:
        raise ActionFailed(error.faults[0].msg if error.faults else error.message, code="bad_options") from None
    if grant.bound is not None:
        try:
            check_may_go(grant.bound, url)
        except SecretElsewhere as error:
            raise ActionFailed(error.message, code=error.code) from None
    request = HttpRequest(
        method=ask.method,
        url=url,
        headers=headers,
        body=body,
        timeout_ms=max(1, min(ask.timeout_ms or TIMEOUT_MS, left_ms)),
        max_bytes=MAX_ANSWER_BYTES,
        redirects=ask.redirects,
        egress=place.egress,
        verify=ask.verify,
        digest=grant.digest,
    )
    return ActionRequest(request, host_of(url))


def host_of(url: str) -> str:
    """Return host and port as they may be shown: no user, path or query; empty where there is none to be read."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return host[:200] if port is None else f"{host[:200]}:{port}"


def _filled(base_url: str, account: Mapping[str, str]) -> str:
    names = [name for _, name, _, _ in Formatter().parse(base_url) if name]
    # They are checked when they are saved. Whatever is stored, a value is one host's name or a part of it.
    if not all(_HOST.fullmatch(account.get(name, "")) for name in names):
        text = "the credential lacks what the address is made of, or it is no host's name; save it anew"
        raise ActionFailed(text, code="credential")
    return base_url.format_map({name: account[name] for name in names})


def _absolute(url: str) -> str:
    """Return a URL with a scheme, and without its fragment: what is put into its query must not end up there."""
    url = url.partition("#")[0]
    return url if "://" in url else f"https://{url}"


def _with_body(ask: ApiRequest, grant: Grant) -> tuple[Headers, bytes]:
    added = {name.lower() for name, _ in grant.headers}
    headers = (*((name, value) for name, value in ask.headers if name.lower() not in added), *grant.headers)
    document: Any = ask.json
    if grant.fields:
        if (document is not NOTHING and not isinstance(document, Mapping)) or ask.body is not None:
            text = "the credential adds fields to the body, so the body has to be a JSON object"
            raise ActionFailed(text, code="bad_options")
        document = {**({} if document is NOTHING else document), **grant.fields}
    if document is NOTHING:
        return headers, ask.body or b""
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (_JSON, *headers)
    return headers, json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

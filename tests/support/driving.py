"""Drive a connector's operation over real HTTP: as `midcall.service.actions` does, without what is not the vendor's.

No egress, no retries, no redaction, no deadline: those have tests of their own.
"""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
from tests.support.plain_http import plain_client

from midcall.connectors.explain import explain
from midcall.connectors.kit import NOTHING, Account, ApiRequest, BoundArguments, Connector, Steps, bind
from midcall.domain.action import ActionFailed
from midcall.domain.grant import Grant
from midcall.domain.http import Headers, HttpResponse

Send = Callable[[ApiRequest], HttpResponse]

_FAILED = 400


def drive(
    connector: Connector,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    base_url: str,
    headers: Headers = (),
    query: Headers = (),
    account: Account | None = None,
) -> Any:
    """Call an operation by its Python name with an object of options; returns what the code would get.

    `headers` and `query` are what a credential adds to every request. Raises ActionFailed for options that do not fit,
    for what the operation raises, and for a status of 400 or more that the operation does not ask to see.
    """
    name = f"{connector.name}.{operation}"
    wanted = connector.operations[operation]
    bound = bind(name, wanted, (arguments,), {})
    with _sender(base_url, headers, query) as send:
        return run(wanted.run(bound.options, account or {}), send, name=name)


def check(connector: Connector, *, base_url: str, headers: Headers = (), query: Headers = ()) -> Any:
    """Ask what the connector asks to see whether a credential is good."""
    assert connector.check is not None
    with _sender(base_url, headers, query) as send:
        return run(connector.check({}), send, name=f"{connector.name}.check")


def granted(grant: Grant) -> dict[str, Headers]:
    """Turn a grant that needs no token into what `drive` and `check` take."""
    assert grant.token is None
    return {"headers": grant.headers, "query": grant.query}


def bound_example(connector: Connector, operation: str) -> BoundArguments:
    """Read an operation's example as Python, and bind it as the call that it is."""
    name, found = f"{connector.name}.{operation}", connector.operations[operation]
    call = ast.parse(found.example.removeprefix("await "), mode="eval").body
    assert isinstance(call, ast.Call), found.example
    assert ast.unparse(call.func) == f"actions.{name}", found.example
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
    assert len(given) == len(call.keywords), "an example hides nothing behind **"
    return bind(name, found, tuple(map(ast.literal_eval, call.args)), given)


def run(steps: Steps, send: Send, *, name: str = "action") -> Any:
    """Run a generator to its end, with `send` as the way out."""
    try:
        ask = next(steps)
        while True:
            answer = send(ask)
            if answer.status >= _FAILED and not ask.sees(answer.status):
                # Thrown where it asked, so that an operation of several requests can say how far it came.
                ask = steps.throw(refused(name, answer))
            else:
                ask = steps.send(answer)
    except StopIteration as end:
        return end.value


def refused(name: str, answer: HttpResponse) -> ActionFailed:
    """Make the failure of an answer that its operation does not ask to see."""
    said = explain(answer.value)
    text = f"{name}: the target answered {answer.status}" + (f": {said}" if said else "")
    return ActionFailed(text, code="refused", status=answer.status, body=answer.value)


@contextmanager
def _sender(base_url: str, headers: Headers, query: Headers) -> Iterator[Send]:
    """Open a way out to a base URL."""
    with plain_client() as http:
        yield lambda ask: _sent(http, base_url.rstrip("/"), ask, (*ask.headers, *headers), (*ask.query, *query))


def _sent(http: httpx.Client, base: str, ask: ApiRequest, headers: Headers, query: Headers) -> HttpResponse:
    assert ask.url or ask.path.startswith("/"), ask
    body = ask.body
    if ask.json is not NOTHING:
        body = json.dumps(ask.json, ensure_ascii=False, allow_nan=False).encode()
        headers = (*headers, ("content-type", "application/json"))
    # No parameters are None, not empty: an empty list would drop a query that stands in the address.
    params = httpx.QueryParams(list(query)) if query else None
    response = http.request(ask.method, ask.url or base + ask.path, params=params, headers=list(headers), content=body)
    found = tuple((name.lower(), value) for name, value in response.headers.multi_items())
    return HttpResponse(response.status_code, found, response.content)

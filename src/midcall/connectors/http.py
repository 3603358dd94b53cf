"""HTTP requests to whatever host the function's egress names.

Options and answer are those of SubVerse's `http.sendRequest`; the shorthands take what Python programmers expect.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import (
    AliasChoices,
    Field,
    JsonValue,
    Strict,
    StrictBool,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from midcall.connectors import grants
from midcall.connectors.kit import NO_RETRY, NOTHING, Account, ApiRequest, Connector, Operation, Options, Steps
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse
from midcall.domain.http_headers import OWN_NAMES, is_name, is_value
from midcall.domain.jsonvalue import NotJson, parse_bytes
from midcall.domain.webhook_result import result_value

MAX_URL_CHARS = 8_192
MAX_PAIRS = 100
DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS = 30_000, 300_000
MAX_REDIRECTS = 5
_FORM = "application/x-www-form-urlencoded"

HttpMethod = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
PairsOption = Annotated[
    tuple[tuple[str, str], ...],
    WithJsonSchema({"type": ["object", "array"], "description": 'names and values, or a list of {"name", "value"}'}),
]

#: What `authentication` says, and the types of credentials that fit it.
AUTHENTICATIONS: Mapping[str, frozenset[CredentialType]] = {
    "none": frozenset(),
    "basicAuth": frozenset({CredentialType.BASIC}),
    "bearerToken": frozenset({CredentialType.BEARER, CredentialType.OAUTH2_CLIENT_CREDENTIALS}),
    "apiKey": frozenset({CredentialType.HEADER}),
    "customAuth": frozenset({CredentialType.CUSTOM}),
    "digestAuth": frozenset({CredentialType.DIGEST}),
    "queryAuth": frozenset({CredentialType.QUERY}),
}


class ClientOptions(Options):
    """How the request is made. `timeout` is in milliseconds, and never longer than the run's deadline leaves."""

    timeout: Annotated[int, Strict(), Field(ge=1, le=MAX_TIMEOUT_MS)] = DEFAULT_TIMEOUT_MS
    follow_redirects: StrictBool = True
    ignore_ssl: StrictBool = Field(default=False, validation_alias=AliasChoices("ignoreSSL", "ignoreSsl", "ignore_ssl"))
    response_format: Literal["autodetect", "json", "text"] = "autodetect"
    full_response: StrictBool = False
    ignore_response_code: StrictBool = False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("a value here is a text, a number or true or false")


def _pairs(given: Any) -> PairsOption:
    """Read `{"name": "value"}` or `[{"name": …, "value": …}]`; a list as value repeats its name."""
    if given is None:
        return ()
    if isinstance(given, Mapping):
        items = list(given.items())
    elif isinstance(given, list | tuple) and all(
        isinstance(one, Mapping) and set(one) == {"name", "value"} for one in given
    ):
        items = [(one["name"], one["value"]) for one in given]
    else:
        raise ValueError('is an object of names and values, or a list of {"name", "value"}')
    pairs = [
        (_text(name), _text(each)) for name, value in items for each in (value if isinstance(value, list) else [value])
    ]
    if len(pairs) > MAX_PAIRS:
        raise ValueError(f"has more than {MAX_PAIRS} entries")
    return tuple(pairs)


class _Request(Options):
    url: Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARS)]
    headers: PairsOption = ()
    query: PairsOption = Field(default=(), validation_alias=AliasChoices("query", "params"))
    body: JsonValue = Field(default=None, validation_alias=AliasChoices("body", "json", "data"))
    client_options: ClientOptions = ClientOptions()

    _read_pairs = field_validator("headers", "query", mode="before")(_pairs)

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: PairsOption) -> PairsOption:
        for name, value in headers:
            if not is_name(name) or name.lower() in OWN_NAMES:
                raise ValueError(f"{name[:60]!r} is no header that a function may set")
            if not is_value(value):
                raise ValueError(f"the value of {name} holds a control character, or a blank at one of its ends")
        return headers


class SendRequest(_Request):
    """Send an HTTP request and return the answer."""

    method: HttpMethod = "GET"
    authentication: (
        Literal["none", "basicAuth", "bearerToken", "apiKey", "customAuth", "digestAuth", "queryAuth"] | None
    ) = None

    def credential_types(self) -> frozenset[CredentialType] | None:
        """Return the types that fit `authentication`."""
        return None if self.authentication is None else AUTHENTICATIONS[self.authentication]

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, method: Any) -> Any:
        return method.upper() if isinstance(method, str) else method


class _Short(_Request):
    """What a shorthand takes beside the client options, which it takes by name too."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        rest, nested = dict(given), given.get("client_options") or given.get("clientOptions") or {}
        if not isinstance(nested, Mapping):  # a fault, which the field itself tells
            return given
        own = dict(nested)
        rest.pop("clientOptions", None)
        own |= {name: rest.pop(name) for name in _CLIENT_OPTIONS & set(rest)}
        return {**rest, "client_options": own} if own else rest


_CLIENT_OPTIONS = frozenset(ClientOptions.model_fields)


class Get(_Short):
    """Send a GET request."""


class Post(_Short):
    """Send a POST request; a body that is no text goes as JSON."""


class Put(_Short):
    """Send a PUT request; a body that is no text goes as JSON."""


class Patch(_Short):
    """Send a PATCH request; a body that is no text goes as JSON."""


class Delete(_Short):
    """Send a DELETE request."""


class Head(_Short):
    """Send a HEAD request; `data` is empty, `full_response` shows the headers."""


def _send(method: HttpMethod, options: _Request) -> Steps:
    client = options.client_options
    answer = yield ApiRequest(
        method,
        url=options.url,
        query=options.query,
        headers=_headers_of(options),
        json=options.body if _is_json(options) else NOTHING,
        body=_text_body(options),
        redirects=MAX_REDIRECTS if client.follow_redirects else 0,
        timeout_ms=client.timeout,
        verify=not client.ignore_ssl,
        sees=lambda _status: client.ignore_response_code,
    )
    value = {"responseCode": answer.status, "data": _data(answer, client.response_format), "message": _phrase(answer)}
    if client.full_response:
        value["headers"] = _headers(answer)
    return value


def _is_form(options: _Request) -> bool:
    return any(name.lower() == "content-type" and value.lower().startswith(_FORM) for name, value in options.headers)


def _is_json(options: _Request) -> bool:
    return options.body is not None and not isinstance(options.body, str) and not _is_form(options)


def _text_body(options: _Request) -> bytes | None:
    """Return a body that is no JSON: a text as it is, an object as a form where the headers say so."""
    if isinstance(options.body, str):
        return options.body.encode("utf-8", "replace")
    if isinstance(options.body, Mapping) and _is_form(options):
        return urlencode([(name, _text(value)) for name, value in options.body.items()]).encode()
    return None


def _headers_of(options: _Request) -> PairsOption:
    given = any(name.lower() == "content-type" for name, _ in options.headers)
    if given or not isinstance(options.body, str):
        return options.headers
    return (("Content-Type", "text/plain; charset=utf-8"), *options.headers)


def _data(answer: HttpResponse, form: str) -> Any:
    if form == "text":
        return answer.text
    if form == "json" and answer.body:
        try:
            return parse_bytes(answer.body)
        except NotJson:
            raise ActionFailed(
                "the answer is not JSON", code="bad_answer", status=answer.status, body=answer.text
            ) from None
    return result_value(answer.status, answer.header("content-type"), answer.body)


def _phrase(answer: HttpResponse) -> str:
    try:
        return HTTPStatus(answer.status).phrase
    except ValueError:
        return ""


def _headers(answer: HttpResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in answer.headers:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _send_request(options: SendRequest, _account: Account) -> Steps:
    return _send(options.method, options)


def _short(method: HttpMethod, options: type[_Short], example: str) -> Operation:
    positional = ("url",) if method in {"GET", "DELETE", "HEAD"} else ("url", "body")
    return Operation(
        options,
        lambda given, _account: _send(method, given),
        positional=positional,
        returns=_RETURNS,
        example=example,
    )


_RETURNS = '{"responseCode": 200, "data": …, "message": "OK"}'

CONNECTOR = Connector(
    name="http",
    title="HTTP",
    summary="Requests to any host that the function's egress names.",
    anywhere=True,
    needs_credential=False,
    retry=NO_RETRY,
    credentials={
        CredentialType.BEARER: grants.bearer("token"),
        CredentialType.BASIC: grants.basic,
        CredentialType.HEADER: grants.own_header,
        CredentialType.QUERY: grants.own_query,
        CredentialType.DIGEST: grants.digest,
        CredentialType.CUSTOM: grants.custom,
        CredentialType.OAUTH2_CLIENT_CREDENTIALS: grants.oauth2,
    },
    operations={
        "send_request": Operation(
            SendRequest,
            _send_request,
            returns=_RETURNS,
            example='actions.http.send_request({"method": "POST", "url": "https://api.example.com/orders", '
            '"body": {"sku": "A1"}, "credential": "shop"})',
        ),
        "get": _short(
            "GET", Get, 'actions.http.get("https://api.example.com/orders", params={"page": 1}, credential="shop")'
        ),
        "post": _short("POST", Post, 'actions.http.post("https://api.example.com/orders", json={"sku": "A1"})'),
        "put": _short("PUT", Put, 'actions.http.put("https://api.example.com/orders/7", json={"sku": "A1"})'),
        "patch": _short("PATCH", Patch, 'actions.http.patch("https://api.example.com/orders/7", json={"sku": "A1"})'),
        "delete": _short("DELETE", Delete, 'actions.http.delete("https://api.example.com/orders/7")'),
        "head": _short("HEAD", Head, 'actions.http.head("https://api.example.com/orders/7")'),
    },
)

"""What may be written about a webhook, as pydantic models."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    Tag,
    field_validator,
    model_serializer,
    model_validator,
)

from midcall.domain.function import NAME_PATTERN
from midcall.domain.http_headers import bare_token, is_reserved
from midcall.domain.javascript_json import stringify
from midcall.domain.webhook_payload import BODYLESS, FORM
from midcall.service.fields import AnyValue, Form, storable

MAX_URL = 2_048
MAX_VALUE = 8_192
MAX_NAMES = 50

_KINDS = ("none", "bearer", "basic", "header", "query", "body", "oauth2", "credential")
WebhookMethod = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Payload = Literal["session", "call", "args", "template"]


def _pairs(value: Any) -> Any:
    """Take a list of `{name | key, value}` for an object, as several vendors write it."""
    if not isinstance(value, list):
        return value
    read: dict[Any, Any] = {}
    for index, item in enumerate(value):
        if not isinstance(item, Mapping) or set(item) - {"secret"} not in ({"name", "value"}, {"key", "value"}):
            raise ValueError(f"entry {index}: write an object name -> value, or a list of {{name, value, secret?}}")
        name = item.get("name", item.get("key"))
        if not isinstance(name, str):
            raise ValueError(f"entry {index}: the name has to be text")  # noqa: TRY004 (pydantic's own error)
        if name in read:
            raise ValueError(f"{name!r:.80} is there twice; keep one")
        marked = {"value": item["value"], "secret": item["secret"]} if "secret" in item else item["value"]
        read[name] = marked
    return read


def _free_header(name: str) -> str:
    if is_reserved(name):
        raise ValueError("midcall sets this header itself; remove it")
    return name


def _as_text(value: Any) -> Any:
    """Take a number or a boolean as the text that it is in JSON: headers and queries have no other."""
    return stringify(value) if isinstance(value, bool | int | float) else value


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,128}$"), AfterValidator(_free_header)]
Value = Annotated[str, AfterValidator(storable), Field(max_length=MAX_VALUE)]
EntryText = Annotated[Value, BeforeValidator(_as_text)]
QueryName = Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=200)]


def _one_line(text: str) -> str:
    if any(letter < " " or letter == "\x7f" for letter in text):
        raise ValueError("holds a control character, such as a line break; write the value on one line")
    return text


def _there(text: str) -> str:
    if not text or text.strip().lower() == "bearer":
        raise ValueError("is empty; send the token")
    return text


class MarkedValue(Form):
    """A value and whether it is a secret: then it is kept encrypted and never shown again."""

    value: EntryText
    secret: StrictBool | None = Field(
        default=None, description="true: a secret whatever its name; false: one that was secret may be read from now on"
    )


def _text_or_marked(value: Any) -> str:
    return "<marked>" if isinstance(value, Mapping | MarkedValue) else "<text>"


#: What stands under a name in headers or query: a text, or one that is marked.
EntryValue = Annotated[
    Annotated[EntryText, Tag("<text>")] | Annotated[MarkedValue, Tag("<marked>")], Discriminator(_text_or_marked)
]
RequiredText = Annotated[Value, AfterValidator(_one_line), Field(min_length=1)]
Maybe = Annotated[Value, AfterValidator(_one_line)]


class MarkedName(MarkedValue):
    """A user name that is marked."""

    value: Maybe


#: Readable, unless it is marked, or there is no password.
BasicUserName = Annotated[
    Annotated[Maybe, Tag("<text>")] | Annotated[MarkedName, Tag("<marked>")], Discriminator(_text_or_marked)
]
#: Taken with the word Bearer before it too, and kept without.
BearerToken = Annotated[Value, AfterValidator(_one_line), AfterValidator(bare_token), AfterValidator(_there)]
CredentialReference = Annotated[str, Field(pattern=NAME_PATTERN)]


class NoAuth(Form):
    """No authentication."""

    type: Literal["none"] = "none"


class BearerAuth(Form):
    """`Authorization: Bearer <token>`."""

    type: Literal["bearer"]
    token: BearerToken


class BasicAuth(Form):
    """`Authorization: Basic <base64 of username:password>`."""

    type: Literal["basic"]
    username: BasicUserName
    password: Maybe


class NamedSecret(Form):
    """A secret under a name; that it is one may be said as well."""

    @model_validator(mode="before")
    @classmethod
    def _is_secret(cls, document: Any) -> Any:
        if not isinstance(document, Mapping) or "secret" not in document:
            return document
        if document["secret"] is not True:
            raise ValueError("what stands in auth is always kept secret; write what may be read into headers or query")
        return {name: value for name, value in document.items() if name != "secret"}


class HeaderAuth(NamedSecret):
    """A secret in a header of its own."""

    type: Literal["header"]
    name: HeaderName
    value: RequiredText


class QueryAuth(NamedSecret):
    """A secret in the query."""

    type: Literal["query"]
    name: QueryName
    value: RequiredText


class BodyAuth(NamedSecret):
    """A secret in a field of the JSON body."""

    type: Literal["body"]
    name: QueryName
    value: RequiredText


class OAuth2Auth(Form):
    """A token from a token endpoint, by client credentials (RFC 6749 §4.4)."""

    type: Literal["oauth2"]
    token_url: Annotated[str, Field(min_length=1, max_length=MAX_URL)]
    client_id: RequiredText
    client_secret: RequiredText
    scope: Annotated[str, Field(max_length=1_000)] = ""
    audience: Annotated[str, Field(max_length=1_000)] = ""


class CredentialAuth(Form):
    """A credential of the workspace; its own type says how it is used, whatever kind is named beside it."""

    type: Annotated[Literal["credential"], BeforeValidator(lambda kind: "credential" if kind in _KINDS else kind)] = (
        "credential"
    )
    credential: CredentialReference


def _auth_kind(value: Any) -> str:
    if isinstance(value, Form):  # on the way out
        return f"<{getattr(value, 'type', 'other')}>"
    if not isinstance(value, Mapping):
        return "<other>"
    if "credential" in value:
        return "<credential>"
    kind = value.get("type", "none")
    return f"<{kind}>" if kind in _KINDS else "<other>"


def _no_kind(_value: Any) -> Any:
    raise ValueError(f'write {{"type": …}} with one of {", ".join(_KINDS)}, or {{"credential": "<name>"}}')


Auth = Annotated[
    Annotated[NoAuth, Tag("<none>")]
    | Annotated[BearerAuth, Tag("<bearer>")]
    | Annotated[BasicAuth, Tag("<basic>")]
    | Annotated[HeaderAuth, Tag("<header>")]
    | Annotated[QueryAuth, Tag("<query>")]
    | Annotated[BodyAuth, Tag("<body>")]
    | Annotated[OAuth2Auth, Tag("<oauth2>")]
    | Annotated[CredentialAuth, Tag("<credential>")]
    | Annotated[NoAuth, BeforeValidator(_no_kind), Tag("<other>")],
    Discriminator(_auth_kind),
]


def _is_object(body: Any) -> bool:
    return isinstance(body, Mapping) or (isinstance(body, str) and body.lstrip().startswith("{"))


class Webhook(Form):
    """A URL that midcall calls. Secrets in headers, query and auth are kept encrypted and never shown again.

    In headers and query those are values under names that plainly are a secret's (`Authorization`, `Cookie`, `…-Key`,
    `…-Token`, `…-Secret`, `api_key`, `password`, …) and those that are marked, `{"value": …, "secret": true}`.
    """

    url: Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=MAX_URL)]
    method: WebhookMethod = "POST"
    headers: Annotated[dict[HeaderName, EntryValue], BeforeValidator(_pairs), Field(max_length=MAX_NAMES)] = Field(
        default={}
    )
    query: Annotated[dict[QueryName, EntryValue], BeforeValidator(_pairs), Field(max_length=MAX_NAMES)] = Field(
        default={}
    )
    body: AnyValue = None
    payload: Payload = "session"
    auth: Auth = NoAuth()
    #: Within its origin, and from http to https on the same host; others never are.
    follow_redirects: bool = False

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is newer than documents whose digests are approved, where it changes nothing."""
        written: dict[str, Any] = write(self)
        if not self.follow_redirects:
            del written["follow_redirects"]
        return written

    @model_validator(mode="before")
    @classmethod
    def _body_means_template(cls, document: Any) -> Any:
        if isinstance(document, Mapping) and document.get("body") is not None and "payload" not in document:
            return {**document, "payload": "template"}
        return document

    @field_validator("url")
    @classmethod
    def _with_scheme(cls, url: str) -> str:
        return url if "://" in url else f"https://{url}"

    @model_validator(mode="after")
    def _check_body(self) -> Self:
        if self.payload == "template" and self.body is None and self.method not in BODYLESS:
            raise ValueError('the payload "template" needs a body; add one')
        values = ((name, value if isinstance(value, str) else value.value) for name, value in self.headers.items())
        types = [value for name, value in values if name.lower() == "content-type"]
        form = any(value.partition(";")[0].strip().lower() == FORM for value in types)
        if form and self.payload == "template" and not _is_object(self.body):
            raise ValueError(f"a body of type {FORM} is an object of names and values; write it as one")
        return self

"""The types of credentials: which values each has, what they may be, and which of them may be shown again.

Sources: RFC 6750 (bearer), 7617 (basic), 7616 (digest), 6749 §4.4 (client credentials); Google's service account key
files; Airtable's, Shopify's, Slack's and WhatsApp's own words for their tokens.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from midcall.domain.credential import CredentialType
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.http_headers import is_reserved
from midcall.domain.jsonvalue import NotJson, canonical, parse_text
from midcall.domain.parameters import MASK
from midcall.service.fields import Form, faults_of

MAX_BYTES = 16 * 1024
MAX_TEXT = 8 * 1024
MAX_NAMES = 50
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)
GOOGLE_KEY_BITS = 2048

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,128}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")
_TLS_OR_HERE = re.compile(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?/")
_PHONE_NUMBER_ID = re.compile(r"[0-9]{5,30}")


def _text(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("holds a line break or another control character; remove it")
    return _whole(value)


def _whole(value: str) -> str:
    if "\0" in value:
        raise ValueError("holds a NUL character; remove it")
    if _SURROGATE.search(value):
        raise ValueError("holds half of a surrogate pair; remove it")
    return value


def _header_value(value: str) -> str:
    if value != value.strip(" "):
        raise ValueError("begins or ends with a blank; remove it")
    return _text(value)


def _token(value: str) -> str:
    if value.lower().startswith(("bearer ", "basic ", "token ")):
        raise ValueError("begins with the name of a scheme; leave that out, it is put in front")
    if not _VISIBLE.fullmatch(value):
        raise ValueError("holds a blank, a line break or a letter beyond ASCII; send the token alone")
    return value


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("is no name of a header; use letters, digits and dashes, 128 at most")
    if is_reserved(name):
        raise ValueError("midcall sets this header itself; choose another one")
    return name


def _without_colon(name: str) -> str:
    if ":" in name:
        raise ValueError("holds a colon, which ends a user name; remove it")
    return _text(name)


def _slack_token(value: str) -> str:
    if not value.startswith(("xoxb-", "xoxe.xoxb-")):
        raise ValueError('is no bot token; send the "Bot User OAuth Token", which begins with xoxb-')
    return _token(value)


def _shop(value: str) -> str:
    if not _SHOP.fullmatch(value):
        raise ValueError("send the shop's own domain, such as my-shop.myshopify.com, without https://")
    return value


def _phone_number_id(value: str) -> str:
    if not _PHONE_NUMBER_ID.fullmatch(value):
        raise ValueError('send the "Phone number ID", which is digits alone, not the telephone number')
    return value


def _url(value: str) -> str:
    if not _TLS_OR_HERE.match(value):
        raise ValueError("must begin with https://, since the secret goes there; plain http is for loopback alone")
    return _text(value)


def _private_key(value: str) -> str:
    # Copied out of a variable, the line breaks often come as two characters each.
    pem = value if "\n" in value else value.replace("\\n", "\n")
    try:
        # Only what it is, not whether its numbers are sound: that takes long for numbers chosen to take long.
        key = load_pem_private_key(_whole(pem).encode(), password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < GOOGLE_KEY_BITS:
        raise ValueError("is no RSA key in PEM without a password; send private_key as it stands in Google's key file")
    return pem


CredentialText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_text)]
Token = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_token)]
HeaderValue = Annotated[str, Field(min_length=1, max_length=MAX_TEXT), AfterValidator(_header_value)]
AuthHeaderName = Annotated[str, AfterValidator(_header_name)]
ShortText = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_text)]
UserName = Annotated[str, Field(max_length=1_024), AfterValidator(_without_colon)]
Password = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_text)]
BodyText = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_whole)]
Url = Annotated[str, Field(max_length=2_048), AfterValidator(_url)]


class CredentialValues(Form):
    """The values of one type. All are secret but those that `SHOWN` names; those of `PLACES` say where secrets go."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    #: What answers may show. Whatever is not named here is masked.
    SHOWN: ClassVar[frozenset[str]] = frozenset()
    #: Hosts and addresses that the secrets are sent to; with another one they must be sent anew.
    PLACES: ClassVar[frozenset[str]] = frozenset()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show the names that are set and nothing else."""
        yield from ((None, name) for name in sorted(self.model_fields_set))

    @classmethod
    def unpacked(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what was sent by this type's own names."""
        return given

    def shown(self) -> frozenset[str]:
        """Name the values that answers may show."""
        return self.SHOWN


class Bearer(CredentialValues):
    """A token that is sent as `Authorization: Bearer <token>`."""

    token: Token


class Basic(CredentialValues):
    """`Authorization: Basic …`. Some services take their key for a user name, without a password."""

    SHOWN = frozenset({"username"})

    username: UserName
    password: Password = ""

    def shown(self) -> frozenset[str]:
        """Hide the user name where it is the secret."""
        return self.SHOWN if self.password else frozenset()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.username and not self.password:
            raise ValueError("user name and password are both empty; send one of them")
        return self


class Header(CredentialValues):
    """A header of one's own, such as `x-api-key`."""

    SHOWN = frozenset({"name"})

    name: AuthHeaderName
    value: HeaderValue


class Query(CredentialValues):
    """A parameter of the query."""

    SHOWN = frozenset({"name"})

    name: ShortText
    value: CredentialText


class Digest(CredentialValues):
    """A user name and a password for HTTP Digest (RFC 7616)."""

    SHOWN = frozenset({"username"})

    username: Annotated[UserName, Field(min_length=1)]
    password: Annotated[Password, Field(min_length=1)]


class Custom(CredentialValues):
    """Several headers, query parameters and fields of the body: each name with its value."""

    headers: dict[AuthHeaderName, HeaderValue] = Field(default={}, max_length=MAX_NAMES)
    query: dict[ShortText, CredentialText] = Field(default={}, max_length=MAX_NAMES)
    body: dict[ShortText, BodyText] = Field(default={}, max_length=MAX_NAMES)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.headers or self.query or self.body):
            raise ValueError("empty; send headers, query or body, each an object name -> value")
        if len({name.lower() for name in self.headers}) < len(self.headers):
            raise ValueError("one header is there in two spellings; keep one of them")
        return self


class OAuth2ClientCredentials(CredentialValues):
    """A token of a token endpoint, by client credentials."""

    SHOWN = frozenset({"token_url", "client_id", "scope", "audience", "auth_method"})
    PLACES = frozenset({"token_url"})

    token_url: Url
    client_id: CredentialText
    client_secret: CredentialText
    scope: Annotated[CredentialText, Field(max_length=1_000)] | None = None
    audience: Annotated[CredentialText, Field(max_length=1_000)] | None = None
    auth_method: Literal["basic", "body"] = "basic"


class Airtable(CredentialValues):
    """A personal access token of Airtable."""

    token: Token


class GoogleServiceAccount(CredentialValues):
    """A service account's key file: its fields themselves, or the file whole as `key_file`, object or text."""

    SHOWN = frozenset({"client_email", "token_uri", "project_id", "private_key_id"})
    PLACES = frozenset({"token_uri"})
    #: What else a key file holds; nothing of it is needed.
    UNUSED: ClassVar[frozenset[str]] = frozenset(
        {
            *("type", "client_id", "auth_uri", "auth_provider_x509_cert_url", "client_x509_cert_url"),
            "universe_domain",
        }
    )

    client_email: Annotated[CredentialText, Field(max_length=320)]
    private_key: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_private_key)]
    token_uri: Url = GOOGLE_TOKEN_URI
    project_id: Annotated[CredentialText, Field(max_length=200)] | None = None
    private_key_id: Annotated[CredentialText, Field(max_length=200)] | None = None

    @classmethod
    def unpacked(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the key file, and leave out what nothing needs; raises InvalidInput."""
        if "key_file" in given:
            others = sorted(set(given) - {"key_file"})
            if others:
                raise _fault("key_file", f"is the whole of it; remove {', '.join(others)[:200]}")
            given = _key_file(given["key_file"])
        if given.get("type", "service_account") != "service_account":
            raise _fault("type", "is not service_account; create a key of a service account, as JSON")
        return {name: value for name, value in given.items() if name not in cls.UNUSED}


class GoogleApiKey(CredentialValues):
    """An API key of Google."""

    key: Token


class Shopify(CredentialValues):
    """An access token of one shop's Admin API."""

    SHOWN = frozenset({"shop_domain"})
    PLACES = frozenset({"shop_domain"})

    shop_domain: Annotated[str, AfterValidator(_shop)]
    access_token: Token


class Slack(CredentialValues):
    """A bot's token, as Slack shows it at the app."""

    bot_token: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_slack_token)]


class WhatsApp(CredentialValues):
    """A token of WhatsApp's Cloud API, and the number that it sends from."""

    SHOWN = frozenset({"phone_number_id"})

    access_token: Token
    phone_number_id: Annotated[str, AfterValidator(_phone_number_id)]


MODELS: Mapping[CredentialType, type[CredentialValues]] = {
    CredentialType.BEARER: Bearer,
    CredentialType.BASIC: Basic,
    CredentialType.HEADER: Header,
    CredentialType.QUERY: Query,
    CredentialType.DIGEST: Digest,
    CredentialType.CUSTOM: Custom,
    CredentialType.OAUTH2_CLIENT_CREDENTIALS: OAuth2ClientCredentials,
    CredentialType.AIRTABLE: Airtable,
    CredentialType.GOOGLE_SERVICE_ACCOUNT: GoogleServiceAccount,
    CredentialType.GOOGLE_API_KEY: GoogleApiKey,
    CredentialType.SHOPIFY: Shopify,
    CredentialType.SLACK: Slack,
    CredentialType.WHATSAPP: WhatsApp,
}


def _names_of(model: type[CredentialValues]) -> str:
    return ", ".join(name if field.is_required() else f"{name}?" for name, field in model.model_fields.items())


#: The values of each type in words, for the documentation.
VALUES_BY_TYPE = (
    "; ".join(f"{kind}: {_names_of(model)}" for kind, model in MODELS.items())
    + " (or Google's key file whole as key_file, object or text)"
)


def read_values(
    kind: CredentialType, given: Mapping[str, Any], kept: Mapping[str, Any], *, to: Sequence[str] = ()
) -> dict[str, Any]:
    """Check what was sent, with what is kept where it left something out; returns the whole, as it is stored.

    What is left out or comes as its mask is kept, null removes it. Secrets are not kept where one of `PLACES` changes,
    nor where they may be sent `to` other hosts: whoever may write would otherwise have them sent to themselves. Raises
    InvalidInput with paths below `values`, whose texts hold no value.
    """
    model = MODELS[kind]
    given = model.unpacked(given)
    places = model.PLACES & set(given) & set(kept)
    moved = {name for name in places if given[name] not in (MASK, kept[name])}
    if moved or to:
        why = f"with another {', '.join(sorted(moved))} it goes to another place" if moved else _elsewhere(to)
        _check_resent(kind, given, kept, why)
        kept = {name: value for name, value in kept.items() if name in model.SHOWN}
    try:
        values = model.model_validate(_merged(given, kept))
    except ValidationError as error:
        raise InvalidInput(faults=[_placed(fault) for fault in faults_of(error)]) from None
    stored = values.model_dump(mode="json", exclude_none=True)
    _check_still_hidden(kind, given, kept, stored)
    if len(canonical(stored)) > MAX_BYTES:
        raise InvalidInput(faults=[Fault("values", f"more than {MAX_BYTES // 1024} KiB in all; shorten them")])
    return stored


def masked(kind: CredentialType, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as answers show them: secret ones as their mask, names in full."""
    shown = MODELS[kind].model_construct(**stored).shown()
    return {name: value if name in shown else _mask(value) for name, value in stored.items()}


def secret_texts(kind: CredentialType, stored: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts that nobody may see, each once."""
    shown = MODELS[kind].model_construct(**stored).shown()
    hidden = [value for name, value in stored.items() if name not in shown]
    texts = [text for value in hidden for text in (value.values() if isinstance(value, dict) else [value])]
    return tuple(dict.fromkeys(text for text in texts if text))


def shown_texts(kind: CredentialType, stored: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts that anybody may see, by name: what addresses may be made of."""
    shown = MODELS[kind].model_construct(**stored).shown()
    return {name: value for name, value in stored.items() if name in shown and isinstance(value, str)}


def urls_of(stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the addresses among the values that midcall itself calls, as (path, URL)."""
    for name in ("token_url", "token_uri"):
        if name in stored:
            yield f"values.{name}", stored[name]


def _merged(given: Mapping[str, Any], kept: Mapping[str, Any], loc: str = "") -> dict[str, Any]:
    merged = dict(kept)
    for name, value in given.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            before = kept.get(name)
            merged[name] = _merged(value, before if isinstance(before, Mapping) else {}, f"{loc}{name}.")
        elif value != MASK:
            merged[name] = value
        elif name not in kept:
            raise _fault(f"{loc}{name}", "is the mask of a value that is not stored here; send the value itself")
    return merged


def _mask(value: Any) -> Any:
    return dict.fromkeys(value, MASK) if isinstance(value, Mapping) else MASK


def _key_file(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):
        try:
            given = parse_text(given)
        except NotJson:  # its text may quote what is in the file
            given = None
    if not isinstance(given, Mapping):
        raise _fault("key_file", "is no JSON object; send the key file that Google made, as it is")
    return given


def _placed(fault: Fault) -> Fault:
    return Fault(f"values.{fault.loc}" if fault.loc else "values", fault.msg)


def _elsewhere(hosts: Sequence[str]) -> str:
    return f"it was not given for {', '.join(hosts)}. Or have an admin add the host"


def _check_resent(kind: CredentialType, given: Mapping[str, Any], kept: Mapping[str, Any], why: str) -> None:
    """Raise InvalidInput with a fault for each secret that is kept and was not sent again, nor removed."""
    shown = MODELS[kind].model_construct(**kept).shown()
    faults = []
    for name, value in kept.items():
        if name in shown:
            continue
        sent = given.get(name, MASK)
        if not isinstance(value, Mapping):
            faults += [(name, sent)]
        elif sent is not None:
            named = sent if isinstance(sent, Mapping) else {}
            faults += [(f"{name}.{each}", named.get(each, MASK)) for each in value]
    wanting = [Fault(f"values.{loc}", f"send it again: {why}") for loc, sent in faults if sent == MASK]
    if wanting:
        raise InvalidInput(faults=wanting)


def _check_still_hidden(
    kind: CredentialType, given: Mapping[str, Any], kept: Mapping[str, Any], stored: Mapping[str, Any]
) -> None:
    """Raise InvalidInput where a kept secret would be shown: a user name, once there is a password beside it."""
    before, now = (MODELS[kind].model_construct(**values).shown() for values in (kept, stored))
    told = sorted(name for name in set(kept) & set(stored) & (now - before) if given.get(name, MASK) == MASK)
    if told:
        text = "send it again: it was kept as a secret, and would be shown from now on"
        raise InvalidInput(faults=[Fault(f"values.{name}", text) for name in told])


def has_new_secret(kind: CredentialType, kept: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Tell whether a secret is another one than is kept."""
    return not set(secret_texts(kind, values)) <= set(secret_texts(kind, kept)) if kept else True


def _fault(name: str, text: str) -> InvalidInput:
    return InvalidInput(faults=[Fault(f"values.{name}", text)])

"""What proves to a webhook's target who calls: from `auth`, or a credential, to headers, query and body fields."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.domain.credential import CredentialType, Resolved
from midcall.domain.errors import InvalidInput
from midcall.domain.http import TokenRequest

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What is added to a request. `secrets` are the values in it that nobody may see."""

    headers: Pairs = field(default=(), repr=False)
    query: Pairs = field(default=(), repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    #: A token that is to be fetched and sent as a bearer.
    token: TokenRequest | None = None


def proof_of(auth: Mapping[str, Any], fill: Callable[[str, str], str]) -> Proof:
    """Make the proof of a function's own `auth`; `fill(text, loc)` fills a template."""

    def get(name: str) -> str:
        return fill(auth[name], f"webhook.auth.{name}")

    return _BY_KIND[auth["type"]](auth, get)


def proof_of_credential(resolved: Resolved) -> Proof:
    """Make the proof of a credential; raises InvalidInput for a type that a webhook cannot use."""
    make = _BY_TYPE.get(resolved.type)
    if make is None:
        name = resolved.credential.name
        raise InvalidInput(f"the credential {name} is of type {resolved.type}, which no webhook can use")
    proof = make(resolved.values)
    return Proof(proof.headers, proof.query, proof.fields, (*proof.secrets, *resolved.secrets), proof.token)


def _bearer(token: str) -> Proof:
    return Proof(headers=(("Authorization", f"Bearer {token}"),), secrets=(token,))


def _basic(username: str, password: str) -> Proof:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    return Proof(headers=(("Authorization", f"Basic {pair}"),), secrets=(password, pair))


def _value(get: Callable[[str], str], make: Callable[[str], Proof]) -> Proof:
    """Make the proof of kinds that are one secret under a name."""
    value = get("value")
    return replace(make(value), secrets=(value,))


def _own_oauth2(auth: Mapping[str, Any], get: Callable[[str], str]) -> Proof:
    client_id, client_secret = get("client_id"), get("client_secret")
    token = TokenRequest(auth["token_url"], client_id, client_secret, auth["scope"], auth["audience"])
    return Proof(secrets=(client_secret,), token=token)


def _custom(values: Mapping[str, Any]) -> Proof:
    return Proof(
        headers=tuple(values.get("headers", {}).items()),
        query=tuple(values.get("query", {}).items()),
        fields=values.get("body", {}),
    )


def _oauth2(values: Mapping[str, Any]) -> Proof:
    return Proof(
        token=TokenRequest(
            values["token_url"],
            values["client_id"],
            values["client_secret"],
            values.get("scope") or "",
            values.get("audience") or "",
            in_body=values.get("auth_method") == "body",
        )
    )


_BY_KIND: Mapping[str, Callable[[Mapping[str, Any], Callable[[str], str]], Proof]] = {
    "none": lambda _auth, _get: Proof(),
    "bearer": lambda _auth, get: _bearer(get("token")),
    "basic": lambda _auth, get: _basic(get("username"), get("password")),
    "header": lambda auth, get: _value(get, lambda value: Proof(headers=((auth["name"], value),))),
    "query": lambda auth, get: _value(get, lambda value: Proof(query=((auth["name"], value),))),
    "body": lambda auth, get: _value(get, lambda value: Proof(fields={auth["name"]: value})),
    "oauth2": _own_oauth2,
}

_BY_TYPE: Mapping[CredentialType, Callable[[Mapping[str, Any]], Proof]] = {
    CredentialType.BEARER: lambda values: _bearer(values["token"]),
    CredentialType.BASIC: lambda values: _basic(values["username"], values["password"]),
    CredentialType.HEADER: lambda values: Proof(headers=((values["name"], values["value"]),)),
    CredentialType.QUERY: lambda values: Proof(query=((values["name"], values["value"]),)),
    CredentialType.CUSTOM: _custom,
    CredentialType.OAUTH2_CLIENT_CREDENTIALS: _oauth2,
    CredentialType.AIRTABLE: lambda values: _bearer(values["token"]),
    CredentialType.GOOGLE_API_KEY: lambda values: Proof(query=(("key", values["key"]),)),
    CredentialType.SHOPIFY: lambda values: Proof(headers=(("X-Shopify-Access-Token", values["access_token"]),)),
    CredentialType.SLACK: lambda values: _bearer(values["bot_token"]),
    CredentialType.WHATSAPP: lambda values: _bearer(values["access_token"]),
}

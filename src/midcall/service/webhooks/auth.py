"""What shows a webhook's target who calls: from `auth`, or a credential, to headers, query and body fields."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from midcall.connectors import grants
from midcall.connectors.kit import Make
from midcall.domain.credential import CredentialType, Resolved
from midcall.domain.errors import InvalidInput
from midcall.domain.function_config import AuthConfig
from midcall.domain.grant import Grant
from midcall.domain.http import TokenRequest


def grant_of(auth: AuthConfig, get: Callable[[str], str]) -> Grant:
    """Make the grant of a function's own `auth`; `get(name)` fills a template, or reveals a secret."""
    return _BY_KIND[auth.type](auth, get)


def grant_of_credential(resolved: Resolved) -> Grant:
    """Make the grant of a credential; raises InvalidInput for a type that a webhook cannot use."""
    make = _BY_TYPE.get(resolved.type)
    if make is None:
        name = resolved.credential.name
        raise InvalidInput(f"the credential {name} is of type {resolved.type}, which no webhook can use")
    return make(resolved.values).hiding(resolved.secrets)


def _value(get: Callable[[str], str], make: Callable[[str], Grant]) -> Grant:
    """Make the grant of kinds that are one secret under a name."""
    value = get("value")
    return replace(make(value), secrets=(value,))


def _own_oauth2(auth: AuthConfig, get: Callable[[str], str]) -> Grant:
    client_id, client_secret = get("client_id"), get("client_secret")
    token = TokenRequest(auth.texts["token_url"], client_id, client_secret, auth.texts["scope"], auth.texts["audience"])
    return Grant(secrets=(client_secret,), token=token)


_BY_KIND: Mapping[str, Callable[[AuthConfig, Callable[[str], str]], Grant]] = {
    "none": lambda _auth, _get: Grant(),
    "bearer": lambda _auth, get: grants.bearer_grant(get("token")),
    "basic": lambda _auth, get: grants.basic_grant(get("username"), get("password")),
    "header": lambda auth, get: _value(get, lambda value: Grant(headers=((auth.texts["name"], value),))),
    "query": lambda auth, get: _value(get, lambda value: Grant(query=((auth.texts["name"], value),))),
    "body": lambda auth, get: _value(get, lambda value: Grant(fields={auth.texts["name"]: value})),
    "oauth2": _own_oauth2,
}

_BY_TYPE: Mapping[CredentialType, Make] = {
    CredentialType.BEARER: grants.bearer("token"),
    CredentialType.BASIC: grants.basic,
    CredentialType.HEADER: grants.own_header,
    CredentialType.QUERY: grants.own_query,
    CredentialType.CUSTOM: grants.custom,
    CredentialType.OAUTH2_CLIENT_CREDENTIALS: grants.oauth2,
    CredentialType.AIRTABLE: grants.bearer("token"),
    CredentialType.GOOGLE_API_KEY: grants.query("key", "key"),
    CredentialType.SHOPIFY: grants.header("X-Shopify-Access-Token", "access_token"),
    CredentialType.SLACK: grants.bearer("bot_token"),
    CredentialType.WHATSAPP: grants.bearer("access_token"),
}

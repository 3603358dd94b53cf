"""How types of credentials show who calls: the ways that connectors choose from."""

import base64
from collections.abc import Mapping
from typing import Any

from midcall.connectors.kit import Make
from midcall.domain.grant import Grant
from midcall.domain.http import TokenRequest
from midcall.domain.http_headers import bare_token


def bearer(field: str) -> Make:
    """Make `Authorization: Bearer` with the credential's value of that name."""
    return lambda values: bearer_grant(values[field])


def header(name: str, field: str) -> Make:
    """Make a header of that name."""
    return lambda values: Grant(headers=((name, values[field]),), secrets=(values[field],))


def query(name: str, field: str) -> Make:
    """Make a parameter of the query."""
    return lambda values: Grant(query=((name, values[field]),), secrets=(values[field],))


def own_header(values: Mapping[str, Any]) -> Grant:
    """Read a credential of type `header`: its name and its value."""
    return Grant(headers=((values["name"], values["value"]),), secrets=(values["value"],))


def own_query(values: Mapping[str, Any]) -> Grant:
    """Read a credential of type `query`: its name and its value."""
    return Grant(query=((values["name"], values["value"]),), secrets=(values["value"],))


def basic(values: Mapping[str, Any]) -> Grant:
    """Read a credential of type `basic`."""
    return basic_grant(values["username"], values["password"])


def digest(values: Mapping[str, Any]) -> Grant:
    """Read a credential of type `digest`."""
    return Grant(digest=(values["username"], values["password"]), secrets=(values["password"],))


def custom(values: Mapping[str, Any]) -> Grant:
    """Read a credential of type `custom`: headers, query parameters and fields of the body at once."""
    headers, query, fields = (values.get(part, {}) for part in ("headers", "query", "body"))
    secrets = (*headers.values(), *query.values(), *fields.values())
    return Grant(tuple(headers.items()), tuple(query.items()), fields, secrets)


def oauth2(values: Mapping[str, Any]) -> Grant:
    """Read a credential of type `oauth2_client_credentials`: a token is fetched."""
    token = TokenRequest(
        values["token_url"],
        values["client_id"],
        values["client_secret"],
        values.get("scope") or "",
        values.get("audience") or "",
        in_body=values.get("auth_method") == "body",
    )
    return Grant(secrets=(values["client_secret"],), token=token)


def bearer_grant(token: str) -> Grant:
    """Make `Authorization: Bearer`: the one place that writes the word, whatever the token was copied with."""
    token = bare_token(token)
    return Grant(headers=(("Authorization", f"Bearer {token}"),), secrets=(token,))


def basic_grant(username: str, password: str) -> Grant:
    """Return a grant of `Authorization: Basic`, by user name and password."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    return Grant(headers=(("Authorization", f"Basic {pair}"),), secrets=(password, pair))

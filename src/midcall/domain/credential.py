"""Credentials: named secrets of a workspace, of one type each, with values for all environments or for single ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: The environment of values that hold wherever an environment has none of its own.
ANY_ENVIRONMENT = ""


class CredentialType(StrEnum):
    """What a credential is good for, which decides the values it has."""

    BEARER = "bearer"
    BASIC = "basic"
    HEADER = "header"
    QUERY = "query"
    DIGEST = "digest"
    #: Several headers, query parameters and body fields at once.
    CUSTOM = "custom"
    OAUTH2_CLIENT_CREDENTIALS = "oauth2_client_credentials"
    AIRTABLE = "airtable"
    GOOGLE_SERVICE_ACCOUNT = "google_service_account"
    GOOGLE_API_KEY = "google_api_key"
    SHOPIFY = "shopify"
    SLACK = "slack"
    WHATSAPP = "whatsapp"


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential without its values."""

    id: str
    workspace_id: str
    name: str
    type: CredentialType
    created_at: int
    updated_at: int
    #: To the minute.
    last_used_at: int | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A credential with its values in the clear, for the call that uses it and no longer."""

    credential: Credential
    values: Mapping[str, Any] = field(repr=False)
    #: The texts among the values that nobody may see: what must be redacted.
    secrets: tuple[str, ...] = field(repr=False)
    #: The texts among the values that are no secret.
    shown: Mapping[str, str] = field(default_factory=dict)
    #: The origins that the secrets may be sent to, in this environment.
    hosts: tuple[str, ...] = ()

    @property
    def type(self) -> CredentialType:
        """The credential's type, which decides how its values are used."""
        return self.credential.type

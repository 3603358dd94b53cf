"""What credentials and their values are called for people, and where each value is found."""

from collections.abc import Mapping
from dataclasses import dataclass

from midcall.domain.credential import CredentialType

_T = CredentialType


@dataclass(frozen=True, slots=True)
class TypeWords:
    """A type in words."""

    label: str
    about: str


@dataclass(frozen=True, slots=True)
class ValueWords:
    """One value in words: what it is called, and a hint below its field."""

    label: str
    hint: str = ""


#: In the order that people choose from: services first, then ways to sign a request.
TYPES: Mapping[CredentialType, TypeWords] = {
    _T.AIRTABLE: TypeWords("Airtable", "A personal access token of Airtable."),
    _T.GOOGLE_SERVICE_ACCOUNT: TypeWords("Google service account", "For Google Sheets: the key file of an account."),
    _T.GOOGLE_API_KEY: TypeWords("Google API key", "For Google's services that take a plain key."),
    _T.SHOPIFY: TypeWords("Shopify", "One shop's Admin API."),
    _T.SLACK: TypeWords("Slack", "A bot that posts to your workspace."),
    _T.WHATSAPP: TypeWords("WhatsApp", "Meta's Cloud API, and the number that messages come from."),
    _T.BEARER: TypeWords("Bearer token", "Sent as “Authorization: Bearer …”. What most web services want."),
    _T.BASIC: TypeWords("User name and password", "Sent as “Authorization: Basic …”."),
    _T.HEADER: TypeWords("Header", "A header of its own, such as x-api-key."),
    _T.QUERY: TypeWords("Query parameter", "Put behind the address, such as ?api_key=…"),
    _T.OAUTH2_CLIENT_CREDENTIALS: TypeWords("OAuth 2 client", "midcall fetches tokens with a client id and secret."),
    _T.DIGEST: TypeWords("HTTP Digest", "User name and password, proven without sending the password."),
    _T.CUSTOM: TypeWords("Several at once", "Headers, query parameters and body fields together."),
}

#: By type and the value's name.
VALUES: Mapping[tuple[CredentialType, str], ValueWords] = {
    (_T.BEARER, "token"): ValueWords("Token", "The token alone, without the word Bearer."),
    (_T.BASIC, "username"): ValueWords("User name", "Some services take their key here, and no password."),
    (_T.BASIC, "password"): ValueWords("Password", "May be left empty."),
    (_T.HEADER, "name"): ValueWords("Header", "Such as x-api-key."),
    (_T.HEADER, "value"): ValueWords("Value"),
    (_T.QUERY, "name"): ValueWords("Parameter", "Such as api_key."),
    (_T.QUERY, "value"): ValueWords("Value"),
    (_T.DIGEST, "username"): ValueWords("User name"),
    (_T.DIGEST, "password"): ValueWords("Password"),
    (_T.CUSTOM, "headers"): ValueWords("Headers"),
    (_T.CUSTOM, "query"): ValueWords("Query parameters"),
    (_T.CUSTOM, "body"): ValueWords("Fields of the body", "Put into the JSON that a call sends."),
    (_T.OAUTH2_CLIENT_CREDENTIALS, "token_url"): ValueWords("Token URL", "An https:// address; the secret goes there."),
    (_T.OAUTH2_CLIENT_CREDENTIALS, "client_id"): ValueWords("Client ID"),
    (_T.OAUTH2_CLIENT_CREDENTIALS, "client_secret"): ValueWords("Client secret"),
    (_T.OAUTH2_CLIENT_CREDENTIALS, "scope"): ValueWords("Scope", "If the service asks for one; several with blanks."),
    (_T.OAUTH2_CLIENT_CREDENTIALS, "audience"): ValueWords("Audience", "If the service asks for one, as Auth0 does."),
    (_T.OAUTH2_CLIENT_CREDENTIALS, "auth_method"): ValueWords(
        "Client ID and secret are sent", "Most services take either; “basic” is the standard."
    ),
    (_T.AIRTABLE, "token"): ValueWords("Personal access token", "airtable.com/create/tokens; it begins with pat."),
    (_T.GOOGLE_SERVICE_ACCOUNT, "client_email"): ValueWords("Account's e-mail address", "client_email in the file."),
    (_T.GOOGLE_SERVICE_ACCOUNT, "private_key"): ValueWords("Private key", "private_key in the file, as it stands."),
    (_T.GOOGLE_SERVICE_ACCOUNT, "token_uri"): ValueWords("Token address", "Leave empty for Google's own."),
    (_T.GOOGLE_SERVICE_ACCOUNT, "project_id"): ValueWords("Project", "May be left empty."),
    (_T.GOOGLE_SERVICE_ACCOUNT, "private_key_id"): ValueWords("Key's id", "May be left empty."),
    (_T.GOOGLE_API_KEY, "key"): ValueWords("API key", "console.cloud.google.com, APIs & Services, Credentials."),
    (_T.SHOPIFY, "shop_domain"): ValueWords("Shop's domain", "Such as my-shop.myshopify.com, without https://."),
    (_T.SHOPIFY, "access_token"): ValueWords("Admin API access token", "Settings, Apps, your app; begins with shpat_."),
    (_T.SLACK, "bot_token"): ValueWords(
        "Bot User OAuth Token", "api.slack.com/apps, OAuth & Permissions; begins with xoxb-."
    ),
    (_T.WHATSAPP, "access_token"): ValueWords("Access token", "A system user's token, so that it does not expire."),
    (_T.WHATSAPP, "phone_number_id"): ValueWords("Phone number ID", "Digits, from WhatsApp's API Setup page."),
}

#: Where a credential may be sent: of a type that is for one service, and of the others.
HOSTS_OF_SERVICE = ValueWords("May also be sent to", "Its own service always. Others here: https://api.example.com")
HOSTS = ValueWords("May be sent to", "https://api.example.com; several with blanks. It is sent nowhere else.")

#: Google's whole file, instead of the fields that stand in it.
KEY_FILE = ValueWords("Key file", "Paste the JSON file that Google made, whole.")


def words_of(kind: CredentialType, name: str) -> ValueWords:
    """Return the words of one value; its own name where there are none."""
    return VALUES.get((kind, name)) or ValueWords(name.replace("_", " ").capitalize())

"""Who opens secrets: read from the code, so that a new place cannot forget to ask where they go."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import midcall.service
from midcall.domain.credential import CredentialType
from midcall.service.credentials.hosts import own_hosts

SERVICE = Path(midcall.service.__file__).parent
#: Each asks `check_may_go`, or `reveal` with where a value goes; the check of a credential by URL takes an admin. What
#: messages are signed with goes nowhere: it was kept for no place at all.
OPENING = {
    "credentials.resolve": {"actions/keyring.py", "actions/credential_check.py", "webhooks/request.py"},
    "_credentials.resolve": {"actions/keyring.py"},
    "secrets.reveal": {"credentials/signing.py", "webhooks/request.py"},
    "check_may_go": {"actions/request.py", "webhooks/request.py"},
}


def calls(name: str) -> Iterator[str]:
    """Yield the modules that call something by its last words."""
    for path in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name):
                yield str(path.relative_to(SERVICE))


@pytest.mark.parametrize("name", OPENING)
def test_secrets_are_opened_where_they_are_put_into_requests_alone(name: str) -> None:
    """Another module here has to ask where they go; then it is named above."""
    assert set(calls(name)) == OPENING[name]


def test_what_a_reference_looks_like_is_known_in_one_place() -> None:
    """All others ask for `WebhookConfig.secrets` or, of a document in the making, `SecretReference.of`."""
    source = SERVICE.parent
    asking = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "startswith(MASK" in (text := path.read_text()) or "removeprefix(MASK" in text
    }
    assert asking == {"domain/secret_reference.py"}


def test_a_service_that_midcall_knows_is_open_to_its_own_type() -> None:
    """Others have no place of their own; a shop's is in its credential."""
    assert own_hosts(CredentialType.AIRTABLE, {}) == ("https://api.airtable.com",)
    assert own_hosts(CredentialType.SLACK, {}) == ("https://slack.com",)
    assert own_hosts(CredentialType.SHOPIFY, {"shop_domain": "my.myshopify.com"}) == ("https://my.myshopify.com",)
    for kind in (CredentialType.BEARER, CredentialType.CUSTOM, CredentialType.OAUTH2_CLIENT_CREDENTIALS):
        assert own_hosts(kind, {}) == ()

"""Values of every type of credential, each with a secret that is found nowhere by chance."""

from dataclasses import replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from midcall.domain.function import Version, VersionStatus
from midcall.domain.jsonvalue import digest
from midcall.storage.database import Storage

MASK = "********"


def name_in_versions(storage: Storage, workspace_id: str, name: str, *credentials: str | None) -> None:
    """Give a function an approved version for each credential, which it names, from version 2 on; None names none."""
    with storage.write() as tx:
        found = tx.functions.get(workspace_id, name)
        plain = tx.functions.version(found.id, 1).stored
        for number, credential in enumerate(credentials, start=2):
            webhook = {"url": "https://example.com", "auth": {"type": "credential", "credential": credential}}
            config = dict(plain) if credential is None else {**plain, "kind": "webhook", "webhook": webhook}
            version = Version(found.id, number, config, digest(config), VersionStatus.APPROVED, "x", 1)
            tx.functions.add_version(version)
            tx.functions.replace(replace(found, latest=number))


@cache
def private_key(bits: int = 2048) -> str:
    """Make an RSA key in PEM, once."""
    key = generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def key_file() -> dict[str, Any]:
    """Make what Google hands out for a service account."""
    return {
        "type": "service_account",
        "project_id": "shop-1",
        "private_key_id": "0a1b",
        "private_key": private_key(),
        "client_email": "reader@shop-1.iam.gserviceaccount.com",
        "client_id": "117",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/reader",
        "universe_domain": "googleapis.com",
    }


def samples(mark: str = "s3cr3t") -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return for each type what is sent, with the mark in every secret, and what is shown of it."""
    return {
        "bearer": ({"token": mark}, {"token": MASK}),
        "basic": (
            {"username": "ann@x.org/token", "password": f"{mark} ü"},
            {"username": "ann@x.org/token", "password": MASK},
        ),
        "header": ({"name": "x-api-key", "value": f"Key {mark}"}, {"name": "x-api-key", "value": MASK}),
        "query": ({"name": "api key", "value": f"{mark}&"}, {"name": "api key", "value": MASK}),
        "digest": ({"username": "ann", "password": mark}, {"username": "ann", "password": MASK}),
        "custom": (
            {"headers": {"X-A": mark, "X-B": f"{mark}2"}, "query": {"k": mark}, "body": {"pin": f"{mark}\n"}},
            {"headers": {"X-A": MASK, "X-B": MASK}, "query": {"k": MASK}, "body": {"pin": MASK}},
        ),
        "oauth2_client_credentials": (
            {"token_url": "https://id.example.com/token", "client_id": "c1", "client_secret": mark, "scope": "a b"},
            {
                "token_url": "https://id.example.com/token",
                "client_id": "c1",
                "client_secret": MASK,
                "scope": "a b",
                "auth_method": "basic",
            },
        ),
        "airtable": ({"token": f"pat.{mark}"}, {"token": MASK}),
        "google_service_account": (
            key_file(),
            {
                "client_email": "reader@shop-1.iam.gserviceaccount.com",
                "private_key": MASK,
                "token_uri": "https://oauth2.googleapis.com/token",
                "project_id": "shop-1",
                "private_key_id": "0a1b",
            },
        ),
        "google_api_key": ({"key": mark}, {"key": MASK}),
        "shopify": (
            {"shop_domain": "my-shop.myshopify.com", "access_token": mark},
            {"shop_domain": "my-shop.myshopify.com", "access_token": MASK},
        ),
        "slack": ({"bot_token": f"xoxb-{mark}"}, {"bot_token": MASK}),
        "whatsapp": (
            {"access_token": mark, "phone_number_id": "106540352242922"},
            {"access_token": MASK, "phone_number_id": "106540352242922"},
        ),
    }

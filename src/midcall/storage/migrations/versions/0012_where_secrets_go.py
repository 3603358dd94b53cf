"""Secrets are bound to hosts: those there are, to the hosts that they are in use with.

In use: in a version that is published or that an agent has by number; and a literal secret also in the version that it
came with. Nothing here reads a secret. What is read of a document is written out here: a migration must not change when
our code does.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_MASK = "********"
_AUTH_VALUES = frozenset({"token", "username", "password", "value", "client_id", "client_secret"})
_HOST = r"\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@:\\\[\]%{}*,\"'<>]+"
_ORIGIN = re.compile(rf"(https?)://({_HOST})(?::([1-9][0-9]*))?(?=[/?#]|$)", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{\s*secret\.([a-zA-Z_][a-zA-Z0-9_]{0,62})\.")
_OWN_PORTS = {"https": "443", "http": "80"}

Json = dict[str, Any]


def upgrade() -> None:
    """Apply."""
    op.add_column("secrets", sa.Column("origins", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("credential_values", sa.Column("hosts", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("credential_values", sa.Column("hosts_by", sa.String(length=200), nullable=True))
    connection = op.get_bind()
    secrets, credentials = _in_use(connection)
    for secret_id, origins in secrets.items():
        connection.execute(
            sa.text("UPDATE secrets SET origins = :origins WHERE id = :id"),
            {"id": secret_id, "origins": _written(origins)},
        )
    for (workspace_id, name), hosts in credentials.items():
        connection.execute(
            sa.text(
                "UPDATE credential_values SET hosts = :hosts WHERE credential_id IN "
                "(SELECT id FROM credentials WHERE workspace_id = :workspace AND name = :name)"
            ),
            {"hosts": _written(hosts), "workspace": workspace_id, "name": name},
        )
    # Whoever writes a row says where it goes.
    with op.batch_alter_table("secrets") as batch:
        batch.alter_column("origins", server_default=None)
    with op.batch_alter_table("credential_values") as batch:
        batch.alter_column("hosts", server_default=None)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("credential_values") as batch:
        batch.drop_column("hosts_by")
        batch.drop_column("hosts")
    with op.batch_alter_table("secrets") as batch:
        batch.drop_column("origins")


def _in_use(connection: sa.Connection) -> tuple[dict[str, set[str]], dict[tuple[str, str], set[str]]]:
    """Return the origins of each literal secret, and the hosts of each credential by workspace and name."""
    published = connection.execute(sa.text("SELECT function_id, number FROM publications"))
    running = {(row.function_id, row.number) for row in published}
    pinned = _pinned(connection)
    secrets: dict[str, set[str]] = {}
    credentials: dict[tuple[str, str], set[str]] = {}
    seen: set[str] = set()
    versions = sa.text(
        "SELECT f.workspace_id, f.name, f.archived, v.function_id, v.number, v.config FROM versions v "
        "JOIN functions f ON f.id = v.function_id ORDER BY v.function_id, v.number"
    )
    for row in connection.execute(versions):
        config = json.loads(row.config)
        runs = (row.function_id, row.number) in running or (
            not row.archived and (row.workspace_id, row.name, row.number) in pinned
        )
        for secret_id, origins in _secrets(config):
            if runs or secret_id not in seen:
                secrets.setdefault(secret_id, set()).update(origins)
            seen.add(secret_id)
        if runs:
            for name, origins in _credentials(config):
                credentials.setdefault((row.workspace_id, name), set()).update(origins)
    return secrets, credentials


def _pinned(connection: sa.Connection) -> set[tuple[str, str, int]]:
    found = set()
    for row in connection.execute(sa.text("SELECT workspace_id, attachments FROM agents")):
        for each in json.loads(row.attachments):
            if each.get("version") is not None:
                found.add((row.workspace_id, each["function"], each["version"]))
    return found


def _secrets(config: Json) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids of a document's literal secrets, each with the origins it goes to."""
    webhook = config.get("webhook")
    if not isinstance(webhook, dict):
        return
    for part in ("headers", "query", "auth"):
        values = webhook.get(part)
        for name, value in (values if isinstance(values, dict) else {}).items():
            if isinstance(value, str) and value.startswith(_MASK) and (part != "auth" or name in _AUTH_VALUES):
                yield value.removeprefix(_MASK), _places(webhook, in_auth=part == "auth")


def _credentials(config: Json) -> Iterator[tuple[str, list[str]]]:
    """Yield the credentials that a document names, each with the origins it goes to."""
    webhook, code = config.get("webhook"), config.get("code")
    if isinstance(webhook, dict):
        auth = webhook.get("auth") or {}
        if isinstance(auth.get("credential"), str):
            yield auth["credential"], _places(webhook, in_auth=True)
        for name in _TEMPLATE.findall(json.dumps(auth)):
            yield name, _places(webhook, in_auth=True)
        for name in _TEMPLATE.findall(json.dumps(webhook.get("headers") or {})):
            yield name, _places(webhook, in_auth=False)
    elif isinstance(code, dict):
        origins = [origin for entry in code.get("egress") or [] for origin in _opened(entry)]
        for entry in code.get("actions") or []:
            if isinstance(entry, dict) and entry["name"].partition(".")[0] == "http":
                for name in entry.get("credentials") or []:
                    yield name, origins


def _places(webhook: Json, *, in_auth: bool) -> list[str]:
    urls = [webhook.get("url")]
    auth = webhook.get("auth") or {}
    if in_auth and auth.get("type") == "oauth2":
        urls.append(auth.get("token_url"))
    return [origin for url in urls if (origin := _origin(url))]


def _origin(url: Any) -> str:
    match = _ORIGIN.match(url) if isinstance(url, str) else None
    if match is None:
        return ""
    scheme, host, port = match[1].lower(), match[2].lower(), match[3]
    return f"{scheme}://{host}" if port in (None, _OWN_PORTS[scheme]) else f"{scheme}://{host}:{port}"


def _opened(entry: str) -> list[str]:
    """Return what an entry of egress opens; plain http where names are a network's own, or a port is named."""
    host = entry.removeprefix("*.")
    own = ":" in host or "." not in host or host.replace(".", "").isdigit()
    found = [_origin(f"{scheme}://{host}") for scheme in (("https", "http") if own else ("https",))]
    return [each.replace("://", "://*.", 1) if entry.startswith("*.") else each for each in found if each]


def _written(origins: set[str]) -> str:
    return json.dumps(sorted(origins))

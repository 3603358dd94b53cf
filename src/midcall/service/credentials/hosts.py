"""Where credentials may be sent: to hosts that they were given for, and to those that an admin or a reviewer added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from midcall.connectors import CONNECTORS
from midcall.domain.credential import CredentialType, Resolved
from midcall.domain.errors import SecretElsewhere
from midcall.domain.function import Version
from midcall.domain.function_config import FunctionConfig
from midcall.domain.origin import allows, beyond, origin_of
from midcall.service.access.access import Caller
from midcall.service.credentials.secret_places import SecretUse, targets_of, uses_of
from midcall.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class NewHost:
    """A pair that nobody has let be yet: a credential, and a host that it would be sent to."""

    credential: str
    host: str


def own_hosts(kind: CredentialType, shown: Mapping[str, str]) -> tuple[str, ...]:
    """Return the origins of the service that a type of credential is for; it may always be sent there."""
    fitting = (each for each in CONNECTORS.values() if kind in each.credentials and not each.anywhere and each.base_url)
    bases = [each.base_url.format_map({"shop_domain": "", **shown}) for each in fitting if each.base_url]
    return tuple(origin for base in bases if (origin := origin_of(base)))


def check_may_go(resolved: Resolved, url: str) -> None:
    """Raise SecretElsewhere where a credential is about to be put into a request to a host that it is not bound to."""
    bound, origin = (*resolved.hosts, *own_hosts(resolved.type, resolved.shown)), origin_of(url)
    if allows(bound, origin):
        return
    name = resolved.credential.name
    raise SecretElsewhere(
        f"the credential {name} is not sent to {origin or 'an address that is none'}: it is bound to "
        f"{', '.join(bound) or 'no host yet'}. {how_to_bind(name, origin)}"
    )


def how_to_bind(name: str, host: str) -> str:
    """Say what lets a credential go to another host."""
    return (
        f'An admin lets it go there with PUT /v1/credentials/{name} and "hosts", {host} among them; so does whoever '
        "sends all its secrets again with them."
    )


def new_hosts(tx: Transaction, workspace_id: str, config: FunctionConfig) -> list[NewHost]:
    """Return the pairs of a version's document that nobody has let be yet; of credentials that there are."""
    return [NewHost(use.credential, host) for use in uses_of(config) for host in _unbound(tx, workspace_id, use)]


def bind(tx: Transaction, workspace_id: str, pairs: Sequence[NewHost]) -> dict[str, list[str]]:
    """Let credentials go to hosts, in every environment; returns what is new, by the credential's id.

    Who asks for it is an admin, or a reviewer who was shown the pairs.
    """
    wanted: dict[str, list[str]] = {}
    for pair in pairs:
        wanted.setdefault(pair.credential, []).append(pair.host)
    done: dict[str, list[str]] = {}
    for name, hosts in wanted.items():
        credential = tx.credentials.find(workspace_id, name, lock=True)
        if credential is None:
            continue
        for stored in tx.credentials.values([credential.id]).get(credential.id, ()):
            added = beyond(stored.hosts, hosts)
            if added:
                tx.credentials.set_hosts(credential.id, stored.environment, (*stored.hosts, *added))
                done[credential.id] = sorted({*done.get(credential.id, ()), *added})
    return done


def bind_written(
    tx: Transaction, caller: Caller, config: FunctionConfig, base: FunctionConfig | None
) -> dict[str, list[str]]:
    """Let credentials go to the hosts that an admin has just written into a version; `base` is what it was made from.

    Not to those that stood there before: somebody else may have written these, and an admin have changed another field.
    """
    before = targets_of(base) if base else ()
    pairs = [pair for pair in new_hosts(tx, caller.workspace_id, config) if pair.host not in before]
    return bind(tx, caller.workspace_id, pairs)


def note_bound(
    tx: Transaction, caller: Caller, bound: Mapping[str, Sequence[str]], version: Version, *, at: int
) -> None:
    """Tell the audit trail which credentials, by their ids, may go where from now on, and for which version's sake."""
    for credential_id, hosts in bound.items():
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=at,
            principal=caller.principal,
            key_id=caller.key.id,
            act="credential.bind",
            subject=credential_id,
            function_id=version.function_id,
            detail={"hosts": list(hosts), "version": version.number},
        )


def _unbound(tx: Transaction, workspace_id: str, use: SecretUse) -> tuple[str, ...]:
    credential = tx.credentials.find(workspace_id, use.credential)
    if credential is None:
        return ()
    stored = tx.credentials.values([credential.id]).get(credential.id, ())
    # Good where any environment's values may go: each is looked at by itself when it is sent.
    bound = tuple(host for each in stored for host in each.hosts)
    return use.unbound((*bound, *own_hosts(credential.type, {})))

"""Who calls, and what they may do."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from midcall.domain.errors import Fault, Forbidden, InvalidInput, Unauthenticated
from midcall.domain.ids import new_id, without_prefix
from midcall.domain.workspace import LIMITABLE, Key, Own, Scope
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import InvocationFilter, PageRequest, SessionFilter

Filter = TypeVar("Filter", SessionFilter, InvocationFilter)

#: `mc_<key id>_<secret>`; the id is the row's without its prefix.
_TOKEN = re.compile(r"mc_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")

MAX_ROTATION_GRACE_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal behind one call, and the workspace it acts in."""

    workspace_id: str
    principal: str
    key: Key

    def need(self, *scopes: Scope | Own) -> None:
        """Raise Forbidden unless the key has one of the scopes; one that is limited to agents has `Own` ones alone."""
        if any(map(self.key.may, scopes)):
            return
        if self.key.agents and not any(isinstance(scope, Own) for scope in scopes):
            names = ", ".join(self.key.agents)
            raise Forbidden(
                f"this key is limited to agents ({names:.200}): it runs their sessions and reads what is theirs, and "
                "nothing that belongs to the whole workspace; use a key without that limit"
            )
        wanted = " or ".join(f'"{scope.scope if isinstance(scope, Own) else scope}"' for scope in scopes)
        raise Forbidden(f"this call needs the scope {wanted}, which this key lacks")


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """That somebody showed a key's token once: enough to ask whether the key is still good, and no secret."""

    key_id: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A key and its token, which is shown this once."""

    key: Key
    token: str


@dataclass(frozen=True, slots=True)
class Access:
    """Use cases of API keys."""

    storage: Storage
    clock: Callable[[], int]

    def authenticate(self, token: str) -> Caller:
        """Find out who holds a token; raises the same Unauthenticated for unknown, malformed and revoked ones."""
        return self.recognise(proof_of(token))

    def recognise(self, proof: VerifiedKey) -> Caller:
        """Find out who showed a token earlier; raises Unauthenticated if the key is revoked or rotated by now."""
        with self.storage.read() as tx:
            key = tx.keys.find(proof.key_id)
        if key is None or not _fits(key, proof.secret_hash, self.clock()):
            raise Unauthenticated
        return Caller(workspace_id=key.workspace_id, principal=key.principal, key=key)

    def create(self, caller: Caller, *, principal: str, scopes: frozenset[Scope], agents: tuple[str, ...]) -> NewSecret:
        """Make a key in the caller's workspace."""
        with self.storage.write() as tx:
            new = self.create_in(tx, caller.workspace_id, principal=principal, scopes=scopes, agents=agents)
            self._note(tx, caller, "key.create", new.key, {"agents": list(agents)})
        return new

    def create_in(
        self,
        tx: Transaction,
        workspace_id: str,
        *,
        principal: str,
        scopes: frozenset[Scope],
        agents: tuple[str, ...] = (),
    ) -> NewSecret:
        """Make a key in an open transaction: the operator's way, without a caller."""
        if not scopes:
            raise InvalidInput(faults=[Fault("scopes", "name at least one scope")])
        check_limits(scopes, agents)
        secret = _new_secret()
        key = Key(
            id=new_id("key"),
            workspace_id=workspace_id,
            principal=principal,
            scopes=scopes,
            agents=agents,
            secret_hash=_hash(secret),
            created_at=self.clock(),
        )
        tx.keys.add(key)
        return NewSecret(key, _token(key, secret))

    def page(self, caller: Caller, page: PageRequest) -> list[Key]:
        """List the workspace's keys."""
        with self.storage.read() as tx:
            return list(tx.keys.page(caller.workspace_id, page))

    def get(self, caller: Caller, key_id: str) -> Key:
        """Read one of the workspace's keys; raises NotFound."""
        with self.storage.read() as tx:
            return tx.keys.get(caller.workspace_id, key_id)

    def revoke(self, caller: Caller, key_id: str) -> Key:
        """Make a key worthless at once; revoking again changes nothing."""
        with self.storage.write() as tx:
            key = tx.keys.get(caller.workspace_id, key_id)
            if key.revoked_at is None:
                key = replace(key, revoked_at=self.clock(), previous_hash=None, previous_until=None)
                tx.keys.replace(key)
                self._note(tx, caller, "key.revoke", key, {})
        return key

    def rotate(self, caller: Caller, key_id: str, *, grace_s: int) -> NewSecret:
        """Give a key a new secret; the old one stays good for `grace_s` seconds. Raises NotFound if it is revoked."""
        with self.storage.write() as tx:
            key = tx.keys.get(caller.workspace_id, key_id)
            if key.revoked_at is not None:
                raise InvalidInput("this key is revoked; create a new one")
            secret = _new_secret()
            key = replace(
                key,
                secret_hash=_hash(secret),
                previous_hash=key.secret_hash if grace_s else None,
                previous_until=self.clock() + grace_s * 1000 if grace_s else None,
            )
            tx.keys.replace(key)
            self._note(tx, caller, "key.rotate", key, {"grace_s": grace_s})
        return NewSecret(key, _token(key, secret))

    def _note(self, tx: Transaction, caller: Caller, act: str, key: Key, more: Mapping[str, Any]) -> None:
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=self.clock(),
            principal=caller.principal,
            key_id=caller.key.id,
            act=act,
            subject=key.id,
            detail={"principal": key.principal, "scopes": sorted(key.scopes), **more},
        )


def proof_of(token: str) -> VerifiedKey:
    """Take a token apart; raises Unauthenticated for one that no key could have."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise Unauthenticated
    return VerifiedKey(f"key_{match[1]}", _hash(match[2]))


def check_limits(scopes: AbstractSet[Scope], agents: Sequence[str]) -> None:
    """Raise InvalidInput if a key for some agents were to have more than they may have."""
    more = scopes - LIMITABLE
    if agents and more:
        text = (
            f"a key for some agents has run and read alone, not {', '.join(sorted(more))}: functions, credentials "
            "and agents are the whole workspace's; leave those scopes out, or the agents"
        )
        raise InvalidInput(faults=[Fault("scopes", text)])


def check_agent(caller: Caller, agent: str) -> None:
    """Raise Forbidden for a key that is limited to other agents."""
    if caller.key.agents and agent not in caller.key.agents:
        raise Forbidden(f"this key is limited to other agents than {agent}")


def reads(caller: Caller, maker: str) -> bool:
    """Tell whether a caller may read what a principal made: its own, and with `read` all."""
    return maker == caller.principal or caller.key.may(Own(Scope.READ))


def readable(caller: Caller, where: Filter) -> Filter:
    """Narrow a list down to what a caller may read: of the agents its key is limited to; without `read`, its own."""
    own = None if caller.key.may(Own(Scope.READ)) else caller.principal
    return replace(where, agents=caller.key.agents or None, principal=own)


def check_maker(caller: Caller, maker: str) -> None:
    """Raise Forbidden for a key that lacks `read` and asks for what another principal made."""
    if not reads(caller, maker):
        raise Forbidden('this key reads what it made itself; for what others made it needs the scope "read"')


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _token(key: Key, secret: str) -> str:
    return f"mc_{without_prefix(key.id)}_{secret}"


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _fits(key: Key, given: str, now: int) -> bool:
    if key.revoked_at is not None:
        return False
    current = hmac.compare_digest(given, key.secret_hash)
    in_grace = key.previous_hash is not None and (key.previous_until or 0) > now
    return current or (in_grace and hmac.compare_digest(given, key.previous_hash or ""))

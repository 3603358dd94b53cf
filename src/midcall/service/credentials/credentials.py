"""Use cases of credentials: save, show without their secrets, delete, and resolve for the call that uses one."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.credential import ANY_ENVIRONMENT, Credential, CredentialType, Resolved
from midcall.domain.errors import (
    Conflict,
    CredentialInUse,
    CredentialMissing,
    Fault,
    InvalidInput,
    NotFound,
    SecretUnreadable,
)
from midcall.domain.ids import new_id
from midcall.domain.origin import beyond, read_origin
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.credentials.types import (
    has_new_secret,
    masked,
    read_values,
    secret_texts,
    shown_texts,
    urls_of,
)
from midcall.service.credentials.uses import Uses, find_uses
from midcall.service.ports import Outbound
from midcall.storage.credentials import SealedValues
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import PageRequest
from midcall.vault.cipher import FernetCipher

#: More than anybody deploys to, and a bound on what one page of a list decrypts.
MAX_ENVIRONMENTS = 20
#: A use is noted if none was for this long: a busy function does not write for each of its calls.
NOTE_EVERY_MS = 60_000
#: Credentials whose secrets are looked for in a text: decrypting takes some 50 µs each.
MAX_KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential as answers show it. `values` are masked, by environment; None where no key opens them.

    `hosts` are where the values of each environment may be sent.
    """

    credential: Credential
    values: Mapping[str, Mapping[str, Any] | None]
    used_by: Sequence[str]
    hosts: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Use cases of credentials."""

    storage: Storage
    cipher: FernetCipher = field(repr=False)
    outbound: Outbound
    clock: Callable[[], int]

    def put(
        self,
        caller: Caller,
        name: str,
        kind: CredentialType,
        values: Mapping[str, Any],
        environment: str | None,
        *,
        hosts: Sequence[str] | None = None,
        new: bool = False,
    ) -> CredentialView:
        """Save the values for one environment, or for all that have none of their own, and where they may be sent.

        What is left out or comes as its mask is kept, null removes it; `hosts` None keeps those there are. To another
        host only an admin sends secrets that are kept; others have to send them again. Raises InvalidInput, and
        Conflict where values for another environment have another type, or where it is to be `new` and the name is
        taken.
        """
        place, hosts = environment or ANY_ENVIRONMENT, _hosts(hosts)
        try:
            return self._put(caller, name, kind, values, place, hosts, new=new)
        except _MadeMeanwhile:
            return self._put(caller, name, kind, values, place, hosts, new=new)

    def get(self, caller: Caller, name: str) -> CredentialView:
        """Read one, its secrets masked."""
        with self.storage.read() as tx:
            credential = tx.credentials.get(caller.workspace_id, name)
            return self._view(tx, credential)

    def page(self, caller: Caller, page: PageRequest) -> list[CredentialView]:
        """List credentials by name, their secrets masked."""
        with self.storage.read() as tx:
            found = tx.credentials.page(caller.workspace_id, page)
            values = tx.credentials.values([credential.id for credential in found])
            uses = find_uses(tx, caller.workspace_id, [credential.name for credential in found])
        return [self._shown(credential, values.get(credential.id, ()), uses) for credential in found]

    def delete(self, caller: Caller, name: str, *, environment: str | None = None, force: bool = False) -> None:
        """Delete a credential, or its values for one environment; the last values take the credential with them.

        Raises CredentialInUse where functions that run would be left without, unless `force`.
        """
        with self.storage.write() as tx:
            credential = tx.credentials.get(caller.workspace_id, name, lock=True)
            stored = set(_by_environment(tx, credential))
            if environment is not None and environment not in stored:
                raise NotFound(f"the credential {name} has no values of its own for {environment}")
            left = set() if environment is None else stored - {environment}
            # Those of all environments take their place.
            if not force and ANY_ENVIRONMENT not in left:
                self._check_unused(tx, credential)
            if environment is not None:
                tx.credentials.drop_values(credential.id, environment)
            if not left:
                tx.credentials.delete(credential.id)
            detail = {"name": name, "environment": environment, "force": force}
            self._note(tx, caller, "credential.delete", credential, detail)

    def resolve(self, tx: Transaction, workspace_id: str, name: str, environment: str) -> Resolved:
        """Decrypt a credential for a call in an environment; only reads: `note_use` it when the transaction is over.

        Raises CredentialMissing, and SecretUnreadable where no key opens it.
        """
        credential = tx.credentials.find(workspace_id, name)
        if credential is None:
            raise CredentialMissing(
                f"there is no credential named {name!r:.80} in this workspace; save it under /v1/credentials"
            )
        stored = _by_environment(tx, credential)
        found = stored.get(environment) or stored.get(ANY_ENVIRONMENT)
        if found is None:
            raise CredentialMissing(
                f"the credential {name} has values neither for {environment} nor for all environments; save them"
            )
        values = self._open(credential, found)
        shown = shown_texts(credential.type, values)
        return Resolved(credential, values, secret_texts(credential.type, values), shown, found.hosts)

    def secrets_in(self, tx: Transaction, workspace_id: str) -> list[tuple[str, ...]]:
        """Decrypt what a workspace's credentials keep secret, by their values: for texts that must not hold them.

        What no key opens is left out: nobody can have read it from here. Looks at MAX_KNOWN credentials.
        """
        known = {each.id: each for each in tx.credentials.page(workspace_id, PageRequest(limit=MAX_KNOWN))}
        found = []
        for credential_id, stored in tx.credentials.values(known).items():
            for each in stored:
                with suppress(SecretUnreadable):
                    credential = known[credential_id]
                    found.append(secret_texts(credential.type, self._open(credential, each)))
        return found

    def note_use(self, resolved: Resolved) -> None:
        """Note that a credential was used, at most once a minute; in a short transaction of its own."""
        now, last = self.clock(), resolved.credential.last_used_at
        if last is None or now - last >= NOTE_EVERY_MS:
            with self.storage.write() as tx:
                tx.credentials.mark_used(resolved.credential.id, at=now, unless_since=now - NOTE_EVERY_MS)

    def _put(
        self,
        caller: Caller,
        name: str,
        kind: CredentialType,
        given: Mapping[str, Any],
        environment: str,
        hosts: Sequence[str] | None,
        *,
        new: bool,
    ) -> CredentialView:
        now = self.clock()
        with self.storage.write() as tx:
            known = tx.credentials.find(caller.workspace_id, name, lock=True)
            if new and known is not None:
                raise Conflict(f"there is a credential named {name} already; change that one, or choose another name")
            stored = {} if known is None else _by_environment(tx, known)
            if known is not None:
                _check_fits(known, kind, stored, environment)
            found = stored.get(environment)
            before = self._before(known, kind, found)
            to = _where(caller, found, hosts)
            values = self._read(kind, given, before, to.new if before else ())
            if hosts is None and found is not None and has_new_secret(kind, before or {}, values):
                _check_own_hosts(caller, found)
            credential = Credential(
                id=known.id if known else new_id("cred"),
                workspace_id=caller.workspace_id,
                name=name,
                type=kind,
                created_at=known.created_at if known else now,
                updated_at=now,
                last_used_at=known.last_used_at if known else None,
            )
            _store(tx, credential, new=known is None)
            document = json.dumps({"type": kind.value, "values": values})
            token = self.cipher.seal(document, bound_to=_place(credential, environment))
            tx.credentials.put_values(credential.id, SealedValues(environment, token, to.hosts, to.by), at=now)
            detail: dict[str, Any] = {"name": name, "type": kind.value, "environment": environment or None}
            detail["changed"] = _changed(before or {}, values)
            if to.hosts != (found.hosts if found else ()):
                detail["hosts"] = list(to.hosts)
            self._note(tx, caller, "credential.put", credential, detail)
            return self._view(tx, credential)

    def _before(
        self, known: Credential | None, kind: CredentialType, stored: SealedValues | None
    ) -> Mapping[str, Any] | None:
        """Return what may be kept; None where something is stored that no key opens."""
        if known is None or stored is None or known.type is not kind:
            return {}
        try:
            return self._open(known, stored)
        except SecretUnreadable:
            return None

    def _read(
        self, kind: CredentialType, given: Mapping[str, Any], before: Mapping[str, Any] | None, to: Sequence[str]
    ) -> dict[str, Any]:
        try:
            values = read_values(kind, given, before or {}, to=to)
        except InvalidInput as error:
            if before is not None:
                raise
            raise InvalidInput(
                "what is stored cannot be decrypted any more: send all values again", faults=error.faults
            ) from None
        for loc, url in urls_of(values):
            self.outbound.check(url, loc=loc)
        return values

    def _open(self, credential: Credential, stored: SealedValues) -> dict[str, Any]:
        document = json.loads(self.cipher.open(stored.token, bound_to=_place(credential, stored.environment)))
        # The type says how a secret is sent; in its row anybody who writes the database could make it another.
        if document["type"] != credential.type:
            raise SecretUnreadable("a stored credential's type was changed in the database; save the credential anew")
        values: dict[str, Any] = document["values"]
        return values

    def _view(self, tx: Transaction, credential: Credential) -> CredentialView:
        stored = tx.credentials.values([credential.id]).get(credential.id, ())
        return self._shown(credential, stored, find_uses(tx, credential.workspace_id, [credential.name]))

    def _shown(self, credential: Credential, stored: Sequence[SealedValues], uses: Uses) -> CredentialView:
        values: dict[str, Mapping[str, Any] | None] = {}
        for each in stored:
            try:
                values[each.environment] = masked(credential.type, self._open(credential, each))
            except SecretUnreadable:
                values[each.environment] = None
        hosts = {each.environment: each.hosts for each in stored}
        return CredentialView(credential, values, uses.by_name.get(credential.name, ()), hosts)

    def _check_unused(self, tx: Transaction, credential: Credential) -> None:
        functions = find_uses(tx, credential.workspace_id, [credential.name]).running.get(credential.name, ())
        if functions:
            raise CredentialInUse(
                f"{', '.join(functions)} would be left without this credential; publish versions that do not name it, "
                "or delete it with force=true"
            )

    def _note(
        self, tx: Transaction, caller: Caller, act: str, credential: Credential, detail: Mapping[str, Any]
    ) -> None:
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=self.clock(),
            principal=caller.principal,
            key_id=caller.key.id,
            act=act,
            subject=credential.id,
            detail=detail,
        )


@dataclass(frozen=True, slots=True)
class _Where:
    """Where values may be sent, who says so with no more than `write`, and what of it takes the secrets anew."""

    hosts: tuple[str, ...]
    by: str | None
    new: tuple[str, ...]


def _where(caller: Caller, found: SealedValues | None, hosts: Sequence[str] | None) -> _Where:
    before = found.hosts if found is not None else ()
    if hosts is None:
        return _Where(before, found.hosts_by if found is not None else None, ())
    if caller.key.may(Scope.ADMIN):
        return _Where(tuple(hosts), None, ())
    added = beyond(before, hosts)
    by = caller.principal if added or found is None else found.hosts_by
    return _Where(tuple(hosts), by, tuple(added))


def _check_own_hosts(caller: Caller, found: SealedValues) -> None:
    """Refuse a new secret for hosts that somebody else named: who sends it may not have them in mind."""
    if found.hosts and found.hosts_by not in (None, caller.principal):
        text = (
            f"name the hosts that the new secret is for: {found.hosts_by} had the one before it sent to "
            f"{', '.join(found.hosts)}"
        )
        raise InvalidInput(faults=[Fault("hosts", text)])


def _hosts(given: Sequence[str] | None) -> list[str] | None:
    """Read hosts as they are stored, each once; raises InvalidInput."""
    if given is None:
        return None
    found, faults = [], []
    for place, text in enumerate(given):
        try:
            found.append(read_origin(text))
        except ValueError as error:
            faults.append(Fault(f"hosts.{place}", str(error)))
    if faults:
        raise InvalidInput(faults=faults)
    return list(dict.fromkeys(found))


class _MadeMeanwhile(Conflict):
    """Somebody else made the credential between our look and our insert."""


def _store(tx: Transaction, credential: Credential, *, new: bool) -> None:
    if not new:
        tx.credentials.replace(credential)
        return
    try:
        tx.credentials.add(credential)
    except Conflict as error:
        raise _MadeMeanwhile from error


def _by_environment(tx: Transaction, credential: Credential) -> dict[str, SealedValues]:
    return {each.environment: each for each in tx.credentials.values([credential.id]).get(credential.id, ())}


def _check_fits(known: Credential, kind: CredentialType, stored: Mapping[str, SealedValues], environment: str) -> None:
    others = sorted(each or "all environments" for each in stored if each != environment)
    if known.type is not kind and others:
        raise Conflict(
            f"the values of {known.name} for {', '.join(others)} are of type {known.type}; delete them first, "
            "or use another name"
        )
    if environment not in stored and len(stored) >= MAX_ENVIRONMENTS:
        raise Conflict(f"a credential has values for {MAX_ENVIRONMENTS} environments at most; delete some")


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _place(credential: Credential, environment: str) -> str:
    # By name: that is what an approved version says, and its seal holds it.
    return f"{credential.workspace_id}/credentials/{credential.name}/{environment}"

"""Use cases of adapters: written by people, and called by vendors, who have no key of ours."""

import json
import secrets as chance
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

from midcall.domain.adapter import Adapter, Vendor, is_adapter_id
from midcall.domain.errors import (
    AdapterIdTaken,
    Conflict,
    Fault,
    InvalidInput,
    NotFound,
    SecretUnreadable,
    Unauthenticated,
)
from midcall.domain.parameters import MASK
from midcall.domain.proof import SIGNATURES, AdapterSecrets, Delivery, DeliveryProof, is_proved, may_be_signed
from midcall.domain.workspace import Key, Scope
from midcall.service.access.access import Caller, check_agent
from midcall.storage.adapters import SealedAdapter
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import PageRequest
from midcall.vault.cipher import FernetCipher

#: Vendors whose answers name their own agent.
NAMING_AGENTS = frozenset({Vendor.RETELL, Vendor.VAPI})
#: What whoever is not let in is told, whatever was wrong.
NOT_LET_IN = "no adapter takes this call: the address, the signature or the secret is wrong"


@dataclass(frozen=True, slots=True)
class AdapterInput:
    """An adapter as somebody writes it. A secret that is None or MASK is kept as it is."""

    vendor: Vendor
    agent: str
    environment: str
    vendor_agent: str | None
    secret: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    #: Seconds for which secrets that are replaced prove deliveries as well.
    overlap_s: int = 0


@dataclass(frozen=True, slots=True)
class Adapters:
    """Use cases of adapters."""

    storage: Storage
    cipher: FernetCipher = field(repr=False)
    clock: Callable[[], int]

    def put(self, caller: Caller, adapter_id: str, wanted: AdapterInput) -> Adapter:
        """Create an adapter or replace it; raises AdapterIdTaken if another workspace has the id."""
        check_agent(caller, wanted.agent)
        _check(wanted)
        try:
            return self._put(caller, adapter_id, wanted)
        except _MadeMeanwhile:
            return self._put(caller, adapter_id, wanted)

    def get(self, caller: Caller, adapter_id: str) -> Adapter:
        """Read one adapter; raises NotFound."""
        with self.storage.read() as tx:
            return _mine(tx, caller, adapter_id)

    def page(self, caller: Caller, page: PageRequest) -> list[Adapter]:
        """List adapters by id; a key that is limited to agents sees theirs alone."""
        with self.storage.read() as tx:
            return list(tx.adapters.page(caller.workspace_id, page, among=caller.key.agents or None))

    def delete(self, caller: Caller, adapter_id: str) -> None:
        """Delete an adapter with its secrets; sessions that it started stay."""
        with self.storage.write() as tx:
            adapter = _mine(tx, caller, adapter_id, lock=True)
            tx.adapters.delete(adapter.id)
            self._note(tx, caller, "adapter.delete", adapter)

    def admit_by_headers(
        self, adapter_id: str, proofs: Mapping[Vendor, DeliveryProof], headers: Mapping[str, str]
    ) -> tuple[Adapter, Caller] | None:
        """Let a delivery in by its headers alone; None if that takes its body, for what is signed: then `admit`.

        Raises the same Unauthenticated as `admit`, for what no body could make good. Whether there is such an adapter
        makes no difference to what is signed.
        """
        by_header = {vendor: proof for vendor, proof in proofs.items() if proof not in SIGNATURES}
        if by_header:
            try:
                return self.admit(adapter_id, by_header, Delivery(headers, b""))
            except Unauthenticated:
                pass
        now = self.clock()
        if not any(may_be_signed(proof, headers, now_ms=now) for proof in proofs.values()):
            raise Unauthenticated(NOT_LET_IN)
        return None

    def admit(
        self, adapter_id: str, proofs: Mapping[Vendor, DeliveryProof], delivery: Delivery
    ) -> tuple[Adapter, Caller]:
        """Let a vendor's delivery in; `proofs` says what each vendor that may come here has to show.

        Raises the same Unauthenticated for an unknown adapter, one of another vendor, and whatever is wrong with
        signature or secret.
        """
        known = self._known(adapter_id)
        adapter, secrets = known or (None, AdapterSecrets(chance.token_hex()))
        # Checked for an unknown adapter too, so that the time it takes does not tell.
        proof = proofs.get(adapter.vendor) if adapter else next(iter(proofs.values()))
        if proof is None or not is_proved(proof, secrets, delivery, now_ms=self.clock()) or adapter is None:
            raise Unauthenticated(NOT_LET_IN)
        return adapter, _caller(adapter)

    def _known(self, adapter_id: str) -> tuple[Adapter, AdapterSecrets] | None:
        if not is_adapter_id(adapter_id):
            return None
        with self.storage.read() as tx:
            found = tx.adapters.find(adapter_id)
        return None if found is None else (found.adapter, self._open(found.adapter, found.token))

    def _put(self, caller: Caller, adapter_id: str, wanted: AdapterInput) -> Adapter:
        now = self.clock()
        with self.storage.write() as tx:
            found = tx.adapters.find(adapter_id, lock=True)
            if found is not None and found.adapter.workspace_id != caller.workspace_id:
                raise AdapterIdTaken
            if found is not None:
                check_agent(caller, found.adapter.agent)
            _check_agent_exists(tx, caller, wanted.agent)
            kept = self._kept(found, wanted.vendor)
            secrets = _with_before(_secrets(wanted, kept), kept, until=now + wanted.overlap_s * 1000)
            adapter = Adapter(
                id=adapter_id,
                workspace_id=caller.workspace_id,
                vendor=wanted.vendor,
                agent=wanted.agent,
                environment=wanted.environment,
                vendor_agent=wanted.vendor_agent,
                has_signing_secret=secrets.signing is not None,
                created_at=found.adapter.created_at if found else now,
                updated_at=now,
            )
            _store(tx, adapter, self._seal(adapter, secrets), new=found is None)
            self._note(tx, caller, "adapter.put", adapter)
            return adapter

    def _kept(self, found: SealedAdapter | None, vendor: Vendor) -> AdapterSecrets:
        """Return what may be kept: nothing of another vendor's, and nothing that no key opens."""
        if found is None or found.adapter.vendor is not vendor:
            return AdapterSecrets("")
        try:
            return self._open(found.adapter, found.token)
        except SecretUnreadable:
            return AdapterSecrets("")

    def _seal(self, adapter: Adapter, secrets: AdapterSecrets) -> str:
        document = {"vendor": adapter.vendor.value, **asdict(secrets)}
        return self.cipher.seal(json.dumps(document), bound_to=_place(adapter))

    def _open(self, adapter: Adapter, token: str) -> AdapterSecrets:
        document = json.loads(self.cipher.open(token, bound_to=_place(adapter)))
        # The vendor says how the secret is shown: where the row was changed to another one, it is no secret for that.
        if document["vendor"] != adapter.vendor:
            return AdapterSecrets("")
        del document["vendor"]
        return AdapterSecrets(**{**document, "before": tuple(document.get("before", ("", None)))})

    def _note(self, tx: Transaction, caller: Caller, act: str, adapter: Adapter) -> None:
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=self.clock(),
            principal=caller.principal,
            key_id=caller.key.id,
            act=act,
            subject=adapter.id,
            detail={"vendor": adapter.vendor.value, "agent": adapter.agent, "environment": adapter.environment},
        )


class _MadeMeanwhile(Conflict):
    """Somebody else made the adapter between our look and our insert."""


def _caller(adapter: Adapter) -> Caller:
    """Make who acts for an adapter: one that runs functions of its agent, and nothing else."""
    key = Key(
        id=adapter.id,
        workspace_id=adapter.workspace_id,
        principal=adapter.principal,
        scopes=frozenset({Scope.RUN}),
        agents=(adapter.agent,),
        secret_hash="",
        created_at=adapter.created_at,
    )
    return Caller(adapter.workspace_id, adapter.principal, key)


def _mine(tx: Transaction, caller: Caller, adapter_id: str, *, lock: bool = False) -> Adapter:
    found = tx.adapters.find(adapter_id, lock=lock)
    if found is None or found.adapter.workspace_id != caller.workspace_id:
        raise NotFound(f"there is no adapter {adapter_id!r:.80} in this workspace")
    check_agent(caller, found.adapter.agent)
    return found.adapter


def _check(wanted: AdapterInput) -> None:
    faults = []
    if wanted.vendor_agent is not None and wanted.vendor not in NAMING_AGENTS:
        faults.append(Fault("vendor_agent", f"{wanted.vendor} is never told which agent to use; leave it out"))
    if wanted.signing_secret is not None and wanted.vendor is not Vendor.ELEVENLABS:
        faults.append(Fault("signing_secret", "only elevenlabs signs with another secret; leave it out"))
    if faults:
        raise InvalidInput(faults=faults)


def _check_agent_exists(tx: Transaction, caller: Caller, agent: str) -> None:
    if tx.agents.find(caller.workspace_id, agent) is None:
        raise InvalidInput(faults=[Fault("agent", f"there is no agent named {agent!r:.80}; PUT /v1/agents/… first")])


def _secrets(wanted: AdapterInput, secrets: AdapterSecrets) -> AdapterSecrets:
    """Take what was sent; what was not is kept."""
    faults = []
    if wanted.secret not in (None, MASK):
        secrets = replace(secrets, secret=wanted.secret or "")
    elif not secrets.secret:
        faults.append(Fault("secret", "nothing is kept for this adapter and vendor; send the secret"))
    if wanted.signing_secret not in (None, MASK):
        secrets = replace(secrets, signing=wanted.signing_secret)
    elif wanted.signing_secret == MASK and secrets.signing is None:
        faults.append(Fault("signing_secret", "nothing is kept for this adapter; send the secret or leave it out"))
    if faults:
        raise InvalidInput(faults=faults)
    return secrets


def _with_before(secrets: AdapterSecrets, kept: AdapterSecrets, *, until: int) -> AdapterSecrets:
    """Let secrets that others take the place of prove deliveries until then; the time of those before stays theirs."""
    if (secrets.secret, secrets.signing) == (kept.secret, kept.signing):
        return secrets
    return replace(secrets, before=(kept.secret, kept.signing), before_until=until)


def _store(tx: Transaction, adapter: Adapter, token: str, *, new: bool) -> None:
    if not new:
        tx.adapters.replace(adapter, token)
        return
    try:
        tx.adapters.add(adapter, token)
    except Conflict as error:
        raise _MadeMeanwhile from error


def _place(adapter: Adapter) -> str:
    return f"{adapter.workspace_id}/adapters/{adapter.id}"

"""Adapters: written by one workspace, called by a vendor who has no key; their secrets are kept and never shown."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.support.world import SECRET_KEYS, World

from midcall.domain.adapter import Adapter, Vendor
from midcall.domain.errors import AdapterIdTaken, Forbidden, InvalidInput, NotFound, Unauthenticated
from midcall.domain.parameters import MASK
from midcall.domain.proof import Delivery, DeliveryProof
from midcall.domain.signature import sign_elevenlabs, sign_retell
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.agents.adapters import AdapterInput
from midcall.service.credentials.rotation import SecretRotation
from midcall.storage.listings import PageRequest
from midcall.storage.schema import adapters, audit
from midcall.vault.cipher import FernetCipher

SECRET, OTHER = "key_0123456789", "key_9876543210"
VAPI = {Vendor.VAPI: DeliveryProof.VAPI_SECRET}


@pytest.fixture(autouse=True)
def _desks(world: World) -> None:
    for name in ("front_desk", "back_desk"):
        world.agent(name=name)


def wanted(vendor: Vendor = Vendor.VAPI, **changes: Any) -> AdapterInput:
    """Return an adapter as somebody writes it."""
    whole = {"agent": "front_desk", "environment": "production", "vendor_agent": None, "secret": SECRET}
    return AdapterInput(vendor=vendor, **{**whole, **changes})


def put(world: World, adapter_id: str = "desk-1", *, caller: Caller | None = None, **changes: Any) -> Adapter:
    """Put an adapter."""
    return world.adapters.put(caller or world.caller, adapter_id, wanted(**changes))


def delivery(secret: str = SECRET, body: bytes = b"{}") -> Delivery:
    """Make a delivery as Vapi does."""
    return Delivery({"x-vapi-secret": secret}, body)


def lets_in(world: World, secret: str, adapter_id: str = "desk-1") -> bool:
    """Say whether a delivery with a secret is let in."""
    return is_let_in(world, VAPI, delivery(secret), adapter_id)


def is_let_in(world: World, proofs: dict[Vendor, DeliveryProof], sent: Delivery, adapter_id: str = "desk-1") -> bool:
    """Say whether a delivery is let in."""
    try:
        world.adapters.admit(adapter_id, proofs, sent)
    except Unauthenticated:
        return False
    return True


def test_an_adapter_is_put_read_listed_and_deleted(world: World) -> None:
    """By the workspace that made it."""
    made = put(world, vendor_agent="asst_1")
    assert world.adapters.get(world.caller, "desk-1") == made
    assert (made.vendor, made.agent, made.vendor_agent, made.has_signing_secret) == (
        Vendor.VAPI,
        "front_desk",
        "asst_1",
        False,
    )
    put(world, "a-first")
    assert [each.id for each in world.adapters.page(world.caller, PageRequest())] == ["a-first", "desk-1"]
    assert [each.id for each in world.adapters.page(world.caller, PageRequest(cursor="a-first"))] == ["desk-1"]
    world.adapters.delete(world.caller, "desk-1")
    with pytest.raises(NotFound):
        world.adapters.get(world.caller, "desk-1")
    assert not lets_in(world, SECRET)


def test_whoever_comes_in_may_call_functions_of_its_agent_and_nothing_else(world: World) -> None:
    """Its principal says which adapter it was."""
    put(world)
    adapter, caller = world.adapters.admit("desk-1", VAPI, delivery())
    assert (adapter.id, caller.principal, caller.workspace_id) == (
        "desk-1",
        "adapter:desk-1",
        world.caller.workspace_id,
    )
    assert (set(caller.key.scopes), caller.key.agents) == ({Scope.RUN}, ("front_desk",))
    with pytest.raises(Forbidden):
        caller.need(Scope.READ)


def test_a_secret_that_is_left_out_is_kept_and_one_that_is_sent_replaces_it(world: World) -> None:
    """The mask counts as left out."""
    put(world)
    for kept in (None, MASK):
        put(world, secret=kept, agent="back_desk")
        assert lets_in(world, SECRET)
    put(world, secret=OTHER)
    assert (lets_in(world, SECRET), lets_in(world, OTHER)) == (False, True)


def test_a_secret_that_is_replaced_goes_on_for_as_long_as_was_said(world: World) -> None:
    """The platform changes over when it does; without a time, or for another vendor, it is over at once."""
    put(world)
    put(world, secret=OTHER, overlap_s=60)
    assert [lets_in(world, secret) for secret in (SECRET, OTHER)] == [True, True]
    put(world, secret=None)  # nothing is replaced, and the time goes on
    world.clock.advance(59_999)
    assert [lets_in(world, secret) for secret in (SECRET, OTHER)] == [True, True]
    world.clock.advance(1)
    assert [lets_in(world, secret) for secret in (SECRET, OTHER)] == [False, True]
    put(world, secret=SECRET)
    assert [lets_in(world, secret) for secret in (SECRET, OTHER)] == [True, False]
    put(world, vendor=Vendor.RETELL, secret=OTHER, overlap_s=60)
    at = world.clock()
    for secret, let_in in ((SECRET, False), (OTHER, True)):
        signed = Delivery({"x-retell-signature": sign_retell(secret, at_ms=at, body=b"{}")}, b"{}")
        assert is_let_in(world, {Vendor.RETELL: DeliveryProof.RETELL_SIGNATURE}, signed) is let_in


def test_both_secrets_of_elevenlabs_go_on(world: World) -> None:
    """The one that signs is replaced with the other, or alone."""
    put(world, vendor=Vendor.ELEVENLABS)
    put(world, vendor=Vendor.ELEVENLABS, secret=None, signing_secret=OTHER, overlap_s=60)
    at = world.clock()
    for secret in (SECRET, OTHER):
        header = sign_elevenlabs(secret, at_s=at // 1000, body=b"{}")
        signed = Delivery({"elevenlabs-signature": header}, b"{}")
        assert is_let_in(world, {Vendor.ELEVENLABS: DeliveryProof.ELEVENLABS_SIGNATURE}, signed)


@pytest.mark.parametrize("secret", [None, MASK])
def test_nothing_is_kept_where_there_was_nothing(world: World, secret: str | None) -> None:
    """Neither for a new adapter, nor for one that becomes another vendor's."""
    for adapter_id in ("new-one", "desk-1"):
        if adapter_id == "desk-1":
            put(world)
        with pytest.raises(InvalidInput) as caught:
            put(world, adapter_id, vendor=Vendor.RETELL, secret=secret)
        assert [fault.loc for fault in caught.value.faults] == ["secret"]
    assert lets_in(world, SECRET)


def test_the_second_secret_signs_alone_and_is_kept_too(world: World) -> None:
    """ElevenLabs makes that one itself."""
    proofs = {Vendor.ELEVENLABS: DeliveryProof.ELEVENLABS_SIGNATURE}
    made = put(world, vendor=Vendor.ELEVENLABS, signing_secret="wsec_123456")  # noqa: S106
    assert made.has_signing_secret
    assert put(world, vendor=Vendor.ELEVENLABS, secret=OTHER).has_signing_secret
    now_s = world.clock.now // 1000
    for secret, let_in in (("wsec_123456", True), (OTHER, False)):
        signed = Delivery({"elevenlabs-signature": sign_elevenlabs(secret, at_s=now_s, body=b"{}")}, b"{}")
        if let_in:
            world.adapters.admit("desk-1", proofs, signed)
            continue
        with pytest.raises(Unauthenticated):
            world.adapters.admit("desk-1", proofs, signed)
    with pytest.raises(InvalidInput):
        put(world, "other", vendor=Vendor.ELEVENLABS, signing_secret=MASK)


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"agent": "nobody"}, "agent"),
        ({"vendor": Vendor.ELEVENLABS, "vendor_agent": "a"}, "vendor_agent"),
        ({"vendor": Vendor.RETELL, "signing_secret": OTHER}, "signing_secret"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(world: World, changes: dict[str, Any], loc: str) -> None:
    """And nothing is stored."""
    with pytest.raises(InvalidInput) as caught:
        put(world, **changes)
    assert [fault.loc for fault in caught.value.faults] == [loc]
    assert world.adapters.page(world.caller, PageRequest()) == []


def test_an_id_is_one_workspaces_alone(world: World) -> None:
    """The other one learns that it is taken, and nothing more; its adapters are not there."""
    stranger = world.workspace("second")
    world.agents.put(stranger, "front_desk", version="", number="", attachments=[])
    put(world)
    with pytest.raises(AdapterIdTaken):
        put(world, caller=stranger, secret=OTHER)
    for use in (world.adapters.get, world.adapters.delete):
        with pytest.raises(NotFound):
            use(stranger, "desk-1")
    assert world.adapters.page(stranger, PageRequest()) == []
    assert (lets_in(world, SECRET), lets_in(world, OTHER)) == (True, False)


def test_a_key_that_is_limited_to_agents_reaches_their_adapters_alone(world: World) -> None:
    """It cannot take one over either."""
    put(world)
    put(world, "desk-2", agent="back_desk")
    limited = world.colleague("limited", Scope.READ, agents=("back_desk",))
    assert [each.id for each in world.adapters.page(limited, PageRequest())] == ["desk-2"]
    for use in (world.adapters.get, world.adapters.delete):
        with pytest.raises(Forbidden):
            use(limited, "desk-1")
    for agent in ("front_desk", "back_desk"):
        with pytest.raises(Forbidden):
            put(world, caller=limited, agent=agent)


@pytest.mark.parametrize("adapter_id", ["desk-1", "nobody", "", "a b", "\x00", "x" * 1000, "Desk-1"])
def test_whatever_is_wrong_the_refusal_is_the_same(world: World, adapter_id: str) -> None:
    """An unknown adapter, no secret, a wrong one, and one whose vendor does not call here."""
    put(world)
    refusals = set()
    for proofs in (VAPI, {Vendor.RETELL: DeliveryProof.RETELL_SIGNATURE}):
        for headers in ({}, {"x-vapi-secret": "wrong"}, {"authorization": f"Bearer {OTHER}"}):
            with pytest.raises(Unauthenticated) as caught:
                world.adapters.admit(adapter_id, proofs, Delivery(headers, b"{}"))
            refusals.add(caught.value.message)
    assert len(refusals) == 1
    with pytest.raises(Unauthenticated):
        world.adapters.admit("desk-1", {Vendor.RETELL: DeliveryProof.RETELL_SIGNATURE}, delivery())


def test_a_signature_is_checked_against_the_clock(world: World) -> None:
    """A delivery of ten minutes ago is no delivery."""
    put(world, vendor=Vendor.RETELL)
    proofs = {Vendor.RETELL: DeliveryProof.RETELL_SIGNATURE}
    signed = Delivery({"x-retell-signature": sign_retell(SECRET, at_ms=world.clock.now, body=b"{}")}, b"{}")
    world.adapters.admit("desk-1", proofs, signed)
    world.clock.advance(600_000)
    with pytest.raises(Unauthenticated):
        world.adapters.admit("desk-1", proofs, signed)


def test_the_database_holds_no_secret_and_the_audit_trail_says_who(world: World) -> None:
    """Rows hold a token; the trail has vendor and agent."""
    put(world, vendor=Vendor.ELEVENLABS, signing_secret=OTHER)
    world.adapters.delete(world.caller, "desk-1")
    put(world)
    with world.engine.connect() as connection:
        rows = [str(row) for table in (adapters, audit) for row in connection.execute(select(table))]
        acts = connection.execute(select(audit.c.act).where(audit.c.subject == "desk-1")).scalars().all()
    assert [secret for secret in (SECRET, OTHER) if any(secret in row for row in rows)] == []
    assert acts == ["adapter.put", "adapter.delete", "adapter.put"]
    assert SECRET not in repr(wanted()) + repr(delivery())


def test_a_row_that_was_changed_in_the_database_lets_nobody_in(world: World) -> None:
    """To another vendor its secret means nothing, and to another adapter or workspace it does not open."""
    put(world, vendor=Vendor.RETELL)
    with world.engine.begin() as connection:
        connection.execute(update(adapters).values(vendor="vapi"))
    assert not lets_in(world, SECRET)


def test_secrets_come_under_new_keys(world: World) -> None:
    """As all others do."""
    put(world)
    both = FernetCipher([SECRET_KEYS[1], SECRET_KEYS[0]])
    counts = {each.table: each.renewed for each in SecretRotation(storage=world.storage, cipher=both).rotate()}
    assert counts["adapters"] == 1
    renewed = replace(world.adapters, cipher=FernetCipher([SECRET_KEYS[1]]))
    assert renewed.admit("desk-1", VAPI, delivery())[0].id == "desk-1"


def test_a_secret_that_no_key_opens_can_be_sent_anew(world: World) -> None:
    """And only so."""
    put(world)
    world.adapters = replace(world.adapters, cipher=FernetCipher([SECRET_KEYS[2]]))
    with pytest.raises(InvalidInput):
        put(world, secret=None)
    put(world, secret=OTHER)
    assert lets_in(world, OTHER)

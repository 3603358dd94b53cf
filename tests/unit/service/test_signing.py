"""Signing secrets: derived or brought along, one after the other, with a time in which both are used."""

import base64
from dataclasses import replace

import pytest
from tests.support.world import SECRET_KEYS, World

from midcall.domain.errors import InvalidInput, SecretUnreadable
from midcall.domain.signature import verify_retell, verify_standard
from midcall.service.credentials.signing import ALL, MAX_OVERLAP_S, OVERLAP_S, Signer
from midcall.vault.cipher import FernetCipher

BODY = b'{"a":1}'
#: As Retell makes its API keys.
RETELLS = "key_" + "0a1b2c3d" * 4


def signer(world: World, function: str | None = None) -> Signer:
    """Find what signs now."""
    with world.storage.read() as tx:
        return world.signing.signer(tx, world.caller.workspace_id, function)


def signs(world: World, secret: str, function: str = "lookup") -> tuple[bool, bool]:
    """Tell whether a webhook call of a function is signed with a secret: as Retell has it, and by Standard Webhooks."""
    headers = signer(world, function).webhook_headers("inv_1", BODY)
    now = world.clock()
    return (
        verify_retell(secret, header=headers["X-Retell-Signature"], body=BODY, now_ms=now),
        verify_standard([secret], headers=headers, body=BODY, now_s=now // 1000)
        if secret.startswith("whsec_")
        else False,
    )


def test_a_secret_that_receivers_have_signs_from_now_on(world: World) -> None:
    """As it stands for Retell's header; as its bytes for Standard Webhooks, and the answer says how that is written."""
    made = world.signing.rotate(world.caller, RETELLS, overlap_s=0)
    assert (made.current, made.standard) == (RETELLS, "whsec_" + base64.b64encode(RETELLS.encode()).decode())
    assert signs(world, RETELLS) == (True, False)
    assert signs(world, made.standard) == (False, True)


def test_one_of_standard_webhooks_is_the_same_for_both(world: World) -> None:
    """Nothing is made of it."""
    own = "whsec_" + base64.b64encode(b"k" * 32).decode()
    made = world.signing.rotate(world.caller, own, overlap_s=0)
    assert (made.current, made.standard) == (own, own)
    assert signs(world, own) == (True, True)


def test_the_one_header_goes_on_with_the_secret_before_until_a_function_is_moved(world: World) -> None:
    """Each receiver changes over when it can; at the end of the overlap all have."""
    old = world.signing.rotate(world.caller, overlap_s=0).current
    new = world.signing.rotate(world.caller).current
    assert [signs(world, secret) for secret in (old, new)] == [(True, True), (False, True)]
    world.workspaces.change(world.caller, {"retell_previous_for": ("lookup",)})
    assert [signs(world, secret, "lookup") for secret in (old, new)] == [(True, True), (False, True)]
    assert [signs(world, secret, "other") for secret in (old, new)] == [(False, True), (True, True)]
    world.workspaces.change(world.caller, {"retell_previous_for": ()})
    assert signs(world, new) == (True, True)
    world.workspaces.change(world.caller, {"retell_previous_for": (ALL,)})
    world.clock.advance(OVERLAP_S * 1000)
    assert [signs(world, secret) for secret in (old, new)] == [(False, False), (True, True)]


def test_nothing_stays_with_a_secret_that_nobody_was_ever_shown(world: World) -> None:
    """Whoever asks for their first secret verifies with it at once, in whichever way."""
    made = world.signing.rotate(world.caller)
    assert signs(world, made.current) == (True, True)
    assert made.previous_until == world.clock()
    assert signer(world).secrets == (made.current,)


def test_a_secret_that_got_out_is_used_no_more_at_once(world: World) -> None:
    """Without an overlap there is none for anybody."""
    old = world.signing.rotate(world.caller).current
    new = world.signing.rotate(world.caller, overlap_s=0, retell_previous_for=(ALL,)).current
    assert [signs(world, secret) for secret in (old, new)] == [(False, False), (True, True)]


def test_a_brought_secret_overlaps_with_what_comes_before_and_after(world: World) -> None:
    """Derived, brought, derived: each for its time beside the next."""
    first = world.signing.rotate(world.caller, overlap_s=0).current
    own = world.signing.rotate(world.caller, RETELLS)
    assert signer(world).secrets == (RETELLS, first)
    last = world.signing.rotate(world.caller).current
    assert signer(world).secrets == (last, own.current)
    world.signing.rotate(world.caller)
    assert RETELLS not in signer(world).secrets


def test_a_brought_secret_is_stored_encrypted_alone(world: World) -> None:
    """Neither the settings nor a signer's repr show it."""
    world.signing.rotate(world.caller, RETELLS, overlap_s=MAX_OVERLAP_S)
    with world.storage.read() as tx:
        settings = tx.workspaces.get(world.caller.workspace_id).settings
        (kept,) = settings.signing_kept.values()
        assert RETELLS not in tx.secrets.get(world.caller.workspace_id, kept).token
    assert RETELLS not in f"{settings} {signer(world)!r}"


@pytest.mark.parametrize(
    "text",
    ["", "short", "x" * 23, "x" * 65, "with a blank " * 3, "käse" * 8, "whsec_", "whsec_!", "whsec_" + "QUFB" * 2],
)
def test_what_is_no_secret_is_refused_without_being_told_again(world: World, text: str) -> None:
    """The fault says what one looks like."""
    with pytest.raises(InvalidInput) as refused:
        world.signing.rotate(world.caller, text)
    (fault,) = refused.value.faults
    assert (fault.loc, "24-64" in fault.msg) == ("secret", True)
    assert not text or len(text) < 7 or text not in fault.msg


def test_the_same_secret_sent_again_ends_nothing_and_brings_nothing_back(world: World) -> None:
    """An answer that was lost makes a client ask once more: the one before went out of use at once."""
    first = world.signing.rotate(world.caller, overlap_s=0).current
    made = world.signing.rotate(world.caller, RETELLS, retell_previous_for=("lookup",))
    world.clock.advance(1_000)
    again = world.signing.rotate(world.caller, RETELLS)
    assert again == made
    assert signer(world).secrets == (RETELLS, first)
    assert [signs(world, RETELLS, function)[0] for function in ("lookup", "other")] == [False, True]
    world.signing.rotate(world.caller, RETELLS, overlap_s=0)
    assert signer(world).secrets == (RETELLS,)
    world.signing.rotate(world.caller, RETELLS, overlap_s=MAX_OVERLAP_S)
    assert signer(world).secrets == (RETELLS,)


def test_a_secret_that_no_key_opens_is_replaced_like_any_other(world: World) -> None:
    """Calls would have failed for as long as it overlaps, though a new one is there."""
    world.signing.rotate(world.caller, RETELLS)
    lost = replace(world.signing, secrets=replace(world.signing.secrets, cipher=FernetCipher(SECRET_KEYS[1:])))
    with world.storage.read() as tx, pytest.raises(SecretUnreadable):
        lost.signer(tx, world.caller.workspace_id)
    new = lost.rotate(world.caller).current
    with world.storage.read() as tx:
        assert lost.signer(tx, world.caller.workspace_id).secrets == (new,)

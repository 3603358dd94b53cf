"""What lets a vendor's delivery in: its own signature or secret, over these bytes, now."""

import pytest

from midcall.domain.proof import AdapterSecrets, Delivery, DeliveryProof, is_proved
from midcall.domain.signature import sign_elevenlabs, sign_retell

NOW_MS = 1_800_000_000_000
NOW_S = NOW_MS // 1000
SECRET = "key_0123456789"  # noqa: S105
BODY = '{"a": "ü"}'.encode()


RETELL, ELEVENLABS = "x-retell-signature", "elevenlabs-signature"


def proved(
    proof: DeliveryProof, headers: dict[str, str], body: bytes = BODY, secrets: AdapterSecrets | None = None
) -> bool:
    """Say whether a delivery with some headers is let in."""
    return is_proved(proof, secrets or AdapterSecrets(SECRET), Delivery(headers, body), now_ms=NOW_MS)


def retell(secret: str = SECRET, *, at_ms: int = NOW_MS, body: bytes = BODY) -> str:
    """Sign as Retell does."""
    return sign_retell(secret, at_ms=at_ms, body=body)


def elevenlabs(secret: str = SECRET, *, at_s: int = NOW_S, body: bytes = BODY) -> str:
    """Sign as ElevenLabs does."""
    return sign_elevenlabs(secret, at_s=at_s, body=body)


def test_retells_signature_lets_in_within_five_minutes() -> None:
    """Both ways, and not a millisecond more."""
    for at_ms, let_in in ((NOW_MS, True), (NOW_MS - 300_000, True), (NOW_MS + 300_000, True)):
        assert proved(DeliveryProof.RETELL_SIGNATURE, {RETELL: retell(at_ms=at_ms)}) is let_in
    for at_ms in (NOW_MS - 300_001, NOW_MS + 300_001):
        assert not proved(DeliveryProof.RETELL_SIGNATURE, {RETELL: retell(at_ms=at_ms)})


def test_elevenlabs_signature_lets_in_within_half_an_hour() -> None:
    """Both ways: a time ahead would let a delivery be repeated for longer."""
    for at_s in (NOW_S, NOW_S - 1_800, NOW_S + 1_800):
        assert proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: elevenlabs(at_s=at_s)})
    for at_s in (NOW_S - 1_801, NOW_S + 1_801):
        assert not proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: elevenlabs(at_s=at_s)})


def test_a_signature_made_apart_from_ours_is_let_in() -> None:
    """HMAC-SHA256 over time, dot and body, computed with openssl; ElevenLabs' SDK takes it too."""
    body = b'{"type":"post_call_transcription"}'
    header = "t=1800000000,v0=27cfc3c1643ed1357422576126550e57572a088d6c95bb8fa6d6891ee9e65c99"
    assert proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: header}, body, AdapterSecrets("wsec_test"))


@pytest.mark.parametrize("proof", [DeliveryProof.RETELL_SIGNATURE, DeliveryProof.ELEVENLABS_SIGNATURE])
def test_another_body_secret_or_scheme_is_not_let_in(proof: DeliveryProof) -> None:
    """Each header counts for its own vendor alone."""
    for body, secret in ((BODY + b" ", SECRET), (BODY, SECRET + "x"), (b"", SECRET)):
        signed = {RETELL: retell(secret), ELEVENLABS: elevenlabs(secret)}
        assert not proved(proof, signed, body)
    other = {
        DeliveryProof.RETELL_SIGNATURE: {ELEVENLABS: elevenlabs(), "authorization": f"Bearer {SECRET}"},
        DeliveryProof.ELEVENLABS_SIGNATURE: {RETELL: retell(), "x-midcall-secret": SECRET},
    }
    assert not proved(proof, other[proof])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v0=",
        f"v0={'0' * 64},t={NOW_S}",
        f"t={NOW_S}",
        f"t={NOW_S},v0={'0' * 64}",
        f"t={NOW_S},v1={'0' * 64}",
        f"t=-{NOW_S},v0={'0' * 64}",
        "t=٣,v0=" + "0" * 64,
        "ü",
    ],
)
def test_what_is_no_elevenlabs_signature_is_not_let_in(header: str) -> None:
    """And raises nothing."""
    assert not proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: header})


def test_one_of_several_signatures_is_enough() -> None:
    """While a secret is replaced, both may be sent."""
    header = elevenlabs().replace(",v0=", f",v0={'0' * 64},v0=")
    assert proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: header})


def test_a_secret_that_only_signs_is_asked_for_in_its_place() -> None:
    """And does not let in a tool's call, nor the other one a webhook."""
    both = AdapterSecrets(SECRET, "wsec_other")
    assert proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: elevenlabs("wsec_other")}, secrets=both)
    assert not proved(DeliveryProof.ELEVENLABS_SIGNATURE, {ELEVENLABS: elevenlabs()}, secrets=both)
    assert proved(DeliveryProof.MIDCALL_SECRET, {"x-midcall-secret": SECRET}, secrets=both)
    assert not proved(DeliveryProof.MIDCALL_SECRET, {"x-midcall-secret": "wsec_other"}, secrets=both)


@pytest.mark.parametrize(
    ("proof", "header"),
    [(DeliveryProof.VAPI_SECRET, "x-vapi-secret"), (DeliveryProof.MIDCALL_SECRET, "x-midcall-secret")],
)
def test_a_secret_comes_in_its_own_header_or_as_authorization(proof: DeliveryProof, header: str) -> None:
    """With `Bearer` before it or without, as each vendor can be told."""
    for name, value in ((header, SECRET), ("authorization", f"Bearer {SECRET}"), ("authorization", SECRET)):
        assert proved(proof, {name: value})
    for value in ("", "Bearer", "Bearer ", SECRET[:-1], f"{SECRET}x", f"Basic {SECRET}", "ü", SECRET.upper()):
        assert not proved(proof, {header: value})
        assert not proved(proof, {"authorization": value})
    assert not proved(proof, {"x-other-secret": SECRET})


@pytest.mark.parametrize("proof", list(DeliveryProof))
def test_an_empty_secret_lets_nobody_in(proof: DeliveryProof) -> None:
    """Not even whoever signs with nothing."""
    headers = {RETELL: retell(""), ELEVENLABS: elevenlabs(""), "authorization": "Bearer "}
    assert not proved(proof, {**headers, "x-vapi-secret": "", "x-midcall-secret": ""}, secrets=AdapterSecrets(""))

"""How a delivery shows that it comes from the vendor: a signature over its bytes, or a secret in a header."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from midcall.domain.http_headers import bare_token
from midcall.domain.signature import (
    ELEVENLABS_HEADER,
    RETELL_HEADER,
    may_be_elevenlabs,
    may_be_retells,
    same,
    verify_elevenlabs,
    verify_retell,
)


class DeliveryProof(Enum):
    """The ways in which a delivery shows that it comes from its vendor."""

    #: `X-Retell-Signature` over the body.
    RETELL_SIGNATURE = auto()
    #: `ElevenLabs-Signature` over the body.
    ELEVENLABS_SIGNATURE = auto()
    #: `X-Vapi-Secret: <secret>`, or `Authorization`.
    VAPI_SECRET = auto()
    #: `X-Midcall-Secret: <secret>`, or `Authorization`.
    MIDCALL_SECRET = auto()


#: Proofs that are over the body, so that it has to be read before anything is known.
SIGNATURES = frozenset({DeliveryProof.RETELL_SIGNATURE, DeliveryProof.ELEVENLABS_SIGNATURE})

_SECRET_HEADERS = {DeliveryProof.VAPI_SECRET: "x-vapi-secret", DeliveryProof.MIDCALL_SECRET: "x-midcall-secret"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a vendor as it came in: header names in lower case, and the bytes that a signature covers."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def signature(self) -> str:
        """The signature as it was sent; two deliveries have the same one only where one repeats the other."""
        return self.headers.get(RETELL_HEADER.lower(), "")


@dataclass(frozen=True, slots=True)
class AdapterSecrets:
    """The secrets of an adapter: one that its vendor sends or signs with, and one that it signs with alone, if any."""

    secret: str = field(repr=False)
    signing: str | None = field(default=None, repr=False)
    #: Those before, which prove as well until then (milliseconds): the vendor changes over when it does.
    before: tuple[str, str | None] = field(default=("", None), repr=False)
    before_until: int = 0

    def proving(self, proof: DeliveryProof, now_ms: int) -> tuple[str, ...]:
        """Return the secrets that prove something now, empty ones among them."""
        known = [(self.secret, self.signing)]
        if now_ms < self.before_until:
            known.append(self.before)
        alone = proof is DeliveryProof.ELEVENLABS_SIGNATURE
        return tuple((signing or secret) if alone else secret for secret, signing in known)


def may_be_signed(proof: DeliveryProof, headers: Mapping[str, str], *, now_ms: int) -> bool:
    """Say whether a signature stands in the headers that could be good for some body, now."""
    if proof is DeliveryProof.RETELL_SIGNATURE:
        return may_be_retells(headers.get(RETELL_HEADER.lower(), ""), now_ms=now_ms)
    if proof is DeliveryProof.ELEVENLABS_SIGNATURE:
        return may_be_elevenlabs(headers.get(ELEVENLABS_HEADER.lower(), ""), now_s=now_ms // 1000)
    return False


def is_proved(proof: DeliveryProof, secrets: AdapterSecrets, delivery: Delivery, *, now_ms: int) -> bool:
    """Say whether a delivery shows what it has to; a secret that is empty proves nothing."""
    # All of them, always: how long it takes does not tell which one fitted.
    fits = [_is_proved(proof, secret, delivery, now_ms) for secret in secrets.proving(proof, now_ms)]
    return any(fits)


def _is_proved(proof: DeliveryProof, secret: str, delivery: Delivery, now_ms: int) -> bool:
    if not secret:
        return False
    if proof is DeliveryProof.RETELL_SIGNATURE:
        header = delivery.headers.get(RETELL_HEADER.lower(), "")
        return verify_retell(secret, header=header, body=delivery.body, now_ms=now_ms)
    if proof is DeliveryProof.ELEVENLABS_SIGNATURE:
        header = delivery.headers.get(ELEVENLABS_HEADER.lower(), "")
        return verify_elevenlabs(secret, header=header, body=delivery.body, now_s=now_ms // 1000)
    given = (delivery.headers.get(_SECRET_HEADERS[proof], ""), delivery.headers.get("authorization", ""))
    # Both, always: how long it takes does not tell which one fitted.
    fits = [same(bare_token(secret), bare_token(one.strip())) for one in given]
    return any(fits)

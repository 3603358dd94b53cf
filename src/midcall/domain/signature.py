"""Signatures on HTTP messages, as Standard Webhooks, Retell and ElevenLabs define them.

Sources: the Standard Webhooks specification (secrets `whsec_` + base64, HMAC-SHA256 over `id.timestamp.body`);
Retell's SDK (`X-Retell-Signature: v=<unix ms>,d=<hex>`, HMAC-SHA256 over the body followed by the milliseconds);
ElevenLabs' SDK (`ElevenLabs-Signature: t=<unix s>,v0=<hex>`, HMAC-SHA256 over `t.body`).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as chance
from collections.abc import Mapping, Sequence

from midcall.domain.errors import InvalidInput

PREFIX = "whsec_"
SECRET_BYTES = 32
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
#: Both define it: a message's time may be this far from now, either way.
TOLERANCE_S = 300

RETELL_HEADER = "X-Retell-Signature"
ELEVENLABS_HEADER = "ElevenLabs-Signature"
#: Its SDK takes what was signed up to half an hour ago.
ELEVENLABS_TOLERANCE_S = 1_800

# No dot: it parts id, timestamp and body in what is signed.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OTHER_SECRET = re.compile(r"[!-~]{24,64}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_RETELL = re.compile(r"v=([0-9]{1,15}),d=([0-9a-f]{64})")
_ELEVENLABS = re.compile(r"t=([0-9]{1,12})((?:,v0=[0-9a-f]{64}){1,4})")


def new_secret() -> str:
    """Make a signing secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(chance.token_bytes(SECRET_BYTES)).decode()


def taken_secret(text: str) -> str:
    """Return a signing secret that somebody brings along; raises InvalidInput, which quotes nothing of it.

    Either one of Standard Webhooks, or a text as other platforms have it, such as an API key of Retell's.
    """
    if text.startswith(PREFIX):
        _key(text)
    elif not _OTHER_SECRET.fullmatch(text):
        raise InvalidInput(
            f"a signing secret is {PREFIX} and {MIN_SECRET_BYTES}-{MAX_SECRET_BYTES} bytes in base64, or "
            f"{MIN_SECRET_BYTES}-{MAX_SECRET_BYTES} visible ASCII characters without blanks"
        )
    return text


def standard_secret(secret: str) -> str:
    """Return a signing secret as receivers by Standard Webhooks take it: another platform's as its bytes in base64."""
    return secret if secret.startswith(PREFIX) else PREFIX + base64.b64encode(secret.encode()).decode()


def sign_standard(secrets: Sequence[str], *, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Return `webhook-id`, `webhook-timestamp` and `webhook-signature` with one signature a secret, in their order.

    While a secret is being replaced, sign with the new and the old one. Raises InvalidInput, which quotes no secret.
    """
    if not secrets:
        raise InvalidInput("a message is signed with one secret at least")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise InvalidInput("a message's id is 1-128 letters, digits, _ and -")
    signatures = " ".join(_standard(_key(secret), message_id, str(timestamp_s), body) for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp_s), "webhook-signature": signatures}


def verify_standard(secrets: Sequence[str], *, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
    """Say whether one of the signatures fits one of the secrets and the time is near; `headers` with lower-case names.

    Raises InvalidInput for a secret that is none.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _SECONDS.fullmatch(timestamp) or abs(int(timestamp) - now_s) > TOLERANCE_S:
        return False
    given = headers.get("webhook-signature", "").split(" ")
    # All of them, always: how long it takes does not tell which one fitted.
    fits = [same(_standard(_key(secret), message_id, timestamp, body), one) for secret in secrets for one in given]
    return any(fits)


def sign_retell(secret: str, *, at_ms: int, body: bytes) -> str:
    """Return the value of `X-Retell-Signature`; the key is the secret's text as it stands."""
    return f"v={at_ms},d={_retell(secret, str(at_ms), body)}"


def may_be_retells(header: str, *, now_ms: int) -> bool:
    """Say whether the header has a signature's form and time, which is all that can be said without the body."""
    match = _RETELL.fullmatch(header)
    return match is not None and abs(int(match[1]) - now_ms) <= TOLERANCE_S * 1000


def verify_retell(secret: str, *, header: str, body: bytes, now_ms: int) -> bool:
    """Say whether the header fits the secret and body, and its time is within five minutes of now."""
    match = _RETELL.fullmatch(header)
    if match is None or not may_be_retells(header, now_ms=now_ms):
        return False
    return same(_retell(secret, match[1], body), match[2])


def sign_elevenlabs(secret: str, *, at_s: int, body: bytes) -> str:
    """Return the value of `ElevenLabs-Signature`; the key is the secret's text as it stands."""
    return f"t={at_s},v0={_elevenlabs(secret, str(at_s), body)}"


def may_be_elevenlabs(header: str, *, now_s: int) -> bool:
    """Say whether the header has a signature's form and time, which is all that can be said without the body."""
    match = _ELEVENLABS.fullmatch(header)
    return match is not None and abs(int(match[1]) - now_s) <= ELEVENLABS_TOLERANCE_S


def verify_elevenlabs(secret: str, *, header: str, body: bytes, now_s: int) -> bool:
    """Say whether one of the header's signatures fits secret and body, and its time is within half an hour of now."""
    match = _ELEVENLABS.fullmatch(header)
    if match is None or not may_be_elevenlabs(header, now_s=now_s):
        return False
    expected = _elevenlabs(secret, match[1], body)
    fits = [same(expected, given) for given in match[2].removeprefix(",v0=").split(",v0=")]
    return any(fits)


def same(expected: str, given: str) -> bool:
    """Compare two texts in a time that does not tell where they differ."""
    # As bytes: of two texts, compare_digest takes ASCII alone, and a header may hold anything.
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise InvalidInput(f"a signing secret is {PREFIX} and {MIN_SECRET_BYTES}-{MAX_SECRET_BYTES} bytes in base64")
    return key


def _standard(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    # Headers reach us as Latin-1; what is not ASCII in an id fits no signature, and raises nothing.
    message = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    return "v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


def _retell(secret: str, at_ms: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), body + at_ms.encode(), hashlib.sha256).hex()


def _elevenlabs(secret: str, at_s: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), at_s.encode() + b"." + body, hashlib.sha256).hex()

"""A server that speaks HTTP Digest (RFC 7616) and computes each proof again, over nonces that it made itself."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.request import parse_http_list, parse_keqv_list

from tests.support.target import Received, Reply

HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
REALM = "orders, all"


@dataclass
class DigestGate:
    """Lets in who proves to know the password, and says why it did not."""

    user: str
    password: str
    algorithms: tuple[str, ...] = ("MD5",)
    #: Proofs that are refused for a nonce that has grown stale meanwhile.
    stale: int = 0
    #: Written before `Digest …`, as servers do that offer several kinds.
    refusals: list[str] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)

    def __call__(self, request: Received) -> Reply:
        """Answer one request."""
        given = request.headers.get("authorization", "")
        if not given.startswith("Digest "):
            return self._challenge("nothing was proved")
        proof = parse_keqv_list(parse_http_list(given.removeprefix("Digest ")))
        if proof["nonce"] not in self._nonces:
            return self._challenge("the nonce is not ours")
        if self.stale:
            self.stale -= 1
            return self._challenge("the nonce is stale", stale="true")
        if proof["uri"] != request.path:
            return self._challenge("the proof is for another path")
        if not secrets.compare_digest(proof["response"], self._expected(proof, request)):
            return self._challenge("the proof is wrong")
        return Reply(body=b'{"let": "in"}')

    def _expected(self, proof: dict[str, str], request: Received) -> str:
        make = HASHES[proof["algorithm"]]

        def digest(*parts: str) -> str:
            return make(":".join(parts).encode()).hexdigest()

        first = digest(self.user, REALM, self.password)
        second = digest(request.method, request.path)
        return digest(first, proof["nonce"], proof["nc"], proof["cnonce"], "auth", second)

    def _challenge(self, why: str, **more: str) -> Reply:
        self.refusals.append(why)
        nonce = secrets.token_hex(16)
        self._nonces.add(nonce)
        written = ", ".join(f"{name}={value}" for name, value in more.items())
        texts = [
            f'Digest realm="{REALM}", qop="auth", algorithm={algorithm}, nonce="{nonce}", opaque="of us"'
            + (f", {written}" if written else "")
            for algorithm in self.algorithms
        ]
        # One header each: their names differ by case alone.
        return Reply(401, b"{}", dict(zip(("www-authenticate", "WWW-Authenticate"), texts, strict=False)))

"""Forms of a secret that a target may echo by accident: encoded twice, or as other languages encode."""

import base64
import json
from urllib.parse import quote

import pytest

from midcall.domain.redaction import Redaction

SECRET = 'key-0123456789abcdef/+="&end'  # noqa: S105 (made up)


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(SECRET.replace('"', "")).replace("/", "\\/"),
        base64.b64encode(json.dumps({"pin": SECRET}).encode()).decode(),
        base64.b64encode(f"GET /?key={quote(SECRET, safe='')}".encode()).decode(),
    ],
    ids=["json as PHP writes it", "json in base64", "a query in base64"],
)
def test_a_secret_is_masked_in_these_forms_too(written: str) -> None:
    """PHP escapes slashes by default; gateways hand on whole requests in base64."""
    masked = Redaction((SECRET, SECRET.replace('"', ""))).text(written)
    core = b"0123456789abcdef"
    in_base64 = [base64.b64encode(b"\0" * shift + core)[4:-4].decode() for shift in range(3)]
    assert not [form for form in (core.decode(), *in_base64) if form in masked]

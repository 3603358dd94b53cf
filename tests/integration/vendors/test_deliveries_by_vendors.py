"""Deliveries and answers, by the vendors' own code: what it signs is let in, what we write it can read."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.support.deliveries import RETELL_VECTOR, retell_call, vapi_tool_calls

from midcall.domain.proof import AdapterSecrets, Delivery, DeliveryProof, is_proved
from midcall.domain.signature import sign_elevenlabs
from midcall.vendors import vapi
from midcall.vendors.conversation import CallResult

ROOT = Path(__file__).parents[3]
SECRET = "key_0123456789"  # noqa: S105
BODIES = [RETELL_VECTOR.decode(), '{"a": "東京 😀"}', "{}"]


def asked(question: dict[str, list[Any]]) -> Any:
    """Ask the vendors' code."""
    command = [ROOT / ".venv-vendors/bin/python", ROOT / "tests/support/vendor_deliveries.py"]
    done = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_vendors_and_midcall_understand_each_other() -> None:
    """Retell's signatures, ElevenLabs' check, Vapi's type of an answer, Retell's of a call: one process for all."""
    now_s = int(time.time())
    calls = vapi.message(vapi_tool_calls({"id": "c1", "name": "f"}, {"id": "c2", "name": "g"}))
    assert calls is not None
    answer = vapi.results(
        calls.calls, [CallResult(ok=True, value={"a": [1, None]}), CallResult(ok=False, value="two\nlines")]
    )
    signed = [{"body": body, "header": sign_elevenlabs(SECRET, at_s=now_s, body=body.encode())} for body in BODIES]
    found = asked(
        {
            "sign": [{"body": body, "secret": SECRET} for body in BODIES],
            "check": [{**one, "secret": SECRET} for one in signed] + [{**signed[0], "secret": "another"}],
            "answers": [answer, {**answer, "no": "such field"}],
            "calls": [retell_call(), retell_call(no_such_field=1)],
        }
    )
    let_in = [
        is_proved(
            DeliveryProof.RETELL_SIGNATURE,
            AdapterSecrets(secret),
            Delivery({"x-retell-signature": header}, body.encode()),
            now_ms=now_s * 1000,
        )
        for secret in (SECRET, "another")
        for body, header in zip(BODIES, found["sign"], strict=True)
    ]
    assert let_in == [True] * len(BODIES) + [False] * len(BODIES)
    assert found["check"][:-1] == [None] * len(BODIES)
    assert found["check"][-1] is not None
    for name in ("answers", "calls"):
        good, bad = found[name]
        assert good is None, good
        assert bad is not None

"""The receivers that docs/webhooks.md shows, in Python and JavaScript, take what midcall signs and nothing else."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.node import asking_node

from midcall.domain.signature import TOLERANCE_S, new_secret, sign_standard, standard_secret

PAGE = (Path(__file__).parents[3] / "docs/webhooks.md").read_text(encoding="utf-8")
NEW, OLD, OTHER = new_secret(), new_secret(), new_secret()
BODY = '{"städte": ["São Paulo"], "n": 1}'

Verify = Callable[[dict[str, str], str], bool]


def code(language: str) -> str:
    """Return the page's one sample in a language, with the secrets of this test."""
    (sample,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert sample.count('["whsec_…"]') == 1
    return str(sample).replace('["whsec_…"]', json.dumps([NEW, OLD]))


@pytest.fixture(scope="module", params=["python", "js"])
def verify(request: pytest.FixtureRequest) -> Iterator[Verify]:
    """Give a receiver."""
    if request.param == "python":
        names: dict[str, Any] = {}
        exec(code("python"), names)  # noqa: S102 (our own page)
        yield lambda headers, body: names["is_from_midcall"](headers, body.encode())
        return
    sample = json.dumps(f"{code('js')}\nisFromMidcall")
    expression = f"(globalThis.receive ??= eval({sample}))(JSON.parse(text).headers, JSON.parse(text).body)"
    with asking_node(expression) as ask:
        yield lambda headers, body: json.loads(ask(json.dumps({"headers": headers, "body": body})))


def signed(*secrets: str, offset_s: int = 0) -> dict[str, str]:
    """Sign the body, some seconds from now."""
    at = int(time.time()) + offset_s
    return sign_standard(secrets, message_id="inv_1", timestamp_s=at, body=BODY.encode())


@pytest.mark.parametrize("secrets", [(NEW,), (OLD,), (OTHER, NEW), (NEW, OTHER)])
def test_what_one_of_the_secrets_signed_is_taken(verify: Verify, secrets: tuple[str, ...]) -> None:
    """Before, while and after a secret is replaced."""
    assert verify(signed(*secrets), BODY) is True


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(OTHER), BODY),
        (signed(NEW), BODY + " "),
        ({**signed(NEW), "webhook-id": "inv_2"}, BODY),
        ({**signed(NEW), "webhook-timestamp": str(int(time.time()) + 1)}, BODY),
        ({**signed(NEW), "webhook-timestamp": "soon"}, BODY),
        ({**signed(NEW), "webhook-timestamp": ""}, BODY),
        ({**signed(NEW), "webhook-signature": ""}, BODY),
        ({**signed(NEW), "webhook-signature": "v1,ä"}, BODY),
        ({}, BODY),
        ({}, ""),
    ],
)
def test_anything_else_is_refused(verify: Verify, headers: dict[str, str], body: str) -> None:
    """Another secret, another body, another message, no headers: false, and nothing raised."""
    assert verify(headers, body) is False


@pytest.mark.parametrize("offset_s", [-2 * TOLERANCE_S, 2 * TOLERANCE_S])
def test_what_was_signed_long_ago_is_refused(verify: Verify, offset_s: int) -> None:
    """Or long from now."""
    assert verify(signed(NEW, offset_s=offset_s), BODY) is False


def test_another_platforms_key_is_taken_as_the_answer_shows_it() -> None:
    """Its bytes are the key."""
    key = "key_" + "0a1b2c3d" * 4
    assert base64.b64decode(standard_secret(key).removeprefix("whsec_")) == key.encode()

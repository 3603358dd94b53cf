"""The corpus of URLs: each gets its verdict, and a lookup changes nothing about it. Opens no sockets."""

import json
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.patience import DEADLINE_S

from midcall.outbound.address import IPAddress, why_denied
from midcall.outbound.client import GuardedClient
from midcall.outbound.errors import BadUrl, ConnectFailed, OutboundError, RefusedAddress
from midcall.outbound.url import parse_url

LINES = Path("tests/corpus/ssrf.jsonl").read_text(encoding="utf-8").splitlines()
CASES: list[dict[str, Any]] = [json.loads(line) for line in LINES]

#: The corpus leaves these to us; docs/decisions/0010-outbound.md says why. Whether they pass: (by default, with http).
POLICY = {
    "ss-policy-001": (False, False),  # a fragment right after the host
    "ss-policy-003": (False, True),  # plain http
    "ss-policy-005": (False, True),  # plain http on another port
    "ss-policy-006": (False, False),  # NAT64, even of a public address
}


def cases(stage: str, verdict: str) -> list[Any]:
    """Return the corpus's entries of a stage and verdict, as parameters."""
    found = [case for case in CASES if case["stage"] == stage and case["verdict"] == verdict]
    assert found
    return [pytest.param(case, id=case["id"]) for case in found]


def accepted(url: str, *, http: bool) -> bool:
    """Say whether the parser takes it."""
    try:
        parse_url(url, http=http)
    except (BadUrl, RefusedAddress):
        return False
    return True


#: Nothing gets as far as TLS; making a context for each client would take most of the time.
TLS = ssl.create_default_context()


class Network:
    """Answers lookups from a script, one list a lookup, and remembers what was dialled."""

    def __init__(self, answers: dict[str, list[list[str]]]) -> None:
        self.answers = answers
        self.lookups: list[str] = []
        self.dialled: list[IPAddress] = []

    def resolve(self, host: str) -> Sequence[str]:
        """Give the next answer of the script; the last one again and again."""
        self.lookups.append(host)
        answers = self.answers[host]
        return answers[min(self.lookups.count(host), len(answers)) - 1]

    def dial(self, address: IPAddress, *_: object) -> socket.socket:
        """Note the address, and let nothing through."""
        self.dialled.append(address)
        raise ConnectionRefusedError

    def call(self, url: str, *, http: bool = False) -> type[OutboundError]:
        """Call the URL and return the class of the error: no call gets through here."""
        with (
            GuardedClient(resolve=self.resolve, dial=self.dial, http=http, ssl_context=TLS) as client,
            pytest.raises(OutboundError) as caught,
        ):
            client.request("POST", url, timeout_s=DEADLINE_S)
        return caught.type


@pytest.mark.parametrize("case", cases("syntax", "accept"))
def test_a_url_to_accept_reaches_its_own_host(case: dict[str, Any]) -> None:
    """It is parsed, resolved where it is a name, and dialled at exactly the public address."""
    network = Network(case.get("mock_dns", {}))
    assert network.call(case["url"]) is ConnectFailed
    expected = [answer for answers in case.get("mock_dns", {}).values() for answer in answers[0]]
    assert [str(address) for address in network.dialled] == (expected or [parse_url(case["url"]).host])


@pytest.mark.parametrize("http", [False, True])
@pytest.mark.parametrize("case", cases("syntax", "refuse"))
def test_a_url_to_refuse_is_refused_before_anything_is_looked_up(case: dict[str, Any], *, http: bool) -> None:
    """With plain http allowed too: it is refused for what it is, not for its scheme."""
    network = Network({})
    assert network.call(case["url"], http=http) in {BadUrl, RefusedAddress}
    assert not network.lookups
    assert not network.dialled


@pytest.mark.parametrize("case", cases("syntax", "policy"))
def test_a_url_left_to_us_is_treated_as_decided(case: dict[str, Any]) -> None:
    """What the decision record says is what happens."""
    assert (accepted(case["url"], http=False), accepted(case["url"], http=True)) == POLICY[case["id"]]


@pytest.mark.parametrize("case", cases("resolve", "refuse"))
def test_a_name_leads_to_a_checked_address_or_nowhere(case: dict[str, Any]) -> None:
    """Refused outright, or (rebinding) dialled at the address of the one lookup: nothing forbidden is ever dialled."""
    network = Network(case["mock_dns"])
    error = network.call(case["url"])
    rebinds = any(len(answers) > 1 for answers in case["mock_dns"].values())
    assert error in ({ConnectFailed} if rebinds else {BadUrl, RefusedAddress})
    assert [str(address) for address in network.dialled] == (["93.184.215.14"] if rebinds else [])
    assert len(network.lookups) <= 1


@pytest.mark.parametrize("case", cases("resolve", "refuse"))
def test_a_name_that_changes_its_answer_is_refused_the_next_time(case: dict[str, Any]) -> None:
    """Each call that connects looks up anew and checks anew."""
    network = Network(case["mock_dns"])
    for _ in range(3):
        network.call(case["url"])
    assert not [address for address in network.dialled if why_denied(address)]

"""Names: every address is checked, in bounded time. Opens no sockets."""

import threading
from collections.abc import Sequence

import pytest
from tests.support.patience import DEADLINE_S, PATIENCE_S

from midcall.outbound.allow import Allowed
from midcall.outbound.errors import RefusedAddress, TimedOut, UnresolvedHost
from midcall.outbound.resolver import Resolver


def answering(*addresses: str, allow: Sequence[str] = ()) -> Resolver:
    """Make a resolver that gives these addresses for every name."""

    def resolve(host: str) -> Sequence[str]:
        return addresses

    return Resolver(resolve=resolve, allowed=Allowed.parse(allow))


def test_all_addresses_come_back_in_order_and_once() -> None:
    """The system's order is its preference."""
    found = answering("93.184.215.14", "2606:4700::1", "93.184.215.14").addresses(
        "a.example.com", 443, within_s=DEADLINE_S
    )
    assert [str(address) for address in found] == ["93.184.215.14", "2606:4700::1"]


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.0.0.1", "::1", "64:ff9b::7f00:1", "fe80::1%eth0", "0.0.0.0", "x", ""])  # noqa: S104
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_address_refuses_the_name(bad: str, place: int) -> None:
    """Wherever it stands among good ones; the message tells nobody what the name resolves to."""
    answers = ["93.184.215.14", "2606:4700::1"]
    answers.insert(place, bad)
    with pytest.raises(RefusedAddress) as caught:
        answering(*answers).addresses("a.example.com", 443, within_s=DEADLINE_S)
    assert not bad or bad not in str(caught.value).replace("a.example.com", "")


def test_an_opened_name_may_resolve_to_local_addresses_alone() -> None:
    """It does not open what is not local."""
    opened = answering("10.0.0.1", allow=["crm.internal"]).addresses("crm.internal", 443, within_s=DEADLINE_S)
    assert [str(address) for address in opened] == ["10.0.0.1"]
    with pytest.raises(RefusedAddress):
        answering("10.0.0.1", "169.254.169.254", allow=["crm.internal"]).addresses(
            "crm.internal", 443, within_s=DEADLINE_S
        )


def test_an_address_is_checked_without_a_lookup() -> None:
    """Nothing is asked about what is an address already."""

    def never(host: str) -> Sequence[str]:
        raise AssertionError(host)

    literal = Resolver(resolve=never)
    assert len(literal.addresses("93.184.215.14", 443, within_s=DEADLINE_S)) == 1
    with pytest.raises(RefusedAddress):
        literal.addresses("127.0.0.1", 443, within_s=DEADLINE_S)


@pytest.mark.parametrize("error", [OSError("gaierror"), UnicodeError("label too long")])
def test_a_name_that_does_not_resolve_says_so(error: Exception) -> None:
    """Whatever way the system has of saying it."""

    def failing(host: str) -> Sequence[str]:
        raise error

    with pytest.raises(UnresolvedHost, match=r"a\.example\.com"):
        Resolver(resolve=failing).addresses("a.example.com", 443, within_s=DEADLINE_S)
    with pytest.raises(UnresolvedHost):
        answering().addresses("a.example.com", 443, within_s=DEADLINE_S)


def test_a_fault_of_the_resolver_is_not_hidden() -> None:
    """A bug is no network failure."""

    def broken(host: str) -> Sequence[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Resolver(resolve=broken).addresses("a.example.com", 443, within_s=DEADLINE_S)


def test_a_resolver_that_hangs_costs_no_more_than_the_time_given() -> None:
    """Neither the first lookup, nor one that finds every slot taken; the slots come back afterwards."""
    release = threading.Event()

    def hanging(host: str) -> Sequence[str]:
        release.wait(PATIENCE_S)
        return ["93.184.215.14"]

    slow = Resolver(resolve=hanging, lookups=2)
    for _ in range(4):
        with pytest.raises(TimedOut):
            slow.addresses("a.example.com", 443, within_s=0.05)  # short: it runs out
    release.set()
    assert slow.addresses("a.example.com", 443, within_s=DEADLINE_S)

"""Egress: what an entry opens, and what is no entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.egress import Egress, egress_problem


def allowed(entry: str, host: str, port: int = 443) -> bool:
    """Tell whether an entry opens a host for https."""
    return Egress.parse([entry]).allows(host, port, default_port=443)


@pytest.mark.parametrize(
    ("entry", "host", "port", "opens"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("api.example.com", "api.example.com", 8443, False),
        ("api.example.com:8443", "api.example.com", 8443, True),
        ("api.example.com:8443", "api.example.com", 443, False),
        ("api.example.com", "evil-api.example.com", 443, False),
        ("api.example.com", "api.example.com.evil.test", 443, False),
        ("*.example.com", "a.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "badexample.com", 443, False),
        ("127.0.0.1:9", "127.0.0.1", 9, True),
        ("[2001:db8:0::1]", "[2001:db8::1]", 443, True),
        ("localhost:8080", "localhost", 8080, True),
    ],
)
def test_what_an_entry_opens(*, entry: str, host: str, port: int, opens: bool) -> None:
    """One host, or those below one; the scheme's own port unless another is written."""
    assert allowed(entry, host, port) is opens


@pytest.mark.parametrize(
    "entry",
    [
        *("", "*", "*.com", "*.*.example.com", "a.*.com", "https://a.test", "a.test/path", "a.test:", "a.test:0"),
        *("a.test:70000", "A.test", "a..test", ".a.test", "a.test.", "user@a.test", "a.test?x", "ä.test", "[::g]"),
        *("-a.test", "a" * 64 + ".test", "a.test\n", " a.test", "a.test#", "[::1"),
    ],
)
def test_what_is_no_entry(entry: str) -> None:
    """The fault says how a host is written."""
    problem = egress_problem(entry)
    assert problem is not None
    assert problem.startswith("is no ")
    with pytest.raises(ValueError, match="is no "):
        Egress.parse([entry])


def test_nothing_is_open_by_default() -> None:
    """An empty list opens no host."""
    assert not Egress().allows("a.test", 443, default_port=443)


@given(st.text(max_size=40))
def test_any_text_is_an_entry_or_has_a_problem(entry: str) -> None:
    """Never anything else."""
    if egress_problem(entry) is None:
        assert len(Egress.parse([entry]).openings) == 1

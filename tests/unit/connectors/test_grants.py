"""How types of credentials show who calls."""

import ast
from pathlib import Path

import pytest

import midcall
from midcall.connectors.grants import bearer_grant
from midcall.domain.proof import AdapterSecrets, Delivery, DeliveryProof, is_proved


@pytest.mark.parametrize("copied", ["tok", "Bearer tok", "bearer tok", "BEARER  Bearer tok"])
def test_the_word_bearer_is_sent_once(copied: str) -> None:
    """A token is often copied with it, from a header as it stands; what is secret is the token."""
    grant = bearer_grant(copied)
    assert (grant.headers, grant.secrets) == ((("Authorization", "Bearer tok"),), ("tok",))


def test_a_token_that_begins_like_the_word_is_left_alone() -> None:
    """The word ends with a blank."""
    assert bearer_grant("bearertok").headers == (("Authorization", "Bearer bearertok"),)


@pytest.mark.parametrize("kept", ["tok", "Bearer tok"])
@pytest.mark.parametrize("sent", ["tok", "Bearer tok"])
def test_a_vendor_that_sends_the_word_is_let_in_however_the_secret_was_written(kept: str, sent: str) -> None:
    """The same reasoning the other way round: an adapter's secret may have been copied with the word."""
    delivery = Delivery({"authorization": sent}, b"")
    assert is_proved(DeliveryProof.VAPI_SECRET, AdapterSecrets(kept), delivery, now_ms=0)


def test_nothing_but_the_grant_writes_the_word_before_a_token() -> None:
    """Whoever wrote it elsewhere would have to think of the copied word again. The commands send keys of our own."""
    folder = Path(midcall.__file__).parent
    found = {
        str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        if any(
            isinstance(node, ast.JoinedStr)
            and isinstance(node.values[0], ast.Constant)
            and str(node.values[0].value).startswith("Bearer ")
            for node in ast.walk(ast.parse(file.read_text()))
        )
    }
    assert found == {"connectors/grants.py", "cli/vendor_import.py", "cli/demo/__init__.py"}

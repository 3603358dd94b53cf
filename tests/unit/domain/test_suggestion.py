"""Code in suggestions of a review."""

import pytest

from midcall.domain.suggestion import applied, snippet

SIGNATURE = {"suggestion": "Take it as the second parameter: `def handler(session, actions):`."}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SIGNATURE["suggestion"], "def handler(session, actions):"),
        ("Remove it, or use it.", None),
        ("Use `actions.http.sendRequest(...)`.", None),
        ("For numbers use `int`.", None),
    ],
)
def test_code_is_told_from_words(text: str, code: str | None) -> None:
    """Only what could stand in a source by itself is offered."""
    assert snippet(text) == code


def test_another_signature_is_put_in_place() -> None:
    """It takes the place of the one there is; all else stays."""
    source = '"""Doc."""\n\ndef handler(session):\n    return actions\n'
    assert applied(source, SIGNATURE) == source.replace("(session)", "(session, actions)")


@pytest.mark.parametrize(
    "source", ["", "def handlr(s):\n", "def handler(session, actions):\n", "def handler(a):\ndef handler(b):\n"]
)
def test_where_there_is_no_one_place_nothing_is_put_in(source: str) -> None:
    """No guess is made."""
    assert applied(source, SIGNATURE) is None

"""Whether the operator lets workspaces allow jails."""

import pytest

from midcall.bootstrap.settings import BadSetting, Settings


def test_jails_may_be_allowed_unless_the_operator_forbids_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment; an empty variable counts as not set."""
    assert Settings().jails
    for text, allowed in {"allow": True, "forbid": False, "": True}.items():
        monkeypatch.setenv("MIDCALL_JAIL", text)
        assert Settings().jails is allowed


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who meant to forbid them must not have allowed them."""
    monkeypatch.setenv("MIDCALL_JAIL", "no")
    with pytest.raises(BadSetting, match="MIDCALL_JAIL"):
        Settings()

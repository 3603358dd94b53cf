"""Settings of the Code Assistant: what is refused at the start, and what is never shown."""

import sys
from pathlib import Path
from typing import Any

import pytest

from midcall.bootstrap.assistant import wire_writer
from midcall.bootstrap.settings import BadSetting, Settings

URL = "http://models.internal:11434/v1"


def settings(**given: Any) -> Settings:
    """Make settings with these of the assistant."""
    return Settings(data_dir=Path("x"), **{f"assistant_{name}": value for name, value in given.items()})


@pytest.mark.parametrize(
    "given",
    [
        {"model": "openai:gpt-x", "api_key": "k"},
        {"model": "anthropic:claude-x", "api_key": "k"},
        {"model": "qwen2.5:7b", "base_url": URL},
        {"model": "openai:gpt-x", "base_url": URL},
    ],
)
def test_model_is_wired(given: dict[str, str]) -> None:
    """Under the name that the operator gave it; making it connects to nothing."""
    writer = wire_writer(settings(**given))
    assert writer is not None
    assert writer.model == given["model"]
    assert "k'" not in repr(writer)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"base_url": URL}, "MIDCALL_ASSISTANT_MODEL"),
        ({"api_key": "s3cret-key"}, "MIDCALL_ASSISTANT_MODEL"),
        ({"model": "gpt-x", "api_key": "s3cret-key"}, "MIDCALL_ASSISTANT_BASE_URL"),
        ({"model": "openai:gpt-x"}, "MIDCALL_ASSISTANT_API_KEY"),
        ({"model": "anthropic:", "api_key": "s3cret-key"}, "MIDCALL_ASSISTANT_MODEL"),
        ({"model": "m", "base_url": "file:///etc/passwd"}, "MIDCALL_ASSISTANT_BASE_URL"),
        ({"model": "m", "base_url": "https://user:s3cret-key@example.com/v1"}, "MIDCALL_ASSISTANT_BASE_URL"),
        ({"model": "m", "base_url": "https://example.com/v1?key=s3cret-key"}, "MIDCALL_ASSISTANT_BASE_URL"),
        ({"model": "m", "base_url": URL, "timeout_s": 1}, "MIDCALL_ASSISTANT_TIMEOUT_S"),
    ],
)
def test_settings_that_ask_no_model_are_refused(given: dict[str, Any], named: str) -> None:
    """At the start, by the name of the variable; no value is quoted."""
    with pytest.raises(BadSetting, match=named) as caught:
        settings(**given)
    assert "s3cret-key" not in str(caught.value)


def test_key_is_never_shown() -> None:
    """Not where settings are printed."""
    assert "s3cret-key" not in repr(settings(model="m", base_url=URL, api_key="s3cret-key"))


def test_nothing_is_loaded_without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries are large, and most processes never need them."""
    for name in [name for name in sys.modules if name.startswith("midcall.assistant")]:
        monkeypatch.delitem(sys.modules, name)
    assert wire_writer(settings()) is None
    assert not [name for name in sys.modules if name.startswith("midcall.assistant")]

"""The guarded way out is wired from settings, and wrong ones stop the process in words."""

from pathlib import Path

import pytest

from midcall.bootstrap.settings import BadSetting, Settings
from midcall.bootstrap.store import wire_outbound


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"outbound_allow": ("10.0.0.0/99",)}, "10.0.0.0/99"),
        ({"outbound_proxy": "socks://s3cret@proxy:1"}, "proxy"),
        ({"outbound_source": "eth0"}, "eth0"),
    ],
)
def test_a_wrong_setting_is_named_without_its_secret(tmp_path: Path, given: dict[str, object], word: str) -> None:
    """Fail closed, at the start: not at the first call."""
    settings = Settings.model_validate({"data_dir": tmp_path, **given})
    with pytest.raises(BadSetting, match="MIDCALL_OUTBOUND") as caught:
        wire_outbound(settings)
    assert word in str(caught.value)
    assert "s3cret" not in str(caught.value) + repr(settings)


def test_proxy_and_source_are_taken(tmp_path: Path) -> None:
    """What they do is tested on the client itself."""
    settings = Settings(
        data_dir=tmp_path, outbound_proxy="http://u:p@proxy.example.com:3128", outbound_source="127.0.0.1"
    )
    assert wire_outbound(settings)

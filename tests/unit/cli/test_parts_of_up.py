from pathlib import Path

import pytest

from midcall.bootstrap.settings import Settings
from midcall.cli.up import _parts

SECRET = ("MIDCALL_APPROVAL_KEY", "MIDCALL_SECRET_KEYS", "MIDCALL_DATABASE_URL", "MIDCALL_REDIS_URL")


def test_the_pool_alone_is_told_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever speaks to containers needs none; api and workers need them all."""
    for name in SECRET:
        monkeypatch.setenv(name, "unix:///x")
    settings = Settings(data_dir=tmp_path, runtime_dir=tmp_path, workers=1)
    told = {part.name: set(SECRET) & set(part.env) for part in _parts(settings)}
    assert told == {"pool": set(), "live workers": set(SECRET), "workers": set(SECRET), "api": set(SECRET)}

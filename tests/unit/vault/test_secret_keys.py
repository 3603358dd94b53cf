import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from midcall.bootstrap.settings import BadSetting, Settings, new_secret_key, secret_keys
from midcall.cli.main import app

FIRST, SECOND = new_secret_key(), new_secret_key()


def test_a_key_is_made_once_in_the_data_directory(tmp_path: Path) -> None:
    """In a file that is its owner's alone; every process finds the same."""
    made = secret_keys(Settings(data_dir=tmp_path))
    assert made == secret_keys(Settings(data_dir=tmp_path))
    assert len(made) == 1
    assert stat.S_IMODE((tmp_path / "secret.keys").stat().st_mode) == 0o600


def test_the_setting_lists_keys_and_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Separated by commas, in their order; the same one twice is one."""
    monkeypatch.setenv("MIDCALL_SECRET_KEYS", f" {FIRST}, {SECOND},{FIRST},")
    assert secret_keys(Settings(data_dir=tmp_path)) == (FIRST, SECOND)
    assert not (tmp_path / "secret.keys").exists()


@pytest.mark.parametrize("between", [",", "\n", " , \n\n"])
def test_the_file_may_hold_several(tmp_path: Path, between: str) -> None:
    """A line each, or as the setting has them: a new key is put before the old one."""
    (tmp_path / "secret.keys").write_text(f"{FIRST}{between}{SECOND}\n")
    assert secret_keys(Settings(data_dir=tmp_path)) == (FIRST, SECOND)


@pytest.mark.parametrize(
    "keys",
    ["x", "0" * 64, FIRST[:-1], FIRST + "=", FIRST.replace(FIRST[3], "+"), f"{FIRST},x"],
    ids=["short", "hex", "no padding", "more padding", "other alphabet", "one is none"],
)
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path: Path, keys: str) -> None:
    """The line names the setting or the file, and how a key is made."""
    with pytest.raises(BadSetting, match=r"MIDCALL_SECRET_KEYS must hold Fernet keys.*new-key") as by_setting:
        secret_keys(Settings(data_dir=tmp_path, secret_keys=tuple(keys.split(","))))
    (tmp_path / "secret.keys").write_text(keys)
    with pytest.raises(BadSetting, match=r"secret\.keys must hold") as by_file:
        secret_keys(Settings(data_dir=tmp_path))
    for text in (str(by_setting.value), str(by_file.value)):
        assert FIRST[:20] not in text


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A disk that was full must not look like a fresh start: what is stored would never open again."""
    (tmp_path / "secret.keys").write_text("\n")
    with pytest.raises(BadSetting):
        secret_keys(Settings(data_dir=tmp_path))


def test_settings_show_no_key(tmp_path: Path) -> None:
    """They may be printed."""
    assert FIRST not in repr(Settings(data_dir=tmp_path, secret_keys=(FIRST,)))


def test_a_new_key_is_printed_and_nothing_else_happens(tmp_path: Path) -> None:
    """It is for the operator to put it in its place."""
    printed = CliRunner().invoke(app, ["secrets", "new-key"], env={"MIDCALL_DATA_DIR": str(tmp_path)})
    key = printed.output.strip()
    assert secret_keys(Settings(data_dir=tmp_path / "unused", secret_keys=(key,))) == (key,)
    assert list(tmp_path.iterdir()) == []

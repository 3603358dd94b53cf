"""The operator's allow-list file as a setting: read, or refused by name of file, entry and cure."""

from pathlib import Path

import pytest

from midcall.bootstrap.allowed import MAX_BYTES, allow_list
from midcall.bootstrap.settings import BadSetting, Settings
from midcall.review.allowlist import packaged


def test_without_a_file_there_is_the_packaged_list() -> None:
    """Nothing set, nothing added."""
    assert allow_list(Settings()) is packaged()


def test_a_file_adds_to_the_packaged_list(tmp_path: Path) -> None:
    """A name that the file lists can be used, and all of the packaged ones."""
    file = tmp_path / "allowed.toml"
    file.write_text('[modules]\nstdnum = ["parse"]\n')
    found = allow_list(Settings(allowed_modules=file))
    assert found.names_of("stdnum") == {"parse"}
    assert found.names_of("json") == packaged().names_of("json")


def test_the_path_means_the_same_file_in_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started elsewhere are handed an absolute path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIDCALL_ALLOWED_MODULES", "mine.toml")
    assert Settings().allowed_modules == tmp_path / "mine.toml"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"#" * (MAX_BYTES + 1), "longer than 256 KB"),
        (b"[modules]\nos = ['getcwd']\n", "[modules] os: "),
        (b"[modules]\nstdnum = ['sys']\n", "[modules] stdnum: `sys` "),
    ],
)
def test_a_faulty_file_stops_the_start(tmp_path: Path, content: bytes | None, words: str) -> None:
    """The one line names the setting, the file and the fault."""
    file = tmp_path / "allowed.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSetting) as caught:
        allow_list(Settings(allowed_modules=file))
    assert str(caught.value).startswith(f"MIDCALL_ALLOWED_MODULES: {file}")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)

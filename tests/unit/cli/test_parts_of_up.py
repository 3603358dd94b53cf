from pathlib import Path

import pytest

from midcall.bootstrap.settings import Settings
from midcall.cli.children import ALLOCATOR
from midcall.cli.up import _parts

SECRET = ("MIDCALL_APPROVAL_KEY", "MIDCALL_SECRET_KEYS", "MIDCALL_DATABASE_URL", "MIDCALL_REDIS_URL")


def test_the_pool_alone_is_told_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever speaks to containers needs none; api and workers need them all."""
    for name in SECRET:
        monkeypatch.setenv(name, "unix:///x")
    settings = Settings(data_dir=tmp_path, runtime_dir=tmp_path, workers=1)
    told = {part.name: set(SECRET) & set(part.env) for part in _parts(settings)}
    assert told == {"pool": set(), "live workers": set(SECRET), "workers": set(SECRET), "api": set(SECRET)}


def allocators(tmp_path: Path) -> list[dict[str, str]]:
    """Return what each part is told of memory."""
    settings = Settings(data_dir=tmp_path, runtime_dir=tmp_path, workers=1)
    return [{name: value for name, value in part.env.items() if "MALLOC" in name} for part in _parts(settings)]


def test_every_part_gives_freed_memory_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By glibc's own variables, which must stand in the environment before a process starts."""
    for name in ALLOCATOR:
        monkeypatch.delenv(name, raising=False)
    told = allocators(tmp_path)
    assert len(told) >= 4
    assert all(part == dict(ALLOCATOR) for part in told)


def test_what_the_operator_says_of_memory_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value of two: the other is still ours."""
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    assert all(part == {**ALLOCATOR, "MALLOC_ARENA_MAX": "1"} for part in allocators(tmp_path))


def test_the_image_and_the_compose_file_say_the_same() -> None:
    """Whoever starts the processes."""
    root = Path(__file__).parents[3]
    image, compose = (root / "Dockerfile").read_text(), (root / "docker-compose.yml").read_text()
    for name, value in ALLOCATOR.items():
        assert f"{name}={value} " in image
        assert f"{name}: ${{{name}:-{value}}}\n" in compose

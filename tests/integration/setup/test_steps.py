"""Set-up on a host where it may install nothing: one line says what is missing."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: What set-up would install, and what it would install it with.
ABSENT = (
    "apt-get", "docker", "docker-compose", "dockerd", "node", "mmdebstrap",
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
)  # fmt: skip


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """Make a folder of programs without those."""
    for folder in (Path("/usr/bin"), Path("/bin")):
        for program in folder.iterdir():
            link = tmp_path / program.name
            if program.name not in ABSENT and not program.name.startswith("python") and not link.exists():
                link.symlink_to(program)
    return tmp_path


def set_up(step: str, bare_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one step of set-up on such a host."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "PYTHON"))}
    return subprocess.run(
        ["bash", ROOT / "scripts/setup", step],
        env={**kept, "PATH": str(bare_path), "DOCKER_CONFIG": str(bare_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("step", "names"),
    [
        ("engine", "docker.io"),
        ("node", "nodejs"),
        ("chromium", "chromium"),
        ("compose", "docker-compose"),
        ("mmdebstrap", "mmdebstrap"),
    ],
)
def test_a_step_that_may_not_install_says_what_to_install(bare_path: Path, step: str, names: str) -> None:
    """Without apt: no half-made thing, one line, and it names the package."""
    done = set_up(step, bare_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("setup: ")
    assert names in line


def test_without_a_python_that_will_do_the_line_says_which_would(bare_path: Path) -> None:
    """The minor versions that locks hold for, and how to name one."""
    done = set_up("runtime", bare_path, PYTHON="python2.7")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "Python 3.11, 3.12, 3.13 or 3.14 is needed" in line
    assert "PYTHON=" in line

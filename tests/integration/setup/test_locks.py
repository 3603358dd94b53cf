"""Locks install the same on any day: whatever has come out since, exactly what was locked."""

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from midcall.sandbox import packages

ROOT = Path(__file__).parents[3]
LOCKS = {
    "dev": "requirements/dev.txt",
    "runtime": "requirements/runtime.txt",
    "build": "requirements/build.txt",
    "vendors": "requirements/vendors.txt",
    "sandbox": "sandbox/requirements.txt",
    "examples": "examples/packages/requirements.txt",
}
#: Of each package there is one that came out after the lock.
NEWER = "9999"
#: Version of a pip that looks for what meets an extra among all that there is; 24.2 looks among what is pinned.
PIP_THAT_LOOKS = (23, 2, 1)
HASHES = re.compile(r"(?:\s+\\\n\s+--hash=sha256:[0-9a-f]{64})+")


class Index:
    """A folder of wheels for one lock: of each package the locked version and a newer one, with its real needs."""

    def __init__(self, folder: Path, lock: Path, metadata: Mapping[tuple[str, str], str]) -> None:
        folder.mkdir()
        self.folder = folder
        self.locked = {pinned.name: pinned.version for pinned in packages.read(lock).wanted if _is_for_here(pinned)}
        for name, version in self.locked.items():
            said = metadata.get((name, version), "")
            self._wheel(name, NEWER, said)
            self._wheel(name, version, said)
        self.lock = folder / "lock.txt"
        self.lock.write_text("".join(self._lines(lock.read_text())))

    def _wheel(self, name: str, version: str, metadata: str) -> Path:
        stem = f"{name.replace('-', '_')}-{version}"
        path = self.folder / f"{stem}-py3-none-any.whl"
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{stem}.dist-info/METADATA", about)
            archive.writestr(
                f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{stem}.dist-info/RECORD", "")
        return path

    def _lines(self, text: str) -> Iterator[str]:
        """Yield the lock's own lines, extras and markers and all, each with the hash of this index's wheel."""
        place = 0
        for found in HASHES.finditer(text):
            line = text[place : found.start()]
            name = re.split(r"[\[=]", line.strip().splitlines()[-1])[0]
            file = self.folder / f"{name.replace('-', '_')}-{self.locked.get(name)}-py3-none-any.whl"
            digest = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "0" * 64
            yield f"{line} --hash=sha256:{digest}"
            place = found.end()
        yield text[place:]

    @property
    def env(self) -> dict[str, str]:
        """Return an environment in which pip knows this index alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        own = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.folder), "PIP_CONFIG_FILE": os.devnull}
        return {**kept, **own, "PIP_PYTHON": sys.executable}


def _is_for_here(pinned: packages.PinnedPackage) -> bool:
    return not pinned.marker or Marker(pinned.marker).evaluate()


@pytest.fixture(scope="module")
def metadata() -> dict[tuple[str, str], str]:
    """Return what each package that is installed says of its needs: name and version -> lines of its metadata."""
    (vendors,) = (ROOT / ".venv-vendors/lib").glob("python3.*/site-packages")
    found: dict[tuple[str, str], str] = {}
    for dist in (*importlib.metadata.distributions(path=[str(vendors)]), *importlib.metadata.distributions()):
        fields = ("Requires-Dist", "Provides-Extra")
        lines = [f"{field}: {value}\n" for field in fields for value in dist.metadata.get_all(field) or ()]
        found[canonicalize_name(dist.name), dist.version] = "".join(lines)
    return found


@pytest.fixture(params=LOCKS)
def index(request: pytest.FixtureRequest, metadata: dict[tuple[str, str], str], tmp_path: Path) -> Index:
    """Make the index of one lock."""
    return Index(tmp_path / "index", ROOT / LOCKS[request.param], metadata)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Make an empty environment; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    return tmp_path / "env/bin/python"


def run(*command: str | Path, index: Index) -> subprocess.CompletedProcess[str]:
    """Run a command for which the index is all there is."""
    return subprocess.run(command, env=index.env, capture_output=True, text=True, check=False)


def installed(python: Path) -> dict[str, str]:
    """Return what is in an environment: name -> version."""
    (folder,) = (python.parents[1] / "lib").glob("python3.*/site-packages")
    found = importlib.metadata.distributions(path=[str(folder)])
    return {canonicalize_name(dist.name): dist.version for dist in found}


def test_a_lock_installs_exactly_what_it_names(index: Index, python: Path) -> None:
    """Though all of it has newer versions by now; and `pip check`, on the packages' own words, finds it complete."""
    done = run(ROOT / "scripts/install", python, index.lock, index=index)
    assert done.returncode == 0, done.stderr
    assert installed(python) == index.locked


@pytest.mark.parametrize("index", ["vendors"], indirect=True)
def test_resolving_a_complete_lock_breaks_as_soon_as_something_newer_is_there(index: Index, python: Path) -> None:
    """So it was done once: a lock without extras, and pip looking for what meets them."""
    index.lock.write_text(re.sub(r"(?m)^([a-z0-9-]+)\[.*?\]==", r"\1==", index.lock.read_text()))
    pip = (sys.executable, "-m", "pip", "--python", python)
    done = run(*pip, "install", "--require-hashes", "-r", index.lock, index=index)
    if done.returncode == 0:  # newer ones do not look past what is pinned
        assert tuple(map(int, importlib.metadata.version("pip").split("."))) > PIP_THAT_LOOKS
        assert installed(python) == index.locked
    else:
        assert "all requirements must have their versions pinned" in done.stderr


@pytest.mark.parametrize("index", ["vendors"], indirect=True)
def test_a_lock_that_leaves_something_out_is_found(index: Index, python: Path) -> None:
    """Nothing else would: what is missing shows when something imports it."""
    index.lock.write_text(re.sub(r"(?m)^anyio==.*\n?", "", index.lock.read_text()))
    done = run(ROOT / "scripts/install", python, index.lock, index=index)
    assert done.returncode != 0
    assert "requires anyio, which is not installed" in done.stdout + done.stderr


@pytest.mark.parametrize("index", ["examples"], indirect=True)
def test_packages_of_the_sandbox_are_exactly_what_the_lock_names(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come the same way."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in index.env.items():
        monkeypatch.setenv(name, value)
    packages.fetch(packages.read(index.lock), tmp_path / "wheels")
    found = {
        path.name.split("-")[0].replace("_", "-"): path.name.split("-")[1] for path in tmp_path.glob("wheels/*.whl")
    }
    assert found == index.locked


@pytest.mark.parametrize(
    "file", ["scripts/setup", "scripts/install", "scripts/lock", "Dockerfile", "tests/compose/images"]
)
def test_nothing_is_installed_another_way(file: str) -> None:
    """No call of pip or uv resolves, or builds in an environment that is fetched for it."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    ways = [line for line in text.splitlines() if re.search(r"\b(pip|uv)\b.*\b(install|download|wheel|sync) ", line)]
    ways = [line for line in ways if not line.strip().startswith("#")]
    assert ways
    assert [line for line in ways if "--no-deps" not in line] == []

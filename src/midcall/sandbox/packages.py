"""Packages for the sandbox image: pinned by hash in a requirements file, fetched as wheels, checked before they go in.

pip fetches them on the host, from wherever its own configuration says; nothing of a package is built or run for that.
The image's build, which has no network, only unpacks them (`sandbox/assemble.py`).
"""

import hashlib
import importlib.util
import io
import os
import platform
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from midcall.domain.python import MINOR
from midcall.sandbox.errors import ImageMissing

#: The C library of Debian bookworm, the oldest of the bases: newer wheels do not load there.
GLIBC_MINOR = 36
#: Seconds for all downloads.
FETCH_S = 600
#: A lock of some hundred packages has 200 KB. What is larger by far would not run in a sandbox's memory anyway.
MAX_TEXT_BYTES = 1024 * 1024
MAX_WHEEL_BYTES = 256 * 1024 * 1024
#: What a folder of fetched packages calls its requirements.
LOCK = "requirements.txt"

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[A-Za-z0-9._, -]*\])?==(?P<version>[A-Za-z0-9.!+_-]+)"
    r"(?:\s*;(?P<marker>[^#]*?))?(?P<hashes>(?:\s+--hash=sha256:[0-9a-f]{64})+)"
)
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
_CURE = "write name==version with its --hash=sha256:… (`pip-compile --generate-hashes` and `uv pip compile` do)"


@dataclass(frozen=True, slots=True)
class PinnedPackage:
    """One package at one version; `hashes` are SHA-256 of the files that may be it, in hexadecimal digits."""

    name: str
    version: str
    marker: str
    hashes: frozenset[str]

    def line(self) -> str:
        """Return it as pip reads it, always the same way."""
        marker = f" ; {self.marker}" if self.marker else ""
        return " ".join(
            [f"{self.name}=={self.version}{marker}", *(f"--hash=sha256:{one}" for one in sorted(self.hashes))]
        )


@dataclass(frozen=True, slots=True)
class Requirements:
    """The packages that are wanted; `folder` holds the wheels where they have been fetched before."""

    wanted: tuple[PinnedPackage, ...]
    folder: Path | None = None

    def with_more(self, more: "Requirements") -> "Requirements":
        """Return these and others; of a package in both, the others' version counts, and their folder holds all."""
        wanted = {one.name: one for one in (*self.wanted, *more.wanted)}
        return Requirements(tuple(wanted.values()), more.folder)

    def text(self) -> str:
        """Return the requirements without remarks and in order: equal for equal wishes."""
        return "".join(f"{one.line()}\n" for one in sorted(self.wanted, key=lambda one: one.name))


def read(path: Path) -> Requirements:
    """Read a requirements file, or the folder that `fetch` made of one; raises ImageMissing naming line and cure."""
    folder = path if path.is_dir() else None
    file = path / LOCK if folder else path
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_TEXT_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ImageMissing(f"the requirements {file} cannot be read ({reason})") from error
    if len(data) > MAX_TEXT_BYTES:
        raise ImageMissing(f"the requirements {file} are longer than {MAX_TEXT_BYTES // 1024} KB")
    wanted: dict[str, PinnedPackage] = {}
    for number, line in _lines(text):
        one = _pinned(line)
        if one is None:
            # Its beginning alone: an address may hold a password.
            begins = re.sub(r"[^\w./-].*", "", line, flags=re.DOTALL)[:60]
            raise ImageMissing(f"{file}, line {number}: `{begins}…` cannot be taken; {_CURE}")
        if one.name in wanted:
            raise ImageMissing(f"{file}, line {number}: {one.name} stands there twice; keep one")
        wanted[one.name] = one
    return Requirements(tuple(wanted.values()), folder)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield what belongs together, with the number of its first line: remarks dropped, continued lines joined."""
    begun, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = re.sub(r"(^|\s)#.*", "", raw).rstrip()
        begun = begun if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            if whole := " ".join(parts).strip():
                yield begun, whole
            parts = []
    if whole := " ".join(parts).strip():
        yield begun, whole


def _pinned(line: str) -> PinnedPackage | None:
    found = _REQUIREMENT.fullmatch(line)
    if found is None:
        return None
    return PinnedPackage(
        name=canonicalize_name(found["name"]),
        version=found["version"],
        marker=" ".join((found["marker"] or "").split()),
        hashes=frozenset(re.findall(r"sha256:([0-9a-f]{64})", found["hashes"])),
    )


def fetch(requirements: Requirements, folder: Path) -> None:
    """Download the wheels into an empty or new folder, their requirements beside them; raises ImageMissing."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ImageMissing(f"{folder} is not empty; name a new folder for the packages")
    lock = folder / LOCK
    lock.write_text(requirements.text())
    if requirements.wanted:
        _download(lock, folder)
    wheels(requirements, folder)
    for path in folder.iterdir():
        path.chmod(0o644)


def _download(lock: Path, folder: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise ImageMissing(
            "pip is needed to fetch the sandbox's packages and is not installed here: run `midcall sandbox build` "
            "where it is, or `midcall sandbox fetch` there and name the folder"
        )
    # pip's own settings say where packages come from; midcall's are none of its business.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MIDCALL_")}
    try:
        done = subprocess.run(  # noqa: S603 (our own command; the file is checked above)
            download_command(lock, folder), env=env, capture_output=True, text=True, timeout=FETCH_S, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ImageMissing(f"the sandbox's packages could not be fetched ({type(error).__name__})") from error
    if done.returncode != 0:
        said = " ".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))[-800:]
        raise ImageMissing(f"pip could not fetch the sandbox's packages: {said or done.stderr[-800:].strip()}")


def download_command(lock: Path, folder: Path) -> list[str]:
    """Return pip's command line: wheels for the image's Python alone, each with a hash that the file names."""
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC_MINOR, 4, -1)]
    tags += [f"manylinux{year}_{machine}" for year in ("2014", "2010", "1")]
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", MINOR),
        *("--abi", f"cp{MINOR.replace('.', '')}", *(word for tag in tags for word in ("--platform", tag))),
        *("--dest", str(folder), "--requirement", str(lock)),
    ]


def wheels(requirements: Requirements, folder: Path) -> list[tuple[str, bytes]]:
    """Return the wheels of a folder as (name, content), each compared with its hashes; raises ImageMissing.

    A requirement with a marker may be without its wheel: pip found that it is for another system. What a package needs
    has to be among them: nothing else is fetched.
    """
    hashes = {one.name: one.hashes for one in requirements.wanted}
    found: dict[str, tuple[str, bytes]] = {}
    left = MAX_WHEEL_BYTES
    for path in sorted(folder.glob("*.whl")):
        name = canonicalize_name(path.name.split("-")[0])
        left -= path.stat().st_size
        if left < 0:
            raise ImageMissing(
                f"the sandbox's packages are larger than {MAX_WHEEL_BYTES // 1024**2} MB; leave some out"
            )
        data = path.read_bytes()
        if name in found or hashlib.sha256(data).hexdigest() not in hashes.get(name, ()):
            raise ImageMissing(f"{path} is not what the requirements name; fetch the packages again")
        found[name] = (path.name, data)
    missing = sorted(one.name for one in requirements.wanted if one.name not in found and not one.marker)
    if missing:
        raise ImageMissing(f"{folder} has no wheel of {', '.join(missing)}; fetch the packages again")
    if lacking := list(_lacking(found)):
        raise ImageMissing(f"the requirements are not complete: {'; '.join(lacking)}. {_CURE}")
    return list(found.values())


def _lacking(found: Mapping[str, tuple[str, bytes]]) -> Iterator[str]:
    """Yield what wheels need and the others are not, as `pip check` does for what is installed."""
    known = {name: _metadata(*wheel) for name, wheel in found.items()}
    for name, metadata in known.items():
        for need in _needs(metadata):
            if need.marker is not None and not need.marker.evaluate({"extra": ""}):
                continue
            there = known.get(canonicalize_name(need.name))
            if there is None:
                yield f"{name} needs {need}, which is not named"
            elif not need.specifier.contains(there["Version"], prereleases=True):
                yield f"{name} needs {need}, and {there['Version']} is named"


def _needs(metadata: Message) -> Iterator[Requirement]:
    for text in metadata.get_all("Requires-Dist", ()):
        with suppress(InvalidRequirement):  # of a package from before the rules; pip reads past it as well
            yield Requirement(text)


def _metadata(file: str, data: bytes) -> Message:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (place,) = (one for one in archive.namelist() if _METADATA.fullmatch(one))
            if archive.getinfo(place).file_size > MAX_TEXT_BYTES:
                raise ImageMissing(f"the metadata of {file} is longer than {MAX_TEXT_BYTES // 1024} KB")
            return message_from_bytes(archive.read(place))
    except (zipfile.BadZipFile, ValueError) as error:
        raise ImageMissing(f"{file} is no wheel ({error})") from error


@contextmanager
def fetched(requirements: Requirements) -> Iterator[list[tuple[str, bytes]]]:
    """Give the wheels, from the folder where they are or from pip; raises ImageMissing."""
    if requirements.folder is not None:
        yield wheels(requirements, requirements.folder)
    elif requirements.wanted:
        with tempfile.TemporaryDirectory(prefix="midcall-packages-") as folder:
            fetch(requirements, Path(folder))
            yield wheels(requirements, Path(folder))
    else:
        yield []

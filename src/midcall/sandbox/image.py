"""Builds the sandbox image with the Docker SDK, from the files of `sandbox/` and whatever base is in reach.

The tag holds a hash of everything that goes in, so that an unchanged image is found, not built.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from midcall.domain.python import MINOR
from midcall.sandbox import packages
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, ImageMissing

REPOSITORY = "midcall-sandbox"
#: The base where a registry is in reach, and the one made on this machine where none is, by midcall or by its operator.
REGISTRY_BASE = f"python:{MINOR}-slim-bookworm"
OWN_BASE = f"midcall-sandbox-base:{MINOR}"
#: The Debian release whose `python3` is this minor version; None where no release has it.
DEBIAN_SUITE = {"3.11": "bookworm", "3.13": "trixie"}.get(MINOR)
DEBIAN_PACKAGES = "python3,tzdata"
#: Seconds for a base to be made from Debian packages: 30 s is normal, a slow mirror may need minutes.
BOOTSTRAP_S = 900
#: Files of `sandbox/` that the image does not need.
NOT_IN_IMAGE = frozenset({"measure_syscalls.py", "workload.py", "seccomp.json", "seccomp-jails.json"})
#: How much of what a failed build printed is told, in characters.
BUILD_TAIL = 500
#: Seconds of silence in one step of a pull, an import or a build.
STEP_S = 600
#: What both ends of a sandbox's streams speak, written down once.
SPOKEN = (Path(__file__).with_name("frames.py"), Path(__file__).with_name("channels.py"))

Say = Callable[[str], None]


def sandbox_files() -> Path:
    """Return the folder with Dockerfile, runner and seccomp profile: in the installed wheel, else in the checkout."""
    packaged = Path(__file__).with_name("_image")
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "sandbox"


def seccomp_profile() -> str:
    """Return the seccomp profile's JSON text."""
    return (sandbox_files() / "seccomp.json").read_text()


def with_jails(profile: str) -> str:
    """Return a seccomp profile for a container of jails: the same, and what its template needs to make them."""
    changed = json.loads(profile)
    changed["syscalls"] += json.loads((sandbox_files() / "seccomp-jails.json").read_text())
    return json.dumps(changed)


def wanted_packages(more: Path | None = None) -> packages.Requirements:
    """Return the packages that review lets functions import, and what a file or folder of an operator's adds.

    Raises ImageMissing for a file that cannot be taken.
    """
    own = packages.read(sandbox_files() / packages.LOCK)
    return own if more is None else own.with_more(packages.read(more))


def ensure_image(
    engine: Engine, *, base: str | None = None, requirements: Path | None = None, say: Say = lambda _step: None
) -> str:
    """Return the tag of the sandbox image, building it where it is missing; `say` is told each step in words.

    `base` names another base image, `requirements` a file (or folder of fetched packages) with more of them. An image
    with packages is the plain one and a layer on it. Raises ImageMissing where no base is in reach, packages cannot be
    had, or the build fails.
    """
    wanted = wanted_packages(requirements)
    files = _files()
    with Engine(url=engine.url, timeout_s=STEP_S) as patient:
        base = base or _base_in_reach(patient, say)
        plain = _tag(f"{patient.image_id(base)}\n".encode() + _tar(files))
        # The requirements stand for the packages: they name each by its hash.
        tag = _tag(f"{plain}\n{wanted.text()}".encode()) if wanted.wanted else plain
        if patient.image_id(tag) is not None:
            say(f"The sandbox image {tag} is there already.")
            return tag
        if patient.image_id(plain) is None:
            say(f"Building the sandbox image {plain} on {base} ...")
            _build(patient, _tar(files), plain, {"BASE": base})
        if tag != plain:
            _add_packages(patient, files, wanted, tag, {"BASE": base, "ROOT": plain}, say)
    say("The sandbox image is built.")
    return tag


def _add_packages(
    engine: Engine,
    files: Mapping[str, bytes],
    wanted: packages.Requirements,
    tag: str,
    arguments: Mapping[str, str],
    say: Say,
) -> None:
    if wanted.folder is None:
        say(f"Fetching {len(wanted.wanted)} packages with pip ...")
    with packages.fetched(wanted) as wheels:
        say(f"Building the sandbox image {tag} with {len(wheels)} packages ...")
        _build(engine, _tar({**files, **{f"wheels/{name}": data for name, data in wheels}}), tag, arguments)


def _tag(made_of: bytes) -> str:
    return f"{REPOSITORY}:{hashlib.sha256(made_of).hexdigest()[:16]}"


def _files() -> dict[str, bytes]:
    """Return what goes into the build, but for packages: name -> content."""
    files = (path for path in sandbox_files().iterdir() if path.is_file() and path.name not in NOT_IN_IMAGE)
    return {path.name: path.read_bytes() for path in [*files, *SPOKEN] if path.suffix != ".txt"}


def _tar(files: Mapping[str, bytes]) -> bytes:
    """Return a build context, byte for byte the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), 0o644
            tar.addfile(info, io.BytesIO(files[name]))
    return buffer.getvalue()


def _build(engine: Engine, context: bytes, tag: str, arguments: Mapping[str, str]) -> None:
    try:
        steps: Iterator[dict[str, Any]] = engine.api.build(
            fileobj=io.BytesIO(context),
            custom_context=True,
            tag=tag,
            buildargs=dict(arguments),
            rm=True,
            forcerm=True,
            decode=True,
            network_mode="none",
        )
        error, said = "", ""
        for step in steps:  # to the end: else its connection stays open
            error = error or str(step.get("error", ""))
            said = (said + str(step.get("stream", "")))[-BUILD_TAIL:]
    except (DockerException, OSError) as fault:
        raise ImageMissing(f"the sandbox image could not be built: {fault}") from fault
    if error:
        raise ImageMissing(f"the sandbox image could not be built: {error}; it said: {' '.join(said.split())}")
    # The build stage is left behind without a name, base and all: 250 MB for each build.
    with suppress(DockerException, OSError):
        build_stages = {"dangling": True, "label": "midcall.stage=build"}
        engine.api.prune_images(filters=build_stages)  # type: ignore[no-untyped-call]


def _base_in_reach(engine: Engine, say: Say) -> str:
    """Return a base image that is there, pulled, or made; raises ImageMissing with what to do."""
    for name in (REGISTRY_BASE, OWN_BASE):
        if engine.image_id(name) is not None:
            return name
    say(f"Pulling {REGISTRY_BASE} ...")
    try:
        engine.api.pull(REGISTRY_BASE)
    except (DockerException, OSError) as error:
        say(f"No registry is in reach ({type(error).__name__}).")
    if engine.image_id(REGISTRY_BASE) is not None:
        return REGISTRY_BASE
    if DEBIAN_SUITE is None:
        raise ImageMissing(
            f"the sandbox image needs a base with Python {MINOR}, which no Debian release has: pull {REGISTRY_BASE}, "
            f"or tag any image with Python {MINOR} and tzdata as {OWN_BASE}"
        )
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        raise ImageMissing(
            f"the sandbox image needs a base: pull {REGISTRY_BASE}, or install mmdebstrap and run as root"
        )
    say(f"Making a base image from packages of Debian {DEBIAN_SUITE} (mmdebstrap), half a minute ...")
    _bootstrap(engine, DEBIAN_SUITE)
    return OWN_BASE


def _bootstrap(engine: Engine, suite: str) -> None:
    """Make OWN_BASE of a Debian release with mmdebstrap and import it; raises ImageMissing."""
    repository, _, version = OWN_BASE.partition(":")
    with tempfile.TemporaryDirectory(prefix="midcall-base-") as folder:
        tar = Path(folder) / "base.tar"
        command = ["mmdebstrap", "--variant=minbase", f"--include={DEBIAN_PACKAGES}", suite, str(tar)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=BOOTSTRAP_S)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            detail = str(getattr(error, "stderr", "") or error).strip()[-500:]
            raise ImageMissing(f"mmdebstrap could not make a base image: {detail}") from error
        try:
            engine.api.import_image_from_file(str(tar), repository=repository, tag=version)
        except (DockerException, OSError) as error:
            raise EngineFailed(f"the Docker Engine could not import the base image: {error}") from error

"""Builds the sandbox image with the Docker SDK, from the files of `sandbox/` and whatever base is in reach.

The tag holds a hash of everything that goes in, so that an unchanged image is found, not built.
"""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, ImageMissing

REPOSITORY = "midcall-sandbox"
#: The base where a registry is in reach, and the one made from Debian packages where none is.
REGISTRY_BASE = "python:3.11-slim-bookworm"
DEBIAN_BASE = "midcall-sandbox-base:bookworm"
DEBIAN_SUITE, DEBIAN_PACKAGES = "bookworm", "python3,tzdata"
#: Seconds for a base to be made from Debian packages: 30 s is normal, a slow mirror may need minutes.
BOOTSTRAP_S = 900
#: Files of `sandbox/` that the image does not need.
NOT_IN_IMAGE = frozenset({"measure_syscalls.py", "workload.py", "seccomp.json"})
#: Seconds of silence in one step of a pull, an import or a build.
STEP_S = 600
FRAMES = Path(__file__).with_name("frames.py")

Say = Callable[[str], None]


def sandbox_files() -> Path:
    """Return the folder with Dockerfile, runner and seccomp profile: in the installed wheel, else in the checkout."""
    packaged = Path(__file__).with_name("_image")
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "sandbox"


def seccomp_profile() -> str:
    """Return the seccomp profile's JSON text."""
    return (sandbox_files() / "seccomp.json").read_text()


def ensure_image(engine: Engine, *, base: str | None = None, say: Say = lambda _step: None) -> str:
    """Return the tag of the sandbox image, building it where it is missing; `say` is told each step in words.

    `base` names another base image. Raises ImageMissing where no base is in reach or the build fails.
    """
    context = _context()
    with Engine(url=engine.url, timeout_s=STEP_S) as patient:
        base = base or _base_in_reach(patient, say)
        digest = hashlib.sha256(f"{patient.image_id(base)}\n".encode() + context).hexdigest()[:16]
        tag = f"{REPOSITORY}:{digest}"
        if patient.image_id(tag) is not None:
            say(f"The sandbox image {tag} is there already.")
            return tag
        say(f"Building the sandbox image {tag} on {base} ...")
        _build(patient, context, base, tag)
    say("The sandbox image is built.")
    return tag


def _context() -> bytes:
    """Return the build context as a tar, byte for byte the same for the same files."""
    files = sorted(path for path in sandbox_files().iterdir() if path.is_file() and path.name not in NOT_IN_IMAGE)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in [*files, FRAMES]:
            info = tarfile.TarInfo(path.name)
            data = path.read_bytes()
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _build(engine: Engine, context: bytes, base: str, tag: str) -> None:
    packages = (sandbox_files() / "requirements.txt").read_text().splitlines()
    needs_network = any(line.strip() and not line.startswith("#") for line in packages)
    try:
        steps: Iterator[dict[str, Any]] = engine.api.build(
            fileobj=io.BytesIO(context),
            custom_context=True,
            tag=tag,
            buildargs={"BASE": base},
            rm=True,
            forcerm=True,
            decode=True,
            network_mode=None if needs_network else "none",
        )
        errors = [step["error"] for step in steps if "error" in step]  # to the end: else its connection stays open
    except (DockerException, OSError) as error:
        raise ImageMissing(f"the sandbox image could not be built: {error}") from error
    if errors:
        raise ImageMissing(f"the sandbox image could not be built: {errors[0]}")
    # The build stage is left behind without a name, base and all: 250 MB for each build.
    with suppress(DockerException, OSError):
        leftovers = {"dangling": True, "label": "midcall.stage=build"}
        engine.api.prune_images(filters=leftovers)  # type: ignore[no-untyped-call]


def _base_in_reach(engine: Engine, say: Say) -> str:
    """Return a base image that is there, pulled, or made; raises ImageMissing with what to do."""
    for name in (REGISTRY_BASE, DEBIAN_BASE):
        if engine.image_id(name) is not None:
            return name
    say(f"Pulling {REGISTRY_BASE} ...")
    try:
        engine.api.pull(REGISTRY_BASE)
    except (DockerException, OSError) as error:
        say(f"No registry is in reach ({type(error).__name__}).")
    if engine.image_id(REGISTRY_BASE) is not None:
        return REGISTRY_BASE
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        raise ImageMissing(
            f"the sandbox image needs a base: pull {REGISTRY_BASE}, or install mmdebstrap and run as root"
        )
    say("Making a base image from Debian packages (mmdebstrap), half a minute ...")
    _bootstrap(engine)
    return DEBIAN_BASE


def _bootstrap(engine: Engine) -> None:
    """Make DEBIAN_BASE with mmdebstrap and import it; raises ImageMissing."""
    repository, _, version = DEBIAN_BASE.partition(":")
    with tempfile.TemporaryDirectory(prefix="midcall-base-") as folder:
        tar = Path(folder) / "base.tar"
        command = ["mmdebstrap", "--variant=minbase", f"--include={DEBIAN_PACKAGES}", DEBIAN_SUITE, str(tar)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=BOOTSTRAP_S)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            detail = str(getattr(error, "stderr", "") or error).strip()[-500:]
            raise ImageMissing(f"mmdebstrap could not make a base image: {detail}") from error
        try:
            engine.api.import_image_from_file(str(tar), repository=repository, tag=version)
        except (DockerException, OSError) as error:
            raise EngineFailed(f"the Docker Engine could not import the base image: {error}") from error

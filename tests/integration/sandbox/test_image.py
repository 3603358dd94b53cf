"""The image: found when unchanged, and nothing in it but what a handler needs."""

import sys

import pytest
from tests.integration.sandbox.pools import Serving

from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, ImageMissing
from midcall.sandbox.image import ensure_image

#: The image runs the minor version that midcall runs on.
PROGRAM = f"python3.{sys.version_info.minor}"
INSIDE = """
import os, sys

def handler(session):
    programs = []
    for folder, _, names in os.walk("/"):
        if folder.startswith(("/proc", "/sys", "/dev")):
            continue
        for name in names:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and not os.path.islink(path) and ".so" not in name and name[-3:] != ".py":
                programs.append(name)
    loaded = [module for module in list(sys.modules.values()) if getattr(module, "__cached__", None)]
    stale = [module.__name__ for module in loaded if not os.path.exists(module.__cached__)]
    return {"programs": sorted(programs), "stale": stale, "version": sys.version_info[:2]}
"""


def test_an_unchanged_image_is_found_not_built(engine: Engine, image: str) -> None:
    """The tag is a hash of all that goes in: the second time takes one step."""
    steps: list[str] = []
    assert ensure_image(engine, say=steps.append) == image
    assert steps == [f"The sandbox image {image} is there already."]


def test_the_image_holds_one_program_and_compiled_modules(pool: Serving) -> None:
    """No shell, no package manager: Python alone; and no module that would be compiled at each boot."""
    inside = pool.run(INSIDE).result
    by_the_engine = {".dockerenv", "hosts", "resolv.conf"}
    assert set(inside.pop("programs")) - by_the_engine == {PROGRAM}
    assert inside == {"stale": [], "version": list(sys.version_info[:2])}


def test_a_base_that_is_not_there_says_so(engine: Engine) -> None:
    """A build that cannot be made fails as ImageMissing, with the Engine's reason."""
    with pytest.raises(ImageMissing, match="could not be built"):
        ensure_image(engine, base="midcall-no-such-base:none")


def test_no_engine_is_one_clear_error() -> None:
    """Where no Engine answers, the error names the address."""
    with pytest.raises(EngineFailed, match="nowhere"):
        Engine(url="unix:///nowhere/docker.sock", timeout_s=1)  # short: nobody is there to answer

"""What a sandbox loads before it is ready is paid at each boot."""

import subprocess
import sys
from pathlib import Path

import midcall.sandbox.frames
from midcall.sandbox.image import sandbox_files

#: Modules of the standard library that take longer than all that a boot needs, or bring such along.
HEAVY = {
    "asyncio", "concurrent.futures", "dataclasses", "dis", "importlib.metadata", "inspect", "linecache", "logging",
    "pathlib", "ssl", "subprocess", "tempfile", "tokenize", "traceback", "typing", "urllib.parse",
}  # fmt: skip

BOOT = """
import sys
sys.path[:0] = sys.argv[1:]
import runner, child, supervisor
print(*sys.modules)
"""


def test_a_boot_loads_nothing_heavy() -> None:
    """All modules of the runner by themselves, in an interpreter that is started as the image starts it."""
    folders = [str(sandbox_files()), str(Path(midcall.sandbox.frames.__file__).parent)]
    command = [sys.executable, "-I", "-S", "-B", "-c", BOOT, *folders]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "preparation" in loaded
    # A program that is an argument is one of which some versions keep the lines.
    bare = [*command[: command.index("-c")], "-c", "import sys; print(*sys.modules)"]
    needless = set(subprocess.run(bare, capture_output=True, text=True, check=True).stdout.split())
    assert not (loaded - needless) & HEAVY

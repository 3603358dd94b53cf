"""Assembles the root of the sandbox image inside the build stage: `assemble.py DESTINATION`.

Copies the running Python, its standard library without what no handler needs, the shared libraries that these name,
time zones, and the runner; compiles every module with unchecked-hash .pyc files, because time stamps that differ from
layer to layer would otherwise have Python recompile them at every boot (190-230 ms instead of 125 ms).
"""

import compileall
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).parent
RUNNER = ("child.py", "faults.py", "frames.py", "supervisor.py", "values.py")
LEFT_OUT = (
    "__pycache__", "test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "pydoc_data", "venv",
    "config-*", "_tkinter*", "_test*", "_ctypes_test*", "_xxtest*", "xxlimited*", "*.a", "dist-packages",
)  # fmt: skip
ZONES = Path("/usr/share/zoneinfo")


def main(root: Path) -> None:
    """Assemble the image's root in `root`."""
    for folder in ("tmp", "etc", "proc", "sys", "dev"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("nobody:x:65534:65534:nobody:/tmp:/nowhere\n")
    (root / "etc/group").write_text("nogroup:x:65534:\n")
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    copy(python, root)
    copy_tree(library, root)
    install_packages(HERE / "requirements.txt", root / "sandbox/packages")
    shutil.copytree(ZONES, root / ZONES.relative_to("/"), ignore=shutil.ignore_patterns("right", "posix"))
    for binary in [python, *library.rglob("*.so"), *root.rglob("sandbox/packages/**/*.so")]:
        for needed in libraries(binary):
            copy(needed, root)
    install_runner(root, python)
    compile_all(root)


def copy(path: Path, root: Path) -> None:
    """Copy one file to the same place under `root`, following links."""
    target = root / path.relative_to("/")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
        target.chmod(target.stat().st_mode & 0o0755)  # no setuid bit survives


def copy_tree(library: Path, root: Path) -> None:
    """Copy the standard library; Debian links a few of its files to /etc, so links are followed."""
    shutil.copytree(
        library,
        root / library.relative_to("/"),
        ignore=shutil.ignore_patterns(*LEFT_OUT, "site-packages"),
        ignore_dangling_symlinks=True,
    )


def libraries(binary: Path) -> list[Path]:
    """Return the shared libraries that `binary` needs, the loader included, by path."""
    listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607
    return [Path(path) for path in re.findall(r"(?:=> |^\s)(/\S+)", listing, re.MULTILINE)]


def install_packages(requirements: Path, target: Path) -> None:
    """Install what an operator added into a folder that the runner puts on the path."""
    target.mkdir(parents=True)
    wanted = [line for line in requirements.read_text().splitlines() if line.strip() and not line.startswith("#")]
    if wanted:
        command = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--target", str(target)]
        subprocess.run([*command, "-r", str(requirements)], check=True)  # noqa: S603


def install_runner(root: Path, python: Path) -> None:
    """Lay the runner out as a folder with `__main__.py`, and link the interpreter to a name that no base changes."""
    runner = root / "sandbox/runner"
    runner.mkdir(parents=True)
    (root / "sandbox/python").symlink_to(python)
    shutil.copy(HERE / "runner.py", runner / "__main__.py")
    for name in RUNNER:
        shutil.copy(HERE / name, runner / name)


def compile_all(root: Path) -> None:
    """Compile every module, with the paths that it has in the image."""
    compileall.compile_dir(
        str(root),
        quiet=2,
        stripdir=str(root),
        prependdir="/",
        maxlevels=20,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

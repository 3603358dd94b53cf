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
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

HERE = Path(__file__).parent
RUNNER = (
    "actions.py",
    "answer.py",
    "broker.py",
    "channels.py",
    "child.py",
    "confinement.py",
    "faults.py",
    "frames.py",
    "preparation.py",
    "supervisor.py",
    "syscall_filter.py",
    "template.py",
    "values.py",
    "waking.py",
)
LEFT_OUT = (
    "__pycache__", "test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "pydoc_data", "venv",
    "config-*", "_tkinter*", "_test*", "_ctypes_test*", "_xxtest*", "xxlimited*", "*.a", "dist-packages",
)  # fmt: skip
ZONES = Path("/usr/share/zoneinfo")


def main(root: Path) -> None:
    """Assemble in `root` what the image holds, or the layer of packages for it where there are any."""
    wheels = HERE / "wheels"
    if wheels.is_dir():
        assemble_packages(wheels, root)
    else:
        assemble_python(root)
    compile_all(root)


def assemble_packages(wheels: Path, root: Path) -> None:
    """Lay out an operator's packages, with the shared libraries that they need from the base."""
    install_packages(wheels, root / "sandbox/packages")
    copy_libraries((root / "sandbox/packages").rglob("*.so*"), root)


def assemble_python(root: Path) -> None:
    """Lay out everything else."""
    for folder in ("tmp", "etc", "proc", "sys", "dev"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("nobody:x:65534:65534:nobody:/tmp:/nowhere\n")
    (root / "etc/group").write_text("nogroup:x:65534:\n")
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    copy(python, root)
    copy_tree(library, root)
    (root / "sandbox/packages").mkdir(parents=True)
    shutil.copytree(ZONES, root / ZONES.relative_to("/"), ignore=shutil.ignore_patterns("right", "posix"))
    copy_libraries([python, *library.rglob("*.so")], root)
    install_runner(root, python)


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


def copy_libraries(binaries: Iterable[Path], root: Path) -> None:
    """Copy what these binaries are linked with."""
    for binary in list(binaries):
        for needed in libraries(binary):
            if not needed.is_relative_to(root):  # a package may bring its own, beside its modules
                copy(needed, root)


def libraries(binary: Path) -> list[Path]:
    """Return the shared libraries that `binary` needs, the loader included, by path."""
    listing = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607
    return [Path(path) for path in re.findall(r"(?:=> |^\s)(/\S+)", listing, re.MULTILINE)]


def install_packages(wheels: Path, target: Path) -> None:
    """Unpack an operator's wheels side by side into a folder that the runner puts on the path; none of it is run."""
    target.mkdir(parents=True)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                place = place_in_packages(member.filename)
                if place is None or member.is_dir():
                    continue
                content = archive.read(member)
                path = target / place
                if path.exists() and path.read_bytes() != content:
                    sys.exit(f"{wheel.name} has a file {place} unlike that of another package")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)  # a link would become a file with its text; no bit to execute survives


def place_in_packages(name: str) -> Path | None:
    """Return where a wheel's file goes, None for what is not imported: scripts, headers, data, start-up hooks."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts:
        sys.exit(f"a package has a file {name!r} outside itself")
    parts = place.parts
    if parts and parts[0].endswith(".data"):
        parts = parts[2:] if parts[1:2] in {("purelib",), ("platlib",)} else ()
    return Path(*parts) if parts and not (len(parts) == 1 and parts[0].endswith(".pth")) else None


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
        workers=0,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

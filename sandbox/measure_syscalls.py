"""Measures which system calls the runner and the standard library make, and compares them with `seccomp.json`.

    measure_syscalls.py IMAGE [CORPUS.jsonl]        (root; needs docker, strace and unshare)

Exports the image's file system and runs the real runner in it under `strace -f`, once with `workload.py` and once more
with every source of the corpus, inside fresh pid and mount namespaces (the runner kills every process it can see).
Prints what was called and is not allowed (exit 1), and what is allowed and was not called.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
if TYPE_CHECKING:
    from midcall.sandbox import frames
else:
    sys.path.insert(0, str(HERE.parent / "src/midcall/sandbox"))
    import frames

#: Made, refused on purpose, and done without: each has another way.
REFUSED = {
    "clone3": "answered 'no such call', so that the C library uses clone, whose flags a filter can read",
    "socket": "the C library asks for a name service daemon, then reads /etc/passwd",
    "connect": "the same",
    "fchown": "sqlite, and only as root, which the measurement is and the sandbox is not",
}
START = re.compile(r'^\d+ +execve\("/sandbox/python"')
CALL = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)")


def main(image: str, corpus: Path | None) -> int:
    """Measure, print, and return the exit code."""
    sources = [json.loads(line) for line in corpus.read_text().splitlines()] if corpus else []
    session = {"sources": [[entry["code"], entry["session"]] for entry in sources]}
    with tempfile.TemporaryDirectory(prefix="midcall-measure-") as folder:
        root = Path(folder) / "root"
        export(image, root)
        calls, answer = trace(root, (HERE / "workload.py").read_text(), session)
    allowed = {name for rule in profile()["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    say(f"{len(calls)} system calls made; what did not go well: {answer}")
    missing = calls - allowed - set(REFUSED)
    for name in sorted(calls & set(REFUSED)):
        say(f"called, refused on purpose: {name} ({REFUSED[name]})")
    say("called, not allowed: " + (" ".join(sorted(missing)) or "none"))
    say("allowed, not called: " + (" ".join(sorted(allowed - calls)) or "none"))
    return 1 if missing or answer else 0


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(line + "\n")


def profile() -> dict[str, Any]:
    """Return the seccomp profile."""
    text: dict[str, Any] = json.loads((HERE / "seccomp.json").read_text())
    return text


def export(image: str, root: Path) -> None:
    """Unpack the image's file system, and give it the two devices that Python opens."""
    root.mkdir()
    made = subprocess.run(["docker", "create", image], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603, S607
    try:
        tar = subprocess.Popen(["docker", "export", made], stdout=subprocess.PIPE)  # noqa: S603, S607
        subprocess.run(["tar", "-x", "-C", str(root)], stdin=tar.stdout, check=True)  # noqa: S603, S607
        tar.wait()
    finally:
        subprocess.run(["docker", "rm", "-f", made], capture_output=True, check=True)  # noqa: S603, S607
    for name, minor in (("null", 3), ("urandom", 9)):
        (root / "dev" / name).unlink(missing_ok=True)
        os.mknod(root / "dev" / name, 0o20666, os.makedev(1, minor))
    (root / "tmp").chmod(0o1777)


def trace(root: Path, source: str, session: dict[str, Any]) -> tuple[set[str], dict[str, str]]:
    """Run one request in the exported image under strace; return the calls made and the sections that failed."""
    log = root.parent / "strace"
    nonce = os.urandom(frames.NONCE_BYTES)
    terms = {"deadline_ms": 120_000, "log_bytes": 65_536, "result_bytes": 262_144, "memory_bytes": 1 << 30}
    request = b"".join(
        frames.encode(kind, json.dumps(value).encode(), nonce)
        for kind, value in (
            (frames.FrameKind.OPEN, terms),
            (frames.FrameKind.INPUT, {"source": source, "session": session, "actions": []}),
        )
    )
    runner = ["chroot", str(root), "/sandbox/python", "-I", "-B", "/sandbox/runner"]
    spaces = ["unshare", "--pid", "--mount", "--ipc", "--fork", f"--mount-proc={root / 'proc'}"]
    process = subprocess.Popen(  # noqa: S603
        [*spaces, "strace", "-f", "-qq", "-o", str(log), *runner], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(request)
    process.stdin.flush()
    output = process.stdout.read()
    process.wait()
    ready = frames.HEADER_BYTES + 2
    kinds = (frames.FrameKind.LOG, frames.FrameKind.RESULT, frames.FrameKind.FAULT, frames.FrameKind.OUTCOME)
    reader = frames.FrameReader(nonce, {kind: frames.CAPS[kind] for kind in kinds})
    got = {frame.kind: json.loads(frame.payload) for frame in reader.feed(output[ready:]) if frame.kind in kinds[1:]}
    answer: dict[str, str] = got.get(frames.FrameKind.RESULT) or {"run": str(got)}
    return calls_in(log), {name: how for name, how in answer.items() if how != "ok"}


def calls_in(log: Path) -> set[str]:
    """Return the names of the calls from the runner's own start on: before that, chroot was speaking."""
    lines = log.read_text(errors="replace").splitlines()
    begin = next(index for index, line in enumerate(lines) if START.match(line))
    return {match[1] for line in lines[begin:] if (match := CALL.match(line))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))  # noqa: PLR2004

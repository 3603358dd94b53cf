"""Looking for a secret from outside: what crossed a socket, and what lies in a process's memory."""

import base64
import json
import os
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

READ_BYTES = 1 << 16
#: Of a mapping that is read in one piece, and what two pieces share, so that nothing is cut in two.
PIECE_BYTES, OVERLAP = 1 << 22, 512
#: What secrets have in common is looked for first if it is so long that nothing else holds it.
ALIKE_CHARS = 16


def forms(secret: str) -> set[bytes]:
    """Write a secret in every form that has to stay away."""
    raw = secret.encode()
    # In base64 the letters depend on the place; without its ends the middle is the same wherever it begins.
    encoded = {base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)}
    escaped = {json.dumps(secret)[1:-1].encode(), secret.replace("/", "\\/").encode()}
    return {raw, quote(secret, safe="").encode(), secret[::-1].encode(), raw.hex().encode(), *encoded, *escaped}


def found(content: bytes, secrets: Collection[str]) -> set[str]:
    """Name the secrets that stand in some bytes, in any form.

    Where all of them begin alike, most bytes are known to hold none by that beginning: a tenth of the work.
    """
    alike = os.path.commonprefix(list(secrets))  # noqa: RUF071 (letter by letter is what is meant)
    if len(alike) >= ALIKE_CHARS and not any(form in content for form in forms(alike)):
        return set()
    return {secret for secret in secrets if any(form in content for form in forms(secret))}


class Tape:
    """A unix socket in front of another one, which keeps all that passes, each direction of each connection alone."""

    def __init__(self, path: Path, behind: str) -> None:
        self._behind = behind
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._kept: list[bytearray] = []
        threading.Thread(target=self._accept, name="tape", daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        return iter([bytes(each) for each in self._kept])

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._behind)
                ends = threading.Semaphore(0)
                for source, sink in ((near, far), (far, near)):
                    kept = bytearray()
                    self._kept.append(kept)
                    threading.Thread(target=_relay, args=(source, sink, kept, ends), name="tape", daemon=True).start()
                threading.Thread(target=_close, args=(near, far, ends), name="tape", daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, kept: bytearray, ends: threading.Semaphore) -> None:
    with suppress(OSError):
        while data := source.recv(READ_BYTES):
            kept += data
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
    ends.release()


def _close(near: socket.socket, far: socket.socket, ends: threading.Semaphore) -> None:
    for _ in range(2):
        ends.acquire()
    near.close()
    far.close()


@contextmanager
def tape(path: Path, behind: str) -> Iterator[Tape]:
    """Record what passes to a socket by way of another path."""
    it = Tape(path, behind)
    try:
        yield it
    finally:
        it.close()


def processes_of(container: str) -> list[int]:
    """Return the ids, on this host, of a container's processes."""
    ids = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and container in (entry / "cgroup").read_text():
                ids.append(int(entry.name))
    return ids


def memory(process: int) -> Iterator[bytes]:
    """Read all that a process can read of its own memory, and its environment and arguments."""
    for name in ("environ", "cmdline"):
        yield Path(f"/proc/{process}/{name}").read_bytes()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as pages:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            addresses, access, *_ = line.split()
            start, end = (int(part, 16) for part in addresses.split("-"))
            if not access.startswith("r") or "[vvar" in line or "[vsyscall]" in line:
                continue
            for at in range(start, end, PIECE_BYTES):
                with suppress(OSError, OverflowError, ValueError):
                    yield os.pread(pages.fileno(), min(PIECE_BYTES + OVERLAP, end - at), at)

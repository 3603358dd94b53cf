"""Child processes of `midcall up`: started, watched, started again, ended in order."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

_PR_SET_PDEATHSIG = 1
#: A child that dies is started again after this long, doubled up to the second figure while it keeps dying.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
#: A child that lived this long is taken for healthy.
HEALTHY_S = 10.0

#: glibc keeps what a thread has freed in one of up to eight arenas a core, and gives little of it back; these processes
#: have many threads that each hold some megabytes for a moment. It costs threads a wait for each other at times, and a
#: system call for each large block; both are lost in what a run takes. glibc reads them at a process's start alone, and
#: the same stand in Dockerfile and docker-compose.yml.
ALLOCATOR: Mapping[str, str] = {"MALLOC_ARENA_MAX": "4", "MALLOC_TRIM_THRESHOLD_": "131072"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One kind of child: how it is started and how long it may take to end."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stop_s: float


class ChildProcess:
    """One part's process, over all its lives."""

    def __init__(self, part: ProcessSpec) -> None:
        self.part = part
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE_S
        self._start_at = 0.0

    @property
    def pid(self) -> int | None:
        """Process id of its present life."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it, in a session of its own: a Ctrl-C in the terminal is for the parent to pass on in order."""
        self._process = subprocess.Popen(  # noqa: S603 (our own commands)
            list(self.part.argv),
            env=dict(self.part.env),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 (the parent has one thread)
        )
        self._started = time.monotonic()

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def watch(self) -> None:
        """Start it again if it has died, after a pause."""
        if self.alive():
            return
        now = time.monotonic()
        if self._process is not None:
            healthy = now - self._started > HEALTHY_S
            self._pause = FIRST_PAUSE_S if healthy else min(self._pause * 2, LONGEST_PAUSE_S)
            self._start_at = now + self._pause
            log.warning("process_died", part=self.part.name, status=self._process.returncode, again_in_s=self._pause)
            self._process = None
        elif now >= self._start_at:
            self.start()

    def stop(self) -> None:
        """Ask it to end, wait, then insist."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(self.part.stop_s)
        except subprocess.TimeoutExpired:
            log.warning("process_killed", part=self.part.name, after_s=self.part.stop_s)
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _die_with_parent() -> None:
    # SIGTERM, not SIGKILL: the pool then still takes its containers away.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

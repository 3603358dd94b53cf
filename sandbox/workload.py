"""A handler that exercises the standard library by section.

Used twice: `measure_syscalls.py` runs it under strace to see which system calls it makes, and the tests run it in a
real sandbox to see that the profile allows them. Answers `{section: "ok" | "Type: message"}`.
"""

import asyncio
import bz2
import concurrent.futures
import contextlib
import csv
import ctypes
import datetime as dt
import decimal
import faulthandler
import fcntl
import functools
import gzip
import hashlib
import io
import locale
import logging
import lzma
import mmap
import multiprocessing
import os
import pathlib
import platform
import queue
import random
import resource
import secrets
import select
import selectors
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tracemalloc
import uuid
import xml.etree.ElementTree as ET
import zipfile
import zoneinfo
from collections.abc import Callable
from typing import Any

SECTIONS: dict[str, Callable[[pathlib.Path], None]] = {}


def section(function: Callable[[pathlib.Path], None]) -> Callable[[pathlib.Path], None]:
    """Register a section."""
    SECTIONS[function.__name__] = function
    return function


def handler(session: dict[str, Any]) -> dict[str, str]:
    """Run every section in a folder of its own, and the code of `session["sources"]` after them."""
    answers = {}
    for name, function in SECTIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            answers[name] = attempt(functools.partial(function, pathlib.Path(folder)))
    for index, (source, body) in enumerate(session.get("sources", [])):
        answers[f"source {index}"] = attempt(functools.partial(run, source, body))
    return answers


def attempt(function: Callable[[], None]) -> str:
    """Return how a section went."""
    try:
        function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


def run(source: str, body: dict[str, Any]) -> None:
    """Run another handler's source in this process."""
    names: dict[str, Any] = {"__name__": "function"}
    exec(compile(source, "function.py", "exec", dont_inherit=True), names)  # noqa: S102
    names["handler"](body)


@section
def numbers(_: pathlib.Path) -> None:
    """Decimals, randomness, hashes."""
    decimal.Decimal("1.10").quantize(decimal.Decimal("0.1"))
    random.SystemRandom().randrange(10)
    random.shuffle([1, 2, 3])
    secrets.token_hex()
    uuid.uuid4()
    hashlib.sha256(b"x" * 100_000).hexdigest()
    hashlib.scrypt(b"p", salt=b"s", n=2, r=1, p=1)


@section
def clocks(_: pathlib.Path) -> None:
    """Time zones, clocks, sleep."""
    zoneinfo.ZoneInfo("Europe/Berlin").utcoffset(dt.datetime.now())  # noqa: DTZ005
    time.sleep(0.001)
    for clock in (
        time.CLOCK_REALTIME,
        time.CLOCK_MONOTONIC,
        time.CLOCK_PROCESS_CPUTIME_ID,
        time.CLOCK_THREAD_CPUTIME_ID,
    ):
        time.clock_gettime(clock)
        time.clock_getres(clock)
    time.localtime()
    time.strftime("%c %Z")
    os.times()


@section
def threads(_: pathlib.Path) -> None:
    """Pools, timers, conditions."""
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        assert list(executor.map(str, range(20)))  # noqa: S101
    box: queue.Queue[int] = queue.Queue()
    threading.Timer(0.001, box.put, [1]).start()
    box.get(timeout=2)
    condition = threading.Condition()
    with condition:
        condition.wait(0.001)


@section
def coroutines(_: pathlib.Path) -> None:
    """Run an event loop with threads, time-outs and a subprocess."""

    async def main() -> None:
        await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(5)))
        await asyncio.to_thread(time.sleep, 0.001)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(1), 0.001)
        process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", "print(1)", stdout=subprocess.PIPE)
        await process.communicate()

    asyncio.run(main())


@section
def files(folder: pathlib.Path) -> None:
    """All that is done with files and folders in /tmp."""
    one, two = folder / "one", folder / "two"
    one.write_text("text\n" * 1000)
    shutil.copy2(one, two)
    shutil.copyfileobj(io.BytesIO(b"x"), two.open("wb"))
    one.rename(folder / "three")
    (folder / "three").chmod(0o600)
    (folder / "link").symlink_to("three")
    os.link(folder / "three", folder / "hard")
    os.utime(two)
    os.truncate(two, 0)
    (folder / "link").readlink()
    (folder / "sub").mkdir()
    assert list(folder.rglob("*"))  # noqa: S101
    assert list(folder.iterdir())  # noqa: S101
    with (folder / "three").open("r+b", buffering=0) as file:
        file.seek(5)
        file.truncate(10)
        os.fsync(file.fileno())
        os.fdatasync(file.fileno())
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.pread(file.fileno(), 2, 0)
        os.pwrite(file.fileno(), b"x", 0)
        os.writev(file.fileno(), [b"a", b"b"])
        os.fstatvfs(file.fileno())
        os.posix_fallocate(file.fileno(), 0, 100)
    shutil.disk_usage(folder)
    os.access(folder, os.W_OK)
    with (
        tempfile.NamedTemporaryFile() as named,
        tempfile.TemporaryFile() as unnamed,
        tempfile.SpooledTemporaryFile() as spooled,
    ):
        named.write(b"x")
        unnamed.write(b"x")
        spooled.write(b"x")
    old = os.getcwd()  # noqa: PTH109
    os.chdir(folder)
    os.chdir(old)


@section
def archives(folder: pathlib.Path) -> None:
    """Compression and archives."""
    data = b"some bytes " * 10_000
    for packed in (gzip.compress(data), bz2.compress(data, 1), lzma.compress(data, preset=0)):
        assert len(packed) < len(data)  # noqa: S101
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("x", data)
    with tarfile.open(folder / "a.tar.gz", "w:gz") as tar:
        tar.add(folder / "a.zip", "a.zip")
    with tarfile.open(folder / "a.tar.gz") as tar:
        tar.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else tar.getnames()


@section
def database(folder: pathlib.Path) -> None:
    """SQLite in memory and in a file."""
    for where in (":memory:", str(folder / "a.db")):
        with contextlib.closing(sqlite3.connect(where)) as connection, connection:
            connection.execute("create table t (a)")
            connection.executemany("insert into t values (?)", [(n,) for n in range(1000)])
            connection.execute("select sum(a) from t").fetchone()


@section
def documents(folder: pathlib.Path) -> None:
    """XML, CSV, logging, locale, TLS settings."""
    root = ET.fromstring("<a><b>1</b></a>")  # noqa: S314
    ET.ElementTree(root).write(folder / "a.xml")
    with (folder / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerow([1, 2])
    handler = logging.FileHandler(folder / "log")
    logger = logging.getLogger("workload")
    logger.addHandler(handler)
    logger.warning("a line")
    handler.close()
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "")
    ssl.create_default_context()


@section
def memory(_: pathlib.Path) -> None:
    """Use maps, large blocks, callbacks from C."""
    area = mmap.mmap(-1, 1 << 20)
    area[:4] = b"abcd"
    area.resize(1 << 21)
    area.close()
    blocks = [bytearray(1 << 20) for _ in range(10)]
    del blocks
    tracemalloc.start()
    tracemalloc.stop()
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(abs)
    assert callback(-1) == 1  # noqa: S101


@section
def waiting(_: pathlib.Path) -> None:
    """Pairs of sockets and every kind of selector."""
    left, right = socket.socketpair()
    right.send(b"x")
    left.recv(1)
    left.settimeout(0.001)
    with contextlib.suppress(TimeoutError):
        left.recv(1)
    left.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
    left.getsockname()
    left.shutdown(socket.SHUT_WR)
    for selector in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
        with selector() as waits:
            waits.register(right, selectors.EVENT_READ)
            waits.select(0.001)
    select.select([right], [], [], 0.001)
    os.eventfd(0)
    left.close()
    right.close()


@section
def signals(_: pathlib.Path) -> None:
    """Timers and signals to oneself."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    signal.sigtimedwait([signal.SIGUSR1], 0.01)
    signal.alarm(0)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.raise_signal(signal.SIGUSR1)
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, [])
    faulthandler.enable()
    faulthandler.disable()


@section
def processes(_: pathlib.Path) -> None:
    """Subprocesses, forks and questions about oneself."""
    assert subprocess.run([sys.executable, "-I", "-c", "print(1)"], capture_output=True, check=True).stdout  # noqa: S101
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    with contextlib.suppress(FileNotFoundError, PermissionError, OSError):
        multiprocessing.get_context("fork").Lock()  # there is no /dev/shm
    ours, _theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=ours.close)
    process.start()
    process.join()
    os.getpgid(0)
    os.getsid(0)
    os.getloadavg()
    os.sched_getaffinity(0)
    os.cpu_count()
    os.getpriority(os.PRIO_PROCESS, 0)
    os.umask(0o022)
    os.getgroups()
    os.getresuid()
    resource.getrusage(resource.RUSAGE_SELF)
    resource.getrlimit(resource.RLIMIT_NOFILE)
    platform.platform()
    os.uname()
    os.sysconf("SC_PHYS_PAGES")

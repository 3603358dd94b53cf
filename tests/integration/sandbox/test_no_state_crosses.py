"""Two functions, side by side and one after the other: nothing that one does can be seen by the other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.patience import DEADLINE_MS, PATIENCE_S

from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.run import RunRequest
from midcall.sandbox.client import PoolClient

MARK = "MARK-5d1c7f"

#: Everything that can be held or left behind, kept until an action is answered: meanwhile somebody else looks.
HOLD = """
import ctypes, fcntl, os, socket, struct, threading, time

def quietly(do):
    try:
        return do()
    except OSError as error:
        return error.errno

def works(do):
    try:
        do()
        return True
    except OSError:
        return False

def places():
    return [folder for folder, _, _ in os.walk("/") if not folder.startswith("/proc/")]

def leave(mark):
    for folder in [*places(), "/var/tmp", "/dev/shm", "/run", "/proc/self"]:
        quietly(lambda: open(f"{folder}/{mark}", "w").write(mark))
        quietly(lambda: os.mkdir(f"{folder}/{mark}.d"))
    os.environ["MARK"] = mark
    threading.current_thread().name = mark
    ctypes.CDLL(None).prctl(15, mark.encode(), 0, 0, 0)
    print(mark)

def lock(mark):
    # A lock's range is 63 bits that its owner chooses, and /proc/locks shows those of the whole host.
    file = os.open("/tmp/locked", os.O_RDWR | os.O_CREAT)
    offset = int.from_bytes(mark.encode()[:7], "big")
    fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, offset, 1, 0))
    locked = 0
    for folder, _, names in os.walk(os.path.dirname(os.__file__)):
        for name in names[:3]:
            image = os.open(f"{folder}/{name}", os.O_RDONLY)
            locked += quietly(lambda: fcntl.flock(image, fcntl.LOCK_EX | fcntl.LOCK_NB)) is None
        if locked > 60:
            return

def share():
    libc = ctypes.CDLL(None)
    calls = {"shmget": (29, 0x5D1C, 4096, 0o1666), "semget": (64, 0x5D1C, 1, 0o1666), "msgget": (68, 0x5D1C, 0o1666),
             "add_key": (248, b"user", b"mark", b"mark", 4, -4), "memfd": (319, b"mark", 0), "inotify": (294, 0)}
    made = [name for name, call in calls.items() if libc.syscall(*call) != -1]
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ways = {"terminal": lambda: os.open("/dev/ptmx", os.O_RDWR),
            "queue": lambda: os.open("/dev/mqueue/mark", os.O_CREAT | os.O_RDWR),
            "pressure": lambda: os.open("/proc/pressure/cpu", os.O_RDWR),
            "abstract socket": lambda: pair[0].sendto(b"mark", b"\\0mark")}
    made += [name for name, do in ways.items() if works(do)]
    return made

def crowd(mark):
    for _ in range(10):
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
    for _ in range(30):
        read, write = os.pipe()
        quietly(lambda: fcntl.fcntl(write, 1031, 1 << 20))

def handler(session, actions):
    mark = session["params"]["mark"]
    leave(mark)
    lock(mark)
    made = share()
    crowd(mark)
    actions.progress("held")
    going = threading.Thread(target=actions.http.get, args=("go",))
    going.start()
    while going.is_alive():
        quietly(lambda: os.mkdir("/tmp/beat"))
        os.listdir(os.path.dirname(os.__file__))
        time.sleep(0.1)
        quietly(lambda: os.rmdir("/tmp/beat"))
    return {"made": made, **look(mark)}
"""

#: Everything that can be seen: what differs from one function to the next would tell it of the other.
LOOK = """
import fcntl, hashlib, os, socket, struct, time

#: The host's clock and this container's own: different every time, and no mark of anybody's else.
OWN = ("/proc/uptime", "/proc/mounts", "/etc/mtab", "/sys/fs/cgroup", "/dev/urandom", "/dev/random", "/dev/zero",
       "/dev/full", "/proc/net", "/proc/thread-self", "/proc/self")

def texts():
    for folder, folders, names in os.walk("/"):
        if folder == "/proc":
            folders[:] = [name for name in folders if not name.isdigit()]
        for name in names:
            path = f"{folder}/{name}".replace("//", "/")
            try:
                file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                try:
                    yield path, os.read(file, 4096)
                finally:
                    os.close(file)
            except OSError:
                pass

def processes():
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with open(f"/proc/{name}/comm") as comm, open(f"/proc/{name}/cmdline") as line:
                found.append(comm.read() + line.read())
    return found

def room_for_pipes():
    pipes = [os.pipe()[1] for _ in range(30)]
    try:
        return [fcntl.fcntl(pipe, 1031, 1 << 20) for pipe in pipes].count(1 << 20)
    except OSError as error:
        return error.errno
    finally:
        for pipe in pipes:
            os.close(pipe)

def free_locks():
    free = held = 0
    for folder, _, names in os.walk(os.path.dirname(os.__file__)):
        for name in names[:3]:
            file = os.open(f"{folder}/{name}", os.O_RDONLY)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free += 1
            except OSError:
                held += 1
            os.close(file)
    return held

def look(mark):
    digest, marked = hashlib.sha256(), []
    for path, text in sorted(texts()):
        if mark.encode() in text or mark in path:
            marked.append(path)
        if not path.startswith(OWN) and not path.startswith("/tmp/"):
            digest.update(path.encode() + text)
    offset = str(int.from_bytes(mark.encode()[:7], "big"))
    marked += [path for path, text in texts() if offset.encode() in text]
    return {
        "marked": sorted(set(marked)), "world": digest.hexdigest(), "processes": processes(),
        "tmp": sorted(os.listdir("/tmp")), "environment": dict(os.environ), "held": free_locks(),
        "folders": [name for name in ("/dev/shm", "/var/tmp", "/run") if os.path.exists(name)],
        "descriptors": len(os.listdir("/proc/self/fd")), "pipes": room_for_pipes(), "host": os.uname()[1],
    }

def handler(session):
    return look(session["params"]["mark"])
"""

#: A file that comes and goes ten times a second elsewhere, and a folder of the image that is read: does anything here
#: change in the same time?
WATCH = """
import fcntl, os, signal, time

F_NOTIFY, ANY_CHANGE = 1026, 0x8000003F

def handler(session):
    # Not /proc itself: its link count holds the number of the host's processes (docs/decisions/0003).
    folders = [folder for folder, _, _ in os.walk("/") if not folder.startswith("/proc")]
    folders.sort(key=lambda folder: folder.count("/"))  # not all of them can be watched: packages' own come last
    def state():
        seen = []
        for folder in folders:
            status, room = os.stat(folder), os.statvfs(folder)
            seen.append((status.st_mtime_ns, status.st_ctime_ns, status.st_nlink, status.st_ino,
                         0 if folder == "/" or room.f_files > 10_000 else (room.f_ffree, room.f_bfree)))
        return seen
    noticed = []
    signal.signal(signal.SIGIO, lambda *_: noticed.append(1))
    for folder in folders[:200]:
        try:
            fcntl.fcntl(os.open(folder, os.O_RDONLY), F_NOTIFY, ANY_CHANGE - (1 << 32))
        except OSError:
            pass
    os.mkdir("/tmp/own")
    os.rmdir("/tmp/own")
    own = len(noticed)
    first, changes, end = state(), 0, time.monotonic() + 1
    while time.monotonic() < end:
        changes += state() != first
        time.sleep(0.02)
    return {"changes": changes, "noticed": len(noticed) - own, "own": own}
"""

TELLTALES = """
import os

NAMES = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/random/boot_id", "/proc/cmdline",
         "/proc/partitions", "/proc/diskstats", "/proc/locks", "/proc/stat", "/proc/loadavg", "/proc/key-users",
         "/proc/pressure/cpu", "/proc/sys/kernel/pty/nr", "/proc/sys/fs/file-nr", "/proc/meminfo", "/proc/vmstat",
         "/sys/class/dmi/id/product_uuid", "/sys/kernel/vmcoreinfo", "/sys/devices/system/cpu/online")

def told(path):
    try:
        with open(path, "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False

def handler(session):
    return [path for path in NAMES if told(path)], os.cpu_count()
"""


@dataclass(frozen=True)
class Seen:
    """What was seen: by somebody alone, beside the one who holds, by that one itself, and after its end."""

    alone: Any
    beside: Any
    own: Any
    after: Any
    watched: Any


@pytest.fixture(scope="module")
def seen(pool: Serving) -> Seen:
    """Look before, beside and after."""
    held = threading.Event()
    holder = PoolClient(pool.config.socket, on_progress=lambda _run, _text: held.set())
    looked = threading.Event()

    def act(_call: ActionCall) -> ActionReply:
        assert looked.wait(PATIENCE_S)
        return ActionReply()

    params = {"params": {"mark": MARK}}
    alone = pool.run(LOOK, session=params)
    with ThreadPoolExecutor(3) as callers:
        # The holder's own view comes last: its `look` is the same code.
        source = LOOK.replace("def handler", "def unused") + HOLD
        holding = callers.submit(holder.run, RunRequest("hold", source, params, 2 * DEADLINE_MS, ("http.get",)), act)
        assert held.wait(PATIENCE_S)
        watching = callers.submit(pool.run, WATCH)
        beside = pool.run(LOOK, session=params)
        assert not holding.done()
        watched = watching.result()
        looked.set()
        own = holding.result()
    after = pool.run(LOOK, session=params)
    for report in (alone, beside, watched, own, after):
        assert report.error is None, report
    return Seen(alone.result, beside.result, own.result, after.result, watched.result)


def test_the_one_who_leaves_marks_sees_them(seen: Seen) -> None:
    """The positive control: what is looked for can be found, in the container where it was left."""
    assert f"/tmp/{MARK}" in seen.own["marked"]
    assert (seen.own["environment"]["MARK"], len(seen.own["processes"])) == (MARK, 12)
    assert seen.own["held"] > 50


def test_nothing_that_is_shared_can_be_made(seen: Seen) -> None:
    """No segment, semaphore, queue, key, terminal, anonymous file, watch or named socket."""
    assert seen.own["made"] == []


@pytest.mark.parametrize("when", ["beside", "after"])
def test_another_function_sees_none_of_it(seen: Seen, when: str) -> None:
    """Files, environment, processes, descriptors, locks, room in pipes: as if it were alone."""
    other = getattr(seen, when)
    assert other["marked"] == []
    assert other == seen.alone
    assert (other["tmp"], other["folders"], other["held"]) == ([], [], 0)
    assert "MARK" not in other["environment"]
    assert len(other["processes"]) == 2


def test_all_that_can_be_read_is_the_same_for_everybody(seen: Seen) -> None:
    """Every readable file outside one's own process and control groups: the same bytes, whatever others do."""
    assert seen.beside["world"] == seen.alone["world"] == seen.after["world"]
    assert seen.alone["host"] == "sandbox"


def test_a_file_that_comes_and_goes_elsewhere_changes_nothing_here(seen: Seen) -> None:
    """No time stamp, link count, inode number or free room moves with it, and no watch on a folder goes off."""
    assert seen.watched["own"] > 0
    assert (seen.watched["changes"], seen.watched["noticed"]) == (0, 0)


def test_nothing_tells_which_host_it_is(pool: Serving) -> None:
    """No machine id, boot id, kernel command line, disk, interface or count of what others do."""
    told, processors = pool.run(TELLTALES).result
    assert told == []
    assert processors >= 1

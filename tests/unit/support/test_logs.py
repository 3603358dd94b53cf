"""Threads of the product log while pytest changes and frees `sys.stdout`; no test process may end of it."""

import io
import subprocess
import sys

import pytest
import structlog
from tests.support.logs import Output, logs_as_set_up
from tests.support.patience import PATIENCE_S

#: Threads log while the main one puts new streams in place of `sys.stdout`, which frees the last.
THREADS = """
import io, sys, threading, time
import structlog
from tests.support.logs import set_up_logs

if sys.argv[1] == "set_up":
    set_up_logs()
log = structlog.get_logger()
written = threading.Semaphore(0)


class Stream(io.StringIO):
    def write(self, text):
        written.release()
        time.sleep(0)
        return super().write(text)


def work():
    while not done.is_set():
        log.info("worked", much="x" * 100)


done = threading.Event()
sys.setswitchinterval(1e-5)
kept = sys.stdout
sys.stdout = Stream()
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(2_000):
    written.acquire()
    sys.stdout = Stream()
done.set()
for thread in threads:
    thread.join()
sys.stdout = kept
"""


def test_threads_log_while_standard_output_is_freed_under_them() -> None:
    """Whatever is standard output when a thread writes stays until it has written."""
    argv = [sys.executable, "-c", THREADS, "set_up"]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, b"")


def test_logs_reach_whatever_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Not what it was when logs were set up, nor when a logger was made."""
    assert logs_as_set_up()
    structlog.get_logger().info("told", n=1)
    assert "told" in capsys.readouterr().out


def test_a_closed_output_is_forgiven(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that outlives its test by a line does not fail for it."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    output = Output()
    assert output.write("late") == 4
    output.flush()

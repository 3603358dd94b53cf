"""Every way a run can end has its status, in time, and leaves the next run alone."""

import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.patience import DEADLINE_MS

from midcall.domain.run_status import RunStatus
from midcall.sandbox import frames

SHORT_MS = 1200  # short: for the attacks that only their deadline ends

ATTACKS: dict[str, tuple[str, set[str]]] = {
    "endless_loop": ("def handler(session):\n    while True:\n        pass\n", {"timeout"}),
    "one_long_c_call": ("def handler(session):\n    return sum(range(10**12))\n", {"timeout"}),
    "memory_bomb": (
        "def handler(session):\n    keep = []\n    while True:\n        keep.append(bytearray(10_000_000))\n",
        {"error", "memory"},
    ),
    "memory_bomb_past_pythons_own_limit": (
        (
            "import mmap\ndef handler(session):\n"
            "    area = mmap.mmap(-1, 1 << 30)\n    for i in range(0, 1 << 30, 4096):\n        area[i] = 1\n"
        ),
        {"memory"},
    ),
    "fork_bomb": (
        "import os\ndef handler(session):\n    while True:\n        os.fork()\n",
        {"timeout", "error", "crashed"},
    ),
    "fork_bomb_that_forgives": (
        (
            "import os\ndef handler(session):\n    while True:\n        try:\n            os.fork()\n"
            "        except OSError:\n            pass\n"
        ),
        {"timeout"},
    ),
    "os_exit": ("import os\ndef handler(session):\n    os._exit(0)\n", {"crashed"}),
    "os_exit_137": ("import os\ndef handler(session):\n    os._exit(137)\n", {"crashed"}),
    "sys_exit": ("import sys\ndef handler(session):\n    sys.exit(0)\n", {"error"}),
    "output_200_mb": (
        "def handler(session):\n    for _ in range(200):\n        print('x' * (1 << 20))\n    return 1\n",
        {"ok", "timeout"},
    ),
    "result_1_gb": ("def handler(session):\n    return 'A' * (1 << 30)\n", {"error", "memory", "output_limit"}),
    "result_50_mb": ("def handler(session):\n    return 'A' * (50 << 20)\n", {"output_limit"}),
    "result_nested_10000": (
        "def handler(session):\n    x = []\n    for _ in range(10_000):\n        x = [x]\n    return x\n",
        {"error"},
    ),
    "result_nan": ("def handler(session):\n    return {'a': float('nan')}\n", {"error"}),
    "child_killed_by_kernel_but_handler_fine": (
        (
            "import mmap, os\ndef handler(session):\n    pid = os.fork()\n    if pid == 0:\n"
            "        area = mmap.mmap(-1, 1 << 28)\n"
            "        for i in range(0, 1 << 28, 4096):\n            area[i] = 1\n"
            "        os._exit(0)\n    return os.waitpid(pid, 0)[1]\n"
        ),
        {"ok"},
    ),
    "kills_everything_it_can": (
        "import os\ndef handler(session):\n    os.kill(-1, 9)\n    return 1\n",
        {"ok", "error", "crashed"},
    ),
    "raises_keyboard_interrupt": ("def handler(session):\n    raise KeyboardInterrupt\n", {"error"}),
    "stops_itself": ("import os\ndef handler(session):\n    os.kill(os.getpid(), 19)\n", {"timeout"}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_its_status_within_the_deadline_and_a_second(pool: Serving, name: str) -> None:
    """Whatever the code does, the report is honest, prompt and bounded, and the next call is not touched by it.

    A second after the deadline the client would tell of a lost sandbox instead.
    """
    source, statuses = ATTACKS[name]
    ms = SHORT_MS if statuses == {"timeout"} else DEADLINE_MS
    report = pool.run_at_once(source, ms=ms)
    assert report.status.value in statuses, report
    assert len(report.logs.encode()) <= pool.config.limits.log_bytes
    assert (report.error is None) == (report.status is RunStatus.OK)
    assert pool.run("def handler(session):\n    return 'fine'\n").result == "fine"
    assert pool.gone(report.sandbox_id)


def test_a_flood_of_200_mb_keeps_64_kb_of_logs_and_says_so(pool: Serving) -> None:
    """Logs are cut at their cap and flagged; the result is not lost with them."""
    report = pool.run(ATTACKS["output_200_mb"][0])
    assert report.status is RunStatus.OK
    assert report.result == 1
    assert report.logs_truncated
    assert len(report.logs) == pool.config.limits.log_bytes


FORGE = """
import os

def handler(session):
    for fd in range(1, 256):
        try:
            os.write(fd, bytes.fromhex(session["frame"]))
        except OSError:
            pass
    return {"real": True}
"""


@pytest.mark.parametrize("kind", [frames.FrameKind.RESULT, frames.FrameKind.OUTCOME, frames.FrameKind.FAULT])
@pytest.mark.parametrize("nonce", [frames.NO_NONCE, b"\xff" * frames.NONCE_BYTES])
def test_a_forged_frame_on_every_descriptor_is_never_believed(
    pool: Serving, kind: frames.FrameKind, nonce: bytes
) -> None:
    """Frames in the very format of the sandbox, but without the nonce of this run, end it as an error."""
    forged = frames.encode(kind, b'{"type":"FORGED","message":"FORGED"}', nonce)
    report = pool.run(FORGE, session={"frame": forged.hex()})
    assert report.status is RunStatus.ERROR
    assert report.error is not None
    assert report.error.type == "ProtocolViolation"
    assert report.result is None


def test_a_fault_names_the_line_in_the_authors_source_and_no_other_file(pool: Serving) -> None:
    """The traceback shows their frames alone, with their text."""
    report = pool.run("import json\n\ndef handler(session):\n    return json.loads('{')\n")
    assert report.error is not None
    assert (report.error.type, report.error.line) == ("JSONDecodeError", 4)
    assert report.error.traceback is not None
    assert "return json.loads('{')" in report.error.traceback
    assert "/lib/" not in report.error.traceback
    assert "/sandbox/" not in report.error.traceback


def test_a_syntax_error_names_its_line(pool: Serving) -> None:
    """Code that does not compile fails as an error with the line of the fault."""
    report = pool.run("x = 1\ndef handler(session)\n    return 1\n")
    assert report.error is not None
    assert (report.error.type, report.error.line) == ("SyntaxError", 2)


def test_a_handler_may_be_async_and_take_actions(pool: Serving) -> None:
    """Both forms of the contract work, and logs come from print and from actions.log."""
    report = pool.run(
        "import asyncio\n\nasync def handler(session, actions):\n    print('a')\n    await asyncio.sleep(0)\n"
        "    actions.log('b')\n    return session['params']\n",
        session={"params": {"n": 1}},
    )
    assert (report.status, report.result, report.logs) == (RunStatus.OK, {"n": 1}, "a\nb\n")


def test_an_action_that_is_not_enabled_says_so(pool: Serving) -> None:
    """No action works unless it is enabled, and the error names it."""
    report = pool.run("def handler(session, actions):\n    return actions.http.get('x')\n")
    assert report.error is not None
    assert report.error.type == "ActionNotEnabled"
    assert "actions.http" in report.error.message


def test_logs_up_to_a_timeout_are_kept(pool: Serving) -> None:
    """What the code printed before it was killed is in the report."""
    source = "def handler(session):\n    print('so far')\n    while True:\n        pass\n"
    report = pool.run_at_once(source, ms=3000)  # short: its deadline ends it
    assert (report.status, report.logs) == (RunStatus.TIMEOUT, "so far\n")


def test_the_code_is_told_what_is_left_of_the_deadline(pool: Serving) -> None:
    """`deadlineMs` is what remains when the code starts, waiting taken off."""
    source = "def handler(session):\n    return session['deadlineMs']\n"
    report = pool.run_at_once(source, ms=DEADLINE_MS, session={"deadlineMs": 2 * DEADLINE_MS})
    assert DEADLINE_MS - report.waited_ms - report.sandbox_ms <= report.result <= DEADLINE_MS - report.waited_ms

"""Attacks that know everything: the frame format, the descriptors, where in the process the token lies.

Sources, each with what may come of it. `OWN` is what code says with the token of its own hop, which amounts to
returning a value; `FORGED` is what it says otherwise, and may never be read again.
"""

from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any

from tests.support.patience import DEADLINE_MS

#: What every attack may use: the runner's own modules are a mere import away.
PRELUDE = """
import atexit, ctypes, fcntl, os, signal, socket, struct, subprocess, sys, threading, time
import frames
from frames import FrameKind

LIBC = ctypes.CDLL(None, use_errno=True)
WRONG = b"\\x5a" * 16

def served():
    frame = sys._getframe()
    while frame.f_code.co_name != "_serve":
        frame = frame.f_back
    return frame.f_locals

def token():
    return served()["token"]

def channel():
    return served()["channel"].fileno()

def frame(kind, payload=b'"FORGED"', nonce=WRONG, length=None):
    return struct.pack(">16sBI", nonce, kind, len(payload) if length is None else length) + payload

def refused(do):
    try:
        do()
    except OSError:
        return True
    return False

def handler(session):
"""


@dataclass(frozen=True)
class Attack:
    """The body of a handler, and how the run may end: status -> results of `ok`, or types of the error."""

    body: str
    ends: dict[str, tuple[Any, ...]]
    ms: int = DEADLINE_MS

    @property
    def source(self) -> str:
        """The whole source."""
        return PRELUDE + indent(dedent(self.body), "    ")


VIOLATION: dict[str, tuple[Any, ...]] = {"error": ("ProtocolViolation",)}
REAL: dict[str, tuple[Any, ...]] = {"ok": ("real",)}
CRASHED: dict[str, tuple[Any, ...]] = {"crashed": ("Crashed",)}

#: Bytes on the child's own channel.
FRAMES = {
    "a_frame_of_every_kind_without_the_token": Attack(
        """
        for kind in FrameKind:
            os.write(channel(), frame(kind))
        return 'real'
        """,
        VIOLATION,
    ),
    "a_header_that_announces_4_gb": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'', token(), 0xFFFFFFFF))
        return 'real'
        """,
        VIOLATION,
    ),
    "a_header_one_byte_over_the_cap": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'', token(), frames.CAPS[FrameKind.RESULT] + 1))
        return 'real'
        """,
        VIOLATION,
    ),
    "half_a_header_before_the_real_frame": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'', token())[:10])
        return 'real'
        """,
        VIOLATION,
    ),
    "more_announced_than_sent": Attack(
        """
        os.write(channel(), frame(FrameKind.ACTION, b'x', token(), 1 << 20))
        return 'real'
        """,
        CRASHED,
    ),
    "a_wrong_nonce_that_begins_right": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, nonce=token()[:15] + bytes([token()[15] ^ 1])))
        return 'real'
        """,
        VIOLATION,
    ),
    "a_kind_that_does_not_exist": Attack(
        """
        os.write(channel(), frame(77, b'1', token()))
        return 'real'
        """,
        VIOLATION,
    ),
    **{
        f"{kind}_as_if_from_pid_1": Attack(
            f"os.write(channel(), frame(FrameKind.{kind}, nonce=token()))\ntime.sleep(0.5)\nreturn 'real'", VIOLATION
        )
        for kind in ("READY", "OPEN", "INPUT", "LOG", "ACTION", "REPLY", "OUTCOME")
    },
    "two_results_in_one_write": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'"OWN"', token()) * 2)
        return 'real'
        """,
        VIOLATION,
    ),
    "two_results_one_after_the_other": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'"OWN"', token()))
        time.sleep(1)
        os.write(channel(), frame(FrameKind.RESULT, b'"FORGED"', token()))
        return 'real'
        """,
        {"ok": ("OWN",)},
    ),
    "a_result_and_a_fault": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'"OWN"', token()) + frame(FrameKind.FAULT, b"{}", token()))
        return 'real'
        """,
        VIOLATION,
    ),
    "a_result_and_bytes_that_are_none": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, b'"OWN"', token()) + b'FORGED')
        return 'real'
        """,
        VIOLATION,
    ),
    "a_frame_within_a_result": Attack(
        """
        os.write(channel(), frame(FrameKind.RESULT, frame(FrameKind.OUTCOME, b'{}'), token()))
        time.sleep(1)
        return 'real'
        """,
        {"error": ("ResultNotJson",)},
    ),
    "a_fault_that_claims_a_status": Attack(
        """
        fault = b'{"kind": "memory", "status": "ok", "type": "Own", "message": "OWN", "result": "FORGED"}'
        os.write(channel(), frame(FrameKind.FAULT, fault, token()))
        time.sleep(1)
        return 'real'
        """,
        {"error": ("Own",)},
    ),
    "a_fault_of_60_kb": Attack(
        """
        fault = b'{"type": "%s", "message": 1, "line": -1, "traceback": []}' % (b"T" * 60_000)
        os.write(channel(), frame(FrameKind.FAULT, fault, token()))
        time.sleep(1)
        return 'real'
        """,
        {"error": ("T" * 200,)},
    ),
    "a_flood_of_progress": Attack(
        """
        for _ in range(400):
            os.write(channel(), frame(FrameKind.PROGRESS, b'"OWN"', token()))
        return 'real'
        """,
        VIOLATION,
    ),
    **{
        f"progress_that_is_{name}": Attack(
            f"os.write(channel(), frame(FrameKind.PROGRESS, {payload}, token()))\ntime.sleep(0.5)\nreturn 'real'",
            VIOLATION,
        )
        for name, payload in {
            "no_text": """b'{"FORGED": 1}'""",
            "no_json": r"b'\xff'",
            "half_a_surrogate_pair": r"""b'"\\ud800"'""",
            "too_long": """b'"' + b'x' * 5000 + b'"'""",
        }.items()
    },
    "halves_of_one_frame_from_two_processes": Attack(
        """
        whole, fd = frame(FrameKind.RESULT, b'"OWN"', token()), channel()
        os.write(fd, whole[:20])
        if os.fork() == 0:
            os.write(fd, whole[20:])
            os._exit(0)
        time.sleep(1)
        return 'real'
        """,
        {"ok": ("OWN",)},
    ),
    "two_processes_that_write_into_each_others_frames": Attack(
        """
        whole, fd = frame(FrameKind.RESULT, b'"FORGED"', token()), channel()
        os.write(fd, whole[:20])
        if os.fork() == 0:
            os.write(fd, whole[:20])
            os._exit(0)
        time.sleep(1)
        return 'real'
        """,
        # Where the other process comes late, half a frame and a whole one are read as one, of no JSON.
        {"error": ("ProtocolViolation", "ResultNotJson")} | CRASHED,
    ),
    "frames_in_the_log": Attack(
        """
        for kind in FrameKind:
            os.write(1, frame(kind, b'"OWN"', token()) * 3)
            os.write(2, bytes(21))
        return 'real'
        """,
        REAL,
    ),
}

#: The runner's own functions, changed in the child's memory before they are used.
TAMPERED = {
    "a_result_with_nan": Attack(
        """
        sys.modules['values'].encode = lambda *_: b'{"a": NaN}'
        return 'real'
        """,
        {"error": ("ResultNotJson",)},
    ),
    "a_result_with_half_a_surrogate_pair": Attack(
        r"""
        sys.modules['values'].encode = lambda *_: b'"\\ud800"'
        return 'real'
        """,
        {"error": ("ResultNotJson",)},
    ),
    "a_result_of_100_000_levels": Attack(
        """
        sys.modules['values'].encode = lambda *_: b'[' * 100_000 + b']' * 100_000
        return 'real'
        """,
        {"error": ("ResultNotJson",)},
    ),
    "a_result_over_the_cap": Attack(
        """
        sys.modules['values'].encode = lambda *_: b'"' + b'F' * (300 << 10) + b'"'
        frames.encode = lambda kind, payload, nonce: frame(kind, payload, nonce)
        return 'real'
        """,
        VIOLATION,
    ),
    "no_frame_at_all": Attack(
        """
        frames.encode = lambda *_: b''
        return 'real'
        """,
        CRASHED,
    ),
    "an_encoder_that_raises": Attack(
        """
        frames.encode = None
        return 'real'
        """,
        CRASHED,
    ),
}

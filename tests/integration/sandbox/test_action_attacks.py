"""Attacks over the action channel, by code that has read all of its source: honest ends, and nothing left behind."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from tests.integration.sandbox.pools import Serving
from tests.integration.sandbox.white_box import CRASHED, PRELUDE, REAL, VIOLATION, Attack
from tests.support.memory import in_use
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.run import RunReport, RunRequest
from midcall.sandbox.client import PoolClient
from midcall.sandbox.wire import pack_report

OPERATIONS = ("http.get",)
TIMED_OUT: dict[str, tuple[Any, ...]] = {"timeout": ("Timeout",)}

#: `ask(id)` is a whole forged frame; `handler` takes `actions`.
FORGER = PRELUDE.replace(
    "def handler(session):\n",
    """
import asyncio, json

def ask(number=1, raw=None, **changes):
    call = {"id": number, "action": "http.get", "args": [], "kwargs": {}, **changes}
    return frame(FrameKind.ACTION, json.dumps(call).encode() if raw is None else raw, token())

def push(data):
    view = memoryview(data)
    while view:
        view = view[os.write(channel(), view):]

def handler(session, actions):
""",
)


@dataclass(frozen=True)
class Ask(Attack):
    """An attack by a handler that takes `actions`."""

    @property
    def source(self) -> str:
        """The whole source."""
        return super().source.replace(PRELUDE, FORGER)


def forged(expression: str) -> Ask:
    """Send one frame of this expression, then return in peace."""
    return Ask(f"push({expression})\ntime.sleep(0.5)\nreturn 'real'\n", VIOLATION)


#: What an ACTION frame may not hold.
FORGED = {
    **{
        f"id_{name}": forged(f"ask({value})")
        for name, value in {
            "zero": "0",
            "negative": "-1",
            "above_all": "201",
            "huge": "10**4000",
            "beyond_parsing": """1, raw=b'{"id":' + b'1' * 5000 + b',"action":"a","args":[],"kwargs":{}}'""",
            "bool": "True",
            "float": "1.0",
            "text": "'1'",
            "nothing": "None",
        }.items()
    },
    "the_same_id_twice": forged("ask(1) + ask(1)"),
    "an_id_of_a_call_that_was_answered": Ask(
        "actions.http.get('x')\npush(ask(1))\ntime.sleep(0.5)\nreturn 'real'\n", VIOLATION
    ),
    "a_name_of_10_000_characters": forged("ask(action='a' * 10_000)"),
    "a_name_that_is_no_text": forged("ask(action=['http.get'])"),
    "args_10_000_deep": forged(
        """ask(raw=b'{"id":1,"action":"http.get","args":' + b'[' * 10_000 + b']' * 10_000 + b',"kwargs":{}}')"""
    ),
    "args_that_are_no_list": forged("ask(args={})"),
    "kwargs_that_are_no_object": forged("ask(kwargs=[])"),
    "nan": forged("ask(args=[float('nan')])"),
    "infinity_as_a_number": forged("""ask(raw=b'{"id":1,"action":"http.get","args":[1e999],"kwargs":{}}')"""),
    "half_a_surrogate_pair": forged(r"""ask(args=['\ud800'])"""),
    "half_a_pair_in_the_name": forged(r"""ask(action='\ud800')"""),
    "more_keys": forged("ask(kind='report')"),
    "fewer_keys": forged("""ask(raw=b'{"id":1}')"""),
    "no_object": forged("ask(raw=b'[1]')"),
    "no_json": forged("ask(raw=b'{')"),
    "nothing_at_all": forged("ask(raw=b'')"),
    "no_utf_8": forged(r"ask(raw=b'\xff\xfe')"),
    "a_header_of_100_mb": forged("frame(FrameKind.ACTION, b'', token(), 100 << 20)"),
    "another_token": forged("frame(FrameKind.ACTION, b'{}', WRONG)"),
    **{
        f"a_{kind}_frame": forged(f"frame(FrameKind.{kind}, b'{{}}', token())")
        for kind in ("REPLY", "OUTCOME", "READY")
    },
}

#: Too much of it, and the end of it.
FLOODS = {
    "10_000_frames": Ask("for number in range(1, 10_001):\n    push(ask(number))\nreturn 'real'\n", VIOLATION),
    "10_000_frames_at_once": Ask(
        "push(b''.join(ask(number) for number in range(1, 10_001)))\nreturn 'real'\n", VIOLATION
    ),
    "100_mb_that_are_really_sent": Ask(
        "push(frame(FrameKind.ACTION, b'', token(), 100 << 20))\n"
        "for _ in range(1600):\n    push(bytes(64 << 10))\n"
        "return 'real'\n",
        VIOLATION,
    ),
    "100_mb_in_whole_frames": Ask(
        "for number in range(1, 101):\n    push(ask(number, args=['x' * 1_000_000]))\nreturn 'real'\n", VIOLATION
    ),
    "many_small_values": Ask(
        "for number in range(1, 101):\n    push(ask(number, args=[[]] * 250_000))\nreturn 'real'\n", VIOLATION
    ),
    "half_a_frame_and_no_more": Ask(
        "push(ask(1)[:60])\ntime.sleep(30)\n",
        TIMED_OUT,
        ms=1_500,  # short: its deadline ends it
    ),
    "half_a_frame_and_a_result": Ask("push(ask(1)[:60])\nreturn 'real'\n", VIOLATION | CRASHED),
    "a_channel_that_is_closed_with_calls_outstanding": Ask(
        "push(ask(1, args=['slow']))\nos.close(channel())\nreturn 'real'\n", CRASHED
    ),
    "a_channel_that_is_shut_for_reading": Ask(
        "channel_ = served()['channel']\npush(b''.join(ask(n) for n in range(1, 9)))\n"
        "channel_.shutdown(socket.SHUT_RD)\ntime.sleep(0.3)\nprint('x' * 1000)\nreturn 'real'\n",
        REAL,
    ),
    "a_channel_that_is_shut_for_writing": Ask(
        "channel_ = served()['channel']\npush(ask(1))\nchannel_.shutdown(socket.SHUT_WR)\nreturn 'real'\n", CRASHED
    ),
    "answers_that_are_never_read": Ask(
        "push(b''.join(ask(n, args=['megabyte']) for n in range(1, 11)))\n"
        "for _ in range(10):\n    print('y' * 1000)\n    time.sleep(0.05)\n"
        "return 'real'\n",
        REAL,
    ),
    "a_code_that_only_calls_until_its_deadline": Ask(
        "while True:\n    try:\n        actions.http.get('x')\n    except ActionError:\n        time.sleep(0.01)\n",
        TIMED_OUT,
        ms=1_500,  # short: its deadline ends it
    ),
    "calls_that_nobody_answers_until_the_deadline": Ask(
        "actions.http.get('slow')\n",
        TIMED_OUT,
        ms=1_000,  # short: its deadline ends it
    ),
}

#: Calls out of odd places, and at odd times. What is asked after the result has `late` among its arguments.
PLACES = {
    "after_the_result_in_one_write": Ask(
        "push(frame(FrameKind.RESULT, b'\"OWN\"', token()) + b''.join(ask(n, args=['late']) for n in range(1, 50)))\n"
        "time.sleep(5)\n",
        {"ok": ("OWN",)},
    ),
    "after_the_result": Ask(
        "push(frame(FrameKind.RESULT, b'\"OWN\"', token()))\n"
        "for number in range(1, 200):\n    push(ask(number, args=['late']))\n    time.sleep(0.001)\n",
        {"ok": ("OWN",)},
    ),
    "after_the_result_by_a_child": Ask(
        "calls = [ask(number, args=['late']) for number in range(1, 200)]\nfd = channel()\n"
        "read, write = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.read(read, 1)\n"
        "    for call in calls:\n        os.write(fd, call)\n        time.sleep(0.001)\n"
        "    os._exit(0)\n"
        "push(frame(FrameKind.RESULT, b'\"OWN\"', token()))\nos.write(write, b'x')\ntime.sleep(5)\n",
        {"ok": ("OWN",)},
    ),
    "by_threads_that_never_stop": Ask(
        "fd = channel()\ncalls = iter([ask(number) for number in range(1, 201)])\n"
        "def go():\n"
        "    for call in calls:\n        served_.sendall(call)\n"
        "served_ = served()['channel']\n"
        "threading.Thread(target=go, daemon=True).start()\n"
        "return 'real'\n",
        REAL | VIOLATION,
    ),
    "by_30_children_at_once": Ask(
        "for _ in range(30):\n"
        "    if os.fork() == 0:\n"
        "        try:\n            actions.http.get('child')\n"
        "        finally:\n            os._exit(0)\n"
        "time.sleep(0.5)\nreturn 'real'\n",
        REAL,
    ),
    "by_30_children_that_forge": Ask(
        "for number in range(1, 31):\n"
        "    if os.fork() == 0:\n        os.write(channel(), ask(number))\n        os._exit(0)\n"
        "time.sleep(0.5)\nreturn 'real'\n",
        REAL,
    ),
    "from_an_exit_handler": Ask("atexit.register(lambda: actions.http.get('late'))\nreturn 'real'\n", REAL),
    "from_a_finaliser": Ask(
        "class Odd:\n    def __del__(self):\n        actions.http.get('odd')\nOdd()\nreturn 'real'\n", REAL
    ),
    "from_a_signal_handler": Ask(
        "signal.signal(signal.SIGALRM, lambda *_: actions.http.get('odd'))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "time.sleep(0.2)\nreturn 'real'\n",
        REAL,
    ),
    "while_calls_are_outstanding": Ask(
        "for number in range(1, 11):\n    push(ask(number, args=['slow']))\nreturn 'real'\n", REAL
    ),
    "in_tasks_that_nobody_awaits": Ask(
        "async def all_of_it():\n"
        "    tasks = [asyncio.ensure_future(actions.http.get('slow')) for _ in range(50)]\n"
        "    await asyncio.sleep(0.05)\n    return 'real'\n"
        "return asyncio.new_event_loop().run_until_complete(all_of_it())\n",
        REAL,
    ),
}

ATTACKS = {**FORGED, **FLOODS, **PLACES}


@dataclass
class Host:
    """Answers calls as they ask for, and keeps them."""

    asked: list[ActionCall] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def act(self, call: ActionCall) -> ActionReply:
        """Answer one call."""
        self.asked.append(call)
        if "slow" in call.args:
            self.released.wait(PATIENCE_S)
        return ActionReply("z" * 1_000_000 if "megabyte" in call.args else "FORGED")


def run(pool: Serving, attack: Attack, act: Callable[[ActionCall], ActionReply]) -> RunReport:
    """Run one attack in a sandbox that is ready."""
    assert wait_for(lambda: pool.client.status()["idle"] > 0)
    request = RunRequest("inv_attack.1.1", attack.source, {"params": {}}, attack.ms, OPERATIONS)
    return PoolClient(pool.config.socket).run(request, act)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_the_action_channel_ends_in_time_and_honestly(pool: Serving, name: str) -> None:
    """With one of its statuses; nothing that was forged is in the report, and what came too late was never done.

    In time, or the client would tell of a lost sandbox a few seconds after the deadline.
    """
    attack, host = ATTACKS[name], Host()
    try:
        report = run(pool, attack, host.act)
    finally:
        host.released.set()
    assert report.status.value in attack.ends, report
    said = report.error.type if report.error else report.result
    assert said in attack.ends[report.status.value], report
    assert "FORGED" not in json.dumps(pack_report(report))
    assert not [call for call in host.asked if "late" in call.args]
    assert pool.gone(report.sandbox_id)


def test_attacks_leave_no_thread_descriptor_or_memory(pool: Serving) -> None:
    """Measured where pool and worker are one process: this one. The run after them is an ordinary one."""
    names = ("the_same_id_twice", "10_000_frames", "answers_that_are_never_read", "after_the_result")
    process = psutil.Process()

    def rounds(count: int) -> tuple[int, int]:
        for number in range(count):
            attack, host = ATTACKS[names[number % len(names)]], Host()
            try:
                run(pool, attack, host.act)
            finally:
                host.released.set()
        assert wait_for(lambda: not [each for each in threading.enumerate() if each.name == "action"])
        assert wait_for(lambda: pool.client.status()["idle"] == pool.config.size)
        return process.num_fds(), in_use()

    descriptors, memory = rounds(16)
    more, grown = rounds(60)
    assert more <= descriptors + 4, "a sandbox may just be booted or taken away"
    # One kind leaves 10 MB of answers unread, fifteen times: kept, they would be many times this.
    assert grown < memory + 8 * 1024**2
    assert run(pool, Ask("return actions.http.get('x')\n", {}), lambda _call: ActionReply("fine")).result == "fine"

"""`python -m bench.soak`: sessions under fire.

200 sessions, each with one pre-session, three during-session and two post-session functions, from 16 clients, against
`midcall up`, while a worker is killed (SIGKILL) every few seconds and Redis is killed once. At the end every accepted
post-session function must have exactly one recorded outcome (one row, one `completed` event), no variable that a
succeeded call set may be lost, no session may be stuck, and no container may be left. Prints its counts; exits with 1
if one of these does not hold.
"""

import argparse
import collections
import contextlib
import itertools
import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import docker
import httpx
import psutil

from bench.server import Server, midcall_up

AGENT = "soak"
SETTLE_S = 300
KILL_EVERY_S = 3.0

FLAKY = """\
import random


def handler(session):
    if random.random() < 0.2:
        raise ValueError("now and then")
    return "written"
"""

#: name -> (phase, source); the second post-session function fails at its first attempt now and then.
FUNCTIONS = {
    "soak_pre": ("pre_session", "def handler(session):\n    return {'dynamicVariables': {'greeted': True}}\n"),
    "soak_one": ("during_session", "def handler(session):\n    return {'dynamicVariables': {'one': 1}, 'result': 1}\n"),
    "soak_two": ("during_session", "def handler(session):\n    return {'dynamicVariables': {'two': 2}, 'result': 2}\n"),
    "soak_three": ("during_session", "def handler(session):\n    return session['dynamicVariables']\n"),
    "soak_post": ("post_session", "def handler(session):\n    return session['analysis']\n"),
    "soak_flaky": ("post_session", FLAKY),
}
_DURING = ("soak_one", "soak_two", "soak_three")
_FINAL = {"succeeded", "failed", "timed_out", "refused", "dead", "cancelled"}


@dataclass
class Counts:
    """What the clients saw."""

    started: int = 0
    ended: int = 0
    calls: collections.Counter[str] = field(default_factory=collections.Counter)
    http_errors: collections.Counter[str] = field(default_factory=collections.Counter)
    killed: collections.Counter[str] = field(default_factory=collections.Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, status: str) -> None:
        """Count one call's status."""
        with self.lock:
            self.calls[status] += 1

    def error(self, what: str) -> None:
        """Count one answer that was an error."""
        with self.lock:
            self.http_errors[what] += 1


def main() -> int:
    """Play, disturb, wait, count, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=16)
    arguments = parser.parse_args()
    pool_id = f"soak-{os.getpid()}"
    counts = Counts()
    with midcall_up(MIDCALL_POOL_ID=pool_id, MIDCALL_RETRY_DELAYS_S="1,2,4,8,8,8,8,8") as server:
        set_up(server)
        began = time.monotonic()
        play_all(server, arguments.sessions, arguments.clients, counts)
        print(f"played {arguments.sessions} sessions in {time.monotonic() - began:.0f} s", file=sys.stderr)
        faults = await_settled(server, counts)
        print(f"settled after {time.monotonic() - began:.0f} s", file=sys.stderr)
    left = containers(pool_id)
    faults += [f"{left} containers left"] if left else []
    print(f"sessions started {counts.started}, ended {counts.ended}; killed {dict(counts.killed)}")
    print(f"calls as their callers saw them {dict(counts.calls)}; asked again after {dict(counts.http_errors)}")
    print(f"containers left {left}")
    for fault in faults[:10]:
        print(f"NOT HELD: {fault}")
    print("holds" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


def play_all(server: Server, sessions: int, clients: int, counts: Counts) -> None:
    """Play all sessions from so many clients, disturbed all the while."""
    calm = threading.Event()
    disturber = threading.Thread(target=disturb, args=(server.pid, calm, sessions, counts))
    disturber.start()
    try:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(lambda number: play(server, number, counts), range(sessions)))
    finally:
        calm.set()
        disturber.join()


def set_up(server: Server) -> None:
    """Publish the functions and attach them."""
    for name, (_, source) in FUNCTIONS.items():
        server.publish(name, source, parameters=[])
    functions = [{"function": name, "phase": phase} for name, (phase, _) in FUNCTIONS.items()]
    server.client.put(f"/v1/agents/{AGENT}", json={"functions": functions}).raise_for_status()
    # Behind 16 clients on two cores the phase takes longer than anybody on a line would be asked to wait.
    limits = {"max_in_flight": 1000}
    change = {"pre_session_timeout_ms": 60_000, "limits": limits}
    server.client.patch("/v1/workspace", json=change).raise_for_status()


def play(server: Server, number: int, counts: Counts) -> None:
    """Play one session as a runtime does that insists: what was not answered is asked again."""
    session = f"soak-{number}"
    insist(server, "POST", "/v1/sessions", {"agent": AGENT, "sessionId": session}, counts)
    with counts.lock:
        counts.started += 1
    for name in _DURING:
        path, headers = f"/v1/sessions/{session}/functions/{name}", {"Idempotency-Key": f"{session}-{name}"}
        outcome = insist(server, "POST", path, {"params": {}}, counts, headers)
        counts.call(outcome["status"])
    insist(server, "POST", f"/v1/sessions/{session}/end", {"analysis": {"number": number}}, counts)
    with counts.lock:
        counts.ended += 1


def insist(
    server: Server, method: str, path: str, body: Any, counts: Counts, headers: dict[str, str] | None = None
) -> Any:
    """Call until there is an answer that is no error."""
    for _ in range(60):
        try:
            answer = server.client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            counts.error(type(error).__name__)
        else:
            if answer.is_success:
                return answer.json()
            counts.error(f"{answer.status_code} {answer.json().get('code')}")
        time.sleep(0.5)
    raise RuntimeError(f"{method} {path} was not answered")


def disturb(up: int, calm: threading.Event, sessions: int, counts: Counts) -> None:
    """Kill a worker every few seconds, and Redis once, half way through."""
    while not calm.wait(KILL_EVERY_S):
        # What is looked for may have ended by itself, or just have been killed.
        with contextlib.suppress(psutil.Error):
            workers = list(rq_workers(up))
            if workers:
                random.choice(workers).kill()  # noqa: S311 (nothing secret about it)
                counts.killed["worker"] += 1
        with contextlib.suppress(psutil.Error):
            if not counts.killed["redis"] and counts.ended >= sessions // 2:
                kill_redis(up, counts)


def kill_redis(up: int, counts: Counts) -> None:
    """Kill the private Redis, which comes back empty."""
    for child in psutil.Process(up).children():
        if "redis-server" in child.name():
            child.kill()
            counts.killed["redis"] += 1


def rq_workers(up: int) -> Iterator[psutil.Process]:
    """Find the processes that run jobs: the children of the worker groups."""
    for group in psutil.Process(up).children():
        if "worker" in group.cmdline():
            yield from group.children()


def await_settled(server: Server, counts: Counts) -> list[str]:
    """Wait until every session is over and nothing is open any more; say what is wrong."""
    give_up_at = time.monotonic() + SETTLE_S
    while True:
        sessions = list(everything(server, "/v1/sessions"))
        invocations = list(everything(server, "/v1/invocations"))
        faults = judge(sessions, invocations, counts)
        if not faults or time.monotonic() > give_up_at:
            break
        time.sleep(2)
    tally = collections.Counter((each["phase"], each["status"]) for each in invocations)
    for (phase, status), count in sorted(tally.items()):
        print(f"{phase:<16}{status:<12}{count:>6}")
    again = sum(each["attempt"] > 1 for each in invocations)
    print(f"of these, {again} took more than one attempt")
    return faults + lost_variables(sessions, invocations) + told_twice(server, sessions, invocations)


def judge(sessions: list[Any], invocations: list[Any], counts: Counts) -> list[str]:
    """Say what does not hold yet."""
    faults = []
    if len(sessions) != counts.started:
        faults.append(f"{len(sessions)} sessions on record, {counts.started} started")
    stuck = [session["sessionId"] for session in sessions if session["status"] == "active"]
    if stuck:
        faults.append(f"{len(stuck)} sessions are stuck: {stuck[:3]}")
    open_ones = [each["id"] for each in invocations if each["status"] not in _FINAL]
    if open_ones:
        faults.append(f"{len(open_ones)} invocations are open: {open_ones[:3]}")
    post = collections.Counter(
        (each["session"], each["function"]) for each in invocations if each["phase"] == "post_session"
    )
    for session, name in itertools.product([each["sessionId"] for each in sessions], ("soak_post", "soak_flaky")):
        if post[session, name] != 1:
            faults.append(f"{name} of {session} has {post[session, name]} outcomes")
    return faults


def lost_variables(sessions: list[Any], invocations: list[Any]) -> list[str]:
    """Find variables that a succeeded call set and its session does not have."""
    held = {session["sessionId"]: session["dynamicVariables"] for session in sessions}
    return [
        f"{name}, set by {each['function']}, is not in {each['session']}"
        for each in invocations
        for name in each["changed"]
        if name not in held[each["session"]]
    ]


def told_twice(server: Server, sessions: list[Any], invocations: list[Any]) -> list[str]:
    """Find invocations without exactly one `completed` event on their session's stream."""
    told: collections.Counter[str] = collections.Counter()
    for session in sessions:
        # A session that is over ends its stream by itself.
        answer = server.client.get(f"/v1/sessions/{session['sessionId']}/events")
        for event in answer.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
            if lines.get("event") == "completed":
                told[json.loads(lines["data"])["invocation_id"]] += 1
    return [
        f"{each['id']} was told {told[each['id']]} times as completed" for each in invocations if told[each["id"]] != 1
    ]


def everything(server: Server, path: str) -> Iterator[Any]:
    """Read a list, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        page = server.client.get(path, params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        yield from page["items"]
        cursor = page["next_cursor"]


def containers(pool_id: str) -> int:
    """Count the pool's containers, running or not."""
    client = docker.from_env()
    try:
        return len(client.containers.list(all=True, filters={"label": f"midcall.pool={pool_id}"}))
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main())

"""Work done again and again, by so many at once, and how often a second."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

from bench.server import Server
from bench.stats import Series

ANSWER_S = 60.0
#: Calls before those that are measured: more than there are warm sandboxes.
WARM = 8


def rate(work: Callable[[], Any], runs: int, at_once: int) -> float:
    """Return how often a second some work is done, so much of it at once; raises what it raises."""
    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as threads:
        for done in [threads.submit(work) for _ in range(runs)]:
            done.result()
    return runs / (time.monotonic() - began)


def invoke_rate(server: Server, function: str, runs: int, clients: int, latencies: Series) -> float:
    """Return how often a second so many clients have a function invoked, back to back, once warm sandboxes are used up.

    Latencies, in seconds, are added to `latencies`; raises RuntimeError where an invoke does not succeed.
    """
    mine = threading.local()
    path = f"/v1/functions/{function}/invoke"
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    body = json.dumps({"params": {"number": 21}})

    def call() -> float:
        if not hasattr(mine, "connection"):
            mine.connection = HTTPConnection(server.url.removeprefix("http://"), timeout=ANSWER_S)
        began = time.perf_counter()
        mine.connection.request("POST", path, body, headers)
        answer = mine.connection.getresponse().read()
        if json.loads(answer).get("status") != "succeeded":
            raise RuntimeError(f"an invoke ended with {answer!r}")
        return time.perf_counter() - began

    rate(call, WARM, clients)
    return rate(lambda: latencies.add(call()), runs, clients)

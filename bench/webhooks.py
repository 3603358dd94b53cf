"""`python -m bench.webhooks`: many webhook calls at once to a slow target, and code calls beside them.

300 calls of a webhook whose target takes 2 s, all at once, through one api process; meanwhile code is invoked as it was
before, paced. Prints how long the slowest webhook call took, and the code calls' median in the storm against the one
before it. Exits with 1 if a webhook call took 4 s or more, or the code calls' median more than doubled.
"""

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.raw import ask
from bench.server import Server, midcall_up
from bench.stats import Series, row

MAX_SLOWEST_S = 4.0
MAX_RATIO = 2.0
TARGET_S = 2.0
PACE_S = 0.05
SETTLE_S = 1.0

SOURCE = "def handler(session):\n    return session['params']['number'] * 2\n"
_SPAWN = multiprocessing.get_context("spawn")


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="webhook calls at once (default 300)")
    parser.add_argument("--idle", type=int, default=60, help="code calls before the storm (default 60)")
    options = parser.parse_args()
    with (
        slow_target(TARGET_S) as port,
        midcall_up(MIDCALL_OUTBOUND_ALLOW="127.0.0.1") as server,
        ProcessPoolExecutor(1, mp_context=_SPAWN) as clients,
    ):
        server.publish("bench_code", SOURCE)
        server.publish_webhook("bench_slow", f"http://127.0.0.1:{port}/")
        clients.submit(storm, server.url, server.key, 1).result()  # starts the process, and warms the way
        idle = _code_calls(server, options.idle)
        time.sleep(SETTLE_S)
        answers = clients.submit(storm, server.url, server.key, options.calls)
        during = Series()
        while not answers.done():
            during.seconds += _code_calls(server, 1).seconds
        return _judge(idle, during, answers.result())


def _code_calls(server: Server, count: int) -> Series:
    series = Series()
    for _ in range(count):
        time.sleep(PACE_S)
        began = time.perf_counter()
        server.invoke("bench_code", {"number": 21})
        series.add(time.perf_counter() - began)
    return series


def storm(url: str, key: str, count: int) -> list[tuple[float, str]]:
    """Make calls all at once; returns how long each took, in seconds, and the status of its outcome."""
    return asyncio.run(_storm(url, key, count))


async def _storm(url: str, key: str, count: int) -> list[tuple[float, str]]:
    async def call() -> tuple[float, str]:
        began = time.perf_counter()
        answer = await ask(url, key, "POST", "/v1/functions/bench_slow/invoke", {})
        return time.perf_counter() - began, str(answer.json.get("status"))

    return await asyncio.gather(*(call() for _ in range(count)))


@contextmanager
def slow_target(seconds: float) -> Iterator[int]:
    """Serve a target that takes so long, in a process of its own; gives its port."""
    ports = _SPAWN.Queue()
    process = _SPAWN.Process(target=_serve_slowly, args=(ports, seconds), daemon=True)
    process.start()
    try:
        yield ports.get(timeout=30)
    finally:
        process.terminate()
        process.join()


def _serve_slowly(ports: Any, seconds: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)
                await asyncio.sleep(seconds)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_000)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def _judge(idle: Series, during: Series, answers: list[tuple[float, str]]) -> int:
    slowest, failed = max(took for took, _ in answers), [status for _, status in answers if status != "succeeded"]
    ratio = during.p50 / idle.p50
    print(row("", "p50 ms", "p95 ms", "calls"))
    print(row("code, idle", f"{idle.p50 * 1000:.1f}", f"{idle.p95 * 1000:.1f}", str(len(idle.seconds))))
    print(row("code, in the storm", f"{during.p50 * 1000:.1f}", f"{during.p95 * 1000:.1f}", str(len(during.seconds))))
    webhooks = Series([took for took, _ in answers])
    print(row("webhooks", f"{webhooks.p50 * 1000:.0f}", f"{webhooks.p95 * 1000:.0f}", str(len(answers))))
    holds = not failed and slowest < MAX_SLOWEST_S and ratio <= MAX_RATIO
    print(
        f"slowest webhook {slowest:.2f} s (promised: under {MAX_SLOWEST_S:.0f} s), not succeeded: {len(failed)} "
        f"{sorted(set(failed))}, code p50 x {ratio:.2f} (promised: at most {MAX_RATIO}). Holds: {holds}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

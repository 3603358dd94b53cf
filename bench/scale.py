"""`python -m bench.scale`: what a call and a list cost beside a million invocations, compared with beside a thousand.

Two midcalls side by side, one with few rows and one with many (functions, sessions, invocations of them), each kind of
request asked of both in turn. Prints both medians and their ratio; exits with 1 if a call costs more than MAX_RATIO of
what it costs beside few. Filling takes minutes; on PostgreSQL with `--few URL --many URL`, two empty databases.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from sqlalchemy import Connection, Engine, Table, select, text

from bench.server import DOUBLE, Server, midcall_up
from bench.stats import Series, row
from midcall.domain.ids import new_id
from midcall.storage.engine import open_engine
from midcall.storage.schema import functions, invocations, publications, sessions, versions

#: The promise, of what somebody waits for.
MAX_RATIO = 1.1
FEW = {"functions": 100, "sessions": 100, "invocations": 1_000}
MANY = {"functions": 10_000, "sessions": 100_000, "invocations": 1_000_000}
ROWS_AT_ONCE = 50_000
PACE_S = 0.2
AGENT = "desk"
#: Kinds that are judged.
CALLS = ("invoke", "call in a session")


def main() -> int:
    """Fill, measure, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="measured requests of each kind (default 60)")
    parser.add_argument("--few", metavar="URL", help="an empty database for few rows (default: SQLite)")
    parser.add_argument("--many", metavar="URL", help="an empty database for many rows (default: SQLite)")
    wanted = parser.parse_args()
    with ExitStack() as stack:
        both: dict[str, dict[str, Callable[[], object]]] = {}
        for name, url, counts in (("few", wanted.few, FEW), ("many", wanted.many, MANY)):
            settings = {"MIDCALL_POOL_ID": f"bench-{name}", "MIDCALL_POOL_SIZE": "2", "MIDCALL_LIVE_WORKERS": "1"}
            server = stack.enter_context(midcall_up(**settings, **({"MIDCALL_DATABASE_URL": url} if url else {})))
            fill(server, counts)
            both[name] = dict(requests(server))
        series = {kind: {name: Series() for name in both} for kind in both["few"]}
        for number in range(wanted.rounds + 1):
            for kind, measured in series.items():
                # In turn: whoever is second is asked while the sandbox of the first is replaced.
                for name in sorted(both, reverse=bool(number % 2)):
                    kinds = both[name]
                    time.sleep(PACE_S)
                    began = time.perf_counter()
                    kinds[kind]()
                    if number:  # the first of each pays for connections and page cache
                        measured[name].add(time.perf_counter() - began)
    return _judge(series)


def fill(server: Server, counts: Mapping[str, int]) -> None:
    """Write rows like those of one function, one session and one call of it, so many of each."""
    server.publish("bench_double", DOUBLE)
    server.client.put(
        f"/v1/agents/{AGENT}", json={"functions": [{"function": "bench_double", "phase": "during_session"}]}
    ).raise_for_status()
    server.call("/v1/sessions", {"agent": AGENT, "sessionId": "first"})
    server.call("/v1/sessions/first/functions/bench_double", {"params": {"number": 21}})
    server.call("/v1/sessions/first/end", {})
    engine = open_engine(_database(server))
    try:
        _multiply_all(engine, counts)
    finally:
        engine.dispose()


def _multiply_all(engine: Engine, counts: Mapping[str, int]) -> None:
    on_sqlite = engine.dialect.name == "sqlite"
    digits = "printf('%032x', n.i)" if on_sqlite else "lpad(to_hex(n.i), 32, '0')"
    of_session = digits.replace("n.i", f"(1 + n.i % {counts['sessions']})")
    with engine.connect() as connection:
        function = connection.execute(select(functions.c.id)).scalars().first()
        session = connection.execute(select(sessions.c.id)).scalars().first()
        call = connection.execute(select(invocations.c.id)).scalars().first()
    older = {name: f"old.{name} - 1000 * n.i" for name in ("created_at", "enqueued_at", "started_at", "ended_at")}
    tables: list[tuple[Table, str, str, Mapping[str, str], str | None]] = [
        (functions, "functions", "id", {"id": f"'fn_' || {digits}", "name": "'old_' || n.i"}, function),
        (versions, "functions", "function_id", {"function_id": f"'fn_' || {digits}"}, function),
        (publications, "functions", "function_id", {"function_id": f"'fn_' || {digits}"}, function),
        (sessions, "sessions", "id", {"id": f"'ses_' || {digits}", "session_id": "'old-' || n.i"}, session),
        (
            invocations,
            "invocations",
            "id",
            {
                "id": f"'inv_' || {digits}",
                "session_key": f"'ses_' || {of_session}",
                "session_id": f"'old-' || (1 + n.i % {counts['sessions']})",
                "idempotency_key": "NULL",
                **older,
            },
            call,
        ),
    ]
    for table, what, key, changes, like in tables:
        count = counts[what]
        for first in range(1, count + 1, ROWS_AT_ONCE):
            last = min(count, first + ROWS_AT_ONCE - 1)
            print(f"\rfilling {table.name}: {last:,} of {count:,}", end="", file=sys.stderr, flush=True)
            with engine.begin() as connection:
                _multiply(connection, table, key, like, changes, first, last)
        print(file=sys.stderr)
    if not on_sqlite:  # there nobody does, unless the operator does
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))


def _multiply(
    connection: Connection, table: Table, key: str, like: str | None, changes: Mapping[str, str], first: int, last: int
) -> None:
    """Copy one row for each number, with some columns made of the number."""
    columns = [column.name for column in table.columns]
    values = ", ".join(changes.get(name, f"old.{name}") for name in columns)
    numbers = "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
    statement = (
        f"INSERT INTO {table.name} ({', '.join(columns)}) {numbers} "  # noqa: S608 - our own names
        f"SELECT {values} FROM {table.name} AS old, n WHERE old.{key} = :like"
    )
    connection.execute(text(statement), {"first": first, "last": last, "like": like})


def requests(server: Server) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what is asked, by name."""
    session = new_id("call")
    server.call("/v1/sessions", {"agent": AGENT, "sessionId": session})
    number = {"params": {"number": 21}}

    def get(path: str) -> Callable[[], Any]:
        return lambda: server.client.get(path).raise_for_status().json()

    def whole_session() -> None:
        own = new_id("call")
        server.call("/v1/sessions", {"agent": AGENT, "sessionId": own})
        server.call(f"/v1/sessions/{own}/end", {})

    yield "invoke", lambda: server.invoke("bench_double", {"number": 21})
    yield "call in a session", lambda: server.call(f"/v1/sessions/{session}/functions/bench_double", number)
    yield "start and end of a session", whole_session
    yield "invocations", get("/v1/invocations")
    yield "invocations of a function", get("/v1/invocations?function=bench_double&status=succeeded")
    yield "invocations, none that fits", get("/v1/invocations?status=timed_out")
    yield "sessions", get("/v1/sessions")
    yield "sessions of an agent, none", get("/v1/sessions?agent=nobody")
    yield "functions", get("/v1/functions")
    yield "one session", get(f"/v1/sessions/{session}")


def _database(server: Server) -> str:
    return server.env.get("MIDCALL_DATABASE_URL") or f"sqlite:///{server.env['MIDCALL_DATA_DIR']}/midcall.db"


def _judge(series: Mapping[str, Mapping[str, Series]]) -> int:
    print(row("", "few: p50 ms", "many: p50 ms", "ratio"))
    worst = 0.0
    for kind, measured in series.items():
        few, many = (measured[name].p50 for name in ("few", "many"))
        print(row(kind, f"{few * 1000:.1f}", f"{many * 1000:.1f}", f"{many / few:.2f}"))
        if kind in CALLS:
            worst = max(worst, many / few)
    print(f"calls: {worst:.2f} times as much; promised: at most {MAX_RATIO}. Holds: {worst <= MAX_RATIO}")
    return 0 if worst <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())

"""A workspace with a great many functions and invocations, written straight into its tables."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import Engine, insert, select, update

from midcall.domain.ids import new_id
from midcall.domain.preview import config_preview
from midcall.domain.times import iso
from midcall.storage.schema import agents, events, functions, invocations, publications, sessions, versions

_MINUTE_MS = 60_000
_ROWS_AT_ONCE = 5_000


#: How many times as long a page of a crowd may take as one that lists nothing.
SLOWER = 5


def soonest(get: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    """Ask for a page some times; returns the last answer, and the seconds of the one that came soonest."""
    took = []
    for _ in range(5):
        began = time.monotonic()
        answer = get()
        took.append(time.monotonic() - began)
    return answer, min(took)


def crowd(engine: Engine, workspace_id: str, *, count: int, runs: int, now: int, versions_each: int = 3) -> None:
    """Write `count` functions, all published, and `runs` invocations: half of them of the first function."""
    made = [(new_id("fn"), f"function_{number:04}") for number in range(count)]
    numbers = range(1, versions_each + 1)
    with engine.begin() as connection:
        connection.execute(insert(functions), [_function(workspace_id, *one, versions_each, now) for one in made])
        connection.execute(insert(versions), [_version(key, number, now) for key, _ in made for number in numbers])
        published = {"environment": "production", "number": versions_each, "principal": "ann", "at": now}
        connection.execute(insert(publications), [{"function_id": key, **published} for key, _ in made])
        for begin in range(0, runs, _ROWS_AT_ONCE):
            some = range(begin, min(runs, begin + _ROWS_AT_ONCE))
            connection.execute(insert(invocations), [_run(workspace_id, made, runs, number, now) for number in some])


def past_runs(engine: Engine, workspace_id: str, function: str, *, runs: int, now: int) -> None:
    """Write invocations of one function that is there: one each six seconds, the last one just now."""
    with engine.begin() as connection:
        wanted = (functions.c.workspace_id == workspace_id, functions.c.name == function)
        key = connection.execute(select(functions.c.id).where(*wanted)).scalar_one()
        rows = [_run(workspace_id, [(key, function)], runs, number, now) for number in range(runs)]
        for number, row in enumerate(rows):
            # Another crowd may be there already.
            row["id"] = f"inv_{10**13 + number:020}"
            row["ended_at"] = row["started_at"] + 20 + number * 37 % 60 + (250 if number % 11 == 0 else 0)
        connection.execute(insert(invocations), rows)


def crowd_of_sessions(
    engine: Engine, workspace_id: str, *, count: int, now: int, functions_each: int = 10, calls: int = 0
) -> str:
    """Write `count` agents and as many sessions; the last one has `calls` events. Returns the last one's id.

    The functions are those of `crowd`; invocations of the workspace that have no session get one of these.
    """
    names = [f"agent-{number:04}" for number in range(count)]
    # Ids of one millisecond are in no order.
    ids = sorted(new_id("ses") for _ in names)
    attached = [
        _attached(f"function_{number:04}", "pre_session" if number % 2 else "during_session")
        for number in range(functions_each)
    ]
    with engine.begin() as connection:
        connection.execute(insert(agents), [_agent(workspace_id, name, attached, now) for name in names])
        for begin in range(0, count, _ROWS_AT_ONCE):
            some = range(begin, min(count, begin + _ROWS_AT_ONCE))
            made = [_session(workspace_id, ids[number], f"call-{number:06}", names[number], now) for number in some]
            connection.execute(insert(sessions), made)
        if calls:
            connection.execute(insert(events), [_event(ids[-1], number, now) for number in range(calls)])
            last = {"session_key": ids[-1], "session_id": f"call-{count - 1:06}"}
            mine = invocations.c.workspace_id == workspace_id
            latest = select(invocations.c.id).where(mine).order_by(invocations.c.id.desc()).limit(calls)
            connection.execute(update(invocations).where(invocations.c.id.in_(latest)).values(last))
    return f"call-{count - 1:06}"


def _attached(function: str, phase: str) -> dict[str, Any]:
    return {"function": function, "phase": phase, "order": 0, "on_failure": "continue"}


def _agent(workspace_id: str, name: str, attached: list[dict[str, Any]], now: int) -> dict[str, Any]:
    preview = {"whole": {"functions": attached}, "cut": {}}
    document = {"version": "v1", "number": "", "attachments": attached, "created_at": now, "updated_at": now}
    document["preview"] = preview
    return {"id": new_id("ag"), "workspace_id": workspace_id, "name": name, **document}


def _session(workspace_id: str, key: str, session_id: str, agent: str, now: int) -> dict[str, Any]:
    return {
        "id": key,
        "workspace_id": workspace_id,
        "session_id": session_id,
        "agent": agent,
        "environment": "production",
        "principal": "ann",
        "status": "ended",
        "preview": {"whole": {"medium": "phone"}, "cut": {}},
        "body_parts": 0,
        "body_bytes": 0,
        "variables": {"currentTime": {"value": iso(now), "source": "system", "at": now}},
        "pins": [],
        "created_at": now,
        "updated_at": now,
        "pre_deadline_at": now,
        "idle_ms": _MINUTE_MS,
        "max_age_ms": _MINUTE_MS,
        "pre_done": True,
        "ended_at": now,
        "post_started": True,
    }


def _event(key: str, number: int, now: int) -> dict[str, Any]:
    function = f"function_{number // 2 % 10:04}"
    data = {"invocation_id": f"inv_{number // 2:020}", "function": function, "phase": "during_session", "message": None}
    if number % 2:
        outcome = {"status": "succeeded", "version": 1, "result": "fine", "changed": [], "error": None, "warnings": []}
        return {"session": key, "name": "completed", "at": now + number, "data": data | outcome}
    return {"session": key, "name": "started", "at": now + number, "data": data}


def run_id(workspace_id: str, number: int) -> str:
    """Return the id of one invocation of a crowd: in their order, and another in each workspace."""
    return f"inv_{workspace_id[-12:]}{number:020}"


def _function(workspace_id: str, key: str, name: str, latest: int, now: int) -> dict[str, Any]:
    return {
        "id": key,
        "workspace_id": workspace_id,
        "name": name,
        "display_name": name,
        "tags": [],
        "latest": latest,
        "archived": False,
        "created_at": now,
        "updated_at": now,
    }


def _version(key: str, number: int, now: int) -> dict[str, Any]:
    code = {"source": "def handler(session):\n    return {}\n" * 30}
    config = {
        "description": "Looks an order up by its number.",
        "kind": "code",
        "code": code,
        "parameters": {"type": "object", "properties": {"order": {"type": "integer"}}},
        "output_schema": None,
        "strict_output": False,
        "timeout": 10,
        "messages": {},
    }
    return {
        "function_id": key,
        "number": number,
        "config": config,
        "preview": config_preview(config),
        "may_terminate": False,
        "sha256": "0" * 64,
        "status": "approved",
        "author": "ann",
        "created_at": now,
    }


def _run(workspace_id: str, made: list[tuple[str, str]], runs: int, number: int, now: int) -> dict[str, Any]:
    key, name = made[0 if number % 2 else number // 2 % len(made)]
    at = now - (runs - number) * _MINUTE_MS // 10
    return {
        "id": run_id(workspace_id, number),
        "workspace_id": workspace_id,
        "function_id": key,
        "function": name,
        "version": 1,
        "sha256": "0" * 64,
        "purpose": "live",
        "phase": "during_session",
        "environment": "production",
        "kind": "code",
        "status": "failed" if number % 7 == 0 else "succeeded",
        "params": {"order": number},
        "session": {"caller": {"number": "+49301234567"}, "transcript": "Good morning. " * 40},
        "principal": "ann",
        "deadline_at": at + 10_000,
        "attempt": 1,
        "max_attempts": 1,
        "created_at": at,
        "enqueued_at": at,
        "started_at": at + 3,
        "ended_at": at + 3 + number % 400,
        "outcome": None,
        "report": None,
    }

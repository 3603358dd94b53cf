"""Many runs at once, each with many actions: every answer belongs to the call that asked for it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.patience import CLIENT_S
from tests.support.serving import Client
from tests.support.target import Received, Reply, Target, replying

RUNS, CALLS = 50, 10

ONE_BY_ONE = """\
URL = {url!r}


def handler(session, actions):
    run = session["params"]["run"]
    return [actions.http.get(URL + "/" + str(run) + "/" + str(call))["data"] for call in range(10)]
"""
SIDE_BY_SIDE = """\
import asyncio

URL = {url!r}


async def handler(session, actions):
    run = session["params"]["run"]
    asked = [actions.http.get(URL + "/" + str(run) + "/" + str(call)) for call in range(10)]
    return [answer["data"] for answer in await asyncio.gather(*asked)]
"""


@pytest.mark.parametrize("source", [ONE_BY_ONE, SIDE_BY_SIDE], ids=["one by one", "side by side"])
def test_fifty_runs_with_ten_calls_each_get_their_own_answers(admin: Client, there: Target, source: str) -> None:
    """Side by side, through the API, the queue, a real pool and real sockets; each call is made once and on record."""

    def answer(got: Received) -> Reply:
        return replying(got.path)

    there.answer = answer
    parameters = {"type": "object", "properties": {"run": {"type": "integer"}}}
    code = {"source": source.format(url=there.url), "actions": ["http"], "egress": [urlsplit(there.url).netloc]}
    admin.published("busy", code=code, parameters=parameters, timeout=round(CLIENT_S))

    def call(run: int) -> Any:
        return admin.ok("POST", "/v1/functions/busy/invoke", {"params": {"run": run}})

    with ThreadPoolExecutor(RUNS) as callers:
        outcomes = list(callers.map(call, range(RUNS)))
    wanted = {run: [f"/{run}/{number}" for number in range(CALLS)] for run in range(RUNS)}
    assert [outcome["status"] for outcome in outcomes] == ["succeeded"] * RUNS, outcomes
    assert {run: outcome["result"] for run, outcome in enumerate(outcomes)} == wanted
    assert sorted(got.path for got in there.received) == sorted(path for paths in wanted.values() for path in paths)
    invocation = admin.ok("GET", f"/v1/invocations/{outcomes[0]['invocation_id']}")
    assert [record["outcome"] for record in invocation["actions"]] == ["ok"] * CALLS

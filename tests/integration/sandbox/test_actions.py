"""Action calls out of a real sandbox: asked, answered, side by side, and honest when something goes wrong."""

import threading
from collections.abc import Callable

from tests.integration.sandbox.pools import Serving
from tests.support.patience import DEADLINE_MS, PATIENCE_S, wait_for

from midcall.domain.action import MAX_CALLS, ActionCall, ActionFailed, ActionReply
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus
from midcall.sandbox.client import PoolClient

OPERATIONS = ("http.get", "http.send_request", "crm.find_all")


def run(
    pool: Serving, source: str, act: Callable[[ActionCall], ActionReply], *, deadline_ms: int = DEADLINE_MS
) -> RunReport:
    """Run a handler whose actions `act` carries out."""
    request = RunRequest("inv_test.1.1", source, {"params": {}}, deadline_ms, OPERATIONS)
    return PoolClient(pool.config.socket).run(request, act)


def echo(call: ActionCall) -> ActionReply:
    """Answer with what was asked."""
    return ActionReply({"name": call.name, "args": list(call.args), "kwargs": dict(call.kwargs)})


def test_a_call_is_answered(pool: Serving) -> None:
    """Arguments arrive as they were written, under the name in snake_case; the answer is the call's value."""
    source = (
        "def handler(session, actions):\n"
        "    return [actions.http.get('https://a.test', params={'ä': [1, None]}), actions.crm.findAll({'x': True})]\n"
    )
    report = run(pool, source, echo)
    assert report.status is RunStatus.OK, report.error
    assert report.result == [
        {"name": "http.get", "args": ["https://a.test"], "kwargs": {"params": {"ä": [1, None]}}},
        {"name": "crm.find_all", "args": [{"x": True}], "kwargs": {}},
    ]


def test_async_calls_run_side_by_side(pool: Serving) -> None:
    """Ten calls that each wait for the nine others are answered: they are under way together."""
    together = threading.Barrier(10)

    def act(call: ActionCall) -> ActionReply:
        together.wait(PATIENCE_S)
        return ActionReply(call.args[0])

    source = (
        "import asyncio\n"
        "async def handler(session, actions):\n"
        "    return await asyncio.gather(*[actions.http.get(number) for number in range(10)])\n"
    )
    report = run(pool, source, act)
    assert report.result == list(range(10)), report.error


def test_threads_may_call_too(pool: Serving) -> None:
    """Each thread gets its own answer."""
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def handler(session, actions):\n"
        "    with ThreadPoolExecutor(8) as threads:\n"
        "        return [each['args'][0] for each in threads.map(actions.http.get, range(40))]\n"
    )
    assert run(pool, source, echo).result == list(range(40))


def test_a_failure_is_an_error_that_code_can_catch(pool: Serving) -> None:
    """It carries status, body and a stable word."""

    def act(_call: ActionCall) -> ActionReply:
        return ActionReply(error=ActionFailed("crm.test answered 404", code="http_error", status=404, body={"no": 1}))

    source = (
        "def handler(session, actions):\n"
        "    try:\n"
        "        actions.http.get('x')\n"
        "    except ActionError as error:\n"
        "        return [str(error), error.status, error.body, error.code, error.action]\n"
    )
    assert run(pool, source, act).result == [
        "http.get: crm.test answered 404",
        404,
        {"no": 1},
        "http_error",
        "http.get",
    ]


def test_an_uncaught_failure_ends_on_the_authors_line(pool: Serving) -> None:
    """The report names the line, the status and the body."""

    def act(_call: ActionCall) -> ActionReply:
        return ActionReply(error=ActionFailed("crm.test answered 404", code="http_error", status=404, body={"no": 1}))

    report = run(pool, "def handler(session, actions):\n    x = 1\n    return actions.http.get('x')\n", act)
    assert report.status is RunStatus.ERROR
    assert report.error is not None
    assert (report.error.type, report.error.line, report.error.http_status) == ("ActionError", 3, 404)
    assert report.error.message == "http.get: crm.test answered 404"
    assert report.error.body == '{"no": 1}'


def test_what_is_not_enabled_is_an_error_at_its_line(pool: Serving) -> None:
    """It is told without a call."""
    asked: list[ActionCall] = []

    def act(call: ActionCall) -> ActionReply:
        asked.append(call)
        return ActionReply()

    for code in ("actions.slack.post_message({})", "actions.http.delete('x')"):
        report = run(pool, f"def handler(session, actions):\n    return {code}\n", act)
        assert report.error is not None
        assert (report.error.type, report.error.line) == ("ActionNotEnabled", 2)
    assert asked == []


def test_a_megabyte_each_way_and_logs_meanwhile(pool: Serving) -> None:
    """Nobody waits for somebody who waits for them: big calls, big answers and full logs at once."""
    answer = "b" * 1_000_000
    source = (
        "import asyncio\n"
        "async def handler(session, actions):\n"
        "    calls = [actions.http.get('a' * 700_000) for _ in range(8)]\n"
        "    print('x' * 60_000)\n"
        "    return [len(each) for each in await asyncio.gather(*calls)]\n"
    )
    report = run(pool, source, lambda _call: ActionReply(answer))
    assert report.result == [1_000_000] * 8, report.error


def test_too_much_is_an_error_at_its_line(pool: Serving) -> None:
    """Arguments over a megabyte, arguments that are no JSON, and one call more than a run may make."""
    source = (
        "def handler(session, actions):\n"
        "    codes = []\n"
        "    for args in ('a' * 2_000_000, {1}, *['x'] * 101):\n"
        "        try:\n"
        "            actions.http.get(args)\n"
        "        except ActionError as error:\n"
        "            codes.append(error.code)\n"
        "    return codes\n"
    )
    report = run(pool, source, echo)
    assert report.result == ["too_large", "bad_options", "too_many_calls", "too_many_calls", "too_many_calls"]
    assert MAX_CALLS == 100


def test_a_deadline_does_not_wait_for_an_action(pool: Serving) -> None:
    """The run ends when it must, whatever is under way."""
    released = threading.Event()

    def act(_call: ActionCall) -> ActionReply:
        released.wait(PATIENCE_S)
        released.set()
        return ActionReply()

    assert wait_for(lambda: pool.client.status()["idle"] > 0)
    source = "def handler(session, actions):\n    return actions.http.get('x')\n"
    report = run(pool, source, act, deadline_ms=1_500)  # short: its deadline ends it
    assert not released.is_set()
    released.set()
    assert report.status is RunStatus.TIMEOUT


def test_a_run_does_not_wait_for_what_it_did_not_wait_for(pool: Serving) -> None:
    """A call that nobody awaits is made; its answer goes nowhere."""
    begun, released = threading.Event(), threading.Event()

    def act(call: ActionCall) -> ActionReply:
        if call.args == ("later",):
            begun.set()
            released.wait(PATIENCE_S)
            released.set()
        else:
            assert begun.wait(PATIENCE_S)
        return ActionReply()

    source = (
        "import asyncio\n"
        "async def handler(session, actions):\n"
        "    asyncio.ensure_future(actions.http.get('later'))\n"
        "    await actions.http.get('now')\n"
        "    return 'done'\n"
    )
    report = run(pool, source, act)
    assert not released.is_set()
    released.set()
    assert report.result == "done"


def test_log_and_progress_may_be_awaited(pool: Serving) -> None:
    """As every other action in an async handler; in a plain one they are nothing."""
    source = (
        "import asyncio\n"
        "async def handler(session, actions):\n"
        "    await actions.progress('half')\n"
        "    await asyncio.gather(*[asyncio.ensure_future(one) for one in [actions.log('warning', 'slow', ms=9)]])\n"
        "    return 1\n"
    )
    report = run(pool, source, echo)
    assert (report.result, report.logs) == (1, "[warning] slow ms=9\n"), report.error
    report = run(pool, "def handler(session, actions):\n    return actions.log('plain', 1)\n", echo)
    assert (report.result, report.logs) == (None, "plain 1\n")


def test_a_call_that_nobody_waits_for_any_more_takes_no_other_with_it(pool: Serving) -> None:
    """Its answer comes late and is dropped; the calls after it are answered."""
    released = threading.Event()

    def act(call: ActionCall) -> ActionReply:
        if call.args == ("slow",):
            released.wait(PATIENCE_S)
        else:
            released.set()
        return ActionReply(call.args[0])

    source = (
        "import asyncio\n"
        "async def handler(session, actions):\n"
        "    try:\n"
        "        await asyncio.wait_for(actions.http.get('slow'), 0.05)\n"
        "    except asyncio.TimeoutError:\n"
        "        pass\n"
        "    first = await actions.http.get('first')\n"
        "    await asyncio.sleep(0.2)\n"  # the late answer comes meanwhile
        "    return [first, await actions.http.get('second')]\n"
    )
    report = run(pool, source, act)
    assert report.result == ["first", "second"], report.error

"""A PIN that a function is given is masked where a run is kept to be read, and exact where the next step needs it."""

import base64
import re
from typing import Any

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import OperationalError
from tests.support.databases import Sqlite
from tests.support.fakes import echo
from tests.support.world import World

from midcall.domain.invocation import Invocation
from midcall.domain.parameters import MASK
from midcall.domain.phases import Phase
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import RunStatus
from midcall.service.runs.progress import Progress
from midcall.storage.engine import open_engine

PIN = "5678"
CODED = base64.b64encode(PIN.encode()).decode()
#: The order 15678 is no PIN, nor are four digits that an id or a digest happens to have.
HELD = re.compile(rf"(?<![0-9a-f]){PIN}(?![0-9a-f])|{CODED.rstrip('=')}")
SCHEMA = {
    "type": "object",
    "properties": {"pin": {"type": "string", "x-midcall": {"sensitive": True}}, "note": {"type": "string"}},
}
RAISED = RunError("ValueError", f"bad pin {PIN}", 3, f'  File "function.py"\nValueError: bad pin {PIN} ({CODED})')


def answers(**report: Any) -> Any:
    """Make a sandbox that prints the PIN and answers so."""

    def run(request: RunRequest) -> RunReport:
        assert request.session["params"]["pin"] == PIN
        return RunReport(**{"status": RunStatus.OK, "logs": f"pin={PIN} {CODED}\n", **report})

    return run


@pytest.fixture
def prepared(world: World) -> World:
    """Make a world with a session whose agent may call a function with a PIN, and a platform that is told of it."""
    world.workspaces.change(world.caller, {"callback_url": "https://platform.example/hook"})
    world.published("verify", parameters=SCHEMA)
    world.agent(("verify", Phase.DURING_SESSION))
    world.started()
    world.run_all()
    return world


def called(world: World, **changes: Any) -> Invocation:
    """Call the function with the PIN and have it run."""
    invocation = world.called("verify", params={"pin": PIN, "note": "plain"}, **changes)
    world.run_all()
    return world.read(invocation.id)


def holders(world: World) -> set[str]:
    """Name the columns of the whole database that hold the PIN in any row."""
    found = set()
    tables = MetaData()
    tables.reflect(world.engine)
    with world.engine.connect() as connection:
        for table in tables.tables.values():
            for row in connection.execute(table.select()).mappings():
                found |= {
                    f"{table.name}.{name}"
                    for name, value in row.items()
                    if isinstance(value, str) and HELD.search(value)
                }
    return found


def test_a_pin_in_an_error_is_masked_in_the_whole_database(prepared: World) -> None:
    """Message, traceback and logs; the parameters themselves are kept for a retry, and masked when they are shown."""
    prepared.sandbox.behave = answers(status=RunStatus.ERROR, error=RAISED)
    invocation = called(prepared)
    assert holders(prepared) == {"invocations.params"}
    assert invocation.outcome is not None
    assert invocation.outcome.error is not None
    assert invocation.outcome.error.message == f"bad pin {MASK}"
    assert invocation.report is not None
    assert invocation.report.logs == f"pin={MASK} {MASK}{'=' * CODED.count('=')}\n"
    assert prepared.invocations.find(prepared.caller, invocation.id).params == {"pin": MASK, "note": "plain"}


def test_a_pin_that_is_returned_reaches_the_agent_and_no_record(prepared: World) -> None:
    """The answer, its repeats and the variables are exact; the report, events and callbacks are masked."""
    result = {"said": f"your pin {PIN} is right", "dynamicVariables": {"last_pin": PIN, "order": "15678"}}
    prepared.sandbox.behave = answers(result=result)
    invocation = called(prepared, idempotency_key="once")
    assert holders(prepared) == {"invocations.params", "invocations.outcome", "sessions.variables"}
    for answered in (invocation, called(prepared, idempotency_key="once")):
        assert answered.outcome is not None
        assert answered.outcome.result == {"said": f"your pin {PIN} is right"}
    assert prepared.session().variables["last_pin"].value == PIN
    assert invocation.report is not None
    assert invocation.report.result == {
        "said": f"your pin {MASK} is right",
        "dynamicVariables": {"last_pin": MASK, "order": "15678"},
    }
    told = dict(prepared.events(prepared.session()))
    assert told["completed"]["result"] == {"said": f"your pin {MASK} is right"}
    assert told["completed"]["dynamicVariables"]["last_pin"] == MASK
    assert [data["value"] for name, data in prepared.events(prepared.session()) if name == "variable"] == [
        MASK,
        "15678",
    ]


def test_what_is_said_of_a_run_is_masked_in_the_answer_too(prepared: World) -> None:
    """Warnings about an output schema quote the value that breaks it."""
    schema = {"type": "object", "properties": {"pin": {"type": "integer"}}}
    prepared.catalog.add_version(prepared.caller, "verify", {"output_schema": schema}, base=None, if_match=None)
    prepared.reviews.submit(prepared.caller, "verify", 2)
    prepared.catalog.publish(prepared.caller, "verify", 2, "production")
    prepared.started("s2")
    prepared.sandbox.behave = answers(result={"pin": PIN})
    invocation = prepared.called("verify", "s2", params={"pin": PIN})
    prepared.run_all("s2")
    outcome = prepared.read(invocation.id).outcome
    assert outcome is not None
    assert len(outcome.warnings) == 1
    assert PIN not in outcome.warnings[0]
    assert outcome.result == {"pin": PIN}


def test_what_a_webhook_sent_and_got_is_masked_but_not_its_shape(prepared: World) -> None:
    """A PIN that happens to be an HTTP status, or a word of our own, changes no document that others read."""
    request = {"url": f"https://x.example/?pin={PIN}", "headers": {"message": PIN}, "body": f'{{"pin": "{PIN}"}}'}
    error = RunError("HttpError", f"404 for {PIN}", http_status=404, body=f"no customer with {PIN}")
    prepared.sandbox.behave = answers(
        status=RunStatus.ERROR, error=error, request=request, response={"status": int(PIN), "body": [PIN]}
    )
    invocation = called(prepared)
    assert holders(prepared) <= {"invocations.params", "invocations.report", "invocations.came"}
    assert invocation.report is not None
    assert invocation.report.request == {
        "url": f"https://x.example/?pin={MASK}",
        "headers": {"message": MASK},
        "body": f'{{"pin": "{MASK}"}}',
    }
    assert invocation.report.response == {"status": int(PIN), "body": [MASK]}
    told = dict(prepared.events(prepared.session()))["completed"]["error"]
    assert told == {
        "type": "HttpError",
        "message": f"404 for {MASK}",
        "http_status": 404,
        "body": f"no customer with {MASK}",
    }


def test_progress_is_masked(prepared: World) -> None:
    """What running code reports goes to the event stream."""
    progress = Progress(storage=prepared.storage, queue=prepared.queue, clock=prepared.clock)

    def run(request: RunRequest) -> RunReport:
        progress.report(request.run_id, f"checking {PIN}")
        return echo(request)

    prepared.sandbox.behave = run
    called(prepared)
    assert [data["text"] for name, data in prepared.events(prepared.session()) if name == "progress"] == [
        f"checking {MASK}"
    ]


def test_a_refusal_tells_of_variables_without_the_pin(prepared: World) -> None:
    """A call that is refused is an event as well, and lists the variables as they are."""
    prepared.sandbox.behave = answers(result={"dynamicVariables": {"last_pin": PIN}})
    called(prepared)
    prepared.called("verify", params={"pin": PIN, "note": True})
    refused = [data for name, data in prepared.events(prepared.session()) if name == "completed"][-1]
    assert refused["status"] == "refused"
    assert refused["dynamicVariables"]["last_pin"] == MASK
    assert holders(prepared) == {"invocations.params", "invocations.outcome", "sessions.variables"}


def test_a_statement_that_fails_does_not_quote_its_values(sqlite: Sqlite) -> None:
    """Its text goes to a process's log."""
    engine = open_engine(sqlite.empty())
    with pytest.raises(OperationalError) as caught, engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:pin)"), {"pin": PIN})
    engine.dispose()
    assert PIN not in str(caught.value)

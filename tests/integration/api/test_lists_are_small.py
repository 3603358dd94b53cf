"""A list is small, whatever its rows hold: generated from the routes, so a list that is added is tested that day."""

import json
from typing import Any, get_args

import pytest
from tests.support.contract import routes_of
from tests.support.rows import rows_read
from tests.support.serving import Client, Served

from midcall.api.shapes import Listing
from midcall.app import create_app
from midcall.bootstrap.settings import Settings
from midcall.domain.ids import new_id
from midcall.domain.run import RunReport
from midcall.domain.run_status import RunStatus

KB = 1024
#: JSON bytes of one item.
MOST_OF_AN_ITEM = 16 * KB
LISTS = [
    route.path
    for route in routes_of(create_app(Settings()))
    if isinstance(route.model, type) and issubclass(route.model, Listing)
]
#: Rows that each list has at least, how many of them are asked for, and how many rows a statement may read for that:
#: there are a few more of what belongs to an item, such as its latest versions.
ROWS, PAGE, MOST_READ = 45, 4, 32
TRIES = 3
#: What a session or a call may hold at most, more or less.
TEXT = "\U0001f600" * 60_000


@pytest.fixture(scope="module")
def full(served: Served) -> Client:
    """Make a workspace whose rows are as large as they may be."""
    admin = served.tenant("full")
    line, message = "\U0001f600" * 200, "m" * 1_000
    messages = {"started": [message] * 15, "error": message, "returned": message}
    big = {
        "description": "d" * 1_024,
        "tags": ["\U0001f600" * 50] * 1,
        "messages": messages,
        "parameters": {"type": "object", "properties": {f"p{n}": {"description": line} for n in range(20)}},
        "response_variables": {f"{n}" + "\U0001f600" * 100: "$.a" for n in range(50)},
        "code": {"source": "def handler(session):\n    return {}\n" + "# padding\n" * 5_000},
    }
    admin.published("full", **big)
    for number in range(2, 40):
        admin.ok("POST", "/v1/functions/full/versions", {"timeout": number}, status=201)
    admin.published("picky", parameters={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    attached = [
        {"function": name, "phase": "during_session", "messages": messages, "version": 1} for name in ("full", "picky")
    ]
    admin.ok("PUT", "/v1/agents/full", {"functions": attached, "version": line, "number": line})
    served.sandbox.behave = lambda _request: RunReport(
        RunStatus.OK,
        result={"result": TEXT, "dynamicVariables": {f"v{n}": n for n in range(150)}},
        logs=TEXT[:16_000],
    )
    session = {
        "agent": "full",
        "sessionId": "s" * 200,
        "transcript": [TEXT],
        "userDetails": {"id": TEXT[:9_000]},
        "odd": TEXT[:9_000],
        "dynamicVariables": {f"{n}" + "\U0001f600" * 100: "x" * 900 for n in range(40)},
    }
    admin.ok("POST", "/v1/sessions", session, status=201)
    here = f"/v1/sessions/{'s' * 200}/functions"
    assert admin.ok("POST", f"{here}/full", {"params": {"p1": TEXT}})["status"] == "succeeded"
    assert admin.ok("POST", f"{here}/picky", {"params": {"n": TEXT}, "transcript": [TEXT]})["status"] == "refused"
    given = {"params": {"p1": TEXT}, "session": {"sessionId": "s" * 200, "transcript": [TEXT]}}
    assert admin.ok("POST", "/v1/functions/full/invoke", given)["status"] == "succeeded"
    case = {"expect": {"exact": TEXT[:9_000]}, "session": {"odd": TEXT[:9_000]}, "params": {"p1": TEXT[:9_000]}}
    admin.ok("PUT", "/v1/functions/full/tests/full", case, status=201)
    custom = {"headers": {f"X-{n}": "y" * 200 for n in range(40)}, "body": {f"{n}": "y" * 100 for n in range(40)}}
    admin.ok("PUT", "/v1/credentials/full", {"type": "custom", "values": custom})
    admin.ok("PUT", "/v1/adapters/full", {"vendor": "vapi", "agent": "full", "secret": "s" * 500})
    keys = {"principal": "p" * 200, "scopes": ["run"], "agents": [f"{n}" + "\U0001f600" * 190 for n in range(100)]}
    admin.ok("POST", "/v1/keys", keys, status=201)
    return admin


def test_there_are_lists() -> None:
    """Those that are known; the others are tested because they are there."""
    assert {"/v1/invocations", "/v1/sessions", "/v1/functions", "/v1/audit", "/v1/keys"} <= set(LISTS)


@pytest.mark.parametrize("path", LISTS)
def test_an_item_of_a_list_has_some_kilobytes_at_most(full: Client, path: str) -> None:
    """What is large is null, and how it begins stands in `preview`."""
    where = path.replace("{name}", "full")
    answer = full.send("GET", where, params={"limit": 200})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert items
    sizes = {len(json.dumps(item)) for item in items}
    assert max(sizes) <= MOST_OF_AN_ITEM, {name: len(json.dumps(value)) for name, value in items[0].items()}


def test_a_list_says_what_it_has_cut(full: Client) -> None:
    """By name, with how it begins; the item itself has it whole."""
    items: list[dict[str, Any]] = full.ok("GET", "/v1/invocations?function=full")["items"]
    item = next(item for item in items if item["status"] == "succeeded")
    assert (item["params"], item["result"], item["logs"]) == (None, None, None)
    assert {"params", "result", "logs"} <= set(item["preview"])
    assert item["preview"]["logs"].startswith("\U0001f600")
    whole = full.ok("GET", f"/v1/invocations/{item['id']}")
    assert (whole["params"]["p1"], "preview" in whole) == (TEXT, False)
    (function,) = [each for each in full.ok("GET", "/v1/functions")["items"] if each["name"] == "full"]
    assert (function["code"], function["description"]) == (None, "d" * 1_024)
    assert [version["number"] for version in function["versions"]] == [1, 35, 36, 37, 38, 39]
    session = full.ok("GET", "/v1/sessions")["items"][0]
    assert (session["dynamicVariables"], session["variables"]) == (None, None)
    assert set(session["preview"]) == {"agentDetails", "userDetails", "dynamicVariables"}


def test_a_small_item_is_whole_in_a_list(served: Served) -> None:
    """As it is by itself: for most there is no need to ask again."""
    admin = served.tenant("small")
    admin.published("small")
    served.sandbox.behave = lambda _request: RunReport(RunStatus.OK, result={"a": 1}, logs="said\n")
    call = admin.ok("POST", "/v1/functions/small/invoke", {"params": {"order": 7}})
    (listed,) = admin.ok("GET", "/v1/invocations")["items"]
    assert listed == admin.ok("GET", f"/v1/invocations/{call['invocation_id']}")
    (function,) = admin.ok("GET", "/v1/functions")["items"]
    assert function == admin.ok("GET", "/v1/functions/small")


@pytest.fixture(scope="module")
def long(served: Served) -> Client:
    """Make a workspace that has more of everything than a page, an administrator of which sees all of it."""
    admin = served.tenant("long")
    served.sandbox.behave = lambda _request: RunReport(RunStatus.OK, result=1)
    webhook = {"url": "https://example.com/", "headers": {"X-Key": "{{secret.c0.token}}"}}
    admin.create("named", kind="webhook", code=None, webhook=webhook)
    admin.published("full")
    for number in range(ROWS):
        admin.create(f"f{number}")
        admin.ok("POST", "/v1/functions/full/versions", {"timeout": number + 1}, status=201)
        case = {"expect": {"exact": number}, "params": {"order": number}}
        admin.ok("PUT", f"/v1/functions/full/tests/case {number}", case, status=201)
        pinned = {"function": "full", "phase": "pre_session", "version": 1}
        attached = [pinned, *({"function": f"f{each}", "phase": "post_session"} for each in range(number % 3))]
        admin.ok("PUT", f"/v1/agents/a{number}", {"functions": attached if number else []})
        admin.ok("PUT", f"/v1/credentials/c{number}", {"type": "bearer", "values": {"token": "t"}})
        vendor = {"vendor": "vapi", "agent": "a0", "secret": "s" * 40}
        admin.ok("PUT", f"/v1/adapters/{new_id('long')[:60].lower().replace('_', '-')}", vendor)
        admin.ok("POST", "/v1/keys", {"principal": f"p{number}", "scopes": ["read"]}, status=201)
        admin.ok("POST", "/v1/sessions", {"agent": "a0", "sessionId": f"s{number}"}, status=201)
        admin.ok("POST", "/v1/functions/full/invoke", {"params": {"order": number}})
    return admin


@pytest.mark.parametrize("path", LISTS)
def test_a_list_reads_a_page_and_its_pages_are_all_of_it(long: Client, path: str) -> None:
    """`limit` bounds what the database is asked for, not only what is answered; `next_cursor` leads on."""
    where, most = path.replace("{name}", "full"), 0
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        read: list[int] = []
        # What the process itself looks for meanwhile is counted too, but not each time.
        while not read or (read[-1] > MOST_READ and len(read) < TRIES):
            with rows_read() as seen:
                answer = long.send("GET", where, params={"limit": PAGE, **cursor})
            assert answer.status_code == 200, answer.text
            read.append(max(seen.values()))
        most = max(most, min(read))
        items = answer.json()["items"]
        assert len(items) <= PAGE
        found += [json.dumps(item, sort_keys=True) for item in items]
        if answer.json()["next_cursor"] is None:
            break
        cursor = {"cursor": answer.json()["next_cursor"]}
    assert len(found) >= ROWS, "fill this list in the fixture, so that it is known to be paged"
    assert len(set(found)) == len(found)
    assert most <= MOST_READ


def test_a_row_that_is_read_is_counted(long: Client) -> None:
    """Otherwise the test above would pass whatever is read."""
    with rows_read() as seen:
        long.ok("GET", "/v1/functions?limit=200")
    assert max(seen.values()) > MOST_READ


def test_the_lists_are_generic_ones() -> None:
    """Every answer with items is of the shape by which lists are found here, but for those of other vendors."""
    named = {
        str(route)
        for route in routes_of(create_app(Settings()))
        if isinstance(route.model, type) and "items" in getattr(route.model, "model_fields", {})
    }
    assert {name.split(" ")[1] for name in named} - set(LISTS) == {"/v1/actions"}
    assert not get_args(Listing)

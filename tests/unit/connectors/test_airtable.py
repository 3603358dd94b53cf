"""Airtable's operations, driven by hand: what they ask for, and what they make of the answers."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.driving import bound_example, run

from midcall.connectors.airtable import (
    CONNECTOR,
    DEFAULT_RECORDS,
    MAX_ADDRESS_CHARS,
    MAX_CREATED,
    MAX_PAGES,
    MAX_RECORDS,
)
from midcall.connectors.kit import ApiRequest, bind
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse

TABLE = {"baseId": "app1", "tableIdOrName": "My orders/2"}
PATH = "/v0/app1/My%20orders%2F2"


def answering(value: Any, status: int = 200) -> HttpResponse:
    """Make an answer of a JSON value."""
    return HttpResponse(status, (), json.dumps(value).encode())


def record(number: int) -> dict[str, Any]:
    """Make a record."""
    return {"id": f"rec{number}", "createdTime": "2026-01-31T09:00:00.000Z", "fields": {}}


class Vendor:
    """A table that pages; keeps what it was asked."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[ApiRequest] = []

    def __call__(self, ask: ApiRequest) -> HttpResponse:
        """Answer one page."""
        self.asked.append(ask)
        options = dict(ask.query) if ask.method == "GET" else ask.json
        end = min(self.count, int(options.get("maxRecords", self.count)))
        begin = int(str(options.get("offset", "itr/0")).partition("/")[2])
        stop = min(end, begin + int(options["pageSize"]))
        more = {"offset": f"itr/{stop}"} if stop < end else {}
        return answering({"records": [record(number) for number in range(begin, stop)], **more})


def call(operation: str, send: Any, **options: Any) -> Any:
    """Bind options and run an operation."""
    found = CONNECTOR.operations[operation]
    bound = bind(f"airtable.{operation}", found, (TABLE | options,), {})
    return run(found.run(bound.options, {}), send)


def refused(operation: str, **options: Any) -> str:
    """Return why options do not fit."""

    def never(ask: ApiRequest) -> HttpResponse:
        raise AssertionError(ask)

    with pytest.raises(ActionFailed) as caught:
        call(operation, never, **options)
    assert caught.value.code == "bad_options"
    return caught.value.message


@pytest.mark.parametrize("operation", CONNECTOR.operations)
def test_every_example_can_be_called(operation: str) -> None:
    """Docs and completion show it."""
    assert bound_example(CONNECTOR, operation).options


def test_a_token_is_a_bearer() -> None:
    """And a secret."""
    grant = CONNECTOR.credentials[CredentialType.AIRTABLE]({"token": "pat1.x"})
    assert grant.headers == (("Authorization", "Bearer pat1.x"),)
    assert grant.secrets == ("pat1.x",)


def test_filters_become_the_query() -> None:
    """In Airtable's own spelling; a list is named with brackets, orders are numbered."""
    vendor = Vendor(1)
    filters = {
        "filterByFormula": "{A}='b'",
        "fields": ["A", "B"],
        "sort": [{"A": "asc"}, {"B": "desc"}],
        "pageSize": 7,
        "maxRecords": 9,
        "view": "Grid view",
    }
    assert call("get_record_list", vendor, filters=filters) == {"records": [record(0)]}
    (ask,) = vendor.asked
    assert (ask.method, ask.path) == ("GET", PATH)
    assert ask.query == (
        ("filterByFormula", "{A}='b'"),
        ("fields[]", "A"),
        ("fields[]", "B"),
        ("sort[0][field]", "A"),
        ("sort[0][direction]", "asc"),
        ("sort[1][field]", "B"),
        ("sort[1][direction]", "desc"),
        ("pageSize", "7"),
        ("maxRecords", "9"),
        ("view", "Grid view"),
    )


def test_filters_may_stand_beside_the_table_and_in_either_spelling() -> None:
    """Some in `filters` and some beside it are one set; the same one in both is refused."""
    vendor = Vendor(1)
    call("get_record_list", vendor, filters={"page_size": 7}, filterByFormula="{A}='b'", max_records=3)
    assert vendor.asked[0].query == (("filterByFormula", "{A}='b'"), ("pageSize", "7"), ("maxRecords", "3"))
    assert "view stands in filters and beside it" in refused("get_record_list", filters={"view": "a"}, view="b")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([{"A": "desc"}], [("A", "desc")]),
        ({"A": "desc", "B": "asc"}, [("A", "desc"), ("B", "asc")]),
        ([{"field": "A", "direction": "desc"}], [("A", "desc")]),
        ([{"field": "A"}], [("A", "asc")]),
        ([{"field": "desc"}], [("field", "desc")]),
    ],
)
def test_orders_are_read_in_every_usual_shape(given: Any, sent: list[tuple[str, str]]) -> None:
    """SubVerse's and Airtable's; a field may be called `field`."""
    vendor = Vendor(1)
    call("get_record_list", vendor, sort=given)
    values = [value for name, value in vendor.asked[0].query if name.startswith("sort")]
    assert list(zip(values[::2], values[1::2], strict=True)) == sent


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"sort": "A"}, "sort: is a list such as"),
        ({"sort": ["A"]}, "sort: is a list such as"),
        ({"sort": [{"A": "up"}]}, "Input should be 'asc' or 'desc'"),
        ({"pageSize": 101}, "page_size"),
        ({"pageSize": 0}, "page_size"),
        ({"pageSize": "5"}, "page_size"),
        ({"maxRecords": MAX_RECORDS + 1}, "max_records"),
        ({"filters": {"colour": 1}}, "filters.colour: is no option"),
        ({"tableIdOrName": ""}, "table_id_or_name"),
        ({"tableIdOrName": ".."}, "cannot stand in a path"),
    ],
)
def test_faults_are_named_before_anything_is_asked(options: Any, fault: str) -> None:
    """With the option's name."""
    assert fault in refused("get_record_list", **options)


@example(1_000, 100, None)
@example(1_001, 100, None)
@example(1_020, 70, None)
@given(st.integers(0, 1_300), st.integers(1, 100), st.none() | st.integers(1, 1_300))
def test_paging_reads_what_was_asked_for(count: int, page_size: int, max_records: int | None) -> None:
    """In order, nothing twice; `truncated` is there exactly where records were left out that nobody asked to omit."""
    vendor = Vendor(count)
    more = {} if max_records is None else {"maxRecords": max_records}
    result = call("get_record_list", vendor, pageSize=page_size, **more)
    limit = min(DEFAULT_RECORDS if max_records is None else max_records, MAX_PAGES * page_size)
    read = min(count, limit)
    assert [one["id"] for one in result["records"]] == [f"rec{number}" for number in range(read)]
    assert result.get("truncated", False) == (read < min(count, max_records or count))
    assert len(vendor.asked) == max(1, -(-read // page_size)) <= MAX_PAGES


def test_what_is_beyond_max_records_was_left_out_on_purpose() -> None:
    """Even if the vendor sends more, or says that there is more."""

    def generous(_: ApiRequest) -> HttpResponse:
        return answering({"records": [record(number) for number in range(5)], "offset": "itr/5"})

    assert call("get_record_list", generous, maxRecords=3) == {"records": [record(number) for number in range(3)]}


def test_an_offset_without_end_is_left() -> None:
    """A vendor that pages for ever is asked so often and no more."""
    asked: list[ApiRequest] = []

    def endless(ask: ApiRequest) -> HttpResponse:
        asked.append(ask)
        return answering({"records": [], "offset": "itr/same"})

    assert call("get_record_list", endless) == {"records": [], "truncated": True}
    assert len(asked) == MAX_PAGES


@pytest.mark.parametrize("extra", [0, 1])
def test_a_long_query_goes_by_post(extra: int) -> None:
    """From the first address on that would be too long; it is a read, so it may be repeated."""
    vendor = Vendor(150)
    rest = len(PATH) + len(urlencode([("filterByFormula", ""), ("pageSize", "100")]))
    formula = "a" * (MAX_ADDRESS_CHARS - rest + extra)
    assert len(call("get_record_list", vendor, filterByFormula=formula)["records"]) == 150
    if not extra:
        assert vendor.asked[0].method == "GET"
        return
    first, second = vendor.asked
    assert (first.method, first.path, first.repeatable) == ("POST", f"{PATH}/listRecords", True)
    assert first.json == {"filterByFormula": formula, "pageSize": 100}
    assert second.json == {"filterByFormula": formula, "pageSize": 100, "offset": "itr/100"}


def test_post_carries_every_filter() -> None:
    """As JSON, in the shapes that Airtable documents."""
    vendor = Vendor(1)
    formula = "a" * MAX_ADDRESS_CHARS
    call("get_record_list", vendor, filterByFormula=formula, fields=["A"], sort=[{"A": "desc"}], view="v", maxRecords=4)
    assert vendor.asked[0].json == {
        "filterByFormula": formula,
        "fields": ["A"],
        "sort": [{"field": "A", "direction": "desc"}],
        "pageSize": 100,
        "maxRecords": 4,
        "view": "v",
    }


@pytest.mark.parametrize(
    ("operation", "options", "asked"),
    [
        ("get_record_by_id", {"recordId": "rec1"}, ApiRequest("GET", f"{PATH}/rec1")),
        ("delete_record", {"recordId": "rec1"}, ApiRequest("DELETE", f"{PATH}/rec1")),
        ("create_record", {"fields": {"fooBar": 1}}, ApiRequest("POST", PATH, json={"fields": {"fooBar": 1}})),
        (
            "create_record",
            {"fields": {"A": "1"}, "typecast": True},
            ApiRequest("POST", PATH, json={"fields": {"A": "1"}, "typecast": True}),
        ),
        (
            "update_record",
            {"recordId": "r/1", "fields": {"A": None}, "typecast": True},
            ApiRequest("PATCH", f"{PATH}/r%2F1", json={"fields": {"A": None}, "typecast": True}, repeatable=True),
        ),
    ],
)
def test_one_record_is_one_request(operation: str, options: Any, asked: ApiRequest) -> None:
    """What Airtable answers is what the code gets; names of fields stay as they are."""
    seen: list[ApiRequest] = []

    def send(ask: ApiRequest) -> HttpResponse:
        seen.append(ask)
        return answering(record(1))

    assert call(operation, send, **options) == record(1)
    (ask,) = seen
    for part in ("method", "path", "query", "json", "repeatable"):
        assert getattr(ask, part) == getattr(asked, part)


@given(st.integers(1, 45))
def test_many_records_are_created_ten_at_a_time(count: int) -> None:
    """In order, all of them once."""
    sent: list[Any] = []

    def send(ask: ApiRequest) -> HttpResponse:
        batch = ask.json["records"]
        assert 1 <= len(batch) <= 10
        sent.extend(batch)
        return answering({"records": [record(one["fields"]["n"]) for one in batch]})

    result = call("create_record", send, records=[{"fields": {"n": number}} for number in range(count)])
    assert result == {"records": [record(number) for number in range(count)]}
    assert sent == [{"fields": {"n": number}} for number in range(count)]


@pytest.mark.parametrize(
    ("failure", "doubts"),
    [
        (ActionFailed("airtable: 422", code="refused", status=422, body={"error": "X"}), 0),
        (ActionFailed("airtable: 503", code="refused", status=503, body={"error": "X"}), 1),
        (ActionFailed("the connection was lost", code="unreachable", body={"error": "X"}), 1),
    ],
)
def test_a_batch_that_fails_tells_what_was_created(failure: ActionFailed, doubts: int) -> None:
    """How many, which, and whether the failed batch may have been created too."""
    found = CONNECTOR.operations["create_record"]
    records = [{"fields": {"n": number}} for number in range(25)]
    steps = found.run(bind("x", found, (TABLE | {"records": records},), {}).options, {})
    next(steps)
    steps.send(answering({"records": [record(number) for number in range(10)]}))
    steps.send(answering({"records": [record(number) for number in range(10, 20)]}))
    with pytest.raises(ActionFailed) as caught:
        steps.throw(failure)
    error = caught.value
    assert error.message.startswith(f"{failure.message} (20 of 25 records were created before this")
    assert error.message.count("whether the 5 after them were created is unknown") == doubts
    assert (error.code, error.status) == (failure.code, failure.status)
    assert error.body == {"created": [f"rec{number}" for number in range(20)], "answer": {"error": "X"}}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fields": {}, "records": [{"fields": {}}]},
        {"records": []},
        {"records": [{"A": 1}]},
        {"records": [{"fields": {}}] * (MAX_CREATED + 1)},
    ],
)
def test_fields_or_records_and_not_both(options: Any) -> None:
    """And no more than one call may create."""
    assert refused("create_record", **options)


@pytest.mark.parametrize("value", ["text", [], None, {"records": "no"}, {"records": [1]}])
def test_an_answer_of_another_shape_is_an_error(value: Any) -> None:
    """Not a crash of the worker."""
    with pytest.raises(ActionFailed) as caught:
        call("get_record_list", lambda _: answering(value))
    assert caught.value.code == "bad_answer"


def test_the_check_asks_who_it_is() -> None:
    """Every token may ask that, whatever its scopes."""
    assert CONNECTOR.check is not None
    assert next(CONNECTOR.check({})).path == "/v0/meta/whoami"

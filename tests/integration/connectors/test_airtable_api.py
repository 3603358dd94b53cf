"""Airtable's operations against a server that speaks its API over a real socket."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.apis.airtable import Airtable, airtable_on, throttled
from tests.support.driving import check, drive
from tests.support.target import Target, target

from midcall.connectors.airtable import CONNECTOR
from midcall.domain.action import ActionFailed


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """Keep one socket for all tests."""
    with target() as it:
        yield it


@pytest.fixture
def api(server: Target) -> Airtable:
    """Serve the API."""
    return airtable_on(server)


def call(api: Airtable, operation: str, *, token: str | None = None, **options: Any) -> Any:
    """Call an operation on the orders."""
    given = {"baseId": api.base, "tableIdOrName": "Orders", **options}
    headers = api.headers if token is None else (("Authorization", f"Bearer {token}"),) * bool(token)
    return drive(CONNECTOR, operation, given, base_url=api.url, headers=headers)


def failing(api: Airtable, operation: str, **options: Any) -> ActionFailed:
    """Call an operation that fails."""
    with pytest.raises(ActionFailed) as caught:
        call(api, operation, **options)
    return caught.value


def fill(api: Airtable, count: int) -> list[str]:
    """Add orders; returns their ids."""
    return [api.orders.add({"Name": f"n{number % 3}", "Amount": number})["id"] for number in range(count)]


def test_all_pages_are_read_in_order(api: Airtable) -> None:
    """One request for each hundred."""
    ids = fill(api, 250)
    result = call(api, "get_record_list")
    assert [record["id"] for record in result["records"]] == ids
    assert result["records"][1]["fields"] == {"Name": "n1", "Amount": 1}
    assert "truncated" not in result
    assert api.asked == [f"GET /v0/{api.base}/Orders"] * 3


def test_a_table_without_end_is_cut_and_says_so(api: Airtable) -> None:
    """At a thousand; whoever wants more names maxRecords."""
    ids = fill(api, 1_010)
    result = call(api, "get_record_list")
    assert ([record["id"] for record in result["records"]], result["truncated"]) == (ids[:1_000], True)
    more = call(api, "get_record_list", maxRecords=1_005)
    assert [record["id"] for record in more["records"]] == ids[:1_005]
    assert "truncated" not in more


def test_filters_are_understood_as_they_were_meant(api: Airtable) -> None:
    """Formula, fields, order, view, sizes of pages and the number of records, at once."""
    fill(api, 30)
    filters = {
        "filterByFormula": "{Name} = 'n1'",
        "fields": ["Amount"],
        "sort": [{"Amount": "desc"}],
        "view": "Grid view",
        "pageSize": 2,
        "maxRecords": 5,
    }
    result = call(api, "get_record_list", filters=filters)
    assert [record["fields"] for record in result["records"]] == [{"Amount": n} for n in (28, 25, 22, 19, 16)]
    assert len(api.asked) == 3


def test_a_long_formula_goes_by_post(api: Airtable) -> None:
    """By GET the server refuses it; all pages of it go the same way."""
    api.orders.add({"Name": "x" * 20_000})
    for _ in range(120):
        api.orders.add({"Name": "x" * 20_000})
    formula = "{Name} = '" + "x" * 20_000 + "'"
    result = call(api, "get_record_list", filterByFormula=formula, fields=["Amount"], sort=[{"Amount": "asc"}])
    assert len(result["records"]) == 121
    assert api.asked == [f"POST /v0/{api.base}/Orders/listRecords"] * 2


def test_a_record_is_created_read_changed_and_deleted(api: Airtable) -> None:
    """Each time the code gets what Airtable answers."""
    made = call(api, "create_record", fields={"Name": "Ann", "Amount": "3"}, typecast=True)
    assert made["fields"] == {"Name": "Ann", "Amount": 3}
    assert call(api, "get_record_by_id", recordId=made["id"]) == made
    changed = call(api, "update_record", recordId=made["id"], fields={"Paid": True})
    assert changed["fields"] == {"Name": "Ann", "Amount": 3, "Paid": True}
    assert call(api, "delete_record", recordId=made["id"]) == {"id": made["id"], "deleted": True}
    assert api.orders.records == {}


def test_a_table_may_be_named_by_its_id_and_have_any_name(api: Airtable) -> None:
    """Blanks, slashes and umlauts are part of the name, not of the path."""
    fill(api, 1)
    api.tables["Offene Aufträge/2 ?#%"] = api.orders
    for name in (api.orders.id, "Offene Aufträge/2 ?#%"):
        assert len(call(api, "get_record_list", tableIdOrName=name)["records"]) == 1


def test_many_records_are_created_in_batches(api: Airtable) -> None:
    """The server takes ten at most."""
    records = [{"fields": {"Amount": number}} for number in range(25)]
    made = call(api, "create_record", records=records)["records"]
    assert [record["id"] for record in made] == list(api.orders.records)
    assert [record["fields"].get("Amount") for record in made] == list(range(25))
    assert len(api.asked) == 3


def test_a_later_batch_that_is_refused_tells_what_was_created(api: Airtable) -> None:
    """The records of the batches before are there, and named; those of the refused one are not."""
    records: list[Any] = [{"fields": {"Amount": number}} for number in range(25)]
    records[14] = {"fields": {"Amount": "many"}}
    error = failing(api, "create_record", records=records)
    assert error.status == 422
    assert 'INVALID_VALUE_FOR_COLUMN: Field "Amount" cannot accept the provided value' in error.message
    assert "10 of 25 records were created before this" in error.message
    assert "unknown" not in error.message
    assert error.body["created"] == list(api.orders.records)
    assert error.body["answer"]["error"]["type"] == "INVALID_VALUE_FOR_COLUMN"
    assert len(api.orders.records) == 10


@pytest.mark.parametrize(
    ("operation", "options", "status", "said"),
    [
        ("get_record_list", {"token": "patBad"}, 401, "UNAUTHORIZED: Invalid authentication token"),
        ("get_record_list", {"token": ""}, 401, "AUTHENTICATION_REQUIRED: Authentication required"),
        ("get_record_list", {"baseId": "appOther"}, 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND: Invalid permissions"),
        ("get_record_list", {"fields": ["Nmae"]}, 422, 'UNKNOWN_FIELD_NAME: Unknown field name: "Nmae"'),
        ("get_record_list", {"filterByFormula": "{"}, 422, "INVALID_FILTER_BY_FORMULA: The formula for filtering"),
        ("get_record_list", {"view": "None"}, 422, "VIEW_NAME_NOT_FOUND: View name None not found"),
        ("get_record_by_id", {"recordId": "recNone"}, 404, "NOT_FOUND"),
        ("update_record", {"recordId": "recNone", "fields": {}}, 404, "NOT_FOUND"),
        ("delete_record", {"recordId": "recNone"}, 404, "NOT_FOUND"),
        ("create_record", {"fields": {"Amount": "3"}}, 422, 'INVALID_VALUE_FOR_COLUMN: Field "Amount" cannot accept'),
    ],
)
def test_a_refusal_is_told_in_airtable_s_words(
    api: Airtable, operation: str, options: Any, status: int, said: str
) -> None:
    """With its status."""
    error = failing(api, operation, **options)
    assert error.status == status
    assert said in error.message


def test_too_many_requests_are_a_429(api: Airtable) -> None:
    """In the middle of paging, too; the body is Airtable's."""
    fill(api, 150)
    api.planned.extend([None, throttled(30)])
    error = failing(api, "get_record_list")
    assert error.status == 429
    assert "RATE_LIMIT_REACHED: Rate limit exceeded" in error.message


def test_an_offset_that_was_forgotten_is_told(api: Airtable) -> None:
    """Airtable keeps its iterators for minutes."""
    fill(api, 150)
    answer = api.answer

    def forgetful(received: Any) -> Any:
        reply = answer(received)
        api.forget_iterators()
        return reply

    api.target.answer = forgetful
    assert "LIST_RECORDS_ITERATOR_NOT_AVAILABLE" in failing(api, "get_record_list").message


def test_the_check_tells_a_good_token_from_a_bad_one(api: Airtable) -> None:
    """By asking who it is."""
    assert check(CONNECTOR, base_url=api.url, headers=api.headers)["id"].startswith("usr")
    with pytest.raises(ActionFailed) as caught:
        check(CONNECTOR, base_url=api.url, headers=(("Authorization", "Bearer no"),))
    assert caught.value.status == 401

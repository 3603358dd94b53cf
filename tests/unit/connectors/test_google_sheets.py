"""Google Sheets' operations, driven by hand: what they ask for, and what they make of the answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.credentials import key_file
from tests.support.driving import bound_example, run

from midcall.connectors.google_sheets import CONNECTOR, NO_SPREADSHEET, SCOPE
from midcall.connectors.kit import ApiRequest, bind
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import AssertionRequest, HttpResponse

CELLS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def call(operation: str, *, answer: Any = None, **options: Any) -> tuple[list[ApiRequest], Any]:
    """Bind options and run an operation; returns what it asked and what it returned."""
    found, asked = CONNECTOR.operations[operation], []

    def send(ask: ApiRequest) -> HttpResponse:
        asked.append(ask)
        return HttpResponse(200, (), json.dumps({} if answer is None else answer).encode())

    bound = bind(f"google_sheets.{operation}", found, ({"spreadsheetId": "1/b"} | options,), {})
    return asked, run(found.run(bound.options, {}), send)


def refused(operation: str, **options: Any) -> str:
    """Return why options do not fit."""
    with pytest.raises(ActionFailed) as caught:
        call(operation, **options)
    assert caught.value.code == "bad_options"
    return caught.value.message


@pytest.mark.parametrize("operation", CONNECTOR.operations)
def test_every_example_can_be_called(operation: str) -> None:
    """Docs and completion show it."""
    assert bound_example(CONNECTOR, operation).options


def test_a_service_account_signs_for_a_token_of_one_scope() -> None:
    """The private key is the secret."""
    values = key_file()
    grant = CONNECTOR.credentials[CredentialType.GOOGLE_SERVICE_ACCOUNT](values)
    assert grant.token == AssertionRequest(
        token_url=values["token_uri"],
        issuer=values["client_email"],
        private_key=values["private_key"],
        key_id=values["private_key_id"],
        scopes=(SCOPE,),
    )
    assert (grant.headers, grant.query, grant.secrets) == ((), (), (values["private_key"],))


def test_a_key_file_without_the_id_of_its_key_does() -> None:
    """The id is optional in a credential."""
    values = {**key_file(), "private_key_id": None}
    token = CONNECTOR.credentials[CredentialType.GOOGLE_SERVICE_ACCOUNT](values).token
    assert isinstance(token, AssertionRequest)
    assert token.key_id == ""


def test_an_api_key_goes_into_the_query() -> None:
    """As `key`, and it is a secret."""
    grant = CONNECTOR.credentials[CredentialType.GOOGLE_API_KEY]({"key": "AIza1"})
    assert (grant.query, grant.secrets) == ((("key", "AIza1"),), ("AIza1",))


@pytest.mark.parametrize("operation", CONNECTOR.operations)
def test_an_api_key_reads_and_does_not_write(operation: str) -> None:
    """Google would refuse it too, in words that help nobody; a service account does everything."""
    options = bound_example(CONNECTOR, operation).options
    found = CONNECTOR.operations[operation]
    assert found.takes(CredentialType.GOOGLE_SERVICE_ACCOUNT, options)
    assert found.takes(CredentialType.GOOGLE_API_KEY, options) == (operation == "read_rows")


def test_reading_asks_for_the_range_percent_encoded() -> None:
    """The range is one segment of the path, whatever is in it."""
    found = {"range": "'a/b'!A1:B2", "majorDimension": "ROWS", "values": [["1"]]}
    (ask,), result = call("read_rows", answer=found, range="'a/b'!A1:B2")
    assert (ask.method, ask.path, ask.query) == ("GET", "/v4/spreadsheets/1%2Fb/values/%27a%2Fb%27%21A1%3AB2", ())
    assert result == found


def test_an_empty_range_has_no_values() -> None:
    """Google leaves them out; code would stumble over that."""
    _, result = call("read_rows", answer={"range": "A1:B2", "majorDimension": "ROWS"}, range="A1:B2")
    assert result == {"range": "A1:B2", "majorDimension": "ROWS", "values": []}


@given(st.lists(st.lists(CELLS, max_size=5), min_size=1, max_size=5), st.sampled_from([None, "RAW", "USER_ENTERED"]))
def test_appending_sends_the_rows_as_they_are(rows: list[list[Any]], option: str | None) -> None:
    """As typed in by a person unless the code says otherwise; never twice by itself."""
    given = {} if option is None else {"valueInputOption": option}
    (ask,), _ = call("append_rows", range="Orders!A:C", rows=rows, **given)
    assert (ask.method, ask.path) == ("POST", "/v4/spreadsheets/1%2Fb/values/Orders%21A%3AC:append")
    assert ask.query == (("valueInputOption", option or "USER_ENTERED"),)
    assert ask.json == {"majorDimension": "ROWS", "values": rows}
    assert ask.repeatable is None


@pytest.mark.parametrize("cell_range", ["A1:B2", "A1:B", "A:B", "1:2", "A1", "Orders", "Prices_2026", "B2:A1"])
def test_rows_that_match_their_range_are_written(cell_range: str) -> None:
    """Or whose range leaves its dimensions open."""
    (ask,), result = call("update_rows", answer={"updatedRows": 2}, range=cell_range, rows=[[1, 2], [3, None]])
    assert ask.method == "PUT"
    assert ask.json == {"majorDimension": "ROWS", "values": [[1, 2], [3, None]]}
    assert result == {"updatedRows": 2}


@pytest.mark.parametrize(
    ("cell_range", "rows", "both"),
    [
        ("A1:C2", [[1, 2, 3]], "range 'A1:C2' has 2 rows of 3 columns, rows has 1 rows of 3 columns; make them match"),
        ("A1:B1", [[1, 2, 3]], "range 'A1:B1' has 1 rows of 2 columns, rows has 1 rows of 3 columns"),
        ("A2:C", [[1, 2, 3], [1]], "has any number of rows of 3 columns, rows has 2 rows of 1 to 3 columns"),
        ("A:A", [[]], "has any number of rows of 1 columns, rows has 1 rows of 0 columns"),
        ("2:4", [[1], [2]], "has 3 rows of any number of columns, rows has 2 rows of 1 columns"),
    ],
)
def test_rows_that_do_not_match_are_refused_before_anything_is_asked(cell_range: str, rows: Any, both: str) -> None:
    """The error says both shapes."""
    assert both in refused("update_rows", range=cell_range, rows=rows)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_only_the_range_s_own_shape_is_written(rows: int, columns: int, given_rows: int, given_columns: int) -> None:
    """Neither more nor less."""
    cell_range, values = f"C3:{chr(66 + columns)}{2 + rows}", [[0] * given_columns] * given_rows
    if (rows, columns) == (given_rows, given_columns):
        assert call("update_rows", range=cell_range, rows=values)[0]
    else:
        assert "make them match" in refused("update_rows", range=cell_range, rows=values)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"rows": []}, "rows"),
        ({"rows": [["a", {}]]}, "rows.0: cell 1 is no text, number, boolean or null"),
        ({"rows": [[["a"]]]}, "rows.0: cell 0 is no text"),
        ({"rows": [[1]] * 10_001}, "rows"),
        ({"rows": [[1]], "valueInputOption": "raw"}, "value_input_option"),
        ({"rows": [[1]], "range": ""}, "range"),
        ({"rows": [[1]], "range": ".."}, "cannot stand in a path"),
        ({"rows": "a,b"}, "rows"),
    ],
)
def test_faults_are_named(options: Any, fault: str) -> None:
    """Before anything is asked."""
    assert fault in refused("append_rows", **{"range": "A1", **options})


@pytest.mark.parametrize("value", [[], "text", 5])
def test_an_answer_of_another_shape_is_an_error(value: Any) -> None:
    """Not a crash of the worker."""
    with pytest.raises(ActionFailed) as caught:
        call("read_rows", answer=value, range="A1")
    assert caught.value.code == "bad_answer"


def test_the_check_reads_a_spreadsheet_that_is_not_there() -> None:
    """404 is what whoever may call is told; any other status is a reason."""
    assert CONNECTOR.check is not None
    ask = next(CONNECTOR.check({}))
    assert (ask.method, ask.path) == ("GET", f"/v4/spreadsheets/{NO_SPREADSHEET}/values/A1")
    assert [status for status in (400, 401, 403, 404, 429, 500) if ask.sees(status)] == [404]

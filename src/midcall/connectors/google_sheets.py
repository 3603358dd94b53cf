"""Google Sheets: rows of a spreadsheet, by the Sheets API v4. Options and results are those of SubVerse's actions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from midcall.connectors import grants
from midcall.connectors.a1 import MAX_COLUMNS, dimensions
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, Steps, path
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.grant import Grant
from midcall.domain.http import AssertionRequest, HttpResponse

SCOPE = "https://www.googleapis.com/auth/spreadsheets"
#: Rows that one call writes.
MAX_WRITTEN = 10_000
#: A spreadsheet that does not exist: whoever may call the API is told so, all others are told what is wrong.
NO_SPREADSHEET = "midcall-checks-a-credential"
_NOT_FOUND = 404

#: With an API key Google lets anybody's public spreadsheets be read, and nothing be written.
_WRITERS = frozenset({CredentialType.GOOGLE_SERVICE_ACCOUNT})

Range = Annotated[str, Field(min_length=1, max_length=300)]


def _check_cells(row: tuple[JsonValue, ...]) -> tuple[JsonValue, ...]:
    nested = [number for number, cell in enumerate(row) if isinstance(cell, list | dict)]
    if nested:
        raise ValueError(f"cell {nested[0]} is no text, number, boolean or null; write an object as JSON text")
    return row


SheetRow = Annotated[tuple[JsonValue, ...], Field(max_length=MAX_COLUMNS), AfterValidator(_check_cells)]


class _InSheet(Options):
    spreadsheet_id: Annotated[str, Field(min_length=1, max_length=200)]
    range: Range


class _Written(_InSheet):
    rows: Annotated[tuple[SheetRow, ...], Field(min_length=1, max_length=MAX_WRITTEN)]
    value_input_option: Literal["RAW", "USER_ENTERED"] = "USER_ENTERED"


class ReadRows(_InSheet):
    """Read the values of a range, row by row."""


class AppendRows(_Written):
    """Add rows below the table that the range finds."""


class UpdateRows(_Written):
    """Write rows into a range of their dimensions; a null leaves its cell as it is."""

    @model_validator(mode="after")
    def _check_dimensions(self) -> "UpdateRows":
        wanted = dimensions(self.range)
        widths = {len(row) for row in self.rows}
        if wanted.rows not in {None, len(self.rows)} or (wanted.columns is not None and widths != {wanted.columns}):
            raise ValueError(
                f"range {self.range[:100]!r} has {_count(wanted.rows)} rows of {_count(wanted.columns)} columns, "
                f"rows has {len(self.rows)} rows of {_widths(widths)} columns; make them match"
            )
        return self


def _count(number: int | None) -> str:
    return "any number of" if number is None else str(number)


def _widths(widths: set[int]) -> str:
    return str(min(widths)) if len(widths) == 1 else f"{min(widths)} to {max(widths)}"


def _read_rows(options: ReadRows, _account: Account) -> Steps:
    answer = _object((yield ApiRequest("GET", _path(options))))
    # Google leaves out the values of a range that is empty.
    return {"values": [], **answer}


def _append_rows(options: AppendRows, _account: Account) -> Steps:
    return _object((yield _write("POST", options, ":append")))


def _update_rows(options: UpdateRows, _account: Account) -> Steps:
    return _object((yield _write("PUT", options)))


def _write(method: str, options: _Written, what: str = "") -> ApiRequest:
    query = (("valueInputOption", options.value_input_option),)
    rows = [list(row) for row in options.rows]
    body = {"majorDimension": "ROWS", "values": rows}
    return ApiRequest(method, _path(options) + what, query=query, json=body)


def _check(_account: Account) -> Steps:
    yield ApiRequest(
        "GET", path("/v4/spreadsheets/{}/values/A1", NO_SPREADSHEET), sees=lambda status: status == _NOT_FOUND
    )
    return None


def _path(options: _InSheet) -> str:
    return path("/v4/spreadsheets/{}/values/{}", options.spreadsheet_id, options.range)


def _object(answer: HttpResponse) -> dict[str, Any]:
    if not isinstance(answer.value, dict):
        raise ActionFailed(
            "Google's answer is not a JSON object", code="bad_answer", status=answer.status, body=answer.text
        )
    return answer.value


def _service_account(values: Mapping[str, Any]) -> Grant:
    token = AssertionRequest(
        token_url=values["token_uri"],
        issuer=values["client_email"],
        private_key=values["private_key"],
        key_id=values.get("private_key_id") or "",
        scopes=(SCOPE,),
    )
    return Grant(secrets=(values["private_key"],), token=token)


_UPDATED = (
    '"spreadsheetId": "…", "updatedRange": "Orders!A5:C6", "updatedRows": 2, "updatedColumns": 3, "updatedCells": 6'
)

CONNECTOR = Connector(
    name="google_sheets",
    title="Google Sheets",
    summary="Rows of a spreadsheet: read, append, update.",
    base_url="https://sheets.googleapis.com",
    credentials={
        CredentialType.GOOGLE_SERVICE_ACCOUNT: _service_account,
        CredentialType.GOOGLE_API_KEY: grants.query("key", "key"),
    },
    check=_check,
    source="https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values",
    operations={
        "read_rows": Operation(
            ReadRows,
            _read_rows,
            positional=("spreadsheet_id", "range"),
            returns='{"range": "Orders!A1:C3", "majorDimension": "ROWS", "values": [["Ann", "3"], …]}',
            example='actions.google_sheets.read_rows({"spreadsheetId": "1AbC", "range": "Orders!A2:C"})',
        ),
        "append_rows": Operation(
            AppendRows,
            _append_rows,
            positional=("spreadsheet_id", "range", "rows"),
            returns=f'{{"spreadsheetId": "…", "tableRange": "Orders!A1:C4", "updates": {{{_UPDATED}}}}}',
            example='actions.google_sheets.append_rows({"spreadsheetId": "1AbC", "range": "Orders!A:C", '
            '"rows": [["Ann", 3, True]], "valueInputOption": "RAW"})',
            credentials=_WRITERS,
        ),
        "update_rows": Operation(
            UpdateRows,
            _update_rows,
            positional=("spreadsheet_id", "range", "rows"),
            returns=f"{{{_UPDATED}}}",
            example='actions.google_sheets.update_rows({"spreadsheetId": "1AbC", "range": "Orders!A2:C2", '
            '"rows": [["Ann", 4, False]]})',
            credentials=_WRITERS,
        ),
    },
)

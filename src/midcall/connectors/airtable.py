"""Airtable: records of a table, by its Web API. Options and results are those of SubVerse's `airtable` actions."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NoReturn
from urllib.parse import urlencode

from pydantic import Field, JsonValue, Strict, StrictBool, field_validator, model_validator

from midcall.connectors import grants
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, RetryPolicy, Steps, path
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse

#: Records of one answer, and of one request that creates: Airtable's own limits.
MAX_PAGE, BATCH = 100, 10
#: Records that are read where `maxRecords` names no other number, and the most that it may name.
DEFAULT_RECORDS, MAX_RECORDS = 1_000, 5_000
#: Requests of one call that reads: a small `pageSize` reads fewer records. Half of what an action may make, since some
#: may have to be made twice.
MAX_PAGES = 50
#: Records that one call creates, in batches: as many requests.
MAX_CREATED = 500
#: Of path and query; Airtable refuses an address of 16,000 characters, and the offset of a later page comes on top.
MAX_ADDRESS_CHARS = 15_000
MAX_FORMULA_CHARS = 100_000
_FAILED, _SERVER_FAILED = 400, 500

AirtableName = Annotated[str, Field(min_length=1, max_length=300)]
RecordFields = dict[str, JsonValue]
Direction = Literal["asc", "desc"]
Sort = tuple[tuple[AirtableName, Direction], ...]


class _Table(Options):
    base_id: AirtableName
    table_id_or_name: AirtableName


class _Record(_Table):
    record_id: AirtableName


class RecordFilters(Options):
    """Which records, in which order."""

    filter_by_formula: Annotated[str, Field(max_length=MAX_FORMULA_CHARS)] | None = None
    fields: Annotated[tuple[AirtableName, ...], Field(max_length=500)] = ()
    sort: Annotated[Sort, Field(max_length=50)] = ()
    page_size: Annotated[int, Strict(), Field(ge=1, le=MAX_PAGE)] = MAX_PAGE
    max_records: Annotated[int, Strict(), Field(ge=1, le=MAX_RECORDS)] | None = None
    view: AirtableName | None = None

    @field_validator("sort", mode="before")
    @classmethod
    def _read_sort(cls, given: Any) -> Any:
        """Read `[{"Name": "asc"}]`, `{"Name": "asc"}` and Airtable's own `[{"field": "Name", "direction": "asc"}]`."""
        if isinstance(given, Mapping):
            return tuple(given.items())
        return tuple(map(_sorted_by, given)) if isinstance(given, list | tuple) else _unsorted()


def _sorted_by(entry: Any) -> tuple[Any, Any]:
    found = dict(entry) if isinstance(entry, Mapping) else {}
    if set(found) == {"field", "direction"}:
        return found["field"], found["direction"]
    if len(found) != 1:
        return _unsorted()
    ((field, direction),) = found.items()
    # Airtable's direction may be left out; a field that is called "field" can still be sorted by.
    return (direction, "asc") if field == "field" and direction not in {"asc", "desc"} else (field, direction)


def _unsorted() -> NoReturn:
    raise ValueError('is a list such as [{"Name": "asc"}, {"Created": "desc"}]')


class GetRecordList(RecordFilters, _Table):
    """Read the records of a table, all pages of them; what filters them stands in `filters` or beside it."""

    filters: RecordFilters = RecordFilters()

    @model_validator(mode="after")
    def _check_once(self) -> "GetRecordList":
        twice = self.model_fields_set & self.filters.model_fields_set
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))} stands in filters and beside it; keep one")
        return self

    @property
    def wanted(self) -> RecordFilters:
        """The filters, wherever they stood."""
        beside = {name: getattr(self, name) for name in self.model_fields_set & set(RecordFilters.model_fields)}
        return self.filters.model_copy(update=beside)


class GetRecordById(_Record):
    """Read one record."""


class NewRecord(Options):
    """One of several records that are created."""

    fields: RecordFields


class CreateRecord(_Table):
    """Create one record of `fields`, or several of `records`; of many, 10 at a time are created in order."""

    fields: RecordFields | None = None
    records: Annotated[tuple[NewRecord, ...], Field(min_length=1, max_length=MAX_CREATED)] | None = None
    typecast: StrictBool = False

    @model_validator(mode="after")
    def _check_one(self) -> "CreateRecord":
        if (self.fields is None) == (self.records is None):
            raise ValueError('give either fields (one record) or records (a list of {"fields": …})')
        return self


class UpdateRecord(_Record):
    """Change the given fields of a record; the others stay as they are."""

    fields: RecordFields
    typecast: StrictBool = False


class DeleteRecord(_Record):
    """Delete a record."""


def _get_record_list(options: GetRecordList, _account: Account) -> Steps:
    wanted = options.wanted
    limit = wanted.max_records or DEFAULT_RECORDS
    found: list[Any] = []
    offset = None
    for _ in range(MAX_PAGES):
        page = _object((yield _page(options, wanted, offset)))
        found += _records(page)
        offset = page.get("offset")
        if not offset or len(found) >= limit:
            break
    # Whoever names maxRecords omits the rest on purpose; Airtable itself then ends there, with no offset.
    asked = wanted.max_records is not None and len(found) >= limit
    left_out = bool(offset) or len(found) > limit
    return {"records": found[:limit], **({"truncated": True} if left_out and not asked else {})}


def _page(options: GetRecordList, wanted: RecordFilters, offset: Any) -> ApiRequest:
    """Ask for one page: by GET, or by POST where the address would be too long."""
    where = _path(options)
    query = tuple(_query(wanted, offset))
    if len(where) + len(urlencode(query)) <= MAX_ADDRESS_CHARS:
        return ApiRequest("GET", where, query=query)
    body: dict[str, Any] = {
        "filterByFormula": wanted.filter_by_formula,
        "fields": list(wanted.fields) or None,
        "sort": [{"field": field, "direction": direction} for field, direction in wanted.sort] or None,
        "pageSize": wanted.page_size,
        "maxRecords": wanted.max_records,
        "view": wanted.view,
        "offset": offset,
    }
    given = {name: value for name, value in body.items() if value is not None}
    return ApiRequest("POST", f"{where}/listRecords", json=given, repeatable=True)


def _query(wanted: RecordFilters, offset: Any) -> Iterator[tuple[str, str]]:
    if wanted.filter_by_formula is not None:
        yield "filterByFormula", wanted.filter_by_formula
    for field in wanted.fields:
        yield "fields[]", field
    for number, (field, direction) in enumerate(wanted.sort):
        yield f"sort[{number}][field]", field
        yield f"sort[{number}][direction]", direction
    yield "pageSize", str(wanted.page_size)
    if wanted.max_records is not None:
        yield "maxRecords", str(wanted.max_records)
    if wanted.view is not None:
        yield "view", wanted.view
    if offset:
        yield "offset", str(offset)


def _get_record_by_id(options: GetRecordById, _account: Account) -> Steps:
    return _object((yield ApiRequest("GET", _path(options, options.record_id))))


def _create_record(options: CreateRecord, _account: Account) -> Steps:
    typecast = {"typecast": True} if options.typecast else {}
    if options.records is None:
        return _object((yield ApiRequest("POST", _path(options), json={"fields": options.fields, **typecast})))
    created: list[Any] = []
    for start in range(0, len(options.records), BATCH):
        batch = [{"fields": record.fields} for record in options.records[start : start + BATCH]]
        try:
            answer = yield ApiRequest("POST", _path(options), json={"records": batch, **typecast})
            created += _records(_object(answer))
        except ActionFailed as error:
            _tell_how_far(error, created, len(options.records), len(batch))
    return {"records": created}


def _tell_how_far(error: ActionFailed, created: list[Any], total: int, batch: int) -> NoReturn:
    """Raise the failure of a batch again, with what the batches before it have created."""
    ids = [record.get("id") for record in created]
    so_far = f"{len(ids)} of {total} records were created before this, their ids are in body.created"
    # Airtable creates all of a batch or nothing, and says which where it answers at all.
    unknown = error.status is None or error.status < _FAILED or error.status >= _SERVER_FAILED
    doubt = f"; whether the {batch} after them were created is unknown" if unknown else ""
    raise ActionFailed(
        f"{error.message} ({so_far}{doubt})",
        code=error.code,
        status=error.status,
        body={"created": ids, "answer": error.body},
    ) from None


def _update_record(options: UpdateRecord, _account: Account) -> Steps:
    body = {"fields": options.fields, **({"typecast": True} if options.typecast else {})}
    # The same values written twice leave the same record.
    return _object((yield ApiRequest("PATCH", _path(options, options.record_id), json=body, repeatable=True)))


def _delete_record(options: DeleteRecord, _account: Account) -> Steps:
    return _object((yield ApiRequest("DELETE", _path(options, options.record_id))))


def _check(_account: Account) -> Steps:
    return _object((yield ApiRequest("GET", "/v0/meta/whoami")))


def _path(options: _Table, *more: str) -> str:
    return path("/v0/{}/{}" + "/{}" * len(more), options.base_id, options.table_id_or_name, *more)


def _object(answer: HttpResponse) -> dict[str, Any]:
    if not isinstance(answer.value, dict):
        raise _unread(answer.status, answer.text, "a JSON object")
    return answer.value


def _records(value: Mapping[str, Any]) -> list[Any]:
    records = value.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise _unread(None, value, "a list of records")
    return records


def _unread(status: int | None, body: Any, wanted: str) -> ActionFailed:
    return ActionFailed(f"Airtable's answer is not {wanted}", code="bad_answer", status=status, body=body)


_RECORD = '{"id": "rec…", "createdTime": "2026-01-31T09:00:00.000Z", "fields": {…}}'
_ITS_TABLE = ("base_id", "table_id_or_name")

CONNECTOR = Connector(
    name="airtable",
    title="Airtable",
    summary="Records of an Airtable base: read, create, change, delete.",
    base_url="https://api.airtable.com",
    credentials={CredentialType.AIRTABLE: grants.bearer("token")},
    # "You will need to wait 30 seconds before subsequent requests will succeed": sooner is in vain.
    retry=RetryPolicy(attempts=2, pause_ms=30_000),
    check=_check,
    source="https://airtable.com/developers/web/api/introduction",
    operations={
        "get_record_list": Operation(
            GetRecordList,
            _get_record_list,
            positional=_ITS_TABLE,
            returns=f'{{"records": [{_RECORD}]}}, and "truncated": True where records were left out',
            example='actions.airtable.get_record_list({"baseId": "appAbc", "tableIdOrName": "Orders", "filters": '
            '{"filterByFormula": "{Status} = \'open\'", "sort": [{"Created": "desc"}], "maxRecords": 20}})',
        ),
        "get_record_by_id": Operation(
            GetRecordById,
            _get_record_by_id,
            positional=(*_ITS_TABLE, "record_id"),
            returns=_RECORD,
            example='actions.airtable.get_record_by_id({"baseId": "appAbc", "tableIdOrName": "Orders", '
            '"recordId": "recXyz"})',
        ),
        "create_record": Operation(
            CreateRecord,
            _create_record,
            positional=_ITS_TABLE,
            returns=f'{_RECORD}; where records are given, {{"records": […]}}',
            example='actions.airtable.create_record({"baseId": "appAbc", "tableIdOrName": "Orders", '
            '"fields": {"Name": "Ann", "Amount": 3}, "typecast": True})',
        ),
        "update_record": Operation(
            UpdateRecord,
            _update_record,
            positional=(*_ITS_TABLE, "record_id"),
            returns=_RECORD,
            example='actions.airtable.update_record({"baseId": "appAbc", "tableIdOrName": "Orders", '
            '"recordId": "recXyz", "fields": {"Status": "paid"}})',
        ),
        "delete_record": Operation(
            DeleteRecord,
            _delete_record,
            positional=(*_ITS_TABLE, "record_id"),
            returns='{"id": "rec…", "deleted": True}',
            example='actions.airtable.delete_record({"baseId": "appAbc", "tableIdOrName": "Orders", '
            '"recordId": "recXyz"})',
        ),
    },
)

"""Airtable's Web API as documented, on loopback: one base, its tables in memory.

Sources: airtable.com/developers/web/api (list records, create records, errors, rate limits).
"""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.target import Received, Reply, Target, replying, target

#: Characters of an address, and records of a page and of a batch.
MAX_ADDRESS, MAX_PAGE, MAX_BATCH = 16_000, 100, 10
CREATED = "2026-01-31T09:00:00.000Z"

_LIST_OPTIONS = {"filterByFormula", "fields", "sort", "pageSize", "maxRecords", "view", "offset"}
_SORT = re.compile(r"sort\[(\d+)\]\[(field|direction)\]")
#: The one formula that is understood: `{Field} = 'value'`.
_FORMULA = re.compile(r"""\{(?P<field>[^}]+)\}\s*=\s*(['"])(?P<value>.*)\2""", re.DOTALL)


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, kind: str, message: str | None = None) -> None:
        super().__init__(message or kind)
        self.reply = replying({"error": kind if message is None else {"type": kind, "message": message}}, status)


def _invalid(kind: str, message: str) -> Refused:
    return Refused(422, kind, message)


def _unreadable() -> Refused:
    return _invalid("INVALID_REQUEST_UNKNOWN", "Invalid request: parameter validation failed. Check your request data.")


def _hidden() -> Refused:
    return Refused(
        403,
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
        "Invalid permissions, or the requested model was not found. Check that both your user and your token have the "
        "required permissions, and that the model names and/or ids are correct.",
    )


def throttled(retry_after: int | None = None) -> Reply:
    """Make the answer to one request too many."""
    waits = {} if retry_after is None else {"retry-after": str(retry_after)}
    error = {"error": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded. Please try again later"}
    return replying({"errors": [error]}, 429, **waits)


@dataclass
class Table:
    """A table: the types of its fields, and its records by their ids."""

    id: str
    types: Mapping[str, type]
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    views: tuple[str, ...] = ("Grid view",)

    def add(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Add a record; returns it as it is answered."""
        name = f"rec{self.id[3:6]}{len(self.records):011d}"
        self.records[name] = dict(fields)
        return self.shown(name)

    def shown(self, record: str, fields: list[str] | None = None) -> dict[str, Any]:
        """Return a record as it is answered: without its empty fields."""
        values = self.records[record]
        kept = {name: value for name, value in values.items() if value or (value == 0 and value is not False)}
        if fields:
            kept = {name: value for name, value in kept.items() if name in fields}
        return {"id": record, "createdTime": CREATED, "fields": kept}

    def cast(self, fields: Any, *, typecast: bool) -> dict[str, Any]:
        """Check values against the types of their fields, or make them fit."""
        if not isinstance(fields, dict):
            raise _unreadable()
        return {name: self._value(name, value, typecast=typecast) for name, value in fields.items()}

    def _value(self, name: str, value: Any, *, typecast: bool) -> Any:
        self.check(name)
        wanted = self.types[name]
        if value is None or type(value) is wanted:
            return value
        if typecast:
            try:
                return wanted(value)
            except ValueError:
                pass
        raise _invalid("INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept the provided value')

    def check(self, name: str) -> None:
        """Refuse a field that is unknown."""
        if name not in self.types:
            raise _invalid("UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')


@dataclass
class Airtable:
    """The API: `planned` answers come first, None lets a request through."""

    target: Target
    base: str = "appShop0000000001"
    token: str = "patGood.1"  # noqa: S105 (of this server alone)
    planned: deque[Reply | None] = field(default_factory=deque)
    tables: dict[str, Table] = field(
        default_factory=lambda: {"Orders": Table("tblOrders00000001", {"Name": str, "Amount": int, "Paid": bool})}
    )
    _iterators: dict[str, list[str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.target.url

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What a good credential adds."""
        return (("Authorization", f"Bearer {self.token}"),)

    @property
    def orders(self) -> Table:
        """The table that is there from the start."""
        return self.tables["Orders"]

    @property
    def asked(self) -> list[str]:
        """Method and path of every request so far."""
        return [f"{one.method} {urlsplit(one.path).path}" for one in self.target.received]

    def forget_iterators(self) -> None:
        """Lose all offsets, as Airtable does after a while."""
        self._iterators.clear()

    def answer(self, received: Received) -> Reply:
        """Answer a request."""
        planned = self.planned.popleft() if self.planned else None
        try:
            return planned or replying(self._answer(received))
        except Refused as refused:
            return refused.reply

    def _answer(self, received: Received) -> Any:
        if len(received.path) > MAX_ADDRESS:
            raise Refused(414, "URI_TOO_LONG")
        self._authenticate(received.headers.get("authorization"))
        split = urlsplit(received.path)
        parts = [unquote(part) for part in split.path.strip("/").split("/")]
        if (received.method, parts) == ("GET", ["v0", "meta", "whoami"]):
            return {"id": "usrShop0000000001", "scopes": ["data.records:read", "data.records:write"]}
        if parts[0] != "v0" or not 3 <= len(parts) <= 4:
            raise Refused(404, "NOT_FOUND")
        table = self._table(parts[1], parts[2])
        if received.method == "GET" and len(parts) == 3:
            return self._list(table, _read_query(parse_qsl(split.query, keep_blank_values=True)))
        if received.method == "POST" and parts[3:] == ["listRecords"]:
            return self._list(table, _json(received))
        if received.method == "POST" and len(parts) == 3:
            return _create(table, _json(received))
        if len(parts) != 4 or parts[3] not in table.records:
            raise Refused(404, "NOT_FOUND")
        return _one(table, parts[3], received)

    def _authenticate(self, header: str | None) -> None:
        if header is None:
            raise Refused(401, "AUTHENTICATION_REQUIRED", "Authentication required")
        if header != f"Bearer {self.token}":
            raise Refused(401, "UNAUTHORIZED", "Invalid authentication token")

    def _table(self, base: str, name: str) -> Table:
        found = self.tables.get(name) or next((one for one in self.tables.values() if one.id == name), None)
        if base != self.base or found is None:
            raise _hidden()
        return found

    def _list(self, table: Table, options: Mapping[str, Any]) -> Any:
        if not set(options) <= _LIST_OPTIONS or not 1 <= options.get("pageSize", MAX_PAGE) <= MAX_PAGE:
            raise _unreadable()
        for name in options.get("fields", []):
            table.check(name)
        if options.get("view", table.views[0]) not in table.views:
            raise _invalid("VIEW_NAME_NOT_FOUND", f"View name {options['view']} not found")
        iterator, left = self._left(table, options)
        page, rest = left[: options.get("pageSize", MAX_PAGE)], left[options.get("pageSize", MAX_PAGE) :]
        answer: dict[str, Any] = {"records": [table.shown(name, options.get("fields")) for name in page]}
        if rest:
            self._iterators[iterator] = rest
            answer["offset"] = f"{iterator}/{rest[0]}"
        return answer

    def _left(self, table: Table, options: Mapping[str, Any]) -> tuple[str, list[str]]:
        """Return the ids that are still to be answered, and the iterator that has them."""
        offset = options.get("offset")
        if offset is None:
            return f"itr{len(self.target.received):014d}", _selected(table, options)
        iterator, slash, begin = offset.partition("/")
        if not slash or not iterator.startswith("itr"):
            raise _invalid("INVALID_OFFSET_VALUE", f"The value of offset {offset} is invalid")
        left = self._iterators.get(iterator, [])
        if begin not in left:
            raise _invalid("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "The list records iterator is not available.")
        return iterator, left[left.index(begin) :]


def _selected(table: Table, options: Mapping[str, Any]) -> list[str]:
    names = list(table.records)
    formula = options.get("filterByFormula")
    if formula:
        match = _FORMULA.fullmatch(formula)
        if match is None or match["field"] not in table.types:
            raise _invalid(
                "INVALID_FILTER_BY_FORMULA", "The formula for filtering records is invalid: Invalid formula."
            )
        names = [name for name in names if str(table.records[name].get(match["field"], "")) == match["value"]]
    for order in reversed(options.get("sort", [])):
        table.check(order["field"])

        def key(name: str, by: str = order["field"]) -> tuple[bool, Any]:
            value = table.records[name].get(by)
            return (value is not None, value if value is not None else 0)

        names.sort(key=key, reverse=order.get("direction", "asc") == "desc")
    return names[: options.get("maxRecords")]


def _create(table: Table, body: Mapping[str, Any]) -> Any:
    typecast = body.get("typecast", False)
    if not set(body) <= {"fields", "records", "typecast"} or ("fields" in body) == ("records" in body):
        raise _unreadable()
    if "fields" in body:
        return table.add(table.cast(body["fields"], typecast=typecast))
    records = body["records"]
    if not isinstance(records, list) or not 1 <= len(records) <= MAX_BATCH:
        raise _unreadable()
    # All or nothing.
    rows = [table.cast(record.get("fields"), typecast=typecast) for record in records]
    return {"records": [table.add(row) for row in rows]}


def _one(table: Table, record: str, received: Received) -> Any:
    if received.method == "DELETE":
        del table.records[record]
        return {"id": record, "deleted": True}
    if received.method in {"PATCH", "PUT"}:
        body = _json(received)
        fields = table.cast(body.get("fields"), typecast=body.get("typecast", False))
        table.records[record] = {**(table.records[record] if received.method == "PATCH" else {}), **fields}
    return table.shown(record)


def _json(received: Received) -> dict[str, Any]:
    if not received.headers.get("content-type", "").startswith("application/json"):
        raise _unreadable()
    try:
        body = json.loads(received.body)
    except ValueError:
        raise Refused(400, "BAD_REQUEST", "Could not parse request body") from None
    if not isinstance(body, dict):
        raise _unreadable()
    return body


def _read_query(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    sort: dict[int, dict[str, str]] = {}
    for name, value in pairs:
        order = _SORT.fullmatch(name)
        if order:
            sort.setdefault(int(order[1]), {})[order[2]] = value
        elif name == "fields[]":
            options.setdefault("fields", []).append(value)
        elif name in {"pageSize", "maxRecords"} and value.isdecimal():
            options[name] = int(value)
        elif name in options or name not in {"filterByFormula", "view", "offset"}:
            raise _unreadable()
        else:
            options[name] = value
    return {**options, "sort": [sort[number] for number in sorted(sort)]} if sort else options


def airtable_on(it: Target) -> Airtable:
    """Serve the API anew on a target that is there already."""
    it.received.clear()
    api = Airtable(it)
    it.answer = api.answer
    return api


@contextmanager
def airtable() -> Iterator[Airtable]:
    """Serve the API."""
    with target() as it:
        yield airtable_on(it)

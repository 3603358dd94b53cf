"""Test cases of functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from midcall.domain.preview import MOST_OF_A_FIELD, preview
from midcall.domain.test_case import TestCase, fingerprint
from midcall.storage.listings import BriefCase, PageRequest
from midcall.storage.schema import test_cases

# Asked for by every publication, with cases or without.
_DIGESTS = select(test_cases.c.name, test_cases.c.sha256).where(test_cases.c.function_id == bindparam("p_function"))


@dataclass(frozen=True, slots=True)
class TestCaseStore:
    """Test cases of functions, by name. Whoever changes one has read the function with `lock`."""

    connection: Connection

    def of(self, function_id: str) -> Sequence[TestCase]:
        """Read all of a function's, by name."""
        query = select(test_cases).where(test_cases.c.function_id == function_id)
        # Sorted here: databases have orders of their own.
        return sorted(map(_case_of, self.connection.execute(query)), key=lambda case: case.name)

    def page(self, function_id: str, page: PageRequest) -> Sequence[BriefCase]:
        """List a function's by name, without what is large."""
        columns = test_cases.c
        query = select(columns.name, columns.preview, columns.principal, columns.updated_at)
        query = query.where(columns.function_id == function_id)
        if page.cursor is not None:
            query = query.where(columns.name > page.cursor)
        return [
            BriefCase(row.name, row.preview["whole"], row.preview["cut"], row.principal, row.updated_at)
            for row in self.connection.execute(query.order_by(columns.name).limit(page.limit))
        ]

    def find(self, function_id: str, name: str) -> TestCase | None:
        """Read one test case by its name, or return None."""
        query = select(test_cases).where(test_cases.c.function_id == function_id, test_cases.c.name == name)
        row = self.connection.execute(query).one_or_none()
        return None if row is None else _case_of(row)

    def sizes(self, function_id: str) -> Mapping[str, int]:
        """Return the JSON bytes of each of a function's, by name."""
        query = select(test_cases.c.name, test_cases.c.size).where(test_cases.c.function_id == function_id)
        return {row.name: row.size for row in self.connection.execute(query)}

    def fingerprint(self, function_id: str) -> str:
        """Return the fingerprint of a function's set of cases; the empty text where there are none."""
        rows = self.connection.execute(_DIGESTS, {"p_function": function_id})
        return fingerprint({row.name: row.sha256 for row in rows})

    def put(self, function_id: str, case: TestCase) -> bool:
        """Store one, in place of the one of that name; True if there was none."""
        document = case.document()
        row = {
            "document": document,
            "preview": preview(document, MOST_OF_A_FIELD),
            "sha256": case.sha256,
            "size": case.size,
            "principal": case.principal,
            "updated_at": case.updated_at,
        }
        here = (test_cases.c.function_id == function_id, test_cases.c.name == case.name)
        if self.connection.execute(update(test_cases).where(*here).values(row)).rowcount:
            return False
        self.connection.execute(insert(test_cases).values(function_id=function_id, name=case.name, **row))
        return True

    def delete(self, function_id: str, name: str) -> bool:
        """Delete one; False if there is none."""
        here = (test_cases.c.function_id == function_id, test_cases.c.name == name)
        return self.connection.execute(delete(test_cases).where(*here)).rowcount == 1

    def clear(self, function_id: str) -> None:
        """Delete all of a function's."""
        self.connection.execute(delete(test_cases).where(test_cases.c.function_id == function_id))


def _case_of(row: Row[Any]) -> TestCase:
    return TestCase.of(row.name, row.document, principal=row.principal, updated_at=row.updated_at)

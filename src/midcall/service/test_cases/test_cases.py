"""Use cases of test cases: save, read, delete. `midcall.service.test_cases.case_runs` runs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.errors import Fault, InvalidInput, NotFound
from midcall.domain.function import Function
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.test_case import MAX_CASE_BYTES, MAX_CASES, MAX_CASES_BYTES, TestCase
from midcall.service.access.access import Caller
from midcall.service.runs.submit import refuse_limited
from midcall.service.test_cases.form import CaseForm
from midcall.service.test_cases.secrets import CaseSecrets, restored_case, secrets_by, shown_brief, shown_case
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import BriefCase, PageRequest


@dataclass(frozen=True, slots=True)
class TestCases:
    """Use cases of a function's test cases. What they return has sensitive values masked."""

    #: It is no test of pytest's.
    __test__ = False

    storage: Storage
    clock: Callable[[], int]

    def all(self, caller: Caller, function: str) -> list[TestCase]:
        """Read all of a function's cases by name, whole: at most MAX_CASES, of MAX_CASES_BYTES together."""
        refuse_limited(caller)
        with self.storage.read() as tx:
            found = tx.functions.get(caller.workspace_id, function)
            secrets = _secrets(tx, found)
            return [shown_case(secrets, case) for case in tx.test_cases.of(found.id)]

    def page(self, caller: Caller, function: str, page: PageRequest) -> list[BriefCase]:
        """List a function's cases by name, without what is large."""
        refuse_limited(caller)
        with self.storage.read() as tx:
            found = tx.functions.get(caller.workspace_id, function)
            secrets = _secrets(tx, found)
            return [shown_brief(secrets, case) for case in tx.test_cases.page(found.id, page)]

    def get(self, caller: Caller, function: str, name: str) -> TestCase:
        """Read one test case, its sensitive values masked; raises NotFound."""
        refuse_limited(caller)
        with self.storage.read() as tx:
            found = tx.functions.get(caller.workspace_id, function)
            case = tx.test_cases.find(found.id, name)
            if case is None:
                raise _no_case(name)
            return shown_case(_secrets(tx, found), case)

    def put(self, caller: Caller, function: str, name: str, form: CaseForm) -> tuple[TestCase, bool]:
        """Store a case, in place of the one of that name; also tells whether it is new.

        A masked value keeps the one that is stored. Raises NotFound, and InvalidInput where there are too many, or
        where a webhook is given mocks.
        """
        refuse_limited(caller)
        with self.storage.write() as tx:
            found = tx.functions.get(caller.workspace_id, function, lock=True)
            case = form.case(name, principal=caller.principal, at=self.clock())
            check_kind(tx.functions.version(found.id, found.latest).config, case)
            secrets = _secrets(tx, found)
            case = restored_case(secrets, case, tx.test_cases.find(found.id, name))
            created = store_case(tx, caller, found, case)
            return shown_case(secrets, case), created

    def delete(self, caller: Caller, function: str, name: str) -> None:
        """Delete a case; raises NotFound."""
        refuse_limited(caller)
        with self.storage.write() as tx:
            found = tx.functions.get(caller.workspace_id, function, lock=True)
            if not tx.test_cases.delete(found.id, name):
                raise _no_case(name)
            _note(tx, caller, found, "test_case.delete", name, self.clock())


def store_case(tx: Transaction, caller: Caller, function: Function, case: TestCase) -> bool:
    """Store a case of a function that was read with `lock`, and note it; tells whether it is new.

    Raises InvalidInput where it, or all of them, would be too large or too many.
    """
    sizes = {**tx.test_cases.sizes(function.id), case.name: case.size}
    if case.size > MAX_CASE_BYTES:
        raise InvalidInput(faults=[Fault("", f"the case takes more than {MAX_CASE_BYTES // 1024} KiB; shorten it")])
    if len(sizes) > MAX_CASES:
        raise InvalidInput(f"a function has at most {MAX_CASES} test cases; delete one first")
    if sum(sizes.values()) > MAX_CASES_BYTES:
        raise InvalidInput(f"a function's cases take at most {MAX_CASES_BYTES // 2**20} MiB in all; delete some")
    created = tx.test_cases.put(function.id, case)
    _note(tx, caller, function, "test_case.put", case.name, case.updated_at, {"digest": case.sha256})
    return created


def check_kind(config: FunctionConfig, case: TestCase) -> None:
    """Raise InvalidInput for a webhook's case that is rehearsed: it calls no actions, so it would go out."""
    if config.kind is Kind.CODE:
        return
    text = "is for functions of kind code; a webhook calls no actions: each run of its cases calls its URL"
    given = [name for name, there in (("mocks", case.mocks), ("dry", case.dry)) if there]
    if given:
        raise InvalidInput(faults=[Fault(name, text) for name in given])


def _secrets(tx: Transaction, function: Function) -> CaseSecrets:
    """Return what is sensitive by the latest version, or by one that runs.

    Otherwise a draft that says nothing of it would show readers what was saved as sensitive.
    """
    numbers = {function.latest, *function.published.values()}
    found = tx.functions.numbered([(function.id, number) for number in sorted(numbers)])
    return secrets_by(*(version.config.parameters for version in found.values()))


def _no_case(name: str) -> NotFound:
    return NotFound(f"this function has no test case named {name!r:.80}")


def _note(
    tx: Transaction,
    caller: Caller,
    function: Function,
    act: str,
    name: str,
    at: int,
    more: Mapping[str, Any] | None = None,
) -> None:
    tx.audit.add(
        workspace_id=caller.workspace_id,
        at=at,
        principal=caller.principal,
        key_id=caller.key.id,
        act=act,
        subject=function.id,
        function_id=function.id,
        detail={"case": name, **(more or {})},
    )

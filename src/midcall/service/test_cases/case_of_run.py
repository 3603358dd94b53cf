"""Make a test case of a finished run: its input, its recorded answers, and what it came to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from midcall.domain.errors import CaseTaken, Conflict, Fault, InvalidInput
from midcall.domain.filling import stripped, variables_in
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation
from midcall.domain.places import NOTHING, Place, places_of
from midcall.domain.test_case import Expectation, ExpectKind, TestCase
from midcall.service.access.access import Caller
from midcall.service.claimed_run import redaction_of
from midcall.service.runs.replay import body_seen, check_in_use, check_over, check_recorded, kept_body, session_of
from midcall.service.runs.submit import refuse_limited
from midcall.service.test_cases.secrets import (
    masked_expectation,
    redaction_of_case,
    secrets_by,
    sensitive_sources,
    shown_case,
)
from midcall.service.test_cases.test_cases import store_case
from midcall.storage.database import Storage, Transaction

_VARIABLES = "dynamicVariables"


@dataclass(frozen=True, slots=True)
class RunToSave:
    """Which run is to become which case. `params` has values for the sensitive parameters."""

    invocation_id: str
    name: str
    expect: Literal["exact", "subset", "status"]
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CasesOfRuns:
    """Use case of runs that are saved as test cases."""

    storage: Storage
    clock: Callable[[], int]

    def save(self, caller: Caller, wanted: RunToSave) -> TestCase:
        """Store a case; it is run on the recorded answers, so nothing leaves midcall, unless it is a webhook's.

        A sensitive value is never copied: it outlived the run's own record. Raises NotFound, CaseTaken, Conflict for a
        run that nothing can be expected of, and InvalidInput that names the parameters whose values are to be given.
        """
        refuse_limited(caller)
        with self.storage.write() as tx:
            past = tx.invocations.get(caller.workspace_id, wanted.invocation_id)
            check_over(past)
            check_in_use(tx, past)
            function = tx.functions.get(caller.workspace_id, past.function, lock=True)
            if tx.test_cases.find(function.id, wanted.name) is not None:
                raise CaseTaken
            schema = tx.functions.version(past.function_id, past.version).config.parameters
            case = self._case(tx, caller, past, wanted, schema)
            store_case(tx, caller, function, case)
            return shown_case(secrets_by(schema), case)

    def _case(
        self, tx: Transaction, caller: Caller, past: Invocation, wanted: RunToSave, schema: Mapping[str, Any]
    ) -> TestCase:
        recording = tx.rehearsals.kept(past.id)
        check_recorded(past, recording)
        # Wherever a sensitive value stands in the body: it came with the call, and is not copied either.
        redaction = redaction_of(schema, past.params)
        session = session_of(tx, past)
        body = redaction.value(body_seen(past, session, kept_body(tx, session), recording))
        params, variables = _filled(schema, past, wanted.params)
        given = {**body, _VARIABLES: {**body.get(_VARIABLES, {}), **variables}, "phase": past.phase.value}
        case = TestCase(
            name=wanted.name,
            session=given,
            params=params,
            mocks=recording.mocks if recording else (),
            dry=past.kind is Kind.CODE,
            expect=_expected(past, wanted.expect),
            principal=caller.principal,
            updated_at=self.clock(),
        )
        # What was given in place of a value may stand in the result as well.
        return replace(case, expect=masked_expectation(case.expect, redaction_of_case(secrets_by(schema), case)))


def _filled(
    schema: Mapping[str, Any], past: Invocation, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return parameters and variables of a case: what was sent, and for what is sensitive what is given now."""
    root = places_of(schema).root
    params: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    faults = [
        Fault(f"params.{name}", "leave it out: it is no sensitive parameter of this run, so the record has it")
        for name in given
        if name not in past.params or not (root.named(name) or NOTHING).secret
    ]
    for name, value in past.params.items():
        place = root.named(name) or NOTHING
        kept = value
        if _is_asked(place):
            if name not in given:
                faults.append(Fault(f"params.{name}", "is sensitive and was not copied; give a value to test with"))
                continue
            kept = given[name]
            variables |= variables_in(place, kept)
        if not place.hidden:
            params[name] = stripped(place, kept)
    if faults:
        raise InvalidInput("some parameters of this run are sensitive; they are not copied", faults=faults)
    return params, variables


def _is_asked(place: Place) -> bool:
    """Tell whether a value that was not copied came with the call, or from a variable: a constant is there anyway."""
    return place.secret and (not place.hidden or bool(sensitive_sources(place)))


def _expected(past: Invocation, wanted: Literal["exact", "subset", "status"]) -> Expectation:
    word = past.run_status
    if past.report is None:
        raise Conflict("the function of this invocation left no report; nothing can be expected of it")
    if wanted == "status":
        return Expectation(ExpectKind.STATUS, word.value)
    if not word.ok:
        raise Conflict(f"the run ended with status {word}, so it has no result; save it with expect: status")
    return Expectation(ExpectKind(wanted), past.report.result)

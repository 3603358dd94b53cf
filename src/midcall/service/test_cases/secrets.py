"""Values of sensitive parameters in test cases: kept to run with, and masked wherever a case is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.parameters import MASK, prepare, sensitive_values
from midcall.domain.places import NOTHING, Place, places_of
from midcall.domain.redaction import Redaction
from midcall.domain.test_case import Expectation, ExpectKind, TestCase
from midcall.storage.listings import BriefCase

_VARIABLES = "dynamicVariables"


def variables_of(case: TestCase) -> Mapping[str, Any]:
    """Return the dynamic variables that a case begins with."""
    return _variables(case.session)


@dataclass(frozen=True, slots=True)
class CaseSecrets:
    """The sensitive values in the cases of a function: by any of these schemas of its parameters."""

    schemas: tuple[Mapping[str, Any], ...]
    roots: tuple[Place, ...]
    #: The dynamic variables that something sensitive is filled from.
    sources: frozenset[str]

    def holds(self, name: str) -> bool:
        """Tell whether a parameter is sensitive, or holds something that is: then it is kept and masked as a whole."""
        return any((root.named(name) or NOTHING).secret for root in self.roots)


def secrets_by(*schemas: Mapping[str, Any]) -> CaseSecrets:
    """Find what is sensitive by any of some schemas."""
    found = [places_of(schema) for schema in schemas]
    sources = frozenset(source for places in found for source in sensitive_sources(places.root))
    return CaseSecrets(schemas, tuple(places.root for places in found), sources)


def redaction_of_case(secrets: CaseSecrets, case: TestCase) -> Redaction:
    """Return what masks the values of a case's sensitive parameters."""
    values: list[Any] = []
    for schema in secrets.schemas:
        params, _ = prepare(schema, case.params, variables_of(case))
        # As it was written, too: how a number or a time is converted is for the workspace's locale to say.
        values += [*sensitive_values(schema, params), *sensitive_values(schema, case.params)]
    return Redaction(value for value in values if value != MASK)


def shown_case(secrets: CaseSecrets, case: TestCase) -> TestCase:
    """Return a case as it may be shown."""
    return replace(case, params=_masked(secrets, case.params), session=_masked_session(secrets, case.session))


def shown_brief(secrets: CaseSecrets, case: BriefCase) -> BriefCase:
    """Return a case of a list as it may be shown; of parts that may hold something sensitive no beginning is."""
    whole, cut = dict(case.whole), dict(case.cut)
    if "params" in whole:
        whole["params"] = _masked(secrets, whole["params"])
    if "session" in whole:
        whole["session"] = _masked_session(secrets, whole["session"])
    if "params" in cut and any(root.secret for root in secrets.roots):
        cut["params"] = ""
    if "session" in cut and secrets.sources:
        cut["session"] = ""
    return replace(case, whole=whole, cut=cut)


def _masked(secrets: CaseSecrets, params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: MASK if secrets.holds(name) else value for name, value in params.items()}


def _masked_session(secrets: CaseSecrets, session: Mapping[str, Any]) -> Mapping[str, Any]:
    return _variables_with(secrets, session, lambda _name, _value: MASK)


def restored_case(secrets: CaseSecrets, case: TestCase, stored: TestCase | None) -> TestCase:
    """Put stored values back where their masks were sent; raises InvalidInput where none is stored.

    In what is expected they are masked for good: the record that it is compared with has them masked, too.
    """
    faults: list[Fault] = []

    def value_of(place: str, name: str, value: Any, known: Mapping[str, Any]) -> Any:
        if value != MASK:
            return value
        if name not in known:
            faults.append(Fault(f"{place}.{name}", "a mask is no value, and none is stored; give a value to test with"))
        return known.get(name)

    known = stored.params if stored else {}
    params = {
        name: value_of("params", name, value, known) if secrets.holds(name) else value
        for name, value in case.params.items()
    }
    before = variables_of(stored) if stored else {}
    place = f"session.{_VARIABLES}"
    session = _variables_with(secrets, case.session, lambda name, value: value_of(place, name, value, before))
    if faults:
        raise InvalidInput(faults=faults)
    whole = replace(case, params=params, session=session)
    return replace(whole, expect=masked_expectation(whole.expect, redaction_of_case(secrets, whole)))


def masked_expectation(expect: Expectation, redaction: Redaction) -> Expectation:
    """Mask values in what is expected; a JSON Schema and a status stay as they are."""
    plain = expect.kind in {ExpectKind.SCHEMA, ExpectKind.STATUS}
    value = expect.value if plain else redaction.value(expect.value)
    return replace(expect, value=value, variables=redaction.value(expect.variables))


def sensitive_sources(place: Place) -> frozenset[str]:
    """Return the dynamic variables that something sensitive is filled from, here or below."""
    found: set[str] = set()
    seen: set[tuple[int, bool]] = set()
    left = [(place, False)]
    for each, within in left:
        secret = within or each.sensitive
        if (id(each), secret) in seen:
            continue
        seen.add((id(each), secret))
        if each.source is not None and not each.constants and (secret or each.secret):
            found.add(each.source)
        left += [(below, secret) for below in each.below() if below.filled]
    return frozenset(found)


def _variables(session: Mapping[str, Any]) -> Mapping[str, Any]:
    found = session.get(_VARIABLES)
    return found if isinstance(found, Mapping) else {}


def _variables_with(
    secrets: CaseSecrets, session: Mapping[str, Any], change: Callable[[str, Any], Any]
) -> Mapping[str, Any]:
    """Return a case's session body with changed values of the variables that sensitive parameters are filled from."""
    sources = secrets.sources
    variables = _variables(session)
    if sources.isdisjoint(variables):
        return session
    changed = {name: change(name, value) if name in sources else value for name, value in variables.items()}
    return {**session, _VARIABLES: changed}

"""Values of sensitive parameters in test cases: kept to run with, and masked wherever a case is shown."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.parameters import MASK, is_hidden, masked, prepare, sensitive_names, sensitive_values
from midcall.domain.redaction import Redaction
from midcall.domain.test_case import Expectation, ExpectKind, TestCase

_VARIABLES = "dynamicVariables"


def variables_of(case: TestCase) -> Mapping[str, Any]:
    """Return the dynamic variables that a case begins with."""
    found = case.session.get(_VARIABLES)
    return found if isinstance(found, Mapping) else {}


def redaction_of_case(schema: Mapping[str, Any], case: TestCase) -> Redaction:
    """Return what masks the values of a case's sensitive parameters."""
    params = prepare(schema, case.params, variables_of(case))
    return Redaction(value for value in sensitive_values(schema, params) if value != MASK)


def shown_case(schema: Mapping[str, Any], case: TestCase) -> TestCase:
    """Return a case as it may be shown."""
    changed = _variables_with(schema, case, lambda _name, _value: MASK)
    return replace(case, params=masked(schema, case.params), session=changed)


def restored_case(schema: Mapping[str, Any], case: TestCase, stored: TestCase | None) -> TestCase:
    """Put stored values back where their masks were sent; raises InvalidInput where none is stored.

    In what is expected they are masked for good: the record that it is compared with has them masked, too.
    """
    faults: list[Fault] = []
    secret = sensitive_names(schema)

    def value_of(place: str, name: str, value: Any, known: Mapping[str, Any]) -> Any:
        if value != MASK:
            return value
        if name not in known:
            faults.append(Fault(f"{place}.{name}", "a mask is no value, and none is stored; give a value to test with"))
        return known.get(name)

    known = stored.params if stored else {}
    params = {
        name: value_of("params", name, value, known) if name in secret else value for name, value in case.params.items()
    }
    before = variables_of(stored) if stored else {}
    place = f"session.{_VARIABLES}"
    session = _variables_with(schema, case, lambda name, value: value_of(place, name, value, before))
    if faults:
        raise InvalidInput(faults=faults)
    whole = replace(case, params=params, session=session)
    return replace(whole, expect=masked_expectation(whole.expect, redaction_of_case(schema, whole)))


def masked_expectation(expect: Expectation, redaction: Redaction) -> Expectation:
    """Mask values in what is expected; a JSON Schema and a status stay as they are."""
    plain = expect.kind in {ExpectKind.SCHEMA, ExpectKind.STATUS}
    value = expect.value if plain else redaction.value(expect.value)
    return replace(expect, value=value, variables=redaction.value(expect.variables))


def sensitive_sources(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the dynamic variables that sensitive parameters are filled from, by the parameters' names."""
    properties = schema.get("properties", {})
    found = {}
    for name in sorted(sensitive_names(schema)):
        declared = properties[name]
        if is_hidden(declared) and "constant" not in declared["x-midcall"]:
            found[name] = str(declared["x-midcall"].get("from_variable") or name)
    return found


def _variables_with(schema: Mapping[str, Any], case: TestCase, change: Callable[[str, Any], Any]) -> Mapping[str, Any]:
    """Return a case's session body with changed values of the variables that sensitive parameters are filled from."""
    sources = set(sensitive_sources(schema).values())
    variables = variables_of(case)
    if sources.isdisjoint(variables):
        return case.session
    changed = {name: change(name, value) if name in sources else value for name, value in variables.items()}
    return {**case.session, _VARIABLES: changed}

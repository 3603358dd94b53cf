"""What a tenant wrote, held against what anybody sends: an honest end, and nothing that no answer can hold."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from midcall.domain.errors import InvalidInput, TemplateUnfilled
from midcall.domain.expanded import Unexpandable, expanded
from midcall.domain.jsonvalue import parse
from midcall.domain.parameter_fields import rows_of, with_rows
from midcall.domain.parameters import masked, prepare, sensitive_values
from midcall.domain.phases import Phase
from midcall.domain.places import places_of
from midcall.domain.redaction import Redaction
from midcall.domain.run_status import RunStatus
from midcall.domain.samples import sample_params, sample_session
from midcall.domain.template.values import TemplateValues
from midcall.domain.template.webhook import parse_webhook
from midcall.domain.test_case import MAX_WHY, CaseRun, shortfall
from midcall.domain.visible import plain, visible
from midcall.domain.webhook_payload import PayloadForm, WebhookCall, fill_webhook
from midcall.service.functions.compare import compare
from midcall.service.schemas.schemas import any_schema_faults, fitting_params, schema_faults, value_faults
from midcall.service.test_cases.form import CaseForm
from midcall.service.test_cases.secrets import restored_case, secrets_by, shown_case

EXAMPLES = 150

texts = (
    st.text(max_size=8)
    | st.text(st.characters(categories=["Cs", "Cc", "Mn"]), max_size=6)
    | st.sampled_from(
        ["{{a}}", "{{ a }}{{b}}", "{{secret.c.k}}", "{{contact.name}}", "NaN", "1e400", "[[[[", "\0", "a"]
    )
    | st.sampled_from(["#/$defs/a", "#/$defs/b", "#", "^(a+)+$", "[ab]*a[ab]{9}", "$.a[*]", "********", "a" * 5_000])
)
#: As strict JSON can say it: whole numbers of thousands of digits, halves of pairs.
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**4_000), 2**53 + 1, -0.0, 5e-324, 1.7976931348623157e308])
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
names = st.sampled_from(["a", "b", "n", "pin", "constructor", "", "a.b"]) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=14,
)
objects = st.dictionaries(names, values, max_size=5)
options = st.fixed_dictionaries(
    {}, optional={"constant": values, "from_variable": names, "trusted_only": st.booleans(), "sensitive": st.booleans()}
)
#: Schemas with most keywords where they belong, and now and then with anything there.
schemas = st.recursive(
    st.booleans() | st.just({}) | st.builds(lambda held: {"x-midcall": held}, options),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "integer", "null", ["string", "null"]]) | values,
            "properties": st.dictionaries(st.sampled_from(["a", "b", "pin"]), inner, max_size=3),
            "required": st.lists(st.sampled_from(["a", "b", "pin"]), max_size=3, unique=True) | values,
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "additionalProperties": inner,
            "allOf": st.lists(inner, min_size=1, max_size=3) | values,
            "anyOf": st.lists(inner, min_size=1, max_size=3),
            "not": inner,
            "if": inner,
            "then": inner,
            "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b"]) | texts,
            "$defs": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "enum": st.lists(values, max_size=3),
            "const": values,
            "default": values,
            "examples": st.lists(values, max_size=2) | values,
            "pattern": texts,
            "format": st.sampled_from(["date", "email"]) | texts,
            "minimum": values,
            "multipleOf": st.sampled_from([0.1, 3, 1e-300]) | values,
            "x-midcall": options | values,
        },
    ),
    max_leaves=12,
)
parameters = schemas.map(
    lambda schema: {**schema, "type": "object"} if isinstance(schema, dict) else {"type": "object"}
)


def finite(value: Any) -> None:
    """Fail for what no answer can hold: NaN, infinite numbers, what is no JSON at all."""
    json.dumps(value, allow_nan=False)


def sayable(text: str) -> None:
    """Fail for half of a surrogate pair in a text that is midcall's own."""
    text.encode()


@settings(max_examples=EXAMPLES, deadline=None)
@given(parameters, objects, objects)
def test_a_schema_that_was_taken_serves_any_value(schema: Any, sent: Any, variables: Any) -> None:
    """It is expanded, shown, tried out, filled and masked; what is refused has a reason that can be said."""
    faults = schema_faults(schema, "parameters")
    for fault in faults:
        sayable(f"{fault.loc}{fault.msg}")
    if faults:
        return
    for look in (expanded, plain, visible, lambda known: visible(known, discreet=True)):
        with suppress(Unexpandable):
            finite(look(schema))
    finite(sample_params(schema))
    finite(sample_session(schema, Phase.POST_SESSION))
    assert with_rows(schema, rows_of(schema)) is not schema
    params, faults = fitting_params(schema, sent, variables)
    finite(params)
    finite(masked(places_of(schema), prepare(schema, sent, variables)[0]))
    finite(sensitive_values(schema, sent))


@settings(max_examples=EXAMPLES, deadline=None)
@given(schemas, values)
def test_a_schema_of_results_serves_any_result(schema: Any, value: Any) -> None:
    """Those of any value, which expectations and results have."""
    if isinstance(schema, dict) and not any_schema_faults(schema, "schema"):
        for fault in value_faults(schema, value, "result"):
            assert len(fault.msg) <= 300


@settings(max_examples=EXAMPLES, deadline=None)
@example({"type": "object", "$defs": {"a": True}, "$ref": "#/$defs/a", "allOf": None})
@given(schemas)
def test_a_schema_of_an_older_release_is_written_out_or_told_of(schema: Any) -> None:
    """Whatever has come into a row."""
    if isinstance(schema, dict):
        with suppress(Unexpandable):
            finite(expanded(schema))


#: As forms take them.
kept_texts = texts.filter(lambda text: text == text.encode(errors="replace").decode())
webhooks = st.fixed_dictionaries(
    {
        "url": st.sampled_from(["https://a.example.com/{{a}}?q={{b}}#x", "a.example.com/x", "https://a/{{a}}/.."])
        | kept_texts,
        "headers": st.dictionaries(st.sampled_from(["X-A", "X-B"]) | kept_texts, kept_texts, max_size=2),
        "query": st.dictionaries(names, kept_texts, max_size=2),
        "body": values,
    }
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(webhooks, objects, objects, st.sampled_from(list(PayloadForm)), st.sampled_from(["GET", "POST"]))
def test_any_templates_are_filled_with_any_values_or_refused(
    webhook: Any, params: Any, variables: Any, form: PayloadForm, method: str
) -> None:
    """By a fault when they are saved, by a refusal when they are filled; what is sent is a URL and JSON."""
    try:
        templates = parse_webhook(**webhook)
    except InvalidInput as error:
        for fault in error.faults:
            assert fault.msg
        return
    filled_in = TemplateValues(params=params, variables=variables, contact=params, secrets={"c": {"k": "s3cr3t"}})
    call = WebhookCall(function="f", args=params, session={"dynamicVariables": variables})
    with suppress(TemplateUnfilled, InvalidInput):
        made = fill_webhook(templates, call, filled_in, method=method, form=form)
        sayable(made.target())
        for name, value in made.headers:
            sayable(f"{name}{value}")
        if made.has_body:
            finite(parse(made.body(), limit=128))


cases = st.fixed_dictionaries(
    {
        "expect": st.fixed_dictionaries({"exact": values}, optional={"variables": objects, "terminateAgent": values})
        | st.fixed_dictionaries({"subset": values}, optional={"variables": objects})
        | st.fixed_dictionaries({"schema": schemas})
        | st.fixed_dictionaries({"status": st.just("ok") | texts})
        | values
    },
    optional={
        "params": objects,
        "session": st.fixed_dictionaries({}, optional={"dynamicVariables": objects}) | objects,
    },
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases, parameters, values, objects)
def test_any_expectation_is_judged_on_any_result(body: Any, schema: Any, result: Any, variables: Any) -> None:
    """In words that are short and can be said, and its secrets are masked by any schema that was taken."""
    try:
        case = CaseForm.model_validate(body).case("one", principal="p", at=0)
    except (ValidationError, InvalidInput):
        return

    def unfit(expected: Any, value: Any) -> str | None:
        return next((f"{fault.loc}: {fault.msg}" for fault in value_faults(expected, value, "$")), None)

    for seen in (
        CaseRun(RunStatus.OK, result, variables),
        CaseRun(RunStatus.OK, case.expect.value, case.expect.variables),
    ):
        why = shortfall(case.expect, seen, unfit)
        assert why is None or len(why) <= MAX_WHY
        sayable(why or "")
    if not schema_faults(schema, "parameters"):
        secrets = secrets_by(schema)
        with suppress(InvalidInput):
            finite(restored_case(secrets, case, case).document())
        finite(shown_case(secrets, case).document())


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(values, max_size=4), values)
def test_any_secrets_are_masked_in_any_value(secrets: Any, value: Any) -> None:
    """Texts that are no text to UTF-8 among them, on either side."""
    finite(Redaction(secrets).value(value))


@settings(max_examples=EXAMPLES, deadline=None)
@given(objects, objects)
def test_any_two_documents_are_compared(before: Any, after: Any) -> None:
    """Versions of older releases, too."""
    for part in compare(before, after):
        assert all(line.mark in "+-@ " for line in part.lines)

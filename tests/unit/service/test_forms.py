"""What an author writes becomes one document, with every default written out."""

from typing import Any

import pytest
from tests.support.world import function

from midcall.domain.errors import InvalidInput
from midcall.domain.jsonvalue import digest
from midcall.service.functions.form import MAX_CONFIG_BYTES, parse_function


def faults(**changes: Any) -> list[str]:
    """Return the paths of a function's faults."""
    with pytest.raises(InvalidInput) as caught:
        parse_function(function(**changes)).config().to_stored()
    return [fault.loc for fault in caught.value.faults]


def test_the_document_has_every_default_and_neither_display_name_nor_tags() -> None:
    """What is approved is what runs; what it is called on a page is no part of it."""
    config = parse_function(function(display_name="x", tags=["a"])).config().to_stored()
    assert set(config) == {
        *("name", "description", "kind", "parameters", "output_schema", "strict_output", "timeout", "retries"),
        *("max_result_chars", "messages", "code", "background", "response_variables", "requires"),
        "attempt_timeout",
        *("speak_during_execution", "speak_after_execution"),
    }


def test_the_document_is_the_same_however_it_was_written() -> None:
    """Defaults left out or spelled out, fields or schema: one digest."""
    spelled: dict[str, Any] = {
        "timeout": 120,
        "retries": 0,
        "messages": {},
        "strict_output": False,
        "output_schema": None,
    }
    assert digest(parse_function(function()).config().to_stored()) == digest(
        parse_function(function(**spelled)).config().to_stored()
    )
    fields = [{"name": "order", "type": "integer", "required": True}]
    schema = {"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]}
    one, other = (parse_function(function(parameters=given)).config().to_stored() for given in (fields, schema))
    assert digest(one) == digest(other)


def test_a_document_reads_back_as_itself() -> None:
    """A version is merged from the one before it: reading a document again must change nothing."""
    config = (
        parse_function(function(messages={"error": {"404": "x", "default": "y"}}, output_schema=[]))
        .config()
        .to_stored()
    )
    assert parse_function(config).config().to_stored() == config


def test_the_bounds_of_each_number_are_as_documented() -> None:
    """1-600 seconds, 0-5 retries, 1-262,144 characters."""
    for field, least, most in [("timeout", 1, 600), ("retries", 0, 5), ("max_result_chars", 1, 262_144)]:
        for fits in (least, most):
            changes: dict[str, Any] = {field: fits}
            parse_function(function(**changes))
        assert faults(**{field: least - 1}) == faults(**{field: most + 1}) == [field]


@pytest.mark.parametrize("value", ["5", True, 5.0, 5.5, None, [], {}])
@pytest.mark.parametrize("field", ["timeout", "retries", "max_result_chars"])
def test_a_whole_number_is_written_as_one(field: str, value: Any) -> None:
    """No text, flag or fraction is taken for it."""
    assert faults(**{field: value}) == [field]


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, None, []])
def test_a_flag_is_true_or_false(value: Any) -> None:
    """Nothing that merely looks like it."""
    assert faults(strict_output=value) == ["strict_output"]


def test_the_whole_document_has_a_bound() -> None:
    """Each part may be large, all of them together not."""
    schema = {"type": "object", "description": "x" * 60_000}
    large: dict[str, Any] = {"parameters": schema, "output_schema": schema, "code": {"source": "#" * 65_000}}
    parse_function(function(**large)).config().to_stored()
    wide = {"code": {"source": "#" + "\U00010348" * 16_000}}
    assert len(str(large)) + 16_000 * 12 > MAX_CONFIG_BYTES
    assert faults(**{**large, **wide}) == [""]


def test_faults_of_schemas_are_told_beside_each_other() -> None:
    """Parameters and output schema."""
    assert faults(parameters={}, output_schema={}) == ["parameters.type", "output_schema.type"]
    assert faults(output_schema=[{"name": "a", "type": "x"}]) == ["output_schema.0.type"]


def test_a_form_never_changes() -> None:
    """Each step hands on one frozen value."""
    form = parse_function(function())
    with pytest.raises(ValueError, match="frozen"):
        form.timeout = 5

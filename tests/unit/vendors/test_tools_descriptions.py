"""What parameters say as a whole stands in the function's description: frameworks show an LLM nothing else of it."""

import json
from typing import Any

import pytest
from tests.support.tools import TEXT, description_of, of, parameters_of, problems, written

from midcall.vendors import words
from midcall.vendors.tools.export import Format
from midcall.vendors.words import MAX_DESCRIPTION

#: Strict mode leaves out a function with a rule that it has no place for.
LOOSE = [wanted for wanted in Format if wanted is not Format.OPENAI_STRICT]
CARD = {"properties": {"kind": {"const": "card"}}, "required": ["kind"]}


@pytest.mark.parametrize("wanted", Format)
def test_a_description_of_the_parameters_joins_the_functions(wanted: Format) -> None:
    """And stands nowhere else; one that is in it already is not said twice."""
    schema = {**of(a=TEXT), "description": "By number."}
    assert description_of(wanted, schema) == "Looks it up. By number."
    assert json.dumps(written(wanted, schema)).count("By number.") == 1
    assert description_of(wanted, {**of(a=TEXT), "description": "Looks it up."}) == "Looks it up."
    assert "description" not in parameters_of(wanted, schema)


@pytest.mark.parametrize("wanted", LOOSE)
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, "Give at least one of: a; b."),
        ({"anyOf": [{"required": ["a", "b"]}, {"required": ["c"]}]}, "Give at least one of: a and b; c."),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, "Give exactly one of: a; b."),
        (
            {
                "oneOf": [
                    {"required": ["a"], "not": {"required": ["b"]}},
                    {"type": "object", "required": ["b"], "not": {"anyOf": [{"required": ["a"]}]}},
                ]
            },
            "Give exactly one of: a; b.",
        ),
        ({"not": {"required": ["a", "b"]}}, "Do not give a and b together."),
        ({"not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}, "Do not give any of: a; b."),
        (
            {"allOf": [{"not": {"required": ["a"]}}, {"not": {"required": ["b"]}}, {"anyOf": [{"required": ["c"]}]}]},
            "Give at least one of: c. Do not give a. Do not give b.",
        ),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, "With a give b too."),
        ({"dependentRequired": {"a": ["b", "c"]}}, "With a give b and c too."),
        ({"dependencies": {"a": ["b"]}}, "With a give b too."),
        ({"minProperties": 1}, "Give at least 1 of the parameters."),
        ({"maxProperties": 2}, "Give at most 2 of the parameters."),
        ({"required": ["d"]}, "Give d too."),
        ({"if": CARD, "then": {"required": ["a"]}}, 'If kind is "card", give a.'),
        (
            {"if": CARD, "then": {"required": ["a"]}, "else": {"required": ["b"]}},
            'If kind is "card", give a. If not, give b.',
        ),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, "If a is given, give b."),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, "Unless a is given, give b."),
        ({"propertyNames": {"maxLength": 9}}, '(propertyNames: {"maxLength": 9})'),
        ({"examples": [{"a": "x"}]}, '(examples: [{"a": "x"}])'),
        (
            {"if": {"required": ["a"]}, "then": {"minProperties": 2}},
            '(if: {"required": ["a"]}; then: {"minProperties": 2})',
        ),
    ],
    ids=str,
)
def test_a_rule_about_all_parameters_is_told_in_words(wanted: Format, rule: dict[str, Any], said: str) -> None:
    """In plain ones where there are any, whether or not the vendor's schema has the keyword too."""
    schema = {**of(a=TEXT, b=TEXT, c=TEXT, kind=TEXT), **rule}
    assert description_of(wanted, schema) == f"Looks it up. {said}"


@pytest.mark.parametrize("wanted", Format)
@pytest.mark.parametrize("ends", [True, False, {}])
def test_that_the_parameters_are_all_there_are_goes_without_saying(wanted: Format, ends: Any) -> None:
    """And so do titles, and a default of the whole."""
    schema = {**of(a=TEXT), "additionalProperties": ends, "title": "Args", "default": {}, "deprecated": False}
    assert description_of(wanted, schema) == "Looks it up."
    assert problems(wanted, schema) == []


@pytest.mark.parametrize("wanted", LOOSE)
def test_a_description_stays_within_its_bound_and_what_is_cut_is_told(wanted: Format) -> None:
    """The author's own words stay whole; of the parameters' words the beginning, of rules what has room."""
    own = "x" * (MAX_DESCRIPTION - 100)
    schema = {**of(a=TEXT, b=TEXT), "description": "y" * 200, "not": {"required": ["a", "b"]}}
    said = description_of(wanted, schema, description=own)
    assert len(said) == MAX_DESCRIPTION
    assert said == f"{own} {'y' * 98}…"
    told = problems(wanted, schema, description=own)
    assert list(dict.fromkeys(told)) == [("parameters.description", True), ("parameters.not", True)]
    full = description_of(wanted, schema, description="x" * MAX_DESCRIPTION)
    assert full == "x" * MAX_DESCRIPTION


def test_a_long_rule_gives_way_to_a_short_one() -> None:
    """Half a rule says something else."""
    schema = {
        **of(a=TEXT, b=TEXT),
        "propertyNames": {"pattern": "z" * 300},
        "examples": [{"a": "x"}],
        "minProperties": 1,
    }
    said = description_of(Format.OPENAI, schema, description="x" * 800)
    assert said == f'{"x" * 800} Give at least 1 of the parameters. (examples: [{{"a": "x"}}])'
    assert problems(Format.OPENAI, schema, description="x" * 800) == [("parameters.propertyNames", True)]


EITHER = {
    "type": "object",
    "properties": {"kind": TEXT},
    "anyOf": [
        {"type": "object", "title": "Mail", "properties": {"email": TEXT}, "required": ["email"]},
        {"type": "object", "title": "Call", "properties": {"number": TEXT, "ext": TEXT}, "required": ["number", "ext"]},
    ],
}


@pytest.mark.parametrize("wanted", [wanted for wanted in LOOSE if wanted is not Format.MCP])
def test_parameters_that_a_branch_alone_declares_can_be_given(wanted: Format) -> None:
    """They stand with the others, as optional ones, and what the branches ask is told; MCP takes the branches."""
    shown = parameters_of(wanted, EITHER)
    assert list(shown["properties"]) == ["kind", "email", "number", "ext"]
    assert shown.get("required", []) == []
    assert description_of(wanted, EITHER) == "Looks it up. Give at least one of: email; number and ext."
    then = {**of(kind=TEXT), "if": CARD, "then": {"properties": {"card": TEXT}, "required": ["card"]}}
    assert list(parameters_of(wanted, then)["properties"]) == ["kind", "card"]
    assert description_of(wanted, then) == 'Looks it up. If kind is "card", give card.'
    assert list(parameters_of(Format.MCP, EITHER)["properties"]) == ["kind"]


def test_of_a_parameter_that_several_branches_declare_what_they_agree_on_is_shown() -> None:
    """Of choices, all of them."""
    cards = {"properties": {"kind": {"const": "card"}, "code": {**TEXT, "maxLength": 3}, "odd": TEXT}}
    banks = {"properties": {"kind": {"const": "bank"}, "code": {**TEXT, "maxLength": 9}, "odd": {"type": "integer"}}}
    shown = parameters_of(Format.OPENAI, {**of(), "oneOf": [cards, banks]})
    assert shown["properties"] == {"kind": {"enum": ["card", "bank"]}, "code": TEXT}


def test_a_parameter_of_a_branch_that_a_vendor_cannot_write_leaves_the_function_there() -> None:
    """As before it was declared: in words."""
    schema = {**of(a=TEXT), "anyOf": [{"properties": {"map": {"type": "object"}}, "required": ["map"]}]}
    assert list(parameters_of(Format.GEMINI, schema)["properties"]) == ["a"]
    assert "map" in description_of(Format.GEMINI, schema)
    closed = {**schema, "additionalProperties": False}
    assert list(parameters_of(Format.OPENAI, closed)["properties"]) == ["a"]


def test_more_branches_than_a_description_has_room_for_are_told_to_the_author() -> None:
    """Reading them all costs no more than one look at each."""
    schema = {**of(a=TEXT), "oneOf": [{"required": [f"p{number}"]} for number in range(1_200)]}
    assert description_of(Format.OPENAI, schema) == "Looks it up."
    assert problems(Format.OPENAI, schema) == [("parameters.oneOf", True)]


def test_what_has_no_plain_words_fills_a_description_to_its_end() -> None:
    """The last character counts; and thousands of keywords of one's own take one look each."""
    word = 'x-a: "y"'
    own = "x" * (MAX_DESCRIPTION - len(f" ({word}; {word})"))
    schema = {**of(a=TEXT), "x-a": "y", "x-b": "y"}
    assert description_of(Format.OPENAI, schema, description=own) == f'{own} ({word}; x-b: "y")'
    assert description_of(Format.OPENAI, schema, description=f"{own}x") == f"{own}x ({word})"


def test_thousands_of_keywords_of_ones_own_are_not_written_again_for_each_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each was held against all that had room before it: 0.8 s for a schema of 58 KB, with the api's thread."""
    looks = 0
    say = words._word

    def counted(name: str, value: Any) -> str | None:
        nonlocal looks
        looks += 1
        return say(name, value)

    monkeypatch.setattr(words, "_word", counted)
    schema = {**of(a=TEXT), **{f"x{number}": number for number in range(2_000)}}
    description_of(Format.OPENAI, schema)
    assert looks < 2 * 2_000 + MAX_DESCRIPTION

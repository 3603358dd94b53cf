"""Placeholders: what a name is, what it stands for, and that a value is never taken for a template."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.domain.errors import InvalidInput, TemplateUnfilled
from midcall.domain.template.body import parse_body
from midcall.domain.template.headers import parse_header
from midcall.domain.template.text import MAX_PLACEHOLDERS, Placeholder, TextTemplate, parse_text
from midcall.domain.template.values import BUILT_IN, NoValue, TemplateValues, as_text, values_of

NOW = 1_777_360_403_915

BODY: dict[str, Any] = {
    "sessionId": "call-1",
    "direction": "outbound",
    "medium": "phone",
    "agentDetails": {"id": "ag_1", "name": "Reception", "number": "+4930123456", "version": "v9"},
    "contact": {"first_name": "Ada", "email": None, "id": 7, "secret": "no"},
    "dynamicVariables": {"city": "Bonn", "direction": "from a variable", "größe": 3},
    "params": {"city": "not this one"},
}
SECRETS = {"crm": {"token": "geheim", "key": "auch geheim"}, "weather": {"key": "sonne"}}
VALUES = values_of(BODY, params={"city": "Köln", "n": 1.0}, now=NOW, secrets=SECRETS)


def parsed(source: str, *, secrets: bool = False) -> TextTemplate:
    """Take a text apart."""
    return parse_text(source, "webhook.x", max_chars=10_000, secrets=secrets)


def test_a_text_is_taken_apart_once() -> None:
    """Blanks inside the braces do not matter; braces that stand alone are text."""
    text = parsed("a {{city}}{{ n\t}} {x} }} {% if %} ${y} {")
    assert text.parts == ("a ", Placeholder("city"), Placeholder("n"), " {x} }} {% if %} ${y} {")
    assert text.names == {"city", "n"}
    assert text.whole is None
    assert text.sample() == "a xx {x} }} {% if %} ${y} {"
    assert parsed("{{city}}").whole == Placeholder("city")
    assert parsed("").parts == ()


@pytest.mark.parametrize(
    "source",
    [
        *("{{}}", "{{ }}", "{{a", "a}} {{b", "{{{a}}}", "{{a b}}", "{{a.}}", "{{a..b}}", "{{1a}}", "{{-a}}"),
        *("{{a|upper}}", "{{a()}}", "{{a['b']}}", "{{a\n}}", "{{\x00}}", "{{contact}}.{{contact.}}", "{{contact[0]}}"),
        *("{{secret.}}", "{{secret.a.b.c}}", "{{secret..b}}", "{{ {{a}} }}", "{{a{{b}}}}", "{{" + "a" * 129 + "}}"),
        *(
            "{{__class__.x}}",
            "{{a.__class__}}",
            "{{a[b]}}",
            "{{a[-1]}}",
            "{{a" + ".b" * 21 + "}}",
            "{{#each x}}",
            "{{/each}}",
            "{{> x}}",
            "{{^a}}",
            "{{a}",
            "{{a} }",
        ),
    ],
)
def test_what_is_no_placeholder_is_refused_with_what_to_write(source: str) -> None:
    """Nothing is looked into, called or piped; the fault names the field and stays short."""
    with pytest.raises(InvalidInput) as caught:
        parsed(source, secrets=True)
    (fault,) = caught.value.faults
    assert fault.loc == "webhook.x"
    assert "write " in fault.msg
    assert len(fault.msg) < 300


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("city", "Köln"),  # the parameter, not the variable
        ("n", 1.0),
        ("größe", 3),
        ("direction", "from a variable"),  # a variable goes before what is built in
        ("medium", "phone"),
        ("agent_id", "ag_1"),
        ("agent_name", "Reception"),
        ("agent_number", "+4930123456"),
        ("session_id", "call-1"),
        ("current_datetime", "2026-04-28T07:13:23.915Z"),
        ("contact.first_name", "Ada"),
        ("contact.id", 7),
        ("contact.email", ""),
        ("contact.phone_number", ""),
        ("contact.secret", "no"),
        ("secret.crm.token", "geheim"),
        ("secret.weather", "sonne"),
    ],
)
def test_a_name_stands_for_its_value(name: str, value: Any) -> None:
    """Parameters, then variables, then what is built in; what a contact has not is empty."""
    assert VALUES.get(name) == value


@pytest.mark.parametrize("name", ["town", "crm", "params", "sessionId", "secret.crm", "secret.crm.x", "secret.x.token"])
def test_an_unknown_name_is_an_error_that_names_it(name: str) -> None:
    """A credential of several values needs a key; no secret is quoted."""
    with pytest.raises(NoValue, match=name) as caught:
        VALUES.get(name)
    assert "geheim" not in str(caught.value)


def test_nothing_else_answers_for_a_secret_or_a_contact() -> None:
    """Whoever may set variables cannot set those."""
    forged = {"secret.crm.token": "forged", "contact.first_name": "forged", "secret": {"crm": "forged"}}
    values = TemplateValues(params=forged, variables=forged, contact={}, built_in={})
    assert values.get("contact.first_name") == ""
    with pytest.raises(NoValue):
        values.get("secret.crm.token")


@pytest.mark.parametrize("body", [{}, {"agentDetails": None, "contact": [], "dynamicVariables": "x", "sessionId": 5}])
def test_a_session_body_without_them_leaves_what_is_built_in_empty(body: dict[str, Any]) -> None:
    """Every session has these names, of whatever shape the body is."""
    values = values_of(body, params={}, now=NOW)
    assert all(isinstance(values.get(name), str) for name in BUILT_IN)
    assert values.get("agent_name") == ""
    assert "geheim" not in repr(values_of(BODY, params={}, now=NOW, secrets=SECRETS))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", "a\nb"),
        (None, ""),
        (True, "true"),
        (42, "42"),
        (1.0, "1"),
        (1e21, "1e+21"),
        (9007199254740993, "9007199254740993"),
        ([1, "é", None], '[1,"é",null]'),
        ({"a": {}}, '{"a":{}}'),
    ],
)
def test_a_value_has_one_text(value: Any, text: str) -> None:
    """Texts as they are, null as nothing, the rest as JSON."""
    assert as_text(value) == text
    assert parsed("<{{v}}>").fill(TemplateValues(params={"v": value}), "webhook.x", max_chars=100) == f"<{text}>"


@pytest.mark.parametrize("value", ["x" * 101, ["x" * 101], float("nan"), b"geheim", 10**200])
def test_a_value_that_does_not_fit_is_refused_and_not_quoted(value: Any) -> None:
    """The error names field and placeholder."""
    with pytest.raises(TemplateUnfilled, match=r"webhook\.x: .*\{\{v\}\}") as caught:
        parsed("{{v}}").fill(TemplateValues(params={"v": value}), "webhook.x", max_chars=100)
    assert "geheim" not in str(caught.value)
    assert caught.value.faults[0].loc == "webhook.x"


def test_texts_are_bounded_before_and_after() -> None:
    """In length, in placeholders, and in what becomes of them."""
    for source in ("x" * 10_001, "{{a}}" * (MAX_PLACEHOLDERS + 1)):
        with pytest.raises(InvalidInput):
            parsed(source)
    many = parsed("{{a}}" * MAX_PLACEHOLDERS)
    assert len(many.fill(TemplateValues(params={"a": "xx"}), "l", max_chars=200)) == 200
    with pytest.raises(TemplateUnfilled):
        many.fill(TemplateValues(params={"a": "xx"}), "l", max_chars=199)
    with pytest.raises(TemplateUnfilled, match="longer than 4 characters with"):
        parsed("{{a}}xxx").fill(TemplateValues(params={"a": "xx"}), "l", max_chars=4)


@pytest.mark.parametrize("piece", ["{{", "{{a", "{{a}", "{", "{{a}}"])
def test_no_text_takes_long_to_read(piece: str) -> None:
    """Time grows with the length, not with its square: 64 KiB are read in far under a second."""
    source = piece * (65_536 // len(piece))
    started = time.process_time()
    with pytest.raises(InvalidInput):
        parse_text(source + "{{", "l", max_chars=2**20)
    assert computed_since(started) < 1


alphabet = st.sampled_from(["{", "}", "{{", "}}", "a", "b", "secret.crm.token", "{{a}}", "{{b}}", "\\", '"', "\n", "é"])
tricky = st.lists(alphabet, max_size=8).map("".join)


@given(tricky)
def test_a_text_is_either_refused_or_put_together_again(source: str) -> None:
    """Nothing gets lost between the parts, and none of the literal ones holds a placeholder."""
    try:
        text = parsed(source, secrets=True)
    except InvalidInput:
        return
    assert "".join(map(str, text.parts)) == source
    assert not any("{{" in part for part in text.parts if isinstance(part, str))


@given(tricky, tricky)
def test_values_are_never_expanded(a: str, b: str) -> None:
    """Whatever two values hold and wherever they meet, they stand there letter by letter."""
    values = TemplateValues(params={"a": a, "b": b}, secrets=SECRETS)
    filled = parse_body({"mixed": "<{{a}}{{b}}{{a}}>", "whole": ["{{a}}"]}).fill(values)
    assert filled == {"mixed": f"<{a}{b}{a}>", "whole": [a]}
    if "\n" not in a + b:
        header = parse_header("X-A", "<{{secret.crm.token}} {{a}}{{b}}>").fill(values)
        assert header == ("X-A", f"<geheim {a}{b}>")

"""Placeholders that look into a value, have a default, or stand for what a call may leave out; and braces as text."""

import json
from typing import Any

import pytest

from midcall.domain.errors import InvalidInput, ParametersWanted, TemplateUnfilled
from midcall.domain.template.body import parse_body
from midcall.domain.template.query import parse_query
from midcall.domain.template.text import TextTemplate, parse_text
from midcall.domain.template.url import parse_url_template
from midcall.domain.template.values import TemplateValues
from midcall.domain.template.webhook import parse_webhook
from midcall.domain.webhook_payload import PayloadForm, WebhookCall, fill_webhook

ORDER: dict[str, Any] = {"id": 7, "lines": [{"sku": "A1"}, {"sku": "B2", "n": None}], "7": "seven", "a-b": True}
VALUES = TemplateValues(
    params={"order": ORDER, "items": ["a", ["b"]], "none": None, "blank": "", "text": '{"a": 1}'},
    variables={"customer": {"name": "Ada"}},
    contact={"address": {"city": "Rome"}, "first_name": "Ada"},
    optional={"order", "items", "none", "blank", "text", "left"},
)


def text_of(source: str) -> TextTemplate:
    """Take a text apart."""
    return parse_text(source, "webhook.x", max_chars=10_000)


def filled(source: str) -> str:
    """Fill a text."""
    return text_of(source).fill(VALUES, "webhook.x", max_chars=10_000)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{order.id}}", 7),
        ("{{ order.lines.1.sku }}", "B2"),
        ("{{order.lines[0].sku}}", "A1"),
        ("{{order.lines[1]}}", {"sku": "B2", "n": None}),
        ("{{order.7}}", "seven"),
        ("{{order.a-b}}", True),
        ("{{items.0}}", "a"),
        ("{{items[1][0]}}", "b"),
        ("{{customer.name}}", "Ada"),
        ("{{contact.address.city}}", "Rome"),
        ("{{contact.address.zip}}", ""),
        ("{{contact.first_name.x}}", ""),
        ("{{order.lines.1.n}}", None),
        ("{{order.lines.1.n | default(0)}}", 0),
        ('{{missing | default("none")}}', "none"),
        ("{{missing|default('none')}}", "none"),
        ('{{missing | default: "none"}}', "none"),
        ('{{missing | default("")}}', ""),
        ("{{missing | default(1.5)}}", 1.5),
        ("{{missing | default(true)}}", True),
        ("{{missing | default(null)}}", None),
        ("{{missing | default([1, 2])}}", [1, 2]),
        ('{{missing.a.b | default("a|b")}}', "a|b"),
        ('{{order.nothing | default("x")}}', "x"),
        ('{{order.lines.5.sku | default("x")}}', "x"),
        ('{{text.a | default("x")}}', "x"),
        ('{{items.length | default("x")}}', "x"),
        ('{{none | default("x")}}', "x"),
        ('{{blank | default("x")}}', ""),
        ('{{left | default("x")}}', "x"),
        ('{{contact.email | default("x")}}', "x"),
        ('{{agent_name | default("x")}}', "x"),
    ],
)
def test_a_placeholder_alone_is_what_it_finds_of_whatever_type(source: str, value: Any) -> None:
    """Keys and places; a default where there is nothing, or null. Nothing else of a value is looked at."""
    assert parse_body({"a": source}).fill(VALUES) == {"a": value}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{'{{'}}name}}", "{{name}}"),
        ('{{"{{"}}', "{{"),
        ("{{ '{{' }}{{ \"{{\" }}x", "{{{{x"),
        ("a {{'{{'}}{{order.id}}}}", "a {{7}}"),
        ("}} {x} {", "}} {x} {"),
    ],
)
def test_two_braces_can_be_written_as_text(source: str, text: str) -> None:
    """As Jinja and Liquid do; also in a key, and alone."""
    assert filled(source) == text
    assert parse_body({"a": source}).fill(VALUES) == {"a": text}
    if "order" not in source:
        assert parse_body({source: 1}).fill(VALUES) == {text: 1}


@pytest.mark.parametrize(
    "source",
    [
        *("{{a | upper}}", "{{a | default}}", "{{a | default()}}", "{{a | default(x)}}", "{{a | default('a' 'b')}}"),
        *("{{a | default('x') | upper}}", '{{a | default("x)}}', "{{ | default(1)}}", "{{a | default(1}}"),
        *("{{a || 'x'}}", "{{a ?? 'x'}}", "{{a | default(NaN)}}", "{{secret.crm.token | default('x')}}"),
    ],
)
def test_another_filter_is_refused_with_the_one_there_is(source: str) -> None:
    """When it is saved."""
    with pytest.raises(InvalidInput) as caught:
        parse_text(source, "webhook.x", max_chars=10_000, secrets=True)
    assert caught.value.faults[0].loc == "webhook.x"
    assert len(caught.value.faults[0].msg) < 300


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"a": "{{left}}", "b": 1}, {"b": 1}),
        ({"a": {"b": "{{left}}"}, "c": ["{{left}}", "{{order.id}}"]}, {"a": {}, "c": [7]}),
        ({"a": "{{order.nothing}}"}, {}),
        ({"a": "{{order.lines.9}}"}, {}),
        ({"a": "{{left | default(null)}}"}, {"a": None}),
        ({"a": "{{none}}"}, {"a": None}),
        ({"a": "about {{left}}!"}, {"a": "about !"}),
        (json.dumps("{{left}}"), None),
    ],
)
def test_what_a_call_leaves_out_is_left_out_of_its_body(body: Any, sent: Any) -> None:
    """Its key goes; null where the author says so; within a text it is nothing."""
    assert parse_body(body).fill(VALUES) == sent


def test_what_a_call_leaves_out_is_left_out_of_the_query_and_the_headers() -> None:
    """In the URL too, whatever stands around it."""
    assert [
        pair
        for one in parse_query({"a": "{{left}}", "b": "x{{left}}", "c": "{{items.0}}"})
        for pair in one.fill(VALUES)
    ] == [("c", "a")]
    for source, url in (
        ("?a={{left}}", ""),
        ("?a={{left}}&b=1", "?b=1"),
        ("?b=1&a=x{{left}}&c={{order.id}}", "?b=1&c=7"),
        ("?a={{left | default(5)}}", "?a=5"),
        ("?a&&b={{order.id}}", "?a&&b=7"),
        ("?", "?"),
    ):
        assert parse_url_template(f"https://a.example.com/x{source}").fill(VALUES) == f"https://a.example.com/x{url}"
    templates = parse_webhook(
        url="https://a.example.com/", headers={"X-A": "{{left}}", "X-B": "b {{left}}", "X-C": "c"}
    )
    call = WebhookCall("f", {}, {})
    assert fill_webhook(templates, call, VALUES, method="POST", form=PayloadForm.ARGS).headers == (("X-C", "c"),)


@pytest.mark.parametrize("name", ["left", "none", "blank", "order.nothing", "order.lines.1.n"])
def test_a_path_that_cannot_go_without_it_asks_for_it(name: str) -> None:
    """The text is the LLM's, and names the parameter."""
    template = parse_url_template(f"https://a.example.com/{{{{order.id}}}}/x{{{{{name}}}}}")
    with pytest.raises(ParametersWanted, match=f"params.{name.partition('.')[0]} is missing"):
        template.fill(VALUES)


def test_what_nobody_may_leave_out_is_an_error() -> None:
    """A dynamic variable that nobody set is no parameter to ask for."""
    for source in ("{{missing}}", "{{missing.a}}", "{{customer.email}}"):
        with pytest.raises(TemplateUnfilled, match="has no value") as caught:
            filled(source)
        assert not isinstance(caught.value, ParametersWanted)


@pytest.mark.parametrize("default", ["a/b", "a?b", "a#b", "a&b"])
def test_a_default_does_not_part_a_url(default: str) -> None:
    """It is refused when it is saved; other defaults are encoded like values."""
    with pytest.raises(InvalidInput, match="valid"):
        parse_url_template(f"https://a.example.com/{{{{x | default('{default}')}}}}")
    template = parse_url_template("https://a.example.com/{{x | default('a b')}}")
    assert template.fill(VALUES) == "https://a.example.com/a%20b"
    with pytest.raises(TemplateUnfilled):
        parse_url_template("https://a.example.com/{{x | default('..')}}/y").fill(VALUES)

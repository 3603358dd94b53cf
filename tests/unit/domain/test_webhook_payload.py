"""What a webhook call carries, in each form and method."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.errors import InvalidInput, TemplateUnfilled
from midcall.domain.template.values import TemplateValues
from midcall.domain.template.webhook import WebhookTemplates, parse_webhook
from midcall.domain.webhook_payload import (
    BODYLESS,
    MAX_BODY_CHARS,
    FilledWebhook,
    PayloadForm,
    WebhookCall,
    arguments_as_query,
    body_bytes,
    fill_webhook,
)

ARGS: dict[str, Any] = {"city": "São Paulo", "days": 3.0}
SESSION: dict[str, Any] = {"sessionId": "s-1", "params": {}, "transcript": [{"role": "user"}], "1": "first"}
VALUES = TemplateValues(params=ARGS, secrets={"crm": {"token": "geheim"}})


def filled(
    form: PayloadForm = PayloadForm.SESSION,
    *,
    method: str = "POST",
    call: dict[str, Any] | None = None,
    args: dict[str, Any] | None = None,
    taken: tuple[str, ...] = (),
    **config: Any,
) -> FilledWebhook:
    """Fill a webhook of this configuration."""
    templates = parse_webhook(**{"url": "https://a.company.com/x", **config})
    about = WebhookCall("get_weather", ARGS if args is None else args, SESSION, call)
    values = VALUES if args is None else TemplateValues(params=args)
    return fill_webhook(templates, about, values, method=method, form=form, taken=taken)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("form", "call", "body"),
    [
        (
            PayloadForm.SESSION,
            {"call_id": "ignored"},
            '{"1":"first","sessionId":"s-1","params":{"city":"São Paulo","days":3},"transcript":[{"role":"user"}]}',
        ),
        (
            PayloadForm.CALL,
            None,
            (
                '{"name":"get_weather","call":{"1":"first","sessionId":"s-1","params":{},"transcript":[{"role":"user"}]},'
                '"args":{"city":"São Paulo","days":3}}'
            ),
        ),
        (
            PayloadForm.CALL,
            {"call_id": "c-1"},
            '{"name":"get_weather","call":{"call_id":"c-1"},"args":{"city":"São Paulo","days":3}}',
        ),
        (PayloadForm.CALL, {}, '{"name":"get_weather","call":{},"args":{"city":"São Paulo","days":3}}'),
        (PayloadForm.ARGS, None, '{"city":"São Paulo","days":3}'),
        (PayloadForm.TEMPLATE, None, '{"q":"in São Paulo","n":3}'),
    ],
)
def test_a_body_has_the_form_that_was_chosen(
    form: PayloadForm, call: dict[str, Any] | None, body: str, method: str
) -> None:
    """To the byte: this is what is signed."""
    it = filled(form, method=method, call=call, body={"q": "in {{city}}", "n": "{{days}}"}, query={"k": "{{days}}"})
    assert it.body() == body.encode()
    assert it.target() == "https://a.company.com/x?k=3"


@pytest.mark.parametrize("method", sorted(BODYLESS))
@pytest.mark.parametrize("form", PayloadForm)
def test_without_a_body_what_no_template_uses_goes_to_the_query(method: str, form: PayloadForm) -> None:
    """Path, query and header use up an argument; a body template does not, for it is not sent."""
    args = {"id": 7, "q": "a&b", "in_header": "h", "in_body": [1, 2], "none": None, "flag": True}
    it = filled(
        form,
        method=method,
        args=args,
        url="https://a.company.com/o/{{id}}?fixed=1",
        query={"search": "{{q}}"},
        headers={"X-H": "{{in_header}}"},
        body={"b": "{{in_body}}"},
    )
    assert it.target() == "https://a.company.com/o/7?fixed=1&search=a%26b&in_body=1&in_body=2&flag=true"
    assert it.headers == (("X-H", "h"),)
    assert (it.has_body, it.payload, it.body()) == (False, None, b"")


def test_a_body_takes_the_place_of_the_query_in_other_methods() -> None:
    """Arguments never stand in both."""
    assert filled(PayloadForm.ARGS, method="POST").target() == "https://a.company.com/x"


def test_an_argument_adds_nothing_to_a_name_that_the_author_wrote() -> None:
    """Servers disagree on which of two wins; what auth writes is the author's as well."""
    args = {"admin": "true", "role": "root", "api_key": "mine", "plus sign": "x", "other": "fine"}
    it = filled(
        method="GET",
        args=args,
        url="https://a.company.com/x?admin=false&plus+sign=y",
        query={"role": "guest"},
        taken=("api_key",),
    )
    assert parse_qsl(urlsplit(it.target()).query) == [
        ("admin", "false"),
        ("plus sign", "y"),
        ("role", "guest"),
        ("other", "fine"),
    ]


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("", [""]),
        ("5", ["5"]),
        (5, ["5"]),
        (1.0, ["1"]),
        (1e-7, ["1e-7"]),
        (True, ["true"]),
        (None, []),
        ([], []),
        (["a", 1, None, False], ["a", "1", "false"]),
        ([[1, None], {"é": 1}], ["[1,null]", '{"é":1}']),
        ({"b": None, "1": "x"}, ['{"1":"x","b":null}']),
    ],
)
def test_an_argument_becomes_a_query_by_its_type(value: Any, texts: list[str]) -> None:
    """Arrays repeat their name, null is left out, objects are JSON text."""
    assert arguments_as_query({"n": value}) == tuple(("n", text) for text in texts)


@pytest.mark.parametrize("value", ["x" * 3_000, float("nan"), ["\ud800"]])
def test_an_argument_that_no_query_takes_is_refused(value: Any) -> None:
    """The error names where it comes from."""
    with pytest.raises(TemplateUnfilled, match=r"params\.n|webhook\.query"):
        filled(method="GET", args={"n": value}).target()


names = st.text(max_size=6)
arguments = st.dictionaries(names, st.text(max_size=6) | st.integers() | st.none(), max_size=5)


@given(arguments)
def test_every_argument_arrives_once_and_nowhere_else(args: dict[str, Any]) -> None:
    """Whatever names and values an LLM makes up."""
    it = filled(method="GET", args=args)
    try:
        target = it.target()
    except TemplateUnfilled:
        return
    parts = urlsplit(target)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "a.company.com", "/x", "")
    expected = [(name, str(value)) for name, value in args.items() if value is not None]
    assert parse_qsl(parts.query, keep_blank_values=True) == expected


def test_a_template_payload_needs_a_body() -> None:
    """The error names the field."""
    with pytest.raises(TemplateUnfilled, match=r"webhook\.body"):
        filled(PayloadForm.TEMPLATE)


@pytest.mark.parametrize(("value", "says"), [("x" * MAX_BODY_CHARS, "longer"), ([float("inf")], "infinite")])
def test_a_body_that_cannot_be_sent_is_an_error(value: Any, says: str) -> None:
    """It quotes nothing of the body."""
    with pytest.raises(InvalidInput, match=says) as caught:
        body_bytes({"geheim": value})
    assert "geheim" not in str(caught.value)


def test_nothing_that_is_sent_shows_in_a_repr() -> None:
    """Logs hold reprs; headers hold secrets."""
    it = filled(PayloadForm.ARGS, headers={"A": "{{secret.crm.token}}"}, query={"k": "{{city}}"})
    assert it.headers == (("A", "geheim"),)
    assert "geheim" not in repr(it)
    assert "São" not in repr(it)


def test_what_is_filled_leaves_the_call_as_it_was() -> None:
    """The same call is made again when it is retried."""
    templates: WebhookTemplates = parse_webhook(url="a.company.com")
    call = WebhookCall("f", ARGS, SESSION)
    for _ in range(2):
        it = fill_webhook(templates, call, VALUES, method="POST", form=PayloadForm.SESSION)
        assert it.payload["params"] == ARGS
    assert SESSION["params"] == {}


FORM = {"Content-Type": "Application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("args", "body"),
    [
        ({"a": "b c", "d": 1}, b"a=b+c&d=1"),
        ({"a": "S\u00e3o & co=1", "b": True, "c": 1.0}, b"a=S%C3%A3o+%26+co%3D1&b=true&c=1"),
        ({"a": None, "b": "", "id": 9007199254740993}, b"b=&id=9007199254740993"),
        ({"a": [1, "x"], "b": {"c": [1]}}, b"a=1&a=x&b=%7B%22c%22%3A%5B1%5D%7D"),
        ({"a b": "line\nbreak"}, b"a+b=line%0Abreak"),
        ({}, b""),
        ({"a": "x" * 10_000}, b"a=" + b"x" * 10_000),
    ],
)
def test_a_form_is_written_where_the_content_type_says_so(args: dict[str, Any], body: bytes) -> None:
    """In any payload: names and values as the query has them, a blank as a plus."""
    assert filled(PayloadForm.ARGS, args=args, headers=FORM).body() == body
    sent = filled(PayloadForm.CALL, args=args, headers=FORM).body()
    assert dict(parse_qsl(sent.decode()))["name"] == "get_weather"
    added = filled(PayloadForm.ARGS, args={"a": 1}, headers=FORM).body({"api_key": "s+x"})
    assert added == b"a=1&api_key=s%2Bx"


@pytest.mark.parametrize("body", ['["{{city}}"]', '"{{city}}"', "5"])
def test_a_form_of_what_is_no_object_is_refused(body: str) -> None:
    """It has no names."""
    with pytest.raises(InvalidInput, match="no object"):
        filled(PayloadForm.TEMPLATE, headers=FORM, body=body).body()


@pytest.mark.parametrize("value", ["\ud800", "x" * (MAX_BODY_CHARS + 1), ["\u00e9" * (MAX_BODY_CHARS // 4)] * 2])
def test_a_form_that_cannot_be_written_is_refused(value: Any) -> None:
    """Half of a character, or more than is sent."""
    with pytest.raises(InvalidInput, match="cannot be sent"):
        filled(PayloadForm.ARGS, args={"a": value}, headers=FORM).body()

"""What each place allows: URL, headers, query and body, and that a value changes nothing but itself."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.node import asking_node

from midcall.domain.errors import InvalidInput, TemplateUnfilled
from midcall.domain.http_headers import OWN_NAMES
from midcall.domain.javascript_json import stringify
from midcall.domain.template.body import MAX_BODY_CHARS, MAX_PLACEHOLDERS, MAX_TEMPLATE_CHARS, parse_body
from midcall.domain.template.headers import MAX_HEADERS, MAX_VALUE_BYTES, parse_header, parse_headers
from midcall.domain.template.query import MAX_QUERY, parse_query
from midcall.domain.template.url import MAX_URL_CHARS, parse_url_template, with_query
from midcall.domain.template.values import TemplateValues
from midcall.domain.template.webhook import maybe_missing, parse_webhook, undeclared
from midcall.outbound import url as outbound_url
from midcall.outbound.errors import BadUrl
from midcall.outbound.message import OutboundRequest
from midcall.outbound.url import parse_url


def values(**params: Any) -> TemplateValues:
    """Make values of parameters."""
    return TemplateValues(params=params, secrets={"crm": {"token": "geheim"}})


def the_fault(make: Callable[[], object]) -> tuple[str, str]:
    """Return the one fault's place and text."""
    with pytest.raises(InvalidInput) as caught:
        make()
    (fault,) = caught.value.faults
    return fault.loc, fault.msg


# URLs


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("https://api.company.com/orders/{{id}}", "https://api.company.com/orders/A%2F1"),
        ("api.company.com/orders/{{id}}", "https://api.company.com/orders/A%2F1"),
        ("api.company.com:8443", "https://api.company.com:8443"),
        ("api.company.com/go?to=http://x.example.com/", "https://api.company.com/go?to=http://x.example.com/"),
        ("http://api.company.com/", "http://api.company.com/"),
        ("https://a.company.com?q={{id}}&r=1", "https://a.company.com?q=A%2F1&r=1"),
        ("https://a.company.com/{{id}}.{{n}}/?q={{n}}&e={{none}}", "https://a.company.com/A%2F1.1/?q=1&e="),
        ("https://a.company.com//x/%7Bid%7D/#top", "https://a.company.com//x/%7Bid%7D/"),
        ("https://a.company.com/x/../{{id}}", "https://a.company.com/x/../A%2F1"),
        ("https://a.company.com/({{n}})/{{list}}", "https://a.company.com/(1)/%5B1%2C2%5D"),
    ],
)
def test_a_url_is_filled_segment_by_segment(template: str, expected: str) -> None:
    """Values percent-encoded, literal parts as they are, https:// in front where no scheme is."""
    assert parse_url_template(template).fill(values(id="A/1", n=1.0, none=None, list=[1, 2])) == expected


@pytest.mark.parametrize(
    "template",
    [
        *(
            "https://{{h}}/",
            "{{h}}",
            "https://a.{{h}}.com/",
            "https://a.com:{{h}}/",
            "{{h}}://a.com/",
            "https://a.com{{h}}",
        ),
        *("https://{{h}}:x@a.com/", "https://{a}.com/", "https://a.com\\{{h}}", "//a.com{{h}}/x", "https:{{h}}//a.com"),
        *("https://a.com/?{{h}}=1", "https://a.com/?{{h}}", "https://a.com/?a=1&{{h}}=2", "https://a.com/?{{h}}x"),
        *("https://a.com/#{{h}}", "https://a.com/{h}", "https://a.com/{{h}", "https://a.com/{{secret.crm.token}}"),
        *("https://a.com/%2{{h}}", "https://a.com/%{{h}}", "https://a.com/?a=%4{{h}}", "https://a.com/{{h}}?a=%zz"),
        "https://a.com/" + "x" * MAX_URL_CHARS,
    ],
)
def test_a_url_that_a_value_could_redirect_cannot_be_saved(template: str) -> None:
    """The fault says what to write instead."""
    loc, msg = the_fault(lambda: parse_url_template(template))
    assert loc == "webhook.url"
    assert any(word in msg for word in ("write", "put", "move", "shorten")), msg


@pytest.mark.parametrize("value", ["", ".", "..", None])
@pytest.mark.parametrize("template", ["/{{v}}", "/u/{{v}}/x", "/u/{{v}}{{none}}", "/u/{{v}};v=1", "/u/{{v}}?q=1"])
def test_a_value_that_leaves_a_segment_empty_or_dots_is_refused(template: str, value: str | None) -> None:
    """The error names the placeholder."""
    if ";" in template and not value:
        return  # `;v=1` is a segment of its own
    with pytest.raises(TemplateUnfilled, match=r"webhook\.url: .*\{\{v\}\}"):
        parse_url_template("https://a.company.com" + template).fill(values(v=value, none=""))


@pytest.mark.parametrize("template", ["%2e{{v}}", ".{{v}}", "{{v}}%2E", "{{v}}{{v}}"])
def test_dots_are_refused_wherever_they_come_from(template: str) -> None:
    """From the literal part, escaped there, or from two values."""
    with pytest.raises(TemplateUnfilled):
        parse_url_template(f"https://a.company.com/u/{template}").fill(values(v="."))


@pytest.mark.parametrize(
    ("value", "says"), [("\ud800", "surrogate pair"), ("x" * MAX_URL_CHARS, "longer"), ("é" * 400, "longer")]
)
def test_a_value_that_no_url_takes_is_refused(value: str, says: str) -> None:
    """Half a surrogate pair, or more than fits once it is encoded."""
    with pytest.raises(TemplateUnfilled, match=rf"webhook\.url: .*{says}"):
        parse_url_template("https://a.company.com/{{v}}").fill(values(v=value))


def test_the_bound_of_a_url_is_the_clients() -> None:
    """What is filled here is not refused there for its length."""
    assert outbound_url.MAX_URL_CHARS == MAX_URL_CHARS
    longest = parse_url_template("https://a.company.com/{{v}}").fill(values(v="x" * (MAX_URL_CHARS - 22)))
    assert len(longest) == MAX_URL_CHARS
    assert parse_url(longest).url == longest


@pytest.fixture(scope="module")
def whatwg() -> Iterator[Callable[[str], Any]]:
    """Read URLs as browsers and Node do."""
    names = ("origin", "username", "pathname", "hash")
    parts = ",".join(f"{name}: new URL(text).{name}" for name in names)
    with asking_node(f"{{{parts}, names: [...new URL(text).searchParams.keys()]}}") as ask:
        yield lambda text: json.loads(ask(text))


nasty = st.text(
    st.characters() | st.sampled_from("/\\?#&=;:@%.+ {}\r\n\t\x00\x7f\u3002\uff0f\ud800\u202e2ef"), max_size=12
) | st.sampled_from(["..", "%2e%2e", "..;", "//evil.com", "\\\\evil.com", "@evil.com", ":80", "a&b=c", "\r\nX: y"])
json_values = nasty | st.none() | st.booleans() | st.integers() | st.lists(nasty, max_size=2)

TEMPLATE = "https://api.example.com:8443/u/{{a}}/x{{b}}y/{{c}};v=1/z?q={{a}}&r=-{{b}}-&s={{c}}"


@settings(deadline=None)  # another process answers
@given(json_values, json_values, json_values)
def test_a_value_changes_nothing_but_itself(whatwg: Callable[[str], Any], a: Any, b: Any, c: Any) -> None:
    """Scheme, host, port, depth of the path and names of the query stay, for all readers of URLs; values come back."""
    try:
        url = parse_url_template(TEMPLATE).fill(values(a=a, b=b, c=c))
    except TemplateUnfilled:
        return
    target = parse_url(url)
    assert target.url == url
    assert target.origin == "https://api.example.com:8443"
    for path, query_names in (
        (urlsplit(url).path, [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]),
        (httpx.URL(url).raw_path.decode().partition("?")[0], list(httpx.URL(url).params)),
        (whatwg(url)["pathname"], whatwg(url)["names"]),
    ):
        assert path.count("/") == 5
        assert path.startswith("/u/")
        assert path.endswith(";v=1/z")
        assert query_names == ["q", "r", "s"]
    assert urlsplit(url).netloc == httpx.URL(url).netloc.decode() == "api.example.com:8443"
    assert whatwg(url)["origin"] == "https://api.example.com:8443"
    assert whatwg(url)["username"] == whatwg(url)["hash"] == ""
    if isinstance(a, str):
        assert unquote(urlsplit(url).path.split("/")[2]) == a
        assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))["q"] == a


pieces = st.lists(
    st.sampled_from(
        ["{{a}}", "{{b}}", "https://", "a.com", "/", "//", "?", "#", "&", "=", "@", "\\", ":", ".", "%", "%2", "x"]
    ),
    max_size=8,
)


@settings(deadline=None)
@given(st.builds(str.__add__, st.sampled_from(["https://a.com/", "a.com?", ""]), pieces.map("".join)), nasty, nasty)
def test_no_url_that_can_be_saved_leads_elsewhere(whatwg: Callable[[str], Any], source: str, a: str, b: str) -> None:
    """However it was written: what the client accepts of the template goes to the sample's host and depth."""
    try:
        template = parse_url_template(source)
        sample = parse_url(template.sample)
        url = template.fill(values(a=a, b=b))
    except (InvalidInput, BadUrl):
        return
    assert parse_url(url).origin == sample.origin == whatwg(url)["origin"]
    assert parse_url(url).path.count("/") == sample.path.count("/")
    assert whatwg(url)["pathname"].count("/") == whatwg(template.sample)["pathname"].count("/")
    assert whatwg(url)["names"] == whatwg(template.sample)["names"]


@pytest.mark.parametrize(
    "template",
    [
        "//a.com{{h}}/x",
        "https:///{{h}}/x",
        "https://\\/{{h}}",
        "https://\t/{{h}}",
        "",
        "/{{h}}",
        "https://me:pw@a.com/",
    ],
)
def test_a_url_without_a_plain_host_cannot_be_saved(template: str) -> None:
    """Browsers skip slashes before the host, and would take the value for it; a user belongs into auth."""
    assert "host" in the_fault(lambda: parse_url_template(template))[1]


def test_the_sample_is_what_the_client_judges_when_a_url_is_saved() -> None:
    """One look tells of every URL of the template whether its literal parts can be called."""
    template = parse_url_template("https://localhost/{{a}}?b={{c}}")
    assert template.sample == "https://localhost/x?b=x"
    assert template.names == {"a", "c"}
    assert template.query_names == {"b"}
    assert parse_url_template("https://a.com/?a+b=1&c%5B%5D&d=").query_names == {"a b", "c[]", "d"}


# Headers


@pytest.mark.parametrize(
    ("template", "params", "expected"),
    [
        ("Bearer {{secret.crm.token}}", {}, "Bearer geheim"),
        ("{{secret.crm}}", {}, "geheim"),
        ("  {{v}}\t", {"v": " a\tb "}, "a\tb"),
        ("{{v}}", {"v": None}, ""),
        ("{{v}}", {"v": "São"}, "São"),
        ("{{v}}", {"v": {"a": "\n"}}, '{"a":"\\n"}'),
        ("{{v}}", {"v": "x" * MAX_VALUE_BYTES}, "x" * MAX_VALUE_BYTES),
    ],
)
def test_a_header_is_filled(template: str, params: dict[str, Any], expected: str) -> None:
    """Secrets included; blanks at the ends are no part of a value."""
    assert parse_header("X-A", template).fill(values(**params)) == ("X-A", expected)


@pytest.mark.parametrize("value", ["é" * 2_049, "\ud800", "a\rb", "a\nb", "\n", "\x00", "a\x0bb", "\x1b[0m", "\x7f"])
def test_a_value_that_no_header_takes_is_refused(value: str) -> None:
    """The error names the header, never the value or the secret beside it."""
    with pytest.raises(TemplateUnfilled, match=r"^webhook\.headers\.X-A: ") as caught:
        parse_header("X-A", "{{secret.crm.token}} {{v}}").fill(values(v=value))
    assert "geheim" not in str(caught.value)
    assert value not in str(caught.value)


@given(nasty, nasty)
def test_a_value_never_makes_another_header(first: str, second: str) -> None:
    """What is not refused goes out as one line, as the client writes it."""
    try:
        header = parse_header("X-A", "a{{first}}b{{second}}").fill(values(first=first, second=second))
    except TemplateUnfilled:
        return
    lines = OutboundRequest("GET", parse_url("https://a.company.com/"), (header,)).wire_headers()
    (line,) = [value for name, value in lines if name == b"X-A"]
    assert line == f"a{first}b{second}".strip(" \t").encode()
    assert not set(line) & {*range(9), *range(10, 32), 127}


@pytest.mark.parametrize(
    "name",
    [
        *("", "X Bad", "X:Bad", "X\r\nBad", "Ü", "X-{{v}}", "x" * 129, "X-Midcall-Deadline-Ms", "X-Retell-Signature"),
        *("webhook-id", "Webhook-Signature", "webhook-timestamp", "Idempotency-Key", "traceparent", "HOST"),
        *sorted(OWN_NAMES),
    ],
)
def test_a_name_that_is_none_or_not_the_authors_cannot_be_saved(name: str) -> None:
    """Framing and connection, what midcall signs and sets itself, and what is no token."""
    loc, msg = the_fault(lambda: parse_header(name, "v"))
    assert loc == f"webhook.headers.{name}"[: len("webhook.headers.") + 128]
    assert len(msg) < 250


@pytest.mark.parametrize("source", ["a\r\nb", "a\x00", "\x7f{{v}}", "x" * (MAX_VALUE_BYTES + 1)])
def test_a_literal_value_that_no_header_takes_cannot_be_saved(source: str) -> None:
    """It is told when it is written, not on the phone."""
    assert the_fault(lambda: parse_header("X-A", source))[0] == "webhook.headers.X-A"


def test_headers_are_few_and_each_stands_there_once() -> None:
    """In whatever case; every fault is told."""
    assert [header.name for header in parse_headers({"B": "1", "a": "2"})] == ["B", "a"]
    assert the_fault(lambda: parse_headers({"X-A": "1", "x-a": "2"}))[0] == "webhook.headers.x-a"
    assert the_fault(lambda: parse_headers({f"X-{n}": "" for n in range(MAX_HEADERS + 1)}))[0] == "webhook.headers"
    with pytest.raises(InvalidInput) as caught:
        parse_headers({"Host": "a", "X-A": "{{", "X-B": "fine"})
    assert [fault.loc for fault in caught.value.faults] == ["webhook.headers.Host", "webhook.headers.X-A"]


# Query


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("{{v}}", "a&b=c", ["a&b=c"]),
        ("{{v}}", 1.0, ["1"]),
        ("{{v}}", False, ["false"]),
        ("{{v}}", None, []),
        ("{{v}}", "", [""]),
        ("{{v}}", [1, "é", None, True, [2, 3], {"a": 1.0}], ["1", "é", "true", "[2,3]", '{"a":1}']),
        ("{{v}}", [], []),
        ("{{v}}", {"a": None}, ['{"a":null}']),
        ("-{{v}}-", None, ["--"]),
        ("-{{v}}-", [1, 2], ["-[1,2]-"]),
        ("fixed", 0, ["fixed"]),
    ],
)
def test_a_query_value_is_written_by_its_type(template: str, value: Any, expected: list[str]) -> None:
    """An array once for each of its values, null not at all; within a text each has its one text."""
    (one,) = parse_query({"n": template})
    assert one.fill(values(v=value)) == tuple(("n", text) for text in expected)


@pytest.mark.parametrize("value", ["x" * (MAX_URL_CHARS + 1), [float("inf")]])
@pytest.mark.parametrize("template", ["{{v}}", "-{{v}}"])
def test_a_query_value_that_does_not_fit_is_refused(template: str, value: Any) -> None:
    """The error names the field; so it does for a name that has no value."""
    (one,) = parse_query({"n": template})
    for given_values in (values(v=value), values()):
        with pytest.raises(TemplateUnfilled, match=r"^webhook\.query\.n: .*\{\{v\}\}"):
            one.fill(given_values)


def test_a_query_is_literal_in_its_names_and_bounded() -> None:
    """Secrets do not belong into it either: addresses get logged."""
    for sources in ({"{{n}}": "v"}, {"": "v"}, {"n" * 129: "v"}, {"n": "{{secret.crm.token}}"}, {"n": "{{"}):
        assert the_fault(lambda sources=sources: parse_query(sources))[0].startswith("webhook.query.")  # type: ignore[misc]
    assert the_fault(lambda: parse_query({str(n): "" for n in range(MAX_QUERY + 1)}))[0] == "webhook.query"


@given(st.lists(st.tuples(nasty, nasty), max_size=4))
def test_pairs_come_back_from_a_url_as_they_went_in(pairs: list[tuple[str, str]]) -> None:
    """Names and values alike are encoded; what the URL has of its own stays before them."""
    for start in ("https://a.company.com", "https://a.company.com/x?", "https://a.company.com/x?own=1"):
        try:
            url = with_query(start, tuple(pairs))
        except TemplateUnfilled:
            assert any("\ud800" <= letter <= "\udfff" for pair in pairs for text in pair for letter in text)
            return
        own = [("own", "1")] if "own" in start else []
        assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == own + pairs
        assert parse_url(url).origin == "https://a.company.com"


def test_a_query_that_grows_too_long_is_refused() -> None:
    """With all of its names together."""
    with pytest.raises(TemplateUnfilled, match=r"webhook\.query"):
        with_query("https://a.company.com/", (("a", "x" * 1_500), ("b", "x" * 1_500)))


# Body


def test_a_body_keeps_types_where_a_placeholder_is_alone() -> None:
    """From a text or a value, at every depth; all that is not a text stays as it is."""
    source = {
        "n": "{{n}}",
        "s": "no {{n}}",
        "l": ["{{l}}", {"d": "{{d}}"}],
        "z": None,
        "t": True,
        "f": 1.5,
        "": "{{nul}}",
    }
    expected = {"n": 5, "s": "no 5", "l": [[1], {"d": {"a": 1}}], "z": None, "t": True, "f": 1.5, "": None}
    given_values = values(n=5, l=[1], d={"a": 1}, nul=None)
    for body in (source, json.dumps(source)):
        template = parse_body(body)
        assert template.names == {"n", "l", "d", "nul"}
        assert template.fill(given_values) == expected
        assert template.fill(given_values) == expected  # a template is filled again and again
    assert parse_body('"{{n}}"').fill(given_values) == 5
    assert parse_body([]).fill(given_values) == []


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('{"n": {{n}}}', "inside quotes"),
        ("{{n}}", "inside quotes"),
        ('{"n": {{n}}, "m": "{{m}}", }', "still has to be JSON"),
        ("", "still has to be JSON"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"a": NaN}', "NaN"),
        ('"\ud800"', "UTF-8"),
        ("[" * 65 + "]" * 65, "nested"),
        ('{"{{k}}": 1}', "not for a key"),
        ({"a": {"x{{k}}y": 1}}, "not for a key"),
        ({"a": "{{k"}, "two braces"),
        ({"a": ["{{secret.crm.token}}"]}, "header"),
        ({"a": float("nan")}, "NaN"),
        ({"a": b"x"}, "bytes"),
        ({"a": "x" * MAX_TEMPLATE_CHARS}, "longer"),
        ('"' + " " * MAX_TEMPLATE_CHARS + '"', "longer"),
        (["{{a}}"] * (MAX_PLACEHOLDERS + 1), "placeholders"),
    ],
)
def test_a_body_that_is_no_template_cannot_be_saved(source: Any, says: str) -> None:
    """The fault names the place inside the body where it can, and says what to do."""
    loc, msg = the_fault(lambda: parse_body(source))
    assert loc.startswith("webhook.body")
    assert says in msg


def test_a_fault_in_a_body_names_its_place() -> None:
    """When it is saved, and when it is filled."""
    assert the_fault(lambda: parse_body({"t": [{"s": "{{"}]}))[0] == "webhook.body.t.0.s"
    with pytest.raises(TemplateUnfilled, match=r"^webhook\.body\.t\.0\.s: \{\{gone\}\}"):
        parse_body({"t": [{"s": "{{gone}}"}]}).fill(values())


@pytest.mark.parametrize(
    ("source", "loc"),
    [
        ({"a": ["{{v}}"] * 50}, r"webhook\.body: "),
        ({"a": ["-{{v}}"] * 50}, r"webhook\.body\.a\.\d+: "),
        ({"a": "{{v}}" * 50}, r"webhook\.body\.a: "),
    ],
)
def test_a_filled_body_is_bounded(source: Any, loc: str) -> None:
    """A value that stands there often does not make gigabytes: texts are counted while they are made."""
    parse_body(source).fill(values(v="x" * 1_000))
    with pytest.raises(TemplateUnfilled, match=f"^{loc}"):
        parse_body(source).fill(values(v="x" * (MAX_BODY_CHARS // 40)))


leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | nasty
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3))


@given(anything)
def test_a_value_never_changes_the_body_around_it(value: Any) -> None:
    """It comes back as it was, beside fields that are as they were."""
    body = parse_body('{"role":"user","whole":"{{v}}","admin":false}').fill(values(v=value))
    assert body == {"role": "user", "whole": value, "admin": False}
    assert list(body) == ["role", "whole", "admin"]
    if "\\ud" not in stringify(body):  # halves of pairs that stand side by side become whole
        assert json.loads(stringify(body).encode()) == json.loads(json.dumps(body).encode())


# All of them


def test_every_fault_of_a_webhook_is_told_at_once() -> None:
    """Each with the path of its field."""
    with pytest.raises(InvalidInput) as caught:
        parse_webhook(url="https://{{a}}/", headers={"Host": "", "X": "{{"}, query={"q": "{{"}, body="{")
    places = [fault.loc for fault in caught.value.faults]
    assert places == ["webhook.url", "webhook.headers.Host", "webhook.headers.X", "webhook.query.q", "webhook.body"]


def test_a_webhook_tells_the_names_that_it_uses() -> None:
    """For the review: which nobody declares, which a call may leave out, which credentials must be there."""
    webhook = parse_webhook(
        url="https://a.com/{{id}}?x={{currentTime}}",
        headers={"X": "{{secret.crm.token}} {{secret.mail}} {{contact.id}}"},
        query={"q": "{{opt}}", "d": "{{def}}"},
        body={"a": "{{direction}} {{in_body}}", "c": "{{const}}"},
    )
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "id": {},
            "opt": {"type": "string"},
            "def": {"default": None},
            "unused": {},
            "const": {"x-midcall": {"constant": 1}},
        },
        "required": ["id"],
    }
    assert webhook.credentials() == {"crm", "mail"}
    assert webhook.query_names() == {"x", "q", "d"}
    assert undeclared(webhook.names(), schema) == ("currentTime", "in_body")
    assert undeclared(webhook.names(with_body=False), schema) == ("currentTime",)
    assert maybe_missing(webhook.names(), schema) == ("opt",)
    assert parse_webhook(url="https://a.com").names() == frozenset()

"""JSON as JavaScript writes it: fixed vectors, and Node itself on whatever Hypothesis comes up with."""

import json
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.node import asking_node

from midcall.domain.javascript_json import MAX_DEPTH, NotSerializable, number_text, stringify

NUMBERS = [
    ("1.0", "1"),
    ("-1.0", "-1"),
    ("-0", "0"),
    ("-0.0", "0"),
    ("0.1", "0.1"),
    ("1e3", "1000"),
    ("1E+3", "1000"),
    ("1.50", "1.5"),
    ("100000000000000000000", "100000000000000000000"),
    ("1e20", "100000000000000000000"),
    ("1e21", "1e+21"),
    ("-1e21", "-1e+21"),
    ("1.5e21", "1.5e+21"),
    ("123456789012345680000.0", "123456789012345680000"),
    ("1e16", "10000000000000000"),
    ("9007199254740991", "9007199254740991"),
    ("9007199254740992", "9007199254740992"),
    ("4.35", "4.35"),
    ("1234567.125", "1234567.125"),
    ("0.0001", "0.0001"),
    ("0.00001", "0.00001"),
    ("0.000001", "0.000001"),
    ("0.00000123", "0.00000123"),
    ("1e-7", "1e-7"),
    ("-1.25e-7", "-1.25e-7"),
    ("5e-324", "5e-324"),
    ("2.2250738585072014e-308", "2.2250738585072014e-308"),
    ("1.7976931348623157e308", "1.7976931348623157e+308"),
]

TEXTS = [
    ('"caf\\u00e9 \\u6f22 \\ud83d\\ude00"', '"caf\u00e9 \u6f22 \U0001f600"'),
    ('"\\ud800"', '"\\ud800"'),
    ('"a\\uDFFFb"', '"a\\udfffb"'),
    ('"\\ude00\\ud83d"', '"\\ude00\\ud83d"'),
    ('"\\u2028\\u2029"', '"\u2028\u2029"'),
    ('"\\b\\t\\n\\f\\r\\"\\\\\\/"', '"\\b\\t\\n\\f\\r\\"\\\\/"'),
    ('"\\u0000\\u001F\\u000b\\u007f\\u0080"', '"\\u0000\\u001f\\u000b\x7f\x80"'),
    ('"</script>&\'"', '"</script>&\'"'),
]

OBJECTS = [
    ('{"b":1,"a":2}', '{"b":1,"a":2}'),
    ('{"b":1,"10":2,"a":3,"9":4,"0":5}', '{"0":5,"9":4,"10":2,"b":1,"a":3}'),
    ('{"x":0,"4294967294":1,"4294967295":2,"4294967293":3}', '{"4294967293":3,"4294967294":1,"x":0,"4294967295":2}'),
    ('{"01":1,"-1":2,"1.0":3,"1e3":4," 1":5,"1":6}', '{"1":6,"01":1,"-1":2,"1.0":3,"1e3":4," 1":5}'),
    ('{"\\u0661":1,"1":2}', '{"1":2,"\u0661":1}'),
    ('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}'),
    ('{"__proto__":{"x":1},"constructor":2,"toJSON":"3"}', '{"__proto__":{"x":1},"constructor":2,"toJSON":"3"}'),
    ('{"":1," ":2}', '{"":1," ":2}'),
    ('{"\\ud800":1,"1":2}', '{"1":2,"\\ud800":1}'),
    (" [ ] ", "[]"),
    ("{ }", "{}"),
    ('[null, true ,false,[[]],{"a":{}}]', '[null,true,false,[[]],{"a":{}}]'),
]

VECTORS = [*NUMBERS, *TEXTS, *OBJECTS]


@pytest.fixture(scope="module")
def node() -> Iterator[Callable[[str], str]]:
    """Start one Node, which writes texts again."""
    with asking_node("JSON.parse(text)") as ask:
        yield ask


@pytest.mark.parametrize(("text", "expected"), VECTORS)
def test_a_vector_is_written_as_node_writes_it(node: Callable[[str], str], text: str, expected: str) -> None:
    """The vectors are Node's own answers, and ours."""
    assert node(text) == expected
    assert stringify(json.loads(text)) == expected


@pytest.mark.parametrize(
    "text", ["9007199254740993", "-9007199254740995", "12345678901234567890", "1" + "0" * 400, "-" + "9" * 4_300]
)
def test_a_whole_number_keeps_its_digits_where_javascript_would_lose_them(text: str) -> None:
    """It may be the number of an order; it is what is signed as well."""
    assert stringify({"id": [json.loads(text)]}) == f'{{"id":[{text}]}}'
    assert number_text(json.loads(text)) == text


def test_a_number_of_more_digits_than_are_read_is_refused() -> None:
    """Nobody sent it: none is taken in."""
    with pytest.raises(NotSerializable, match="digits"):
        stringify(10**5_000)


whitespace = st.sampled_from(["", "", " ", "\t", "\r ", "\n"])
number_texts = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.one_of(*(st.integers(0, top).map(str) for top in (99, 2**54, 10**17, 10**25))),
    st.just("") | st.from_regex(r"\.[0-9]{1,20}", fullmatch=True),
    st.just("")
    | st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["", "+", "-"]), st.integers(0, 290)),
)
doubles = st.floats(allow_nan=False, allow_infinity=False).map(repr)
characters = st.characters() | st.sampled_from('\ud800\udbff\udc00\udfff\u2028"\\\x00\x1f\x7f0')
strings = (
    st.text(characters, max_size=8) | st.integers(0, 2**32 + 1).map(str) | st.sampled_from(["__proto__", "a", "1"])
)


@st.composite
def json_strings(draw: st.DrawFn) -> str:
    """Write a text, escaped or not; a lone surrogate is always escaped, for no UTF-8 holds it."""
    return json.dumps(draw(strings), ensure_ascii=draw(st.booleans())).encode("utf-8", "backslashreplace").decode()


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Write arrays of what `inner` writes."""
    return st.builds(
        lambda items, gap: f"[{gap}{f'{gap},{gap}'.join(items)}{gap}]", st.lists(inner, max_size=5), whitespace
    )


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Write objects of what `inner` writes; a key may stand there twice."""
    member = st.builds("{}{}:{}".format, json_strings(), whitespace, inner)
    return st.builds(
        lambda items, gap: f"{{{gap}{f'{gap},{gap}'.join(items)}{gap}}}", st.lists(member, max_size=6), whitespace
    )


texts = st.recursive(
    st.sampled_from(["null", "true", "false"]) | number_texts | doubles | json_strings(),
    lambda inner: arrays(inner) | objects(inner),
    max_leaves=12,
)


@settings(deadline=None)  # another process answers
@given(text=texts)
def test_any_text_is_rewritten_as_node_rewrites_it(node: Callable[[str], str], text: str) -> None:
    """Numbers in every notation, keys in every order and twice, escapes, surrogates, blanks."""
    try:
        written = stringify(json.loads(text))
    except NotSerializable:  # a number beyond what a double holds: midcall takes none in, JavaScript makes it null
        assert "inf" in repr(json.loads(text))
        return
    rewritten = node(text)
    assert node(written) == rewritten
    assert written == rewritten or _has_long(json.loads(text))
    assert written.encode().decode() == written


def _has_long(value: Any) -> bool:
    """Tell whether a whole number is in it that no double holds."""
    if isinstance(value, int):
        return int(float(value)) != value or abs(value) > 2**53
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_long, inner))


halves = st.text(st.sampled_from("\ud83d\ude00\U0001f600a0"), max_size=6)


@settings(deadline=None)
@given(halves, halves)
@example("\ud83d\ude00", "\U0001f600")
def test_surrogates_side_by_side_are_one_character(node: Callable[[str], str], first: str, second: str) -> None:
    """Python keeps two halves apart that came from two texts; as JSON they are what JavaScript takes them for."""
    value = {first: 1, "b": 2, second: [first + second]}
    written = stringify(value)
    assert written == node(json.dumps(value))
    assert node(written) == written


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_the_double_it_is(number: float) -> None:
    """The shortest text of it, and never the text of another double."""
    written = number_text(number)
    if abs(number) < 1.7e308:
        assert float(written) == float(number)
    assert stringify(number) == written


def test_mappings_and_tuples_are_objects_and_arrays() -> None:
    """Frozen values are written like the others."""
    assert stringify(MappingProxyType({"a": (1, MappingProxyType({}))})) == '{"a":[1,{}]}'


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (float("nan"), "NaN or infinite"),
        ([float("-inf")], "NaN or infinite"),
        (b"geheim", "type bytes"),
        ({"a": {1, 2}}, "type set"),
        ({1: "geheim"}, "key is of type int"),
        ({None: 1, "0": 2}, "key is of type NoneType"),
    ],
)
def test_what_json_has_no_text_for_is_refused(value: Any, says: str) -> None:
    """The message quotes nothing of the value."""
    with pytest.raises(NotSerializable, match=says) as caught:
        stringify(value)
    assert "geheim" not in str(caught.value)


def nested(levels: int) -> Any:
    """Nest arrays and objects in turn."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_nesting_is_bounded() -> None:
    """As many levels as are allowed, and not one more; a value that holds itself ends there too."""
    stringify(nested(MAX_DEPTH))
    with pytest.raises(NotSerializable, match="more than 128 levels"):
        stringify(nested(MAX_DEPTH + 1))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotSerializable, match="more than 3 levels"):
        stringify(endless, max_depth=3)


def test_the_length_is_bounded_to_the_character() -> None:
    """No more is written than fits, whatever there is of it."""
    value = {"a": ["text", 1.5, None], "b": {}}
    length = len(stringify(value))
    assert stringify(value, max_chars=length) == stringify(value)
    with pytest.raises(NotSerializable, match="longer than"):
        stringify(value, max_chars=length - 1)
    huge: list[Any] = ["x" * 1000]
    for _ in range(40):  # 2**40 of them, were they ever written
        huge = [huge, huge]
    with pytest.raises(NotSerializable, match="longer than 1,000,000"):
        stringify(huge, max_chars=1_000_000)

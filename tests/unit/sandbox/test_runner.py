"""The runner's own parts: strict results, faults in the author's words. Its processes are tested in containers."""

import importlib
import json
from collections import Counter, OrderedDict, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.sandbox.frames import CAPS, KIB, FrameKind
from midcall.sandbox.image import sandbox_files
from midcall.sandbox.untrusted import MAX_DEPTH, parse_fault, parse_value

TERMS = {"deadline_ms": 1000, "result_bytes": 64 * KIB}


def performed(child: ModuleType, source: str, session: dict[str, Any] | None = None) -> tuple[FrameKind, Any]:
    """Run a source in this process and return the frame it would send."""
    request = {"source": source, "session": session or {}, "actions": []}
    kind, payload = child.perform(request, TERMS, child.Actions(lambda _kind, _payload: None))
    return kind, json.loads(payload)


def nested(depth: int) -> list[Any]:
    """Return lists within lists."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


class Colour(IntEnum):
    """A subclass of int."""

    RED = 1


class Level(Enum):
    """An enum of anything."""

    HIGH = {"a": 1}  # noqa: RUF012 - authors do that


class Shade(Enum):
    """An enum of texts."""

    DARK = "dark"


@dataclass
class Slot:
    """A dataclass, with others in it."""

    day: date | None
    inner: list[Any]


@dataclass
class Order:
    """One that holds itself."""

    number: int

    def __post_init__(self) -> None:
        self.self = self

    self: Any = field(init=False)


Point = namedtuple("Point", "x y")  # noqa: PYI024 - authors use it


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ({"a": [1, 2.5, None, True, "ü"]}, '{"a":[1,2.5,null,true,"ü"]}'),
        (Counter("aab"), '{"a":2,"b":1}'),
        (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
        (Point(1, 2), "[1,2]"),
        (Colour.RED, "1"),
        ((), "[]"),
        ({7: "a", 2.5: "b", None: "c", True: "d"}, '{"7":"a","2.5":"b","null":"c","true":"d"}'),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), '"2026-01-02T03:04:00+00:00"'),
        ({date(2026, 1, 2): time(3, 4)}, '{"2026-01-02":"03:04:00"}'),
        ([Decimal("19.90"), Decimal(7), Decimal("1E+2")], "[19.9,7,100.0]"),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ([Level.HIGH, Shade("dark")], '[{"a":1},"dark"]'),
        (Slot(date(2026, 1, 2), [Slot(None, [])]), '{"day":"2026-01-02","inner":[{"day":null,"inner":[]}]}'),
    ],
)
def test_json_and_its_python_likenesses_are_encoded(values: ModuleType, value: object, encoded: str) -> None:
    """Subclasses of dict, list, tuple, str, int and float count as what they are."""
    assert values.encode(value, 1000).decode() == encoded


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"v": b"x"}, "bytes, which is not JSON"),
        ({"v": {1}}, "set, which is not JSON"),
        ({(1, 2): 2}, "key of type tuple"),
        ({1: 2, "1": 3}, "two keys that are both '1'"),
        ({float("nan"): 2}, "key of type float"),
        (Decimal("NaN"), "not a finite number"),
        (Decimal("sNaN"), "not a finite number"),
        (Decimal("1E+9999"), "not a finite number"),
        ([Order(1)], "nested deeper than 100"),
        ([float("inf")], "not a finite number"),
        (10**5000, "over 4,300 digits"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        (nested(MAX_DEPTH + 1), "nested deeper than 100"),
        (nested(10_000), "nested deeper than 100"),
        ({"a": [1, {"b": object()}]}, "the result['a'][1]['b']"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_json_is_named_with_its_place(values: ModuleType, value: object, words: str) -> None:
    """The message says where in the result, what it is, and what to do."""
    with pytest.raises(values.NotJson) as caught:
        values.encode(value, 10**6)
    assert words in str(caught.value)


@pytest.mark.parametrize("value", ["x" * 5000, ["x"] * 5000, {str(n): n for n in range(5000)}, [10**4000]], ids=type)
def test_a_long_result_is_refused_before_it_is_encoded(values: ModuleType, value: object) -> None:
    """The copy stops at the cap."""
    with pytest.raises(values.TooLong):
        values.encode(value, 1000)


def test_both_ends_agree_on_the_depth(values: ModuleType) -> None:
    """What the runner sends at its limit, the pool reads; one more is refused by both."""
    assert values.MAX_DEPTH == MAX_DEPTH
    assert parse_value(values.encode(nested(MAX_DEPTH), 1000), 1000) == nested(MAX_DEPTH)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_what_the_runner_encodes_the_pool_reads(value: Any) -> None:
    """Both ends of the result, tested against each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(sandbox_files()))
        values = importlib.import_module("values")
        assert parse_value(values.encode(value, 10**6), 10**6) == value


def test_annotations_do_not_inherit_the_runners_future(child: ModuleType) -> None:
    """Annotations are evaluated as in a plain file: nothing of the runner's compiler flags is handed on."""
    kind, answer = performed(child, "def f(x: 1 + 1): ...\ndef handler(session):\n    return f.__annotations__\n")
    assert (kind, answer) == (FrameKind.RESULT, {"x": 2})


def test_the_module_is_no_main_and_dataclasses_find_it(child: ModuleType) -> None:
    """`__name__` is `function`; the module is where dataclasses look for it."""
    source = (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'int'\n"
        "def handler(session):\n    return [__name__, A(1).x, A.__module__]\n"
    )
    assert performed(child, source) == (FrameKind.RESULT, ["function", 1, "function"])


@pytest.mark.parametrize(
    ("source", "type_", "line"),
    [
        ("def handler(session):\n    return session['x']\n", "KeyError", 2),
        ("import nothing_of_that_name\n", "ModuleNotFoundError", 1),
        ("x = 1\n", "HandlerMissing", None),
        ("def handler(session):\n    raise SystemExit(0)\n", "SystemExit", 2),
        ("def handler(session):\n    exit()\n", "SystemExit", 2),
        ("def handler(session):\n    quit(1)\n", "SystemExit", 2),
        ("def handler(session:\n", "SyntaxError", 1),
        ("class E(Exception):\n    def __str__(self): raise SystemExit\ndef handler(s):\n    raise E\n", "E", 4),
        ("def f(n):\n    return f(n)\ndef handler(session):\n    return f(1)\n", "RecursionError", 2),
        ("def handler():\n    return 1\n", "TypeError", None),
    ],
)
def test_a_fault_has_type_and_line(child: ModuleType, source: str, type_: str, line: int | None) -> None:
    """The line is in the author's source, wherever the exception came from."""
    kind, fault = performed(child, source)
    assert kind is FrameKind.FAULT
    assert (fault["type"], fault["line"]) == (type_, line)


def test_a_fault_is_bounded_and_shows_the_authors_frames_alone(child: ModuleType) -> None:
    """20 MB of message and 1,000 frames become a few thousand characters."""
    source = (
        "def f(n):\n    if n: return f(n - 1)\n    raise ValueError('m' * 20_000_000)\n"
        "def handler(session):\n    f(900)\n"
    )
    _, fault = performed(child, source)
    assert len(json.dumps(fault)) < 10_000
    assert "child.py" not in fault["traceback"]
    assert fault["traceback"].count("function.py") <= 20


@pytest.mark.parametrize("how", ["raise actions.Refuse('no such order')", "raise actions.refuse('no such order')"])
def test_code_may_refuse_in_its_own_words(child: ModuleType, how: str) -> None:
    """In either spelling; a fault of the code is none of it."""
    source = f"def handler(session, actions):\n    {how}\n"
    kind, fault = performed(child, source)
    assert (kind, fault["kind"], fault["message"], fault["line"]) == (FrameKind.FAULT, "refused", "no such order", 2)
    assert parse_fault(json.dumps(fault).encode(), CAPS[kind])[0] == "refused"
    assert performed(child, "def handler(session):\n    raise ValueError('no')\n")[1]["kind"] == "error"


@pytest.mark.parametrize("text", ["\\0", "\\U0001f680", "\\udc80", "\\\\"])
def test_a_fault_fits_its_frame_whatever_its_characters(child: ModuleType, text: str) -> None:
    """Escapes make text longer: type, message and traceback still stay below the frame's cap."""
    source = (
        f"def f(n):\n    if n: return f(n - 1)\n    raise ValueError('{text}' * 10_000)\n"
        "def handler(session):\n    f(50)\n"
    )
    request = {"source": source, "session": {}, "actions": []}
    kind, payload = child.perform(request, TERMS, child.Actions(lambda _kind, _payload: None))
    assert kind is FrameKind.FAULT
    assert len(payload) <= CAPS[kind]
    assert json.loads(payload)["line"] == 3


@pytest.mark.parametrize(
    ("signature", "given"),
    [
        ("session, actions", True),
        ("session, actions, more=None", True),
        ("session, actions=None", True),
        ("session, /, actions", True),
        ("session, actions=None, /", True),
        ("session", False),
        ("session, x=None", False),
        ("session, x=None, actions=None", False),
        ("actions, x=None", False),
        ("session, *actions", False),
        ("session, *, actions=None", False),
        ("session, **actions", False),
        ("*args", False),
    ],
)
def test_actions_go_to_a_second_parameter_of_that_name_alone(child: ModuleType, signature: str, given: bool) -> None:  # noqa: FBT001
    """Whatever else stands there keeps its own default. (Async handlers are run in containers.)."""
    source = (
        f"def handler({signature}):\n    return any(type(value).__name__ == 'Actions' for value in locals().values())\n"
    )
    assert performed(child, source) == (FrameKind.RESULT, given)


def test_a_default_beside_the_session_is_kept(child: ModuleType) -> None:
    """What review lets through, `handler(session, x=1)`, runs as it reads."""
    assert performed(child, "def handler(session, x=1):\n    return x\n") == (FrameKind.RESULT, 1)


def test_a_wrapped_handler_is_given_what_the_wrapped_one_asks_for(child: ModuleType) -> None:
    """A decorator that keeps the signature (`functools.wraps`) hides no `actions`."""
    source = (
        "import functools\ndef plain(f):\n    @functools.wraps(f)\n    def inner(*args):\n        return f(*args)\n"
        "    return inner\n@plain\ndef handler({}):\n    return 1\n"
    )
    assert performed(child, source.format("session")) == (FrameKind.RESULT, 1)
    assert performed(child, source.format("session, actions")) == (FrameKind.RESULT, 1)


def test_the_deadline_in_the_session_is_what_is_left(child: ModuleType) -> None:
    """`deadlineMs` is set where the session has it, and not added where it has not."""
    source = "def handler(session):\n    return session\n"
    assert performed(child, source, {"deadlineMs": 99_999})[1] == {"deadlineMs": 1000}
    assert performed(child, source, {"a": 1})[1] == {"a": 1}

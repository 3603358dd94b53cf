# ruff: noqa: E501  (sources, one per line)
"""Names with one underscore: an author's own pass, and what leads to machinery does not."""

import ast
import asyncio
import importlib
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.allowlist import packaged
from midcall.review.vocabulary import HELD, LIBRARY_PRIVATE, is_guard

HANDLER = "\n\ndef handler(session):\n    return 1\n"
OWN = [
    "class A:\n    def _run(self):\n        return 1\n\ndef handler(session):\n    return A()._run()\n",
    "class A:\n    def _run(self):\n        return 1\n\ndef handler(session):\n    a = A()\n    return a._run()\n",
    "class A:\n    def _run(self):\n        return 1\n\ndef handler(session):\n    return [a._run() for a in (A(), A())]\n",
    "class A:\n    _made = 0\n\ndef handler(session):\n    return A._made\n",
    "class A:\n    __slots__ = ('_x',)\n\n    def __init__(self):\n        self._x = 1\n\ndef handler(session):\n    return A()._x\n",
    "class A:\n    _a, _b = 1, 2\n\ndef handler(session):\n    return A()._b\n",
    "class A:\n    def __init__(self):\n        def late():\n            self._late = 1\n        late()\n\ndef handler(session):\n    return A()._late\n",
    "class A:\n    @classmethod\n    def make(cls):\n        cls._code = 1\n        return cls._code\n\ndef handler(session):\n    return A.make()\n",
    "class A:\n    def go(self):\n        if not hasattr(self, '_cache'):\n            self._cache = {}\n        return self._cache\n\ndef handler(session):\n    return A().go()\n",
    "class A:\n    def go(self):\n        self._func = getattr(self, '_func', None)\n        return self._func\n\ndef handler(session):\n    return A().go()\n",
    "import asyncio\n\nclass A:\n    async def _run(self):\n        await asyncio.sleep(0)\n        return 1\n\nasync def handler(session):\n    return await A()._run()\n",
    "class Base:\n    def go(self):\n        return self._load() + self._open\n\nclass A(Base):\n    _open = 1\n\n    def _load(self):\n        return 2\n\ndef handler(session):\n    return A().go()\n",
    "class A:\n    def __init__(self):\n        self._module = self._modules = self._thread = self._stream = self._writer = self._reader = 1\n        self._formatter, self._compile, self._exec, self._wrapped = 1, 2, 3, 4\n\ndef handler(session):\n    return A()._exec\n",
]  # fmt: skip

OWN += [
    "class A:\n    def __init__(self):\n        self._x = 0\n\ndef handler(session):\n    a = A()\n    a._x = 5\n    return a._x\n",
    "async def get(q, __event_emitter__=None, __user__: dict = {}):\n    if __event_emitter__:\n        await __event_emitter__({'type': 'status'})\n    return __user__.get('id', q)\n\nasync def handler(session):\n    return await get(1)\n",
]  # fmt: skip


@pytest.mark.parametrize("source", OWN)
def test_an_authors_own_names_pass(source: str) -> None:
    """What a class of the file defines or sets is its author's own, whatever it is called."""
    assert [comment for comment in review(Subject(source)) if comment.severity is not Severity.INFO] == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(__builtins__):\n    return __builtins__" + HANDLER,
        "def f(__class__):\n    return __class__" + HANDLER,
        "def f(__import__=1):\n    return __import__('os')" + HANDLER,
        "def f(__dict__):\n    return __dict__" + HANDLER,
        "def f(__reduce_ex__):\n    return __reduce_ex__" + HANDLER,
        "f = lambda __loader__: __loader__" + HANDLER,
        "def f(__mine__):\n    __mine__ = 1\n    return __mine__" + HANDLER,
        "def f():\n    __mine__ = 1\n    return __mine__" + HANDLER,
        "def f(__mine__):\n    return f.__mine__" + HANDLER,
        "class A:\n    __mine__ = 1" + HANDLER,
        "def f(x):\n    return __mine__" + HANDLER,
    ],
)
def test_names_of_pythons_own_form_pass_as_parameters_alone(source: str) -> None:
    """Some platforms hand things over by such names; all that Python has stays its own."""
    assert any(comment.severity is Severity.ERROR for comment in review(Subject(source)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def handler(session):\n    return session._x\n", "set it in the class"),
        ("class A:\n    def f(self):\n        return self._typo" + HANDLER, "set it in the class"),
        ("import asyncio\nclass A:\n    def f(self):\n        self._loop = 1" + HANDLER, "Give yours another name"),
        ("class A:\n    _x = 1\ndef handler(session):\n    session._x = 1\n    return 1\n", "within the class"),
        ("class A:\n    def f(self):\n        self._sys = 1" + HANDLER, "without the underscore"),
    ],
)
def test_a_refusal_says_what_to_write(source: str, words: str) -> None:
    """Each has its own cure."""
    (comment,) = [comment for comment in review(Subject(source)) if comment.severity is Severity.ERROR]
    assert words in comment.suggestion


async def _objects() -> list[Any]:
    """Make what functions can have of asyncio, while a loop runs."""

    async def nothing() -> None:
        await asyncio.sleep(0)

    task, gathered = asyncio.create_task(nothing()), asyncio.gather(nothing())
    kinds = (asyncio.Queue, asyncio.Lock, asyncio.Event, asyncio.Condition, asyncio.Semaphore, asyncio.TaskGroup)
    async with asyncio.timeout(None) as timeout:
        await task
        await gathered
    return [task, gathered, timeout, *(kind() for kind in kinds)]


def _listed(module: str) -> list[Any]:
    """Return what is listed of a module, and one object of each class that can be made without arguments."""
    found = [getattr(importlib.import_module(module), name) for name in packaged().modules[module]]
    made: list[Any] = []
    for kind in found:
        try:
            made.append(kind() if isinstance(kind, type) else kind)
        except Exception:  # noqa: S112 (it wants arguments, or cannot be made)
            continue
    return [*found, *made]


@pytest.mark.parametrize("module", sorted(packaged().modules))
def test_objects_of_the_library_have_such_names_where_the_list_says(module: str) -> None:
    """Found, not thought of: a name that library objects show is refused in files that have to do with their module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        things = _listed(module) + (asyncio.run(_objects()) if module == "asyncio" else [])
    shown = {name for thing in things for name in dir(thing)} & LIBRARY_PRIVATE
    assert shown == {name for name, modules in HELD.items() if module in modules and name in shown}
    if module == "asyncio":
        assert shown == {name for name, modules in HELD.items() if modules}


LOOP = """
class Own:
    def __init__(self):
        self._loop = self._make_subprocess_transport = 1

    def of(self, future):
        return future._loop

async def ask(actions):
    return await actions.http.get("https://api.example.com/x")

async def handler(session, actions):
    loop = Own().of(ask(actions).send(None))
    await loop._make_subprocess_transport(None, ["/bin/echo"], False, -1, None, None, 0)
"""


@pytest.mark.parametrize("name", ["_loop", "_make_subprocess_transport", "_selector", "_calls_", "_send_"])
def test_no_name_that_leads_to_the_runner_is_an_authors_own(name: str) -> None:
    """The loop runs each async handler, and actions are given to it, whatever the file imports."""
    own = (
        f"class A:\n    def __init__(self):\n        self.{name} = 1\n    def of(thing):\n        return thing.{name}\n"
    )
    found = review(Subject(f"{own}\ndef handler(session, actions):\n    return 1\n"))
    assert sum(comment.severity is Severity.ERROR for comment in found) >= 2


def test_an_event_loop_is_not_reached_through_what_an_action_awaits() -> None:
    """It would start programs: `send` on a coroutine of an action gives its future."""
    found = review(Subject(LOOP, actions=("http",), egress=("api.example.com",)))
    said = {each.message.partition(" not")[0] for each in found}
    assert {"`._loop` may", "`._make_subprocess_transport` may"} <= said


def test_what_authors_are_given_has_no_field_that_review_lets_them_reach() -> None:
    """Of `actions` and its groups: behind them are the channel to the host and its token."""
    tree = ast.parse(Path("sandbox/actions.py").read_text("utf-8"))
    given = [each for each in tree.body if isinstance(each, ast.ClassDef) and each.name in {"Actions", "Group"}]
    private = {
        node.attr
        for each in given
        for node in ast.walk(each)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and re.match("_[^_]", node.attr)
    }
    assert len(given) == 2
    assert "_calls_" in private
    assert {name for name in private if not is_guard(name)} == set()

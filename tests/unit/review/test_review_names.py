"""What names mean: the ground on which the rules stand."""

import ast
import importlib

import pytest

from midcall.domain.review import Subject
from midcall.review.allowlist import packaged
from midcall.review.constants import number, texts
from midcall.review.extension import modules_shown
from midcall.review.module import Module
from midcall.review.text import SourceText

MODULES = sorted(packaged().modules)


def _module(source: str) -> Module:
    return Module(SourceText(Subject(source)), ast.parse(source), packaged())


def _use(module: Module, name: str) -> ast.Name:
    return [node for node in module.nodes(ast.Name) if node.id == name and isinstance(node.ctx, ast.Load)][-1]


@pytest.mark.parametrize(
    ("source", "kinds", "falls_through"),
    [
        ("x = 1\nx", ["value"], True),
        ("def f(x):\n    x", ["parameter"], False),
        ("x = 1\ndef f():\n    x", ["value"], True),
        ("x = 1\ndef f():\n    x = 2\n    x", ["value"], False),
        ("x = 1\nclass A:\n    x = 2\n    def f(self):\n        x", ["value"], True),
        ("def f():\n    x = 1\n    class A:\n        x = 2\n        x", ["value", "value"], False),
        ("def f():\n    x = 1\n    def g():\n        global x\n        x", [], True),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    x", ["value", "value"], False),
        ("def f():\n    [x := 1 for y in z]\n    x", ["value"], False),
        ("[x for x in y]\n", ["other"], False),
        ("import a.b\na", ["module"], True),
        ("try:\n    pass\nexcept E as x:\n    x", ["other"], True),
        ("match 1:\n    case {**x}:\n        x", ["other"], True),
        ("match 1:\n    case [1, *x] as y:\n        x", ["other"], True),
        ("lambda x: x", ["parameter"], False),
        ("def f(a=x, *x):\n    pass", [], True),
    ],
)
def test_a_name_means_what_python_says(source: str, kinds: list[str], falls_through: bool) -> None:  # noqa: FBT001
    """Scopes follow the language reference, and what may reach the built-ins is known."""
    module = _module(source)
    name = "a" if source.startswith("import") else "x"
    meaning = module.meaning(_use(module, name))
    assert [binding.kind.value for binding in meaning.bindings] == kinds
    assert meaning.falls_through is falls_through


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 'a'\nx", {"a"}),
        ("x = 'a' + 'b'\nx", {"ab"}),
        ("x = 'a' if y else 'b'\nx", {"a", "b"}),
        ("x = 'a'\nx += 'b'\nx", None),
        ("x = x\nx", None),
        ("def f(x='a'):\n    x", None),
        ("m = {'k': 'a'}\nx = m['k']\nx", {"a"}),
        ("m = {'k': 'a'}\nf(m)\nx = m['k']\nx", None),
        ("m = {'k': 'a', **n}\nx = m['k']\nx", None),
        ("a = 'y' * 9\nx = a\nx", None),
    ],
)
def test_texts_are_known_or_not(source: str, expected: set[str] | None) -> None:
    """A text counts as known only if nothing else can stand there."""
    module = _module(source)
    assert texts(module, _use(module, "x")) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [("x = 2 ** 10\nx", 1024), ("x = 9 ** 9 ** 9\nx", float("inf")), ("x = -y\nx", None), ("x = 1 // 0\nx", None)],
)
def test_numbers_are_estimated_without_being_made(source: str, expected: float | None) -> None:
    """The size of a number is known without the time it would take to make it."""
    module = _module(source)
    assert number(module, _use(module, "x")) == expected


@pytest.mark.parametrize("name", MODULES)
def test_listed_names_are_there_and_lead_to_no_module(name: str) -> None:
    """Each name listed for the running Python exists, is no module, and shows none through its public attributes."""
    module = importlib.import_module(name)
    for listed in packaged().modules[name]:
        assert modules_shown(getattr(module, listed)) == []

"""Syntax that the review knows, on whichever Python runs: the rest is refused, and what is known is walked whole."""

import _ast
import ast
import sys
import types
from collections.abc import Iterator

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import policy_version, review
from midcall.review.allowlist import packaged
from midcall.review.binder import MARKERS
from midcall.review.grammar import KNOWN, strange
from midcall.review.module import Module
from midcall.review.policy import PolicyChecker
from midcall.review.rules import TREE_RULES
from midcall.review.text import SourceText
from midcall.review.vocabulary import attribute_fault, is_special, words

#: Every kind of node that the review knows, with every field filled. Never run.
ALL_OF_IT = """
from __future__ import annotations
import json, math as m
from re import sub
@property
class A(B, C, k=1):
    x: int = 1
    @staticmethod
    def f(self, /, a, b: int = 1, *c: str, d, e=2, **g) -> str:
        global q
        nonlocal_ = lambda y, z=1: y + z - 1 * 2 @ 3 / 4 % 5 ** 6 << 7 >> 8 | 9 ^ 10 & 11 // 12
        def inner():
            nonlocal nonlocal_
            yield nonlocal_
            yield from inner()
            return (yield)
        u"kind"
        return f"{a!r:>{b}} {c}"
@cache
async def h() -> int:
    async for i in aiter(x):
        await i
    else:
        pass
    async with a as b, c:
        return [z async for z in y if z]
del a, b[0], c.d
a += 1; b, *c = d = [1, *e]; (w := 2)
for i in x:
    break
else:
    pass
while not x and y or -a + +b - ~c:
    continue
else:
    pass
if a == 1 != 2 < 3 <= 4 > 5 >= 6 is 7 is not 8 in x not in y:
    pass
else:
    b if a else c
with a as b:
    raise X from Y
try:
    assert a, b
except (X, Y) as e:
    pass
else:
    pass
finally:
    pass
match a:
    case [1, *rest] | {"k": v, **others} | P(1, k=True) as whole if b:
        x[1:2:3, ...]
({1, 2}, {"a": 1, **b}, {i for i in x}, {i: j for i, j in x if i}, (i for i in x))
f(a, *b, c=1, **d)
"""
TREE = ast.parse(ALL_OF_IT)
#: All that the parser can make; the module `ast` adds names of the past to these.
CLASSES = [kind for kind in vars(_ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)]


def refusals(source: str) -> list[str]:
    """Return the rules that refuse a source."""
    return [comment.rule for comment in review(Subject(source)) if comment.severity is Severity.ERROR]


def test_the_sample_holds_every_known_kind_with_every_field() -> None:
    """So the walks below meet all that is let through."""
    filled: dict[str, set[str]] = {}
    for node in ast.walk(TREE):
        filled.setdefault(type(node).__name__, set()).update(
            name for name, value in ast.iter_fields(node) if value not in (None, [])
        )
    assert filled.keys() == KNOWN.keys()
    never = {"type_comment", "type_ignores", "type_params"}
    assert [kind for kind, names in KNOWN.items() if names - filled[kind] - never] == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_kind_of_the_running_python_is_known_or_refused(kind: type[ast.AST]) -> None:
    """Known with all its fields, or refused: wherever it stands, with what to write instead."""
    if kind.__name__ in KNOWN:
        assert KNOWN[kind.__name__].issuperset(kind._fields)
        assert list(strange(TREE)) == []
        return
    node = ast.AST.__new__(kind)
    found = list(strange(ast.Module([ast.Expr(ast.Await(node))], [])))  # type: ignore[arg-type]
    assert [each for each, _, _ in found] == [node]
    assert all(message and advice for _, message, advice in found)


def test_a_kind_that_no_python_has_yet_is_refused() -> None:
    """The list says what passes, not what does not."""
    future = type("Lazily", (ast.expr,), {"_fields": ("value",)})()
    assert [node for node, _, _ in strange(ast.Module([ast.Expr(future)], []))] == [future]


def test_a_field_that_no_python_has_yet_is_refused_once_it_says_anything() -> None:
    """A known statement with a new mark on it (an import that is carried out later) is another statement."""
    later = type("Import", (ast.stmt,), {"_fields": ("names", "is_lazy")})
    for value, expected in ((1, 1), (0, 0), (None, 0)):
        node = later(names=[], is_lazy=value)
        assert len(list(strange(ast.Module([node], [])))) == expected


def test_every_node_has_its_scope_and_is_seen_by_the_policy() -> None:
    """No part of any known kind is left out by a walk."""
    module = Module(SourceText(Subject(ALL_OF_IT)), TREE, packaged())
    seen: set[ast.AST] = set()

    class Watching(PolicyChecker):
        def visit(self, node: ast.AST) -> ast.AST:
            seen.add(node)
            return super().visit(node)  # type: ignore[no-any-return]

    Watching(module).visit(TREE)
    for node in ast.walk(TREE):
        if not isinstance(node, MARKERS):
            assert node in seen, ast.dump(node)
            assert node is TREE or node in module.nodes(type(node)), ast.dump(node)
            assert node is TREE or module.parent(node) is not None, ast.dump(node)


def test_rules_can_read_every_known_kind() -> None:
    """None of them fails on a form that it did not expect."""
    module = Module(SourceText(Subject(ALL_OF_IT)), TREE, packaged())
    for rule in TREE_RULES:
        assert list(rule.check(module)) is not None


_BODY = "\ndef handler(session):\n    return 1\n"
_STAR = "def handler(session):\n    try:\n        return 1\n    except* ValueError:\n        pass\n    return 2\n"
NEWER = {
    (3, 11): [_STAR],
    (3, 12): [
        "type X = int" + _BODY,
        "type X[T] = list[T]" + _BODY,
        "def f[T](x: T) -> T:\n    return x" + _BODY,
        "def f[T: (int, str)](x: T) -> T:\n    return x" + _BODY,
        "async def f[**P](*x: P.args, **y: P.kwargs):\n    return x" + _BODY,
        "class A[*Ts]:\n    pass" + _BODY,
        "class A:\n    b = 1\n    def f[T: b](self, x: T):\n        return x" + _BODY,
    ],
    (3, 13): ["def f[T = int](x: T) -> T:\n    return x" + _BODY, "class A[*Ts = *tuple[int]]:\n    pass" + _BODY],
    (3, 14): ["x = t'{1}'" + _BODY, "def f(a=t'a'):\n    return a" + _BODY],
}
SOURCES = [source for minor, sources in NEWER.items() if sys.version_info >= minor for source in sources]


@pytest.mark.parametrize("source", SOURCES)
def test_newer_syntax_is_refused_by_its_own_rule_and_says_what_to_write(source: str) -> None:
    """No other rule gets to see it, so none can be led astray by it."""
    comments = review(Subject(source))
    assert {comment.rule for comment in comments} == {"syntax.unknown"}
    assert all("does not know" not in comment.message for comment in comments)
    assert all(comment.line < source.count("\n") + 1 for comment in comments)


NESTED = [
    ("def handler(session):\n    return f'{session['a']}'\n", []),
    ("def handler(session):\n    return f'{f'{f'{1}'}'}'\n", []),
    ("def handler(session):\n    return f'{\n        session  # why\n    }'\n", []),
    ("def handler(session):\n    return f'{eval('1')}'\n", ["builtin.forbidden"]),
    ("def handler(session):\n    return f'{session.__class__}{'x'}'\n", ["policy.attribute"]),
    ("def handler(session):\n    return f'{session:{'{0.__class__}'.format(session)}}'\n", ["format.field"]),
    ("def handler(session):\n    return f'{'\\n'.join(open('x'))}'\n", ["builtin.forbidden"]),
]


@pytest.mark.parametrize(("source", "rules"), NESTED)
def test_quotes_within_an_f_string_change_nothing(source: str, rules: list[str]) -> None:
    """From Python 3.12 on they may be the same as around it; before, that is no Python."""
    assert refusals(source) == (rules if sys.version_info >= (3, 12) else ["syntax.error"])


def test_places_within_an_f_string_are_exact() -> None:
    """In characters, behind letters of several bytes, on the line where they stand."""
    source = "def handler(session):\n    return (\n        f'grüße {1} '\n        f'ü{session.__class__}'\n    )\n"
    (comment,) = review(Subject(source))
    assert (comment.line, comment.column, comment.end_column) == (4, 13, 30)


def live_objects() -> Iterator[object]:
    """Yield one of each kind of object that shows frames or code."""

    def generator() -> Iterator[int]:
        yield 1

    async def coroutine() -> None: ...

    async def stream() -> Iterator[int]:  # type: ignore[misc]
        yield 1

    started = coroutine()
    frame = sys._getframe()
    yield from (generator(), started, stream(), generator.__code__, frame, types.TracebackType(None, frame, 0, 1))
    started.close()


def test_attributes_that_lead_to_frames_and_code_are_all_named() -> None:
    """Also those that a newer Python added, except the few methods that drive a generator."""
    drive = {"send", "throw", "close", "asend", "athrow", "aclose", "clear", "replace"}
    for thing in live_objects():
        shown = {name for name in dir(thing) if not is_special(name) and name not in drive}
        assert [name for name in sorted(shown) if not attribute_fault(name)] == []


@pytest.mark.parametrize(
    "name",
    sorted(
        words(
            "__type_params__ __static_attributes__ __firstlineno__ __annotate__ __annotate_func__ __classdict__ "
            "__conditional_annotations__ __annotations_cache__ __value__ "
            "gi_suspended cr_suspended ag_suspended f_generator co_branches"
        )
    ),
)
def test_what_newer_minor_versions_show_may_not_be_reached(name: str) -> None:
    """By attribute, by `getattr`, in a pattern and in a template."""
    head = "def handler(session):\n    "
    assert "policy.attribute" in refusals(f"{head}return session.{name}\n")
    assert "builtin.narrow" in refusals(f"{head}return getattr(session, {name!r})\n")
    assert "policy.attribute" in refusals(f"{head}match session:\n        case dict({name}=x):\n            return x\n")
    assert "format.field" in refusals(f"{head}return '{{0.{name}}}'.format(session)\n")


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasyncio.run(None, loop_factory=dict)" + _BODY,
        "import asyncio\nstart = asyncio.run" + _BODY,
        "from functools import partial\nimport asyncio\nstart = partial(asyncio.run, loop_factory=dict)" + _BODY,
        "import string\nx = string.templatelib" + _BODY,
        "import string.templatelib" + _BODY,
        "from string.templatelib import Template" + _BODY,
        "import annotationlib" + _BODY,
        "from concurrent import interpreters" + _BODY,
        "class A:\n    def __annotate__(self, format):\n        return {}" + _BODY,
        "class A:\n    __type_params__ = ()" + _BODY,
        "class A:\n    def f(self):\n        return __classdict__" + _BODY,
        "class A:\n    def __replace__(self, **changes):\n        return self" + _BODY,
        "class A:\n    def __buffer__(self, flags):\n        return b''" + _BODY,
    ],
)
def test_what_newer_minor_versions_opened_is_refused(source: str) -> None:
    """On every minor version, so that what is approved on one holds on another."""
    assert refusals(source)


@pytest.mark.parametrize("name", ["evaluate", "evaluate_value", "evaluate_bound"])
def test_types_evaluate_no_text_where_they_could(name: str) -> None:
    """From 3.14 on it runs the text as code; before, it is nobody's but the author's."""
    source = f"import typing\ndef handler(session):\n    return typing.Annotated['print(1)', 0].{name}(globals={{}})\n"
    assert bool(refusals(source)) is (sys.version_info >= (3, 14))


def test_asyncio_run_is_called_as_ever() -> None:
    """With a coroutine, and `debug` if need be."""
    source = (
        "import asyncio\n\nasync def work():\n    return 1\n\ndef handler(session):\n    return asyncio.run(work())\n"
    )
    assert review(Subject(source)) == ()
    assert review(Subject(source.replace("work())", "work(), debug=True)"))) == ()


def test_the_policy_is_another_on_another_minor_version() -> None:
    """What was approved where other things parse is reviewed again."""
    found = {policy_version(packaged(), python=f"3.{minor}") for minor in (11, 12, 13, 14)}
    assert len(found) == 4
    assert policy_version(packaged()) in found

# ruff: noqa: RUF001  (letters that only look alike are part of the mixture)
"""Any text at all gets an answer."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.patience import DEADLINE_MS

from midcall.domain.review import Subject
from midcall.review import review

WORDS = st.sampled_from(
    [
        *(
            "def handler(session):",
            "    ",
            "\n",
            "return",
            "import",
            "from",
            "json",
            "os",
            "class A:",
            "async",
            "await",
        ),
        *("match x:", "case", "lambda", "yield", "for", "in", "if", "else", "try:", "except", "finally:", "with", "as"),
        *("global", "nonlocal", "x", "__class__", "_x_", "eval", "getattr", ".format", "'{0.a}'", 'f"{x}"', "(", ")"),
        *("[", "]", "{", "}", ":", ",", "=", ":=", "*", "**", "@", "1", "'a'", "\\", "#", "é", "ｅ", "\t", "\r", ";"),
    ]
)
QUICK = settings(max_examples=150, deadline=DEADLINE_MS, derandomize=True)


def _answers(source: str) -> None:
    for comment in review(Subject(source)):
        assert comment.line >= 1
        assert comment.column >= 1
        assert (comment.end_line, comment.end_column) >= (comment.line, comment.column)


@QUICK
@given(st.text(max_size=300))
def test_any_text_gets_an_answer(source: str) -> None:
    """Any characters: comments with sane places, no exception, in time."""
    _answers(source)


@QUICK
@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_any_mixture_of_python_gets_an_answer(source: str) -> None:
    """Pieces of Python in any order: the same."""
    _answers("def handler(session):\n    return 1\n" + source)


@QUICK
@given(st.text(alphabet="ab()[]{}|*+?.^$\\d1,:=!<>-P", max_size=40))
def test_any_pattern_is_judged(pattern: str) -> None:
    """Regular expressions are taken apart by rules of our own: none of them trips those."""
    _answers(f"import re\n\ndef handler(session):\n    return bool(re.match({pattern!r}, 'a'))\n")

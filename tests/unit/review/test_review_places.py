"""Comments stand exactly where the fault is: lines and columns from 1, in characters."""

import pytest

from midcall.domain.review import Comment, Subject
from midcall.review import review

BODY = "def handler(session):\n    return 1\n"


def _only(source: str, rule: str) -> Comment:
    found = [comment for comment in review(Subject(source)) if comment.rule == rule]
    assert len(found) == 1
    return found[0]


def _place(comment: Comment) -> tuple[int, int, int, int]:
    return comment.line, comment.column, comment.end_line, comment.end_column


@pytest.mark.parametrize(
    ("source", "rule", "place"),
    [
        ("import os\n" + BODY, "import.module", (1, 8, 1, 10)),
        ("x = 'äöü🚀' + eval('1')\n" + BODY, "builtin.forbidden", (1, 14, 1, 18)),
        ("def handler(session):\r\n    return eval('1')\r\n", "builtin.forbidden", (2, 12, 2, 16)),
        (
            "def handler(session):\n    return (1,\n        'ü', session.__class__)\n",
            "policy.attribute",
            (3, 14, 3, 31),
        ),
        ("x = 'ü' + missing\n" + BODY, "flakes.undefined", (1, 11, 1, 18)),
        ("def handler(session):\n    return 1 +\n", "syntax.error", (2, 15, 2, 16)),
        ("x = 'ü' +\n" + BODY, "syntax.error", (1, 10, 1, 11)),
        ("'ü'; return 1\n" + BODY, "syntax.error", (1, 6, 1, 14)),
        ("x = 1\ny = '\u202e'\n" + BODY, "source.direction", (2, 6, 2, 7)),
        ("", "contract.handler", (1, 1, 1, 1)),
        ("'''a\n\x0cb\n''' ; import os\n" + BODY, "import.module", (3, 14, 3, 16)),
    ],
)
def test_a_comment_stands_at_its_fault(source: str, rule: str, place: tuple[int, int, int, int]) -> None:
    """Byte columns of the parser become characters, whatever stands before on the line."""
    assert _place(_only(source, rule)) == place


def test_comments_come_in_the_order_of_the_lines() -> None:
    """A reader goes through the source once."""
    comments = review(Subject("import os\nimport sys\n\ndef handler(session):\n    return eval('1'), open('x')\n"))
    assert [comment.line for comment in comments] == sorted(comment.line for comment in comments)


def test_many_faults_are_cut_with_errors_first() -> None:
    """However many faults there are, the answer stays small and keeps an error if there was one."""
    source = "import json\n" * 2000 + "import os\n" + BODY
    comments = review(Subject(source))
    assert len(comments) == 200
    assert "import.module" in {comment.rule for comment in comments}

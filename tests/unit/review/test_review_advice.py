# ruff: noqa: RUF001, E501  (characters that only look alike; sources, one per line)
"""What Python cannot read, or nothing defines: one comment for one cause, that says what to write."""

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.advice import instead

TAIL = "\n\ndef handler(session):\n    return 1\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def handler(session):\n\u00a0   return 1\n", "Replace the no-break spaces by spaces"),
        ("def handler(session):\n    return\u00a01\n", "Replace the no-break spaces by spaces"),
        ("def handler(session):\n    return\u30001\n", "Replace these spaces by spaces"),
        ("def handler(session):\n    return\u20091\n", "Replace these spaces by spaces"),
        ("\ufeffdef handler(session):\n    return 1\n", "Delete the character"),
        ("def handler(session):\n    return\u200b 1\n", "Delete the character"),
        ("def handler(session):\n    x\u200d = 1\n    return x\n", "Delete the character"),
        ("def handler(session):\n    return dict(a\u200c=1)\n", "Delete the character"),
        *(
            (f"def handler(session):\n    x{chr(code)} = 1\n    return x{chr(code)}\n", "Delete the character")
            for code in (0x034F, 0x115F, 0x1160, 0x17B4, 0x180B, 0x3164, 0xFE00, 0xFE0F, 0xFFA0, 0xE0100)
        ),
        ("import json\n\n\ndef handler(session):\n    return json.dumps(obj\ufe0f=1)\n", "Delete the character"),
        ("def a\u200db():\n    return 1\n\n\ndef handler(session):\n    return 1\n", "Delete the character"),
        ("def handler(session):\n    return “a”\n", "straight ones"),
        ("def handler(session):\n    return ‘a’\n", "straight ones"),
        ("def handler(session):\n    return 3 – 2\n", "plain `-`"),
        ("def handler(session):\n    return 3 × 2\n", "Write `*`"),
        ("def handler(session)：\n    return 1\n", "Write `:`"),
        ("```python\ndef handler(session):\n    return 1\n```\n", "Delete the lines of ```"),
        ("Here is the function:\n\n```python\ndef handler(session):\n    return 1\n```\n", "Delete the lines of ```"),
        ("def handler(session):\n    return 1\n```\n", "Delete the lines of ```"),
        (">>> x = 1" + TAIL, "prompts"),
        ("!pip install requests" + TAIL, "nothing is installed"),
        ("type X = int" + TAIL, "plain assignment"),
        ("def f[T](x: T) -> T:\n    return x" + TAIL, "TypeVar"),
        ("const x = 1;" + TAIL, "JavaScript"),
        ("function handler(session) {\n  return 1;\n}\n", "JavaScript"),
        ("def handler(session):\n    if session && 1:\n        return 1\n", "`and`"),
        ("def handler(session):\n    if session || 1:\n        return 1\n", "`or`"),
        ("def handler(session):\n    return session === 1\n", "`==`"),
        ("def handler(session):\n    return session <> 1\n", "`!=`"),
        ("def handler(session):\n    if !session:\n        return 1\n", "`not`"),
        ("def handler(session):\n    i = 1\n    i++\n    return i\n", "`x += 1`"),
        ("def handler(session):\n    // nothing\n    return 1\n", "`#`"),
        ("def handler(session):\n    if session:\n        return 1\n    else if 2:\n        return 2\n", "`elif`"),
        ("def handler(session):\n    try:\n        return 1\n    except ValueError, e:\n        return 2\n", "except Kind as error"),
        ("def handler(session):\n    raise ValueError, 'x'\n", 'raise Kind("text")'),
        ("def handler(session):\n    print 'x'\n    return 1\n", "`print(...)`"),
        ("def handler(session):\n    return 0777\n", "without zeros"),
        ("def handler(session):\n    if session = 1:\n        return 1\n", "`==`"),
        ("def handler(session)\n    return 1\n", "`:`"),
        ("def handler(session):\n    return {\n        'a': 1\n        'b': 2\n    }\n", "commas"),
        ("def handler(session):\n\tif True:\n        return 1\n", "four spaces"),
        ("x = 1\nreturn x\n", "inside the function"),
        ("def handler(session):\n    class = 1\n    return 1\n", "choose another name"),
        ("def handler(session):\n    user-name = 1\n    return 1\n", "`user_name`"),
        ("Here is your function:\n\ndef handler(session):\n    return 1\n", "is no code"),
        ("export default function handler(session) {\n}\n", "JavaScript"),
        ("import axios from 'axios';\n", "JavaScript"),
        ("<?php echo 1; ?>\n", "another language"),
        ("def handler(session):\n    return dict(a=1, 2)\n", "without names first"),
        ("def handler(session):\n", "write `pass`"),
        ("def handler(session):\n    return 'a && b' + / 'c'\n", "just before it"),
        ("continue" + TAIL, "inside a loop"),
        ("def handler(session):\n    x = 1\u2028    return x\n", "`\\u2028`"),
    ],
)  # fmt: skip
def test_what_python_cannot_read_gets_one_comment_with_the_cure(source: str, words: str) -> None:
    """The advice is for this fault, and nothing else is said of it."""
    (comment,) = review(Subject(source))
    assert comment.severity is Severity.ERROR
    assert words in comment.suggestion


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("true", "`True`"),
        ("null", "`None`"),
        ("undefined", "`None`"),
        ("input_data", "session['params']"),
        ("Session", "Did you mean `session`?"),
        ("LEN", "Did you mean `len`?"),
        ("jsno", "Did you mean `json`?"),
        ("Datetime", "Did you mean `datetime`?"),
        ("fetch", "actions.http.get"),
        ("np", "`statistics`"),
        ("os", "credential="),
        ("timedelta", "from datetime import timedelta"),
        ("nothing_like_it", "Check the spelling"),
    ],
)
def test_an_undefined_name_is_told_in_the_case_it_was_written_in(name: str, words: str) -> None:
    """With what is meant, where something of the file or the language is like it."""
    source = f"import datetime\nimport json\n\ndef handler(session):\n    return {name}, datetime.date, json.dumps\n"
    (comment,) = review(Subject(source))
    assert f"Undefined name '{name}'" in comment.message
    assert words in comment.suggestion


def test_a_misspelt_import_is_not_called_unused_as_well() -> None:
    """`Remove it` would contradict `Did you mean it?`."""
    (comment,) = review(Subject("import datetime\ndef handler(session):\n    return Datetime.now()\n"))
    assert "'Datetime'" in comment.message


@pytest.mark.parametrize(
    "source",
    [
        "import email\ndef handler(session):\n    return email.message_from_string('x')['Subject']\n",
        "from typing_extensions import TypedDict" + TAIL,
        "import os" + TAIL,
        "import os.path as p" + TAIL,
        "import requests as r\ndef handler(session):\n    return r.get('x')\n",
    ],
)
def test_an_import_that_is_refused_draws_one_comment(source: str) -> None:
    """Not another for each use, nor one that it is unused."""
    assert len(review(Subject(source))) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("""x = f"{d["a"]}\"""", "f-string: unmatched '['"),
        ("""x = f"{f"{y}"}\"""", "f-string: expecting '}'"),
        ("""x = f"{'\\n'.join(a)}\"""", "f-string expression part cannot include a backslash"),
        ("""x = f'{d['a']} and more'""", "invalid syntax"),
        ('x = f"{', "unterminated string literal (detected at line 1)"),
    ],
)
def test_f_strings_of_a_later_python_are_recognised(line: str, message: str) -> None:
    """Messages are those of Python 3.11: 3.12 reads such lines."""
    assert "other kind of quotes" in instead([line], 1, message)[1]

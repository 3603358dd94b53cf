# ruff: noqa: E501  (sources, one per line)
"""What will probably go wrong gets a comment, in whatever words it is written."""

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import review

HANDLER = "\n\ndef handler(session):\n    return 1\n"

#: kind -> sources, each of which gets at least a warning. Never run.
FLAGGED: dict[str, list[str]] = {
    "endless loops": [
        "def handler(session):\n    while 1:\n        pass\n",
        "def handler(session):\n    while not False:\n        print(1)\n    return 1\n",
        "def handler(session):\n    while 'x':\n        x = 1\n        print(x)\n    return 1\n",
        "def handler(session):\n    while True:\n        for i in [1]:\n            break\n    return 1\n",
        "def handler(session):\n    while 1 == 1:\n        print(1)\n    return 1\n",
        "def handler(session):\n    while True:\n        def f():\n            return 1\n        print(f)\n    return 1\n",
        "import itertools\ndef handler(session):\n    for i in itertools.count():\n        print(i)\n    return 1\n",
        "from itertools import cycle as c\ndef handler(session):\n    for i in c([1]):\n        print(i)\n    return 1\n",
        "def handler(session):\n    for i in iter(int, 1):\n        print(i)\n    return 1\n",
        "def handler(session):\n    x = [1]\n    for i in x:\n        x.append(i)\n    return 1\n",
        "import itertools\ndef handler(session):\n    return [x for x in itertools.repeat(1)]\n",
        "import itertools\ndef handler(session):\n    return sum(x for x in itertools.count())\n",
        "while True:\n    print(1)" + HANDLER,
    ],
    "growth and nesting": [
        "def handler(session):\n    x = 2\n    for _ in range(40):\n        x *= x\n    return 1 if x else 0\n",
        "def handler(session):\n    x = [1]\n    while len(x) < 10 ** 12:\n        x = x + x\n    return len(x)\n",
        "def handler(session):\n    return len('x' * 10 ** 4 * 10 ** 4)\n",
        "def handler(session):\n    for a in range(10 ** 6):\n        for b in range(10 ** 6):\n            print(a, b)\n    return 1\n",
        "import itertools\ndef handler(session):\n    return len(list(itertools.product(range(1000), repeat=5)))\n",
        "import itertools\ndef handler(session):\n    return len(list(itertools.permutations(range(14))))\n",
        "def handler(session):\n    n = 3\n    while n > 0:\n        print('x')\n    return n\n",
    ],
    "endless recursion": [
        "def f():\n    return f()" + HANDLER,
        "def f():\n    return g()\ndef g():\n    return f()" + HANDLER,
        "def f(n):\n    x = f(n + 1)\n    return x" + HANDLER,
        "def f(n):\n    print(n)\n    f(n + 1)" + HANDLER,
        "def handler(session):\n    return [handler(session)]\n",
        "def handler(session):\n    return 1 + handler(session)\n",
        "def f(n):\n    for i in range(3):\n        print(i)\n    return f(n)" + HANDLER,
        "def f(n):\n    return f(n) if f(n - 1) else 2" + HANDLER,
        "async def f():\n    return await f()" + HANDLER,
        "def a():\n    b()\ndef b():\n    c()\ndef c():\n    a()" + HANDLER,
    ],
    "too much of everything": [
        "def handler(session):\n    return 2 ** 10 ** 9\n",
        "def handler(session):\n    return len(str(10 ** 10 ** 8))\n",
        "N = 10 ** 9\ndef handler(session):\n    return 7 ** N\n",
        "def handler(session):\n    return 1 << 10 ** 9\n",
        "def handler(session):\n    return len('x' * 10 ** 10)\n",
        "def handler(session):\n    return len(10 ** 10 * [0])\n",
        "def handler(session):\n    return len((0,) * (1 << 33))\n",
        "def handler(session):\n    return len(b'x' * 999999999)\n",
        "def handler(session):\n    return len(bytearray(10 ** 10))\n",
        "def handler(session):\n    return len('x'.ljust(10 ** 9))\n",
        "def handler(session):\n    return f'{1:>1000000000}'\n",
        "def handler(session):\n    return list(range(10 ** 9))\n",
        "def handler(session):\n    return sum(range(0, 10 ** 12, 2))\n",
        "import math\ndef handler(session):\n    return math.factorial(10 ** 7)\n",
        "import time\ndef handler(session):\n    time.sleep(10 ** 6)\n    return 1\n",
        "import asyncio\nasync def handler(session):\n    await asyncio.sleep(99999)\n    return 1\n",
    ],
    "regular expressions": [
        "import re\nP = re.compile(r'(a*)*$')" + HANDLER,
        "import re\nP = re.compile(r'(\\w+\\s?)+$')" + HANDLER,
        "import re\nP = re.compile(r'(a|a)*$')" + HANDLER,
        "import re\nP = re.compile(r'(a|aa)*$')" + HANDLER,
        "import re\nP = re.compile(r'([a-z]+)*$')" + HANDLER,
        "import re\nP = re.compile(r'((a+)b?)*$')" + HANDLER,
        "import re\nP = re.compile(r'(?:.*)+x')" + HANDLER,
        "import re\nT = r'(a+)+'\ndef handler(session):\n    return bool(re.match(T + '$', 'a'))\n",
        "from re import match as m\ndef handler(session):\n    return bool(m(r'(x+x*)+y', 'a'))\n",
        "import re\nP = re.compile('(a')" + HANDLER,
        "import re\ndef handler(session):\n    p = session['params']['p']\n    return bool(re.match(p, 'a'))\n",
        "import re\ndef handler(session):\n    return bool(re.match('a' + session['params']['p'], 'a'))\n",
        "import re\ndef handler(session):\n    return bool(re.match(f\"{session['params']['p']}\", 'a'))\n",
        "import re\ndef handler(session):\n    return bool(re.search(pattern=session['x'], string='a'))\n",
    ],
    "secrets": [
        "K = 'AKIA" + "B" * 16 + "'" + HANDLER,
        "K = 'github_pat_" + "a1" * 20 + "'" + HANDLER,
        "K = 'sk-proj-" + "a1B2" * 8 + "'" + HANDLER,
        "K = 'sk_live_" + "a1B2" * 8 + "'" + HANDLER,
        "K = 'AIza" + "a" * 35 + "'" + HANDLER,
        "K = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc'" + HANDLER,
        "K = '-----BEGIN PRIVATE KEY-----'" + HANDLER,
        "K = 'postgres://user:pass1234@db.example.com/x'" + HANDLER,
        "H = {'Authorization': 'Bearer abcdef0123456789abcdef'}" + HANDLER,
        "H = {'X-Api-Key': '0123456789abcdef'}" + HANDLER,
        "api_key = '9f8e7d6c5b4a'" + HANDLER,
        "class A:\n    client_secret: str = 'a1b2-c3d4-e5f6'" + HANDLER,
        "def f(password='hunter22'):\n    return password" + HANDLER,
        "def f(x):\n    return x\nf(x=1, api_token='') if False else f(dict(token='a1b2c3d4e5f6'))" + HANDLER,
        "def handler(session):\n    return session['password'] == 'hunter2!'\n",
        "K = b'-----BEGIN EC PRIVATE KEY-----'" + HANDLER,
        "K = f'ghp_" + "a1" * 18 + "{1}'" + HANDLER,
    ],
    "how errors and ends are treated": [
        "def handler(session):\n    try:\n        return 1\n    except BaseException:\n        return 2\n",
        "def handler(session):\n    try:\n        return 1\n    except (ValueError, SystemExit):\n        return 2\n",
        "def handler(session):\n    raise KeyboardInterrupt\n",
        "def handler(session):\n    raise BaseException('x')\n",
        "def handler(session):\n    for x in [1]:\n        try:\n            return 1\n        finally:\n            break\n",
        "def handler(session):\n    try:\n        return 1\n    finally:\n        if session:\n            return 2\n",
        "def handler(session):\n    print(1)\n",
        "async def handler(session):\n    pass\n",
        "def handler(session):\n    return {'a': {1, 2}}\n",
        "def handler(session):\n    return (x for x in [1])\n",
        "def handler(session):\n    return [lambda: 1]\n",
        "def handler(session):\n    return b'bytes'\n",
        "def handler(session):\n    return {'terminateAgent': 'true'}\n",
        "def handler(session):\n    out = {}\n    out['terminateAgent'] = 1\n    return out\n",
    ],
    "names that look alike": [
        "def handler(session):\n    p\u0430ssed = 1\n    return p\u0430ssed\n",
        "def \u0455core():\n    return 1\nx = \u0455core()" + HANDLER,
        "def handler(session):\n    \u03bfk = 1\n    return \u03bfk\n",
        "def handler(session):\n    \uff58 = 1\n    return x\n",
        "x = 'a\u200bb'" + HANDLER,
        "x = 1 # \ufeff" + HANDLER,
    ],
}


CASES = [
    pytest.param(source, id=f"{kind}-{number}")
    for kind, sources in FLAGGED.items()
    for number, source in enumerate(sources)
]


@pytest.mark.parametrize("source", CASES)
def test_flagged(source: str) -> None:
    """What will probably go wrong gets at least a warning."""
    weights = {comment.severity for comment in review(Subject(source))}
    assert weights & {Severity.ERROR, Severity.WARNING}


@pytest.mark.parametrize("kind", FLAGGED)
def test_each_kind_flagged_is_said_in_several_ways(kind: str) -> None:
    """A rule that knows one wording only would pass here by luck."""
    assert len(FLAGGED[kind]) >= 6


@pytest.mark.parametrize(
    ("body", "is_warned"),
    [
        ("return json.dumps({'dynamicVariables': {'a': 1}})", True),
        ("out = {'terminateAgent': True}\n    return json.dumps(out, ensure_ascii=False)", True),
        ("text = json.dumps({'result': 1, 'dynamicVariables': {}})\n    return text", True),
        ("return {'statusCode': 200, 'body': json.dumps({'dynamicVariables': {}})}", True),
        ("return json.dumps({'a': 1})", False),
        ("return {'result': json.dumps({'a': 1}), 'dynamicVariables': {}}", False),
        ("print(json.dumps({'dynamicVariables': {}}))\n    return 1", False),
    ],
)
def test_variables_in_a_returned_text_are_told_of(body: str, is_warned: bool) -> None:  # noqa: FBT001
    """They would be ignored in silence."""
    comments = review(Subject(f"import json\n\ndef handler(session):\n    {body}\n"))
    assert [comment.rule for comment in comments] == (["contract.text"] if is_warned else [])

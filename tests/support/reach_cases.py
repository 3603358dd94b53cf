# ruff: noqa: E501  (sources, one per line)
"""Sources by family: what reached beyond the function past the review, and ordinary code of the same shape.

The families are those of docs/decisions/0028: each has other wordings than the attack that was found.
"""

HANDLER = "\n\ndef handler(session):\n    return 1\n"
_WRAPS = "from functools import wraps\n\ndef f():\n    pass\n\n"
_LOGGER = "import logging\n\nlogging.basicConfig()\n"
_TYPED = "from dataclasses import dataclass\nfrom typing import TypedDict\n\n"
_FIELDS = (
    "from dataclasses import asdict, dataclass, field, fields, replace\n\n@dataclass\nclass A:\n    x: int = 1\n\n"
)

#: family -> sources, each of which must be refused. Never run.
REFUSED: dict[str, list[str]] = {
    "callables that take an attribute's name as text": [
        _WRAPS + "wraps(f, (), ('__globals__',))(f)" + HANDLER,
        _WRAPS + "@wraps(f, ('__globals__',))\ndef g():\n    pass" + HANDLER,
        _WRAPS + "@wraps(f, assigned=('__globals__',))\ndef g():\n    pass" + HANDLER,
        _WRAPS + "@wraps(wrapped=f)\ndef g():\n    pass" + HANDLER,
        _WRAPS + "@wraps(*[f, ('__globals__',)])\ndef g():\n    pass" + HANDLER,
        _WRAPS + "@wraps(**{'wrapped': f})\ndef g():\n    pass" + HANDLER,
        _WRAPS + "w = wraps\nw(f, ('__globals__',))(f)" + HANDLER,
        _WRAPS + "list(map(wraps, [f], [('__globals__',)]))" + HANDLER,
        _WRAPS + "x = [wraps]" + HANDLER,
        _WRAPS + "def g(w=wraps):\n    return w(f, ('__globals__',))" + HANDLER,
        _WRAPS + "from functools import partial\npartial(wraps, f)" + HANDLER,
        _WRAPS + "@wraps(f)\nclass A:\n    pass" + HANDLER,
        _WRAPS + "@wraps\ndef g():\n    pass" + HANDLER,
        "import functools as t\ndef handler(session):\n    return t.wraps(handler, ('__globals__',))(session)\n",
        "from json import dumps as w\nfrom functools import wraps as w\nw(print, ('__globals__',))(print)" + HANDLER,
        "class A:\n    from functools import wraps\nA.wraps(print, ('__globals__',))(print)" + HANDLER,
        "class A:\n    from logging import basicConfig\nA.basicConfig(filename='x')" + HANDLER,
        "class A:\n    from dataclasses import dataclass\nA.dataclass(dict)" + HANDLER,
        "from json import dumps as d\nfrom dataclasses import dataclass as d\nd(dict)" + HANDLER,
        "import json as m, dataclasses as m\nm.dataclass(dict)" + HANDLER,
        "from types import SimpleNamespace\nSimpleNamespace(**{'__reduce_ex__': print})" + HANDLER,
        "from types import SimpleNamespace\nSimpleNamespace(**{'__red' + 'uce_ex__': print})" + HANDLER,
        "from types import SimpleNamespace\ndef handler(session):\n    return SimpleNamespace(**session['params']).x\n",
        "from types import SimpleNamespace\nSimpleNamespace({'__reduce_ex__': print})" + HANDLER,
        "from types import SimpleNamespace\nN = SimpleNamespace\nN(**{'__reduce_ex__': print})" + HANDLER,
        "from types import SimpleNamespace as N\nlist(map(N, [{'__reduce_ex__': print}]))" + HANDLER,
        "from types import SimpleNamespace\nclass N(SimpleNamespace):\n    pass\nN(**{'__reduce_ex__': print})"
        + HANDLER,
        "from functools import cached_property\np = cached_property(print)\np.attrname = '__reduce_ex__'" + HANDLER,
        "from functools import cached_property\nclass A:\n    p = cached_property(print)\nA.p.attrname = '__reduce_ex__'"
        + HANDLER,
        "from functools import cached_property\nclass A:\n    @cached_property\n    def p(self):\n        return 1\nA.p.attrname = '__reduce_ex__'"
        + HANDLER,
        "from functools import total_ordering\ntotal_ordering(int)" + HANDLER,
        "from functools import total_ordering as t\nx = [t]" + HANDLER,
        "from enum import Enum\nE = Enum('E', {'A': 1, '__copy__': None, '__reduce_ex__': print})" + HANDLER,
        "from enum import Enum\nE = Enum('E', [('__red' + 'uce_ex__', print)])" + HANDLER,
        "from enum import IntEnum as E\nX = E('E', names=dict(A=1))" + HANDLER,
        "from enum import Enum\nM = Enum\nX = M('E', {'__reduce_ex__': print})" + HANDLER,
        "from enum import Enum\nclass B(Enum):\n    pass\nX = B('E', {'__reduce_ex__': print})" + HANDLER,
        "from enum import Enum\nclass B(str, Enum):\n    def go(self):\n        return 1\nX = list(map(B, ['E'], [{'__reduce_ex__': print}]))"
        + HANDLER,
        "from enum import Enum, auto\ndef auto():\n    return print\nclass B(Enum):\n    A = auto()\nX = B('E', {'__reduce_ex__': print})"
        + HANDLER,
        "from enum import Enum\nclass M:\n    @classmethod\n    def make(cls, *a):\n        return cls(*a)\nclass B(M, Enum):\n    pass\nX = B.make('E', {'__reduce_ex__': print})"
        + HANDLER,
        "from enum import Enum\nclass B(Enum):\n    _ignore_ = 'A'\n    A = 1\nX = B('E', {'__reduce_ex__': print})"
        + HANDLER,
        "from enum import StrEnum\nclass B(StrEnum):\n    pass\nclass C(B):\n    pass\nX = C(*['E', {'__reduce_ex__': print}])"
        + HANDLER,
        "from enum import Flag\ndef make(kind):\n    return kind('E', {'__reduce_ex__': print})\nX = make(Flag)"
        + HANDLER,
        _LOGGER
        + "logging.getLogger().makeRecord('n', 1, 'f', 1, 'm', (), None, None, {'__reduce_ex__': print})"
        + HANDLER,
    ],
    "code and readers that follow the names of fields": [
        _FIELDS + "one = fields(A)[0]\none.name = '__globals__'" + HANDLER,
        _FIELDS + "fields(A)[0].name = '__globals__'" + HANDLER,
        _FIELDS + "for one in fields(A):\n    one.name = '__globals__'" + HANDLER,
        _FIELDS + "for one.name in fields(A):\n    pass" + HANDLER,
        _FIELDS + "for one in fields(A):\n    keep = one" + HANDLER,
        _FIELDS + "keep = [one for one in fields(A)]" + HANDLER,
        _FIELDS + "keep = list(fields(A))" + HANDLER,
        _FIELDS + "a, *b = fields(A)" + HANDLER,
        _FIELDS + "def rename(one):\n    one.name = '__globals__'\nlist(map(rename, fields(A)))" + HANDLER,
        _FIELDS + "see = fields\nsee(A)[0].name = '__globals__'" + HANDLER,
        _FIELDS + "def f():\n    return fields(A)" + HANDLER,
        _FIELDS + "def f():\n    yield from fields(A)" + HANDLER,
        _FIELDS + "match fields(A):\n    case [one]:\n        one.name = 'x'" + HANDLER,
        _FIELDS + "F = field(default=1)\n@dataclass\nclass B:\n    x: int = F\nF.name = '__globals__'" + HANDLER,
        _FIELDS + "@dataclass\nclass B:\n    x: int = field(default=1)\n    x.name = '__globals__'" + HANDLER,
        _FIELDS + "keep = []\n@dataclass\nclass B:\n    x: int = field(default=1)\n    keep.append(x)" + HANDLER,
        _FIELDS + "class B:\n    x: int = field(default=1)\nB.x.name = '__globals__'" + HANDLER,
        _FIELDS + "@dataclass\nclass B:\n    x: int = field(default=field(default=1))\nB.x.name = 'y'" + HANDLER,
        _FIELDS + "@dataclass\nclass B:\n    x: int = (F := field(default=1))\nF.name = '__globals__'" + HANDLER,
        _FIELDS + "make = field\nF = make()" + HANDLER,
        _TYPED + "T = TypedDict('T', {'a=print()': int})\n@dataclass\nclass B(T):\n    pass" + HANDLER,
        _TYPED + "@dataclass\nclass B(TypedDict('T', {'a=print()': int})):\n    pass" + HANDLER,
        _TYPED
        + "T = TypedDict('T', {'a=print()': int})\nclass C(T):\n    pass\n@dataclass\nclass B(C):\n    pass"
        + HANDLER,
    ],
    "a class that is not a name": [
        "def handler(session):\n    return type(int)('X', (), {'__reduce_ex__': print})\n",
        "def handler(session):\n    t = type(int)\n    return t('X', (), {})\n",
        "def handler(session):\n    return type()\n",
        "def handler(session):\n    return type(**{'x': int})\n",
        "def f(x: (T := type)):\n    return T('X', (), {})" + HANDLER,
        "keep = []\ndef f(x: keep.append(type)):\n    return x" + HANDLER,
        "class E:\n    def __getitem__(self, k):\n        return k('X', (), {})\ne = E()\ndef f(x: e[type]):\n    return x"
        + HANDLER,
        "class E:\n    def __or__(self, k):\n        return k('X', (), {})\nx: E() | type = 1" + HANDLER,
        "def f(x: (lambda t=type: t)):\n    return x" + HANDLER,
        "import json\ndef handler(session):\n    type(json.JSONEncoder()).default = print\n    return 1\n",
        "def M(name, bases, names):\n    return names\nfrom abc import ABCMeta as M\nclass A(metaclass=M):\n    pass"
        + HANDLER,
        "import json as m\nclass m:\n    X = 1\ndef handler(session):\n    return type(int) == m.X\n",
        "def handler(session):\n    return (type(int) if session else int)('X', (), {})\n",
        "def handler(session):\n    return [type(int)][0]('X', (), {})\n",
        "def handler(session):\n    return (lambda x: type(x))(int)('X', (), {})\n",
        "def kind(x):\n    return type(x)\n\ndef handler(session):\n    return kind(int)('X', (), {})\n",
        "class A:\n    def make(self, *more):\n        return type(self)(*more)\n\ndef handler(session):\n    return A.make(int, 'X', (), {})\n",
        "class A:\n    def __add__(self, more):\n        return type(self)(*more)\n    add = __add__\n\ndef handler(session):\n    return A.add(int, ['X', (), {}])\n",
        "def keep(f):\n    return f\nclass A:\n    @keep\n    def __add__(self, more):\n        return type(self)(*more)\n\ndef handler(session):\n    return A()\n",
        "class A:\n    def __add__(self, *more):\n        return type(self)(*more)\n    __new__ = __add__\n\ndef handler(session):\n    return A('X', (), {})\n",
        "class A:\n    def __add__(self, more):\n        self = int\n        return type(self)(*more)\n\ndef handler(session):\n    return A() + ['X', (), {}]\n",
        "class A:\n    def __add__(self, more):\n        return type(more)('X', (), {})\n\ndef handler(session):\n    return A() + int\n",
        "class A:\n    def __add__(self, more):\n        def f(self):\n            return type(self)('X', (), {})\n        return f(int)\n\ndef handler(session):\n    return A() + 1\n",
        "def __add__(self):\n    return type(self)('X', (), {})\n\ndef handler(session):\n    return 1\n",
        "import logging\nclass L:\n    def info(self, text, kind):\n        return kind('X', (), {})\nlog = L()\n\ndef handler(session):\n    return log.info('x', type(int))\n",
        "class A:\n    kind = type(int)\n\ndef handler(session):\n    return A.kind('X', (), {})\n",
        "class A:\n    def f(self, x):\n        self.kind = type(x)\n\ndef handler(session):\n    return A()\n",
        "def handler(session, kind=type(int)):\n    return kind('X', (), {})\n",
        "def handler(session):\n    for t in {type(int)}:\n        return t('X', (), {})\n    return 1\n",
        "def handler(session):\n    return list(map(lambda t: t('X', (), {}), [type(int)]))\n",
        "class E:\n    def __eq__(self, other):\n        return other('X', (), {})\n\ndef handler(session):\n    return type(int) == E()\n",
        "class E:\n    def __contains__(self, other):\n        return other('X', (), {})\n\ndef handler(session):\n    return type(int) in E()\n",
        "class E:\n    def __getitem__(self, key):\n        return key('X', (), {})\n\ndef handler(session):\n    return E()[type(int)]\n",
        "class E:\n    def __mod__(self, other):\n        return other('X', (), {})\n\ndef handler(session):\n    return E() % type(int)\n",
        "def handler(session):\n    match type(int):\n        case t:\n            return t('X', (), {})\n",
        "def handler(session):\n    with type(int) as t:\n        return t\n",
        "def handler(session):\n    try:\n        raise ValueError(type(int))\n    except ValueError as e:\n        return e.args[0]('X', (), {})\n",
        "def handler(session):\n    a, b = type(int), 1\n    return a('X', (), {})\n",
        "def handler(session):\n    return (t := type(int))('X', (), {})\n",
        "def handler(session):\n    if (t := type(int)) is int:\n        return 1\n    return t('X', (), {})\n",
        "def handler(session):\n    t = type(int)\n    def f():\n        return t('X', (), {})\n    return f()\n",
        "def str(x):\n    return x('X', (), {})\n\ndef handler(session):\n    return str(type(int))\n",
        _LOGGER
        + "def handler(session):\n    return type(logging.getLogger().handlers[0].formatter)('{x.__globals__}', None, '{', False)\n",
        "from abc import ABC\ndef handler(session):\n    return type(ABC)('S', (), {'__match_args__': ('__globals__',)})\n",
        "from abc import ABCMeta\nS = ABCMeta('S', (), {'__match_args__': ('__glo' + 'bals__',)})" + HANDLER,
        "from abc import ABCMeta\nM = ABCMeta" + HANDLER,
        "from abc import ABCMeta\nx = list(map(ABCMeta, ['S'], [()], [{}]))" + HANDLER,
        "from abc import ABCMeta\nclass M(ABCMeta):\n    pass\nS = M('S', (), {'__match_args__': ('__globals__',)})"
        + HANDLER,
        "from abc import ABCMeta\nclass A(metaclass=ABCMeta):\n    kind = ABCMeta" + HANDLER,
        "import abc\ndef handler(session):\n    return abc.ABCMeta('S', (), {})\n",
        "from json import dumps as M\nfrom abc import ABCMeta as M\nM('S', (), {})" + HANDLER,
        "from dataclasses import dataclass, fields\n@dataclass\nclass A:\n    x: type\nT = fields(A)[0].type\nT('X', (), {})"
        + HANDLER,
        "from dataclasses import dataclass, fields\n@dataclass\nclass A:\n    x: type\nfor f in fields(A):\n    f.type('X', (), {})"
        + HANDLER,
        "from dataclasses import InitVar\nfrom abc import ABCMeta\nI = InitVar[ABCMeta]\nI.type('S', (), {})" + HANDLER,
    ],
    "patterns that read what they are told": [
        "class A:\n    match ('__globals__',):\n        case __match_args__:\n            pass" + HANDLER,
        "class A:\n    match [1]:\n        case [*__match_args__]:\n            pass" + HANDLER,
        "class A:\n    match 1:\n        case int() as __match_args__:\n            pass" + HANDLER,
        "class A:\n    from string import digits as __match_args__" + HANDLER,
        "class A:\n    try:\n        pass\n    except ValueError as __match_args__:\n        pass" + HANDLER,
        "class A:\n    class __match_args__:\n        pass" + HANDLER,
        "class A:\n    (__match_args__ := ('__globals__',))" + HANDLER,
        "class A:\n    __slots__ = ('__red' + 'uce_ex__',)" + HANDLER,
        "N = ['x']\nclass A:\n    __slots__ = N" + HANDLER,
        "from dataclasses import dataclass\nfrom abc import ABC\nfrom collections.abc import Generator\n@dataclass\nclass A(ABC):\n    gi_frame: int = 0\nA.register(Generator)\n\ndef handler(session):\n    match (x for x in ()):\n        case A(f):\n            return f\n    return 1\n",
        "from dataclasses import dataclass\nfrom abc import ABC\n@dataclass\nclass B(ABC):\n    format: str = ''\n@dataclass\nclass A(B):\n    pass\nA.register(str)\n\ndef handler(session):\n    match '{0.x}':\n        case A(f):\n            return f(1)\n    return 1\n",
        "from typing import Any, Protocol, runtime_checkable\nfrom dataclasses import dataclass\n@runtime_checkable\n@dataclass\nclass A(Protocol):\n    gi_frame: Any\n\ndef handler(session):\n    match (x for x in ()):\n        case A(f):\n            return f\n    return 1\n",
        "from abc import ABC\nfrom collections import namedtuple\nB = namedtuple('B', ['gi_' + 'frame'])\nclass A(B, ABC):\n    pass\n\ndef handler(session):\n    match (x for x in ()):\n        case A(f):\n            return f\n    return 1\n",
        "from abc import ABC\nfrom collections import namedtuple\nclass A(namedtuple('B', 'x gi_frame'), ABC):\n    pass\n\ndef handler(session):\n    match (x for x in ()):\n        case A(_, f):\n            return f\n    return 1\n",
        "def handler(session, kind=int):\n    match session:\n        case kind(x):\n            return x\n    return 1\n",
        "def f(kind):\n    match 1:\n        case kind(x):\n            return x\n    return 1" + HANDLER,
    ],
    "objects that hold a formatter, a stream, a record or a frame": [
        _LOGGER + "f = logging.getLogger().handlers[0].formatter" + HANDLER,
        _LOGGER
        + "f = logging.getLogger().handlers[0].formatter\nf.__init__('{x.__globals__}', None, '{', False)"
        + HANDLER,
        _LOGGER + "log = logging.getLogger()\nh = log.handlers\nh[0].formatter = 1" + HANDLER,
        _LOGGER + "log = logging.getLogger()\nlog.filters.append(print)" + HANDLER,
        _LOGGER + "log = logging.getLogger()\nlog.addFilter(print)" + HANDLER,
        _LOGGER + "log = logging.getLogger('a').parent\nlog.handlers[0].setFormatter(1)" + HANDLER,
        _LOGGER + "log = logging.getLogger()\ndef f(x):\n    return x.handlers[0]\nf(log)" + HANDLER,
        _LOGGER
        + "class A:\n    def __init__(self):\n        self.log = logging.getLogger()\n    def f(self):\n        return self.log.handlers[0]"
        + HANDLER,
        _LOGGER + "log = logging.getLogger()\nlog.manager.loggerClass = print" + HANDLER,
        _LOGGER + "log = logging.getLogger()\nlog.root.handlers.clear()" + HANDLER,
        _LOGGER + "log = logging.getLogger()\nmatch log:\n    case object(handlers=[h]):\n        print(h)" + HANDLER,
        _LOGGER + "log = logging.getLogger()\nh = getattr(log, 'handlers')" + HANDLER,
        _LOGGER + "log = logging.getLogger()\nx = '{0.handlers[0].formatter}'.format(log)" + HANDLER,
        "def handler(session):\n    session.__init__(1)\n    return 1\n",
        "class A:\n    def f(self, other):\n        other.__init__(1)" + HANDLER,
        "def handler(session):\n    x = session['f']\n    x.__init__(1)\n    return 1\n",
    ],
    "format specs that are worked out elsewhere": [
        "def handler(session):\n    return '{:{}}'.format(1, '{0.__class__}')\n",
        "def handler(session):\n    s = '{0.__cl' + 'ass__}'\n    return '{:{}}'.format(1, s)\n",
        "def handler(session):\n    return '{:{}}'.format(1, session['params']['s'])\n",
        "def handler(session):\n    return '{0:{1}}'.format(1, session['s'])\n",
        "def handler(session):\n    return '{a:{s}}'.format(a=1, s=session['s'])\n",
        "def handler(session):\n    return '{a:{s}}'.format(**session)\n",
        "def handler(session):\n    return '{a:{s}}'.format_map(session)\n",
        "def handler(session):\n    return '{0:{1.x}}'.format(1, session)\n",
        "def handler(session):\n    return '{0:{1[s]}}'.format(1, session)\n",
        "def handler(session):\n    f = '{:{}}'.format\n    return f(1, session['s'])\n",
        "def handler(session):\n    return '{:>{}}'.format(1, '{0.__class__}')\n",
        "def handler(session):\n    return '{:{}}'.format(*session['x'])\n",
    ],
    "constants that the compiler would multiply": [
        "X = ((((0,) * 4000,) * 4000,) * 4000,) * 4000" + HANDLER,
        "X = (((('ab',) * 250,) * 250,) * 250,) * 250" + HANDLER,
        "X = 'a' * 4096 * 4096 * 4096" + HANDLER,
        "X = 4096 * (4096 * 'ab' * 4096)" + HANDLER,
        "X = b'a' * 10 ** 10" + HANDLER,
        "X = (0, 'a' * 10 ** 9)" + HANDLER,
        "X = 9 ** 9 ** 9" + HANDLER,
        "X = 1 << 10 ** 10" + HANDLER,
        "X = (1 << 4000) ** 10 ** 7" + HANDLER,
        "def f(x=(0,) * 10 ** 9):\n    return x" + HANDLER,
        "X = [" + "'\U0001f600'*4096," * 4500 + "]" + HANDLER,
        "X = (1, 2) * 3 * (-1 + 10 ** 10)" + HANDLER,
        "X = ('a' * 9 ** 9)[0]" + HANDLER,
    ],
}

#: family -> ordinary code of the same shape, each of which must be approved.
ORDINARY: dict[str, list[str]] = {
    "callables that take an attribute's name as text": [
        "from functools import wraps\n\ndef logged(f):\n    @wraps(f)\n    def inner(*a, **k):\n        print(f.__name__)\n        return f(*a, **k)\n    return inner\n\n@logged\ndef twice(x):\n    return 2 * x\n\ndef handler(session):\n    return twice(2)\n",
        "import functools\n\ndef retry(times):\n    def around(f):\n        @functools.wraps(f)\n        async def inner(*a):\n            for _ in range(times):\n                return await f(*a)\n        return inner\n    return around\n\n@retry(3)\nasync def go():\n    return 1\n\nasync def handler(session):\n    return await go()\n",
        "from types import SimpleNamespace\n\ndef handler(session):\n    point = SimpleNamespace(x=1, y=2)\n    point.z = 3\n    return point.x + point.z\n",
        "from types import SimpleNamespace\n\ndef show(n: SimpleNamespace) -> bool:\n    return isinstance(n, SimpleNamespace)\n\ndef handler(session):\n    return show(SimpleNamespace(**{'x': 1}))\n",
        "from functools import cached_property, total_ordering\n\n@total_ordering\nclass A:\n    def __init__(self, n):\n        self.n = n\n\n    def __eq__(self, other):\n        return self.n == other.n\n\n    def __lt__(self, other):\n        return self.n < other.n\n\n    @cached_property\n    def double(self):\n        return 2 * self.n\n\ndef handler(session):\n    return A(1) < A(2) and A(2).double\n",
        "import functools\nfrom dataclasses import dataclass\n\n@functools.total_ordering\n@dataclass\nclass A:\n    n: int\n\n    def __lt__(self, other):\n        return self.n < other.n\n\n    @functools.cached_property\n    def double(self):\n        return 2 * self.n\n\ndef handler(session):\n    return A(1) < A(2)\n",
        "from enum import Enum, IntEnum\n\nLevel = Enum('Level', ['LOW', 'HIGH'])\nSize = IntEnum('Size', 'S M L')\nCode = Enum('Code', {'OK': 200, 'GONE': 410})\n\ndef handler(session):\n    return [Level.LOW.name, Size(1).name, Code(200).name, [m.name for m in Level]]\n",
        "from enum import Enum\n\nclass Named(str, Enum):\n    @classmethod\n    def all(cls):\n        return [m.value for m in cls]\n\nclass Color(Named):\n    RED = 'red'\n    BLUE = 'blue'\n\ndef handler(session):\n    kinds = list(map(Color, ['red', 'blue']))\n    return [Color('red').name, Color['RED'].value, Color.all(), isinstance(kinds[0], Named), isinstance(kinds[0], Enum)]\n",
        "import logging\n\nlogger = logging.getLogger(__name__)\n\ndef handler(session):\n    logger.info('got %s', session['sessionId'], extra={'session': session['sessionId']})\n    return 1\n",
        "from collections import namedtuple\n\ndef handler(session):\n    Row = namedtuple('Row', [key for key in ('a', 'b')])\n    return Row(1, 2)._asdict()\n",
        "from typing import NamedTuple, TypedDict\n\nHeaders = TypedDict('Headers', {'Content-Type': str})\nSlot = NamedTuple('Slot', [('start', int)])\n\ndef handler(session):\n    headers: Headers = {'Content-Type': 'a'}\n    return [headers, Slot(1).start]\n",
        "def fee(base, *, extra=0):\n    return base + extra\n\ndef handler(session):\n    more = 5\n    return fee(1, extra=more)\n",
    ],
    "code and readers that follow the names of fields": [
        _FIELDS
        + "def handler(session):\n    return [f.name for f in fields(A)] + [asdict(A()), replace(A(), x=2).x]\n",
        _FIELDS
        + "@dataclass\nclass B:\n    tags: list = field(default_factory=list)\n    n: int = field(default=0, repr=False)\n\ndef handler(session):\n    names = {f.name: f.default for f in fields(B) if f.name != 'n'}\n    known = {f.name for f in fields(A)}\n    given = {k: v for k, v in session['params'].items() if k in known}\n    return [list(names), A(**given).x]\n",
        "import dataclasses\n\n@dataclasses.dataclass\nclass A:\n    x: int = dataclasses.field(default=1, metadata={'unit': 'm'})\n\ndef handler(session):\n    out = {}\n    for one in dataclasses.fields(A):\n        out[one.name] = [one.metadata.get('unit'), one.type.__name__, str(one.type)]\n    return [out, len(dataclasses.fields(A)), dataclasses.fields(A)[0].name]\n",
        "from dataclasses import dataclass, fields\n\n@dataclass\nclass A:\n    x: int = 1\n\ndef handler(session):\n    for n, one in enumerate(fields(A)):\n        print(n, one.name)\n    return sorted(f.name for f in fields(A))\n",
        _TYPED
        + "class T(TypedDict, total=False):\n    a: int\n\n@dataclass\nclass B:\n    t: T\n\ndef handler(session):\n    return B({'a': 1}).t\n",
    ],
    "a class that is not a name": [
        "def handler(session):\n    return type(session).__name__\n",
        "def handler(session):\n    return f'{type(session)} {type(1).__name__:>10}' + str(type(1)) + repr(type('a'))\n",
        "def handler(session):\n    return type(session) is dict and type(1) in (int, float) and type(1) == int and type(1) != type('a')\n",
        "class A:\n    def __init__(self, n):\n        self.n = n\n\n    def __eq__(self, other):\n        return isinstance(other, type(self)) and type(other) is type(self) and self.n == other.n\n\ndef handler(session):\n    return A(1) == A(1)\n",
        "class A:\n    @classmethod\n    def make(cls, n):\n        return cls()\n\n    def again(self):\n        return A()\n\ndef handler(session):\n    return type(A.make(1)).__name__\n",
        "def handler(session):\n    kind = type(session)\n    if kind is dict:\n        return kind.__name__\n    print('not', kind)\n    return 'got %s' % kind + 'or {}'.format(kind)\n",
        "NAMES = {int: 'number', str: 'text'}\n\ndef handler(session):\n    return [NAMES.get(type(v), 'other') for v in (1, 'a')] + [NAMES[type(1)]]\n",
        "def handler(session):\n    try:\n        return 1 / 0\n    except Exception as error:\n        return {'type': type(error).__name__, 'kind': f'{type(error)}', 'text': '%s: %s' % (type(error).__name__, error)}\n",
        "class Counter:\n    made = 0\n\n    def __init__(self):\n        type(self).made += 1\n\ndef handler(session):\n    Counter()\n    return Counter.made\n",
        "from abc import ABC, ABCMeta, abstractmethod\n\nclass Shape(ABC):\n    @abstractmethod\n    def area(self):\n        ...\n\nclass Other(metaclass=ABCMeta):\n    @abstractmethod\n    def size(self):\n        ...\n\nclass Square(Shape):\n    def area(self):\n        return 4\n\ndef handler(session):\n    return Square().area()\n",
        "class V:\n    def __init__(self, x):\n        self.x = x\n\n    def __add__(self, other):\n        if not isinstance(other, (type(self), type(None))):\n            return NotImplemented\n        return type(self)(self.x + other.x)\n\n    __radd__ = __add__\n\n    def reset(self):\n        self.__init__(0)\n\ndef handler(session):\n    return (V(1) + V(2)).x\n",
        "import logging\nfrom enum import Enum\nfrom typing import TypeVar\n\nE = TypeVar('E', bound=Enum)\nPLAIN = (int, str)\nOTHER = frozenset({int, type(None)})\nlog = logging.getLogger(__name__)\n\ndef handler(session):\n    log.info('got %s', type(session))\n    logging.warning('got %s', type(session))\n    return type(session) in PLAIN or type(session) in OTHER\n",
        "from typing import Type\n\ndef make(kind: type, other: Type[int]) -> str:\n    return kind.__name__ + str(isinstance(kind, type))\n\ndef handler(session):\n    return make(int, int)\n",
    ],
    "patterns that read what they are told": [
        "from dataclasses import dataclass\n\n@dataclass\nclass P:\n    x: int\n    y: int = 0\n\ndef handler(session):\n    match P(1):\n        case P(0, y):\n            return y\n        case P(x, y=0):\n            return x\n    return 0\n",
        "from typing import NamedTuple\nfrom collections import namedtuple\n\nclass S(NamedTuple):\n    a: int\n\nT = namedtuple('T', 'a b')\nU = namedtuple('U', ['a'])\n\nclass V(S):\n    pass\n\ndef handler(session):\n    match session['x']:\n        case S(a) | T(a, _) | U(a) | V(a):\n            return a\n        case int(n) | str(n):\n            return n\n    return 0\n",
        "class A:\n    __slots__ = ('x', '_y')\n    __match_args__ = ('x',)\n\n    def __init__(self):\n        self.x = 1\n\nclass B(A):\n    __slots__ = []\n\ndef handler(session):\n    match B():\n        case B(x):\n            return x\n    return 0\n",
        "from dataclasses import dataclass\n\n@dataclass\nclass Export:\n    format: str\n    obj: str = ''\n\ndef handler(session):\n    match Export('csv'):\n        case Export():\n            return 1\n    return 0\n",
        "import datetime\nfrom decimal import Decimal\nfrom fractions import Fraction\n\ndef handler(session):\n    match session:\n        case Decimal() | datetime.date() | Fraction(numerator=1):\n            return 1\n    return 0\n",
    ],
    "objects that hold a formatter, a stream, a record or a frame": [
        "import logging\n\nlogging.basicConfig(level=logging.INFO, format='%(levelname)s %(message)s')\nlog = logging.getLogger('a')\nlog.setLevel(logging.DEBUG)\n\nclass Bus:\n    def __init__(self):\n        self.handlers = {}\n        self.filters = []\n\n    def on(self, name, f):\n        self.handlers.setdefault(name, []).append(f)\n\ndef handler(session):\n    log.warning('a')\n    if log.isEnabledFor(10):\n        log.exception('b')\n    return len(Bus().handlers)\n",
        "import logging\n\nclass A:\n    def __init__(self):\n        self.log = logging.getLogger('a')\n        self.log.setLevel('INFO')\n\n    def go(self):\n        self.log.info('x')\n\ndef handler(session):\n    A().go()\n    return 1\n",
        "import logging\n\ndef go(log):\n    log.info('x')\n\ndef handler(session):\n    go(logging.getLogger('a'))\n    return 1\n",
        "class Base:\n    def __init__(self, a):\n        self.a = a\n\nclass B(Base):\n    def __init__(self):\n        Base.__init__(self, 1)\n\nclass E(Exception):\n    def __init__(self, code):\n        Exception.__init__(self, 'x')\n        self.code = code\n\nclass F(ValueError):\n    def __init__(self, code):\n        super().__init__('x')\n        self.code = code\n\ndef handler(session):\n    return B().a\n",
    ],
    "format specs that are worked out elsewhere": [
        "def handler(session):\n    width = 10\n    return '{:{}}'.format('a', 20) + '{:>{w}}'.format('a', w=width) + '{:{}.{}f}'.format(1.5, width, 2)\n",
        "def pad(text, width=20):\n    return '{:>{}}'.format(text, width) + '{0:<{1}}'.format(text, width)\n\ndef handler(session):\n    return pad('a') + '{:{}}'.format('a', '>10') + '{:{a}{w}}'.format('x', a='<', w=5)\n",
        "def handler(session):\n    width = max(len(name) for name in ('a', 'b'))\n    w2 = width + 2\n    return f'{1:>{width}} {1.5:.{2}f} {\"a\":<{w2}}' + '{:{}}'.format('a', w2) + '{:{}}'.format('a', len('abc'))\n",
        "def handler(session):\n    spec = ',.2f'\n    return format(1234.5, spec) + f'{1.5:{spec}}' + '%-10s|%5.2f' % ('a', 1.5) + '%*d' % (5, 1)\n",
        "def handler(session):\n    return '{0:%Y-%m-%d} {a:>10} {{}}'.format(1, a=2)\n",
    ],
    "constants that the compiler would multiply": [
        "LINE = '-' * 80 + '\\n'\nROW = (0,) * 50\nDAY = 60 * 60 * 24\nBIG = 2 ** 64 - 1\nMASK = (1 << 128) - 1\nMOD = 10 ** 9 + 7\nMB = 1024 ** 3\n\ndef handler(session):\n    return len(LINE) + len(ROW) + DAY + BIG % 7 + MASK % 7 + MOD + MB\n",
        "def handler(session):\n    grid = [[0] * 100 for _ in range(100)]\n    return len(grid) + len('ab' * 5000) + len(b'\\0' * 4096) + len((1, 2) * 1000)\n",
        "P = 2 ** 521 - 1\nE = 1e308 * 10\nF = 10.0 ** 300\nG = 2 ** -3\nH = 1 / 3 ** 100\n\ndef handler(session):\n    return [P % 97, F, G, H, -7 // 2, 'a' * 0, 'a' * -1, 5 % 3, 'x%d' % 5, 1 << 3]\n",
    ],
}

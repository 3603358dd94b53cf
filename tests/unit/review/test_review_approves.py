"""Ordinary handlers, each of which must be approved without a word. Names of parameters stand beside each."""

import pytest

from midcall.domain.review import Subject
from midcall.review import review

GOOD: dict[str, tuple[str, list[str]]] = {
    "customer lookup": (
        '''"""Finds a customer by phone, however it was spoken."""
import re

CUSTOMERS = {"+14155552671": {"name": "Ann Lee", "tier": "gold"}}
_DIGITS = re.compile(r"\\D+")


def _normalise(raw: str) -> str:
    digits = _DIGITS.sub("", raw)
    return "+1" + digits if len(digits) == 10 else "+" + digits


def handler(session):
    params = session.get("params") or {}
    phone = _normalise(str(params.get("phone", "")))
    customer = CUSTOMERS.get(phone)
    if customer is None:
        return {"found": False, "say": "I could not find you."}
    return {"found": True, "dynamicVariables": {"customer_name": customer["name"]}, **customer}
''',
        ["phone"],
    ),
    "price with decimals": (
        """import decimal
from decimal import ROUND_HALF_UP, Decimal

RATES = {"DE": Decimal("0.19"), "US": Decimal("0.0825")}


def handler(session):
    lines = session["params"]["lines"]
    net = sum((Decimal(str(line["price"])) * line["qty"] for line in lines), Decimal(0))
    rate = RATES.get(session["params"]["country"], Decimal(0))
    total = (net * (1 + rate)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    with decimal.localcontext() as context:
        context.prec = 10
        monthly = total / 12
    return {"net": str(net), "total": f"{total:,.2f}", "monthly": f"{monthly:.2f}"}
""",
        ["lines", "country"],
    ),
    "dates in time zones": (
        """from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo


def handler(session: dict) -> dict:
    now = datetime.fromisoformat(session["createdAt"]).astimezone(timezone.utc)
    berlin = now.astimezone(ZoneInfo("Europe/Berlin"))
    opening = berlin.replace(hour=9, minute=0, second=0, microsecond=0)
    if berlin >= opening + timedelta(hours=9) or berlin.weekday() >= 5:
        opening += timedelta(days=1)
    while opening.weekday() >= 5:
        opening += timedelta(days=1)
    return {"open_at": opening.isoformat(), "weekday": opening.strftime("%A"), "year": f"{opening:%Y}"}
""",
        [],
    ),
    "dataclass, enum and named tuple": (
        """from __future__ import annotations

from collections import namedtuple
from dataclasses import asdict, dataclass, field, replace
from enum import Enum, auto
from typing import ClassVar, NamedTuple


class Level(Enum):
    LOW = auto()
    HIGH = auto()


class Slot(NamedTuple):
    start: int
    end: int = 10


Pair = namedtuple("Pair", ["left", "right"])


@dataclass(frozen=True, order=True)
class Ticket:
    LIMIT: ClassVar[int] = 3
    subject: str
    level: Level = Level.LOW
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if len(self.tags) > self.LIMIT:
            raise ValueError("too many tags")

    @property
    def urgent(self) -> bool:
        return self.level is Level.HIGH


def handler(session):
    ticket = replace(Ticket("printer", tags=["office"]), level=Level.HIGH)
    slot = Slot(1)._replace(end=5)
    data = asdict(ticket)
    data["level"] = data["level"].name
    pair = Pair(1, 2)
    return {"ticket": data, "urgent": ticket.urgent, "slot": slot._asdict(), "pair": [pair.left, pair.right]}
""",
        [],
    ),
    "classes with private state": (
        '''class Basket:
    """Keeps what was ordered."""

    __slots__ = ("_items", "_paid")

    def __init__(self, items=()):
        self._items = list(items)
        self._paid = False

    @classmethod
    def of(cls, *names):
        return cls(names)

    @staticmethod
    def label(name):
        return name.title()

    def __len__(self):
        return len(self._items)

    def __iter__(self):
        return iter(self._items)

    def __eq__(self, other):
        return isinstance(other, Basket) and self._items == other._items

    def __hash__(self):
        return hash(tuple(self._items))

    def __repr__(self):
        return f"{self.__class__.__name__}({self._items!r})"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._paid = True
        return False


class Vip(Basket):
    __slots__ = ("__rank",)

    def __init__(self, items=()):
        super().__init__(items)
        self.rank = 1


class Special(Basket):
    def __init__(self, items, rank):
        Basket.__init__(self, items)
        self.__rank = rank

    @property
    def rank(self):
        return self.__rank


def handler(session):
    with Basket.of("tea", "milk") as basket:
        names = [Basket.label(name) for name in basket]
    return {"n": len(basket), "names": names, "kind": type(basket).__name__, "rank": Special([], 2).rank}
''',
        [],
    ),
    "parsing with regular expressions": (
        """import re

ORDER = re.compile(r"(?P<prefix>[A-Z]{2})-(?P<number>\\d{4,8})(?:/(?P<part>\\d+))?", re.IGNORECASE)
MAIL = re.compile(r"[\\w.+-]+@(?:[\\w-]+\\.)+[a-z]{2,}")
WORDS = ("order", "ticket")


def handler(session):
    text = session["params"]["text"]
    found = [match.groupdict() for match in ORDER.finditer(text)]
    mails = MAIL.findall(text.lower())
    masked = re.sub(r"\\d(?=\\d{4})", "*", text)
    near = any(re.search(rf"\\b{re.escape(word)}\\b", text) for word in WORDS)
    if (first := ORDER.search(text)) is not None:
        return {"first": first[0], "all": found, "mails": mails, "masked": masked}
    return {"first": None, "all": [], "mails": mails, "masked": masked, "near": near}
""",
        ["text"],
    ),
    "collections, itertools, statistics": (
        """import itertools
import statistics
from collections import Counter, defaultdict, deque
from functools import lru_cache, partial, reduce
from operator import itemgetter, mul


@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def handler(session):
    rows = sorted(session["params"]["rows"], key=lambda row: (row["day"], -row["n"]))
    by_day = defaultdict(list)
    for row in rows:
        by_day[row["day"]].append(row["n"])
    recent = deque((row["n"] for row in rows), maxlen=5)
    counts = Counter(row["kind"] for row in rows)
    groups = {day: sum(map(itemgetter("n"), items)) for day, items in itertools.groupby(rows, key=itemgetter("day"))}
    double = partial(mul, 2)
    return {
        "mean": statistics.fmean(recent) if recent else None,
        "common": counts.most_common(2),
        "groups": groups,
        "product": reduce(mul, recent, 1),
        "double": [double(n) for n in recent],
        "fib": fib(20),
        "pairs": list(itertools.islice(itertools.combinations("abc", 2), 2)),
        "days": sorted(by_day),
    }
""",
        ["rows"],
    ),
    "errors": (
        """class OrderError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def _find(order_id):
    if not order_id:
        raise OrderError("missing", "no order number")
    try:
        return {"id": int(order_id)}
    except (TypeError, ValueError) as error:
        raise OrderError("bad", f"{order_id!r} is no number") from error
    finally:
        print("looked up", order_id)


def handler(session):
    try:
        order = _find(session["params"].get("order_id"))
    except OrderError as error:
        return {"ok": False, "code": error.code, "why": str(error), "type": type(error).__name__}
    except Exception as error:
        print("unexpected", error)
        raise
    else:
        return {"ok": True, **order}
""",
        ["order_id"],
    ),
    "async": (
        """import asyncio
from contextlib import asynccontextmanager


async def _step(name, delay):
    await asyncio.sleep(delay)
    return name.upper()


@asynccontextmanager
async def _timed(log):
    log.append("start")
    yield log
    log.append("end")


async def _numbers(n):
    for i in range(n):
        yield i


async def handler(session, actions):
    log = []
    async with _timed(log):
        names = await asyncio.gather(*(_step(name, 0.01) for name in ("a", "b")))
    task = asyncio.create_task(_step("c", 0))
    try:
        last = await asyncio.wait_for(task, timeout=1)
    except asyncio.TimeoutError:
        last = None
    total = sum([i async for i in _numbers(3)])
    async for i in _numbers(2):
        log.append(str(i))
    await actions.progress("almost there")
    return {"names": names, "last": last, "total": total, "log": log}
""",
        [],
    ),
    "types": (
        """from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Literal, Optional, Protocol, TypedDict, TypeVar, Union, cast

T = TypeVar("T")
Status = Literal["open", "closed"]


class Row(TypedDict, total=False):
    id: int
    status: Status


class Named(Protocol):
    name: str


class Box(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value: T = value

    def map(self, change: "Callable[[T], T]") -> "Box[T]":
        return Box(change(self.value))


def pick(rows: Iterable[Row], status: Optional[Status] = None) -> list[Row]:
    return [row for row in rows if status is None or row.get("status") == status]


def first(rows: Mapping[str, Any] | None, kind: type[int] = int) -> Union[int, None]:
    value: Any = (rows or {}).get("id")
    return value if isinstance(value, kind) else None


def handler(session: dict[str, Any]) -> dict[str, Any]:
    rows = cast("list[Row]", session["params"]["rows"])
    chosen: list[Row] = pick(rows, "open")
    count: int = Box(len(chosen)).map(lambda n: n + 1).value
    return {"rows": chosen, "count": count, "first": first(chosen[0] if chosen else None)}
""",
        ["rows"],
    ),
    "formatting and logging": (
        """import logging
import string
import textwrap

log = logging.getLogger("claims")
GREETING = "Dear {name}, you owe {amount:.2f} {currency}."
TEXTS = {"en": "Hello {name}", "de": "Hallo {name}"}
TICKET = string.Template("Ticket $number for ${who}")


def handler(session):
    name = session["params"]["name"]
    amount = 1234.5
    log.info("greeting %s", name)
    print("greeting", name, sep=": ", end="\\n")
    line = GREETING.format(name=name, amount=amount, currency="EUR")
    hello = TEXTS[session.get("language", "en")].format(name=name)
    other = TEXTS.get("de", "Hi {name}").format(name=name)
    width = 12
    return {
        "line": textwrap.fill(line, 40),
        "hello": hello,
        "other": other,
        "padded": f"{name:>{width}}|{amount:,.2f}|{amount:08.1f}|{name!r}",
        "percent": "%s owes %05.1f%%" % (name, amount),
        "ticket": TICKET.safe_substitute(number=5, who=name),
        "prices": list(map("{:.2f}".format, [1, 2])),
    }
""",
        ["name"],
    ),
    "json, hashes, ids": (
        """import base64
import hashlib
import hmac
import json
import secrets
import uuid
from json import JSONDecodeError


def sign(key: bytes, body: dict) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()


def handler(session):
    try:
        body = json.loads(session["params"]["body"])
    except JSONDecodeError as error:
        return {"ok": False, "at": error.pos}
    key = session["dynamicVariables"]["signing_key"].encode()
    token = base64.urlsafe_b64encode(hashlib.sha256(key).digest()).rstrip(b"=").decode("ascii")
    same = hmac.compare_digest(sign(key, body), session["params"]["signature"])
    return {"ok": same, "token": token, "id": str(uuid.uuid4()), "nonce": secrets.token_hex(8)}
""",
        ["body", "signature"],
    ),
    "random and mathematics": (
        """import math
import random
import string

ALPHABET = string.ascii_uppercase + string.digits
GENERATOR = random.Random(7)


def code(length=6):
    return "".join(random.choices(ALPHABET, k=length))


def handler(session):
    lat, lon = map(math.radians, session["params"]["place"])
    x, y = math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon)
    pick = GENERATOR.choice(["a", "b"])
    compound = 1000 * (1 + 0.05) ** 10
    return {"x": round(x, 3), "y": round(y, 3), "pick": pick, "code": code(), "sum": compound, "big": 2**64 // 3}
""",
        ["place"],
    ),
    "addresses": (
        """from urllib.parse import quote, urlencode, urlparse
import urllib.parse


def handler(session):
    city = session["params"]["city"]
    query = urlencode({"q": city, "lang": "en"})
    parts = urlparse(f"https://maps.example.com/search?{query}")
    return {
        "url": f"https://maps.example.com/{quote(city, safe='')}?{query}",
        "host": parts.hostname,
        "keys": sorted(urllib.parse.parse_qs(parts.query)),
    }
""",
        ["city"],
    ),
    "matching": (
        """from dataclasses import dataclass


@dataclass
class Money:
    amount: float
    currency: str = "EUR"


def describe(value):
    match value:
        case Money(amount=0):
            return "nothing"
        case Money(amount, currency) if amount > 100:
            return f"much {currency}"
        case {"kind": "card", "digits": str() as digits, **rest}:
            return digits[-4:] + str(len(rest))
        case [first, *others]:
            return f"{first} and {len(others)} more"
        case str() | None:
            return "text or nothing"
        case int(n) if n > 3:
            return f"number {n}"
        case _:
            return "something"


def handler(session):
    return [describe(value) for value in (Money(0), {"kind": "card", "digits": "123456"}, [1, 2], None, 5)]
""",
        [],
    ),
    "closures, generators, unpacking": (
        """import functools


def counter():
    count = 0

    def step(by=1, /, *, twice=False):
        nonlocal count
        count += by * (2 if twice else 1)
        return count

    return step


def logged(prefix):
    def wrap(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            print(prefix, function.__name__, args, kwargs)
            return function(*args, **kwargs)

        return inner

    return wrap


@logged(">")
def add(a, b):
    return a + b


def chunks(values, size):
    for start in range(0, len(values), size):
        yield values[start : start + size]


def handler(session):
    step = counter()
    step()
    step(2, twice=True)
    head, *tail = [1, 2, 3]
    grid = [[0] * 3 for _ in range(2)]
    grid[1][2] += 5
    merged = {**{"a": 1}, "b": [*tail, head]}
    merged["b"][0] -= 1
    del merged["a"]
    return {"n": step(0), "sum": add(1, b=2), "chunks": list(chunks([1, 2, 3], 2)), "grid": grid, "merged": merged}


if __name__ == "__main__":
    print(handler({}))
""",
        [],
    ),
    "names that only sound dangerous": (
        """def evaluate(text):
    return len(text)


def open_ticket(subject):
    return {"subject": subject, "open": True}


class Report:
    format = "pdf"

    def compile(self, rows):
        return ", ".join(rows)


def handler(session):
    input = session["params"]["input"]
    vars = dict(session.get("dynamicVariables", {}))
    socket = {"type": "EU"}
    dir = "north"
    os, sys = 1, 2
    time = "09:00"
    report = Report().compile([input, dir, time])
    return [evaluate(input), open_ticket("x"), vars, socket["type"], os + sys, report]
""",
        ["input"],
    ),
    "a tree and an enum with hooks": (
        """from __future__ import annotations

import csv
import datetime as dt
import io
from enum import Enum
from functools import cached_property, total_ordering
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Colour(str, Enum):
    RED = "red"

    @classmethod
    def _missing_(cls, value):
        return cls.RED


@total_ordering
class Node:
    def __init__(self, value: int, left: Node | None = None) -> None:
        self._value = value
        self._left = left

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._value == other._value

    def __lt__(self, other: Node) -> bool:
        return self._value < other._value

    __hash__ = None

    @cached_property
    def depth(self) -> int:
        return 1 + (self._left.depth if self._left is not None else 0)

    def values(self) -> Iterator[int]:
        node = self
        while node is not None:
            yield node._value
            node = node._left


def handler(session):
    tree = Node(1, Node(2))
    rows = list(csv.DictReader(io.StringIO("a,b\\n1,2\\n")))
    today = dt.datetime.now(dt.timezone.utc).date()
    count = 3
    while count > 0:
        count -= 1
    queue = [1, 2]
    while queue:
        queue.pop()
    return [list(tree.values()), rows, today.isoformat(), Colour("x").value, tree.depth, f"{count=}", tree < Node(5)]
""",
        [],
    ),
    "pre-session gate": (
        '''"""Turns away blocked callers before the agent starts."""
import time

BLOCKED = frozenset({"+15550100"})


def handler(session, actions):
    started = time.monotonic()
    number = (session.get("userDetails") or {}).get("number") or session["contact"]["number"]
    if number in BLOCKED:
        return {"terminateAgent": True, "reason": "blocked"}
    answer = actions.http.sendRequest({"url": "https://crm.example.com/contacts", "method": "GET"})
    rows = answer["data"] if answer["responseCode"] == 200 else []
    actions.log("found", len(rows))
    return {"terminateAgent": False, "dynamicVariables": {"known": bool(rows), "ms": time.monotonic() - started}}
''',
        [],
    ),
}


@pytest.mark.parametrize("kind", GOOD)
def test_approved_without_a_word(kind: str) -> None:
    """Ordinary good Python draws no comment at all, not even a hint."""
    source, parameters = GOOD[kind]
    subject = Subject(source, parameters=frozenset(parameters), actions=("http",), egress=("crm.example.com",))
    assert review(subject) == ()

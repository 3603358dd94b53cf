"""JSON as services really write it: read as far as it can be, with a remark on each thing that could not be used.

For what a target answers. What callers and authors send is read strictly (`midcall.domain.jsonvalue`): whoever wrote
that can be told, while here a caller waits for what the rest of it says.
"""

import json
import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.jsonvalue import MAX_DEPTH, NotJson, check_size

#: Digits of a whole number. Python reads no more, since that takes time quadratic in them.
MAX_DIGITS = 4_300
_SHOWN_CHARS = 80
#: Stands for what cannot be used until what it stands in is known.
_UNUSABLE: Any = object()


@dataclass(frozen=True, slots=True)
class LenientValue:
    """A value that can be kept, and in plain words what of the text it does not hold."""

    value: Any
    remarks: tuple[str, ...] = ()


def read_json(text: str, limit: int = MAX_DEPTH) -> LenientValue:
    """Read a JSON text.

    NaN, Infinity and numbers that cannot be kept are left out of an object, and null in a list. Of a key that stands
    twice the last one counts, as in JavaScript and Python. Half of a surrogate pair becomes U+FFFD. Raises NotJson,
    which says where, for anything else that is no JSON, nesting above `limit`, or too many values.
    """
    check_size(text.encode("utf-8", "surrogatepass"), limit)
    reader = _Reader()
    try:
        value = json.loads(
            text,
            parse_constant=reader.unusable,
            parse_float=reader.float,
            parse_int=reader.int,
            object_pairs_hook=reader.object,
        )
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise NotJson(f"not JSON that can be read: {error}") from error
    if value is _UNUSABLE:
        raise NotJson(f"not JSON: it is {next(iter(reader.words))} alone")
    if reader.words:
        reader.empty_places(value)
    return LenientValue(*_storable(value, reader.remarks()))


@dataclass(slots=True)
class _Reader:
    """Makes the values of one text."""

    #: How often each word was met that cannot be used, and the keys under which such stood or that stood twice.
    words: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    emptied: bool = False

    def unusable(self, word: str) -> Any:
        self.words[word if len(word) <= _SHOWN_CHARS // 2 else f"a number of {len(word):,} digits"] += 1
        return _UNUSABLE

    def float(self, text: str) -> Any:
        number = float(text)
        return self.unusable(text) if math.isinf(number) else number

    def int(self, text: str) -> Any:
        return self.unusable(text) if len(text) > MAX_DIGITS else int(text)

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self.repeated += (name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        if self.words:
            unusable = [name for name, value in found.items() if value is _UNUSABLE]
            self.keys += unusable
            for name in unusable:
                del found[name]
        return found

    def empty_places(self, value: Any) -> None:
        """Put null where something unusable stands in a list."""
        for index, item in enumerate(value) if isinstance(value, list) else ():
            if item is _UNUSABLE:
                value[index], self.emptied = None, True
            else:
                self.empty_places(item)
        for item in value.values() if isinstance(value, dict) else ():
            self.empty_places(item)

    def remarks(self) -> tuple[str, ...]:
        found = []
        if self.words:
            # What was the value of a repeated key is nowhere any more.
            became = [f"; {_listed(self.keys)} left out"] if self.keys else []
            became += ["; null stands in its place in a list"] if self.emptied else []
            found.append(f"it holds {_listed(self.words)}, which is no JSON that can be kept{''.join(became)}")
        if self.repeated:
            found.append(f"the key {_listed(self.repeated)} stands twice in one object; the last one counts")
        return tuple(found)


def _listed(texts: Collection[str]) -> str:
    first = next(iter(texts))
    shown = first if len(first) <= _SHOWN_CHARS else first[:_SHOWN_CHARS] + "…"
    # Half of a surrogate pair in a key has no UTF-8.
    shown = shown.encode("utf-8", "replace").decode()
    return shown if len(texts) == 1 else f"{shown} (and {len(texts) - 1:,} more)"


def _storable(value: Any, remarks: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    """Replace what no UTF-8 holds."""
    written = json.dumps(value, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        whole = written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return json.loads(whole), (*remarks, "it holds half of a surrogate pair, for which \ufffd stands now")
    return value, remarks

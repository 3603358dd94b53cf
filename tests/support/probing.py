"""Calls what it is told with a name as text; tells what reached an attribute or file by it, made a class, holds what.

Run in a process of its own, since what is called may change the library. Reads names such as `json.loads`, apart by
spaces, and prints one JSON object. Needs nothing but the standard library of the Python that it looks at.
"""

import asyncio
import builtins
import contextlib
import dataclasses
import importlib
import io
import itertools
import json
import logging
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

NAME = "__probe__"
#: A file that nothing here opens but by its path.
_FILE = tempfile.NamedTemporaryFile(prefix="probe-")  # noqa: SIM115 (gone with this process)
PATH = _FILE.name
#: What nothing that functions can use may show: whoever has one has the interpreter, or the process's streams.
HELD = {
    types.ModuleType: "module",
    types.FrameType: "frame",
    types.CodeType: "code",
    types.TracebackType: "traceback",
    logging.Formatter: "formatter",
    logging.Handler: "handler",
    logging.LogRecord: "record",
    dataclasses.Field: "field",
    io.FileIO: "file",
    io.TextIOWrapper: "stream",
    io.BufferedIOBase: "buffer",
    asyncio.AbstractEventLoop: "event loop",
}
#: Fine to hold: in memory alone.
_PLAIN = (io.BytesIO, io.StringIO)
#: How deep attributes of results are followed, and how many calls with how many arguments are tried.
_DEEPEST = 4
_MOST_ARGUMENTS = 3
_seen: set[str] = set()


class Spy:
    """Notes when it is asked for, or given, the attribute."""

    __probe__ = 1

    def __getattribute__(self, name: str) -> Any:
        if name == NAME:
            _seen.add("reads")
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == NAME:
            _seen.add("writes")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name == NAME:
            _seen.add("deletes")

    def __call__(self, *_args: Any, **_words: Any) -> "Spy":
        """Be a function, for what only takes those."""
        return self


class Liar(str):
    """A zone's name that is a path as soon as somebody goes by it."""

    __slots__ = ()

    def encode(self, *_arguments: Any) -> bytes:
        """Be no other text."""
        return b""

    def lower(self) -> str:
        """Be no name that is known."""
        return NAME

    def replace(self, *_arguments: Any) -> "Liar":
        """Stay as it is."""
        return self

    lstrip = replace

    def split(self, *_arguments: Any) -> list[str]:
        """Have a path for its one part."""
        return [Part(PATH)]


class Part(str):
    """A path that has no part of its own."""

    __slots__ = ()

    def __contains__(self, _part: object) -> bool:
        return False


class Joined(Liar):
    """A zone's name that gives a path when something is put before it."""

    __slots__ = ()

    def __radd__(self, _other: str) -> Any:
        return Left()


class Left:
    """What stays of two texts that are put together: a path."""

    def __radd__(self, _other: str) -> str:
        return PATH


@dataclasses.dataclass
class Row:
    """Something with fields."""

    number: int = 1


def _pool() -> list[Any]:
    return [Spy(), Row(), NAME, (NAME,), {NAME: 1}, [(NAME, 1)], f"{{0.{NAME}}}", f"{{{NAME}}}", "X", ()]


def _texts() -> list[str]:
    """Return what names a file: a path, a rule for dates with one for its zone, names of zones that are none."""
    rule = f"DTSTART;TZID={PATH}:20200101T000000\nRRULE:FREQ=DAILY;COUNT=1"
    return [PATH, rule, Liar("Europe/Rome"), Joined("Europe/Oslo")]


def _notice(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and arguments[0] == PATH:
        _seen.add("opens a file")


def _named(names: list[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        module, _, last = name.rpartition(".")
        yield name, getattr(importlib.import_module(module), last)


def _ways(most: int) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    for count in range(most + 1):
        for chosen in itertools.product(range(len(_pool())), repeat=count):
            pool = _pool()
            yield [pool[position] for position in chosen], {}
    for text in _texts():
        yield [text], {}
    yield [], {NAME: 1}
    yield ["X"], {NAME: 1}
    yield [Spy()], {NAME: 1}
    yield [types.SimpleNamespace()], {NAME: 1}


def _calls(function: Callable[..., Any], most: int) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each result of a call that did not fail, with its arguments."""
    for arguments, words in _ways(most):
        try:
            yield function(*arguments, **words), arguments
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException:  # noqa: S112 (whatever it does not take)
            continue


def _has_name(result: Any) -> bool:
    """Say whether the name became an attribute of a result, or of its class."""
    if isinstance(result, Spy):
        return False
    owners = [result, *(result.__mro__ if isinstance(result, type) else type(result).__mro__)]
    return any(NAME in vars(owner) for owner in owners if hasattr(owner, "__dict__"))


def _held(value: Any, path: str, depth: int = 0) -> Iterator[str]:
    """Yield the paths by public attributes to what nothing may show."""
    kind = next(
        (word for held, word in HELD.items() if isinstance(value, held) and not isinstance(value, _PLAIN)), None
    )
    if kind is not None:
        yield f"{path}: {kind}"
    elif isinstance(value, list | tuple) and depth < _DEEPEST:
        for inner in value[:2]:
            yield from _held(inner, f"{path}.0", depth + 1)
    elif depth < _DEEPEST and not isinstance(value, str | bytes | int | float | dict | type):
        for name in dir(value):
            if name.startswith("_"):
                continue
            try:
                inner = getattr(value, name)
            except Exception:  # noqa: S112 (an attribute that cannot be had)
                continue
            if not isinstance(inner, types.BuiltinFunctionType | types.MethodType | types.MethodWrapperType):
                yield from _held(inner, f"{path}.{name}", depth + 1)


def _probe(name: str, value: Any, most: int, found: dict[str, set[str]]) -> list[Any]:
    """Call one thing in all ways; returns what it gave, one of each type."""
    results: dict[type, Any] = {}
    before = {id(thing) for thing in vars(builtins).values()}
    for result, arguments in _calls(value, most):
        found.setdefault(name, set()).update(_seen)
        _seen.clear()
        if any(result is argument for argument in arguments):
            continue
        if isinstance(result, type) and id(result) not in before and result is not Spy:
            found[name].add("makes or gives a class")
        if _has_name(result):
            found[name].add("makes the attribute")
        if callable(result) and not isinstance(result, type):
            for _made, _given in _calls(result, 1):
                found[name].update(f"{word} later" for word in _seen)
                _seen.clear()
        results.setdefault(type(result), result)
    # A call that fails has reached what it has reached.
    found.setdefault(name, set()).update(_seen)
    _seen.clear()
    return list(results.values())


def main() -> None:
    """Probe everything and print what was found: how names are reached, and what is held where."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found, held = _probed(sys.stdin.read().split())
    reached = {name: sorted(ways) for name, ways in sorted(found.items()) if ways}
    sys.stdout.write(json.dumps({"reached": reached, "held": sorted(held)}))


def _probed(names: list[str]) -> tuple[dict[str, set[str]], set[str]]:
    found: dict[str, set[str]] = {}
    held: set[str] = set()
    logging.basicConfig()
    sys.addaudithook(_notice)
    for name, value in list(_named(names)):
        held.update(_held(value, name))
        if not callable(value):
            continue
        for result in _probe(name, value, _MOST_ARGUMENTS, found):
            if not isinstance(result, Spy):
                held.update(_held(result, f"{name}()"))
            if isinstance(value, type) and isinstance(result, value):
                _probe_methods(f"{name}()", result, found)
        if isinstance(value, type):
            _probe_methods(name, value, found)
    return found, held


def _probe_methods(name: str, owner: object, found: dict[str, set[str]]) -> None:
    for method in dir(owner):
        with contextlib.suppress(Exception):  # an attribute that cannot be had
            if not method.startswith("_") and callable(getattr(owner, method)):
                _probe(f"{name}.{method}", getattr(owner, method), 2, found)


if __name__ == "__main__":
    main()

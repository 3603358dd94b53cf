"""Rules on what reaches an attribute or a class without its name being in the source (decision 0028)."""

import ast
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review import loggers
from midcall.review.forms import call_of, misplaced
from midcall.review.kinds import is_looked_at
from midcall.review.lineage import TYPED, family, misused_enums
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example


def _forms(module: Module) -> Iterator[Hit]:
    for node, name, form in misplaced(module):
        yield Hit(node, f"`{name}` may not be used in this way: {form.why}.", form.instead)
    for use in misused_enums(module):
        yield Hit(
            use,
            f"`{use.id}` stands for an enum without members, of which a call with several arguments makes a class with "
            "whatever attributes it is told.",
            "Give it members, or use it only as a base class, to go through it, or as `Kind(value)`.",
        )
    places: list[ast.Name | ast.Attribute] = [*module.nodes(ast.Name), *module.nodes(ast.Attribute)]
    if any("functools.cached_property" in module.origins(place) for place in places):
        for stored in module.nodes(ast.Attribute):
            if stored.attr == "attrname" and not isinstance(stored.ctx, ast.Load):
                yield Hit(stored, "A cached property writes an attribute of this name.", "Give yours another name.")


def _classes(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Name):
        if node.id != "type" or not module.meaning(node).falls_through:
            continue
        call = call_of(module, node)
        if call is not None and not is_looked_at(module, call):
            yield Hit(
                call,
                "The class that `type` gives may only be looked at here: called or kept, it could be any class.",
                _instead_of_type(module, call),
            )


def _instead_of_type(module: Module, call: ast.Call) -> str:
    if call_of(module, call) is not None:
        return "Write the class's own name, such as `Order(...)`; in a `@classmethod`, `cls(...)`."
    return "Write `type(value).__name__` for its name, `type(value) is Kind` or `isinstance(value, Kind)` for a test."


def _dataclasses(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.ClassDef):
        wrapped = [found.func if isinstance(found, ast.Call) else found for found in node.decorator_list]
        is_dataclass = any(module.origins(found) & module.allowed.decorators for found in wrapped)
        if is_dataclass and family(module, node).origins & TYPED:
            yield Hit(
                node,
                "A `TypedDict` may have keys that are no names, and `dataclass` writes code of them.",
                "Make it either: a `TypedDict` class, or a dataclass without that base class.",
            )


def _loggers(module: Module) -> Iterator[Hit]:
    for node, name in loggers.reached(module):
        yield Hit(
            node,
            f"`{name}` of a logger leads to its handlers, and from there to the process's own output and formats.",
            "Set up logging by `logging.basicConfig(level=..., format=...)`; it does nothing if that is done. If this "
            "is your own, give it another name, or keep the logger in a name at the top of the file.",
        )


_BODY = "def handler(session):\n    return 1\n"
RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="reach.form",
        summary="What reaches attributes or makes classes by names in text is used with names that are written out: "
        "`@wraps(f)`, `SimpleNamespace(a=1)`, `Enum('Level', 'LOW HIGH')`, `for f in fields(Kind)`.",
        severity=Severity.ERROR,
        check=_forms,
        good=example(
            "from functools import wraps\n\ndef logged(f):\n    @wraps(f)\n    def inner(*args):\n"
            "        return f(*args)\n    return inner\n\n@logged\ndef double(x):\n    return 2 * x\n\n"
            "def handler(session):\n    return double(2)\n"
        ),
        bad=example(
            "from functools import wraps\n\ndef f():\n    pass\n\n"
            "def handler(session):\n    return wraps(f, (), ('__globals__',))(f)\n"
        ),
    ),
    Rule(
        id="reach.class",
        summary="A class that is worked out (`type(x)`) is looked at, not called, passed on or kept.",
        severity=Severity.ERROR,
        check=_classes,
        good=example("def handler(session):\n    return type(session).__name__\n"),
        bad=example("def handler(session):\n    return type(int)('X', (), {})\n"),
    ),
    Rule(
        id="reach.dataclass",
        summary="A dataclass inherits from no `TypedDict`.",
        severity=Severity.ERROR,
        check=_dataclasses,
        good=example("from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int\n\n" + _BODY),
        bad=example(
            "from dataclasses import dataclass\nfrom typing import TypedDict\n\n"
            "T = TypedDict('T', {'a=print()': int})\n\n@dataclass\nclass Point(T):\n    pass\n\n" + _BODY
        ),
    ),
    Rule(
        id="reach.logger",
        summary="Handlers, filters, formatters and records of loggers are not reached.",
        severity=Severity.ERROR,
        check=_loggers,
        good=example("import logging\n\nlog = logging.getLogger('a')\nlog.setLevel('INFO')\n\n" + _BODY),
        bad=example("import logging\n\nformat = logging.getLogger().handlers[0].formatter\n\n" + _BODY),
    ),
)

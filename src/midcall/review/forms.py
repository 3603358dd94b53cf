"""In which forms the callables may stand that reach attributes, or make classes, by names given as text.

Whatever takes a name as text could be given one that no rule sees. So each of them is used where its names are written
out, directly, and is never a value. `tests/unit/review/test_review_reach.py` goes through all that is allowed and finds
those that are missing here. Decision 0028 has the families.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from midcall.review.constants import literal
from midcall.review.fields import is_default, is_read
from midcall.review.module import Module
from midcall.review.scopes import BindingKind

ENUMS = frozenset(f"enum.{name}" for name in ("Enum", "Flag", "IntEnum", "IntFlag", "StrEnum"))
#: The keyword arguments with which an enum is made by a call.
_ENUM_OPTIONS = frozenset({"names", "module", "qualname", "type", "start", "boundary"})
_TYPES = (BindingKind.CLASS, BindingKind.IMPORTED)


@dataclass(frozen=True, slots=True)
class AllowedForm:
    """One callable's form: whether a use has it, why others are refused, and what to write instead."""

    fits: Callable[[Module, ast.expr], bool]
    why: str
    instead: str


def misplaced(module: Module) -> Iterator[tuple[ast.expr, str, AllowedForm]]:
    """Yield each use of such a callable in another form: the place, the callable's name, its form."""
    places: list[ast.Name | ast.Attribute] = [*module.nodes(ast.Name), *module.nodes(ast.Attribute)]
    for node in places:
        if not isinstance(node.ctx, ast.Load):
            continue
        name = next((name for name in sorted(module.origins(node)) if name in FORMS), None)
        if name is not None and not FORMS[name].fits(module, node):
            yield node, name, FORMS[name]


def call_of(module: Module, node: ast.AST) -> ast.Call | None:
    """Return the call whose function a node is."""
    parent = module.parent(node)
    return parent if isinstance(parent, ast.Call) and parent.func is node else None


def decorated(module: Module, node: ast.AST) -> ast.AST | None:
    """Return the statement that a node decorates."""
    parent = module.parent(node)
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return parent if isinstance(parent, kinds) and node in parent.decorator_list else None


def names_a_type(module: Module, node: ast.expr) -> bool:
    """Say whether a node only says which type is meant: a test, a class pattern, or an annotation."""
    child: ast.AST = node
    parent = module.parent(node)
    if isinstance(parent, ast.Tuple):
        child, parent = parent, module.parent(parent)
    if isinstance(parent, ast.Call) and module.is_builtin(parent.func, "isinstance", "issubclass"):
        return child in parent.args[1:]
    if isinstance(parent, ast.Compare) and child is node:
        return all(isinstance(kind, ast.Is | ast.IsNot) for kind in parent.ops)
    if isinstance(parent, ast.MatchClass):
        return parent.cls is node
    if isinstance(parent, ast.keyword):
        variable = module.parent(parent)
        is_variable = isinstance(variable, ast.Call) and module.is_only(variable.func, "typing.TypeVar")
        return is_variable and parent.arg == "bound"
    return is_plain_annotation(module, node)


def is_plain_annotation(module: Module, node: ast.AST) -> bool:
    """Say whether a node stands in an annotation that hands it to nothing but types (`x: dict[str, type] | None`)."""
    if not module.in_annotation(node):
        return False
    child = node
    for parent in module.parents(node):
        if isinstance(parent, ast.Subscript):
            if child is not parent.value and not _is_type(module, parent.value):
                return False
        elif isinstance(parent, ast.BinOp):
            if not (_is_type(module, parent.left) and _is_type(module, parent.right)):
                return False
        elif not isinstance(parent, ast.Tuple | ast.List):
            return isinstance(parent, ast.arg | ast.AnnAssign | ast.FunctionDef | ast.AsyncFunctionDef)
        child = parent
    return False


def _is_type(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_type(module, node.left) and _is_type(module, node.right)
    if isinstance(node, ast.Subscript):
        return _is_type(module, node.value)
    if isinstance(node, ast.Attribute):
        return module.is_library(node)
    if isinstance(node, ast.Name):
        return all(found.kind in _TYPES for found in module.meaning(node).bindings)
    return isinstance(node, ast.Constant)


def is_written_out(call: ast.Call) -> bool:
    """Say whether a call gives its arguments by ordinary names that stand there, also where it unpacks a dict."""
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return False
    return all(
        _is_public(word.arg) if word.arg is not None else isinstance(word.value, ast.Dict) and _has_keys(word.value)
        for word in call.keywords
    )


def _has_keys(mapping: ast.Dict) -> bool:
    return all(isinstance(key, ast.Constant) and _is_public(key.value) for key in mapping.keys)


def _is_public(name: object) -> bool:
    return isinstance(name, str) and not name.startswith("_")


def _decorates_function_by_call(module: Module, node: ast.expr) -> bool:
    call = call_of(module, node)
    if call is None or len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        return False
    return isinstance(decorated(module, call), ast.FunctionDef | ast.AsyncFunctionDef)


def _decorates_method(module: Module, node: ast.expr) -> bool:
    found = decorated(module, node)
    if not isinstance(found, ast.FunctionDef):
        return False
    return module.scope(found).is_class and not found.name.startswith("__")


def _decorates_class(module: Module, node: ast.expr) -> bool:
    return isinstance(decorated(module, node), ast.ClassDef)


def _is_metaclass(module: Module, node: ast.expr) -> bool:
    parent = module.parent(node)
    if isinstance(parent, ast.keyword):
        return parent.arg == "metaclass" and isinstance(module.parent(parent), ast.ClassDef)
    return names_a_type(module, node)


def _is_namespace(module: Module, node: ast.expr) -> bool:
    call = call_of(module, node)
    return (not call.args and is_written_out(call)) if call is not None else names_a_type(module, node)


def _is_plain_call(module: Module, node: ast.expr) -> bool:
    call = call_of(module, node)
    return call is not None and is_written_out(call)


def _is_enum(module: Module, node: ast.expr) -> bool:
    parent = module.parent(node)
    if isinstance(parent, ast.ClassDef) and node in parent.bases:
        return True
    call = call_of(module, node)
    return is_enum_call(module, call) if call is not None else names_a_type(module, node)


def is_enum_call(module: Module, call: ast.Call) -> bool:
    """Say whether a call makes an enum of names that are written out."""
    words = {word.arg: word.value for word in call.keywords}
    if not words.keys() <= _ENUM_OPTIONS or any(isinstance(argument, ast.Starred) for argument in call.args):
        return False
    names = call.args[1] if len(call.args) == 2 else words.get("names")  # noqa: PLR2004 (its name, its members)
    return names is not None and all(map(_is_public, _member_names(module, names)))


def _member_names(module: Module, node: ast.expr) -> Iterator[object]:
    """Yield the names that a functional enum is given, None for one that is not written out."""
    found = literal(module, node)
    if isinstance(found, ast.Constant) and isinstance(found.value, str):
        yield from found.value.replace(",", " ").split()
    elif isinstance(found, ast.Dict):
        yield from (key.value if isinstance(key, ast.Constant) else None for key in found.keys)
    elif isinstance(found, ast.List | ast.Tuple):
        for element in found.elts:
            name = element.elts[0] if isinstance(element, ast.List | ast.Tuple) and element.elts else element
            yield name.value if isinstance(name, ast.Constant) else None
    else:
        yield None


def _has_own_zones(module: Module, node: ast.expr) -> bool:
    """Say whether a call says where zones come from: left out, or None, texts would name files to open."""
    call = call_of(module, node)
    found = next((word.value for word in call.keywords if word.arg == "tzids"), None) if call is not None else None
    if call is None or found is None or not is_written_out(call):
        return False
    return isinstance(found, ast.Dict) or module.is_only(found, "zoneinfo.ZoneInfo", "pytz.timezone")


_ENUM = AllowedForm(
    _is_enum,
    "it makes a class with whatever attributes it is told",
    "Write a class statement (`class Level(Enum):`, a line for each member), or the names as texts in the call.",
)
#: `module.name` -> in which form it may stand.
FORMS: Mapping[str, AllowedForm] = {
    "functools.wraps": AllowedForm(
        _decorates_function_by_call,
        "its other arguments name attributes that it reads and writes",
        "Write `@wraps(f)` right above the inner `def`, with the one argument.",
    ),
    "functools.cached_property": AllowedForm(
        _decorates_method,
        "it writes an attribute by a name that it keeps",
        "Write `@cached_property` above a method with an ordinary name.",
    ),
    "functools.total_ordering": AllowedForm(
        _decorates_class, "it writes methods into what it is given", "Write `@total_ordering` above a class."
    ),
    "types.SimpleNamespace": AllowedForm(
        _is_namespace,
        "with names from elsewhere it makes attributes that library code trusts",
        "Write the names: `SimpleNamespace(name=data['name'])`; for data keep the dict and write `data['name']`.",
    ),
    "copy.replace": AllowedForm(
        _is_plain_call,
        "with names from elsewhere it makes attributes that library code trusts",
        "Write the names: `replace(thing, name=value)`.",
    ),
    "abc.ABCMeta": AllowedForm(
        _is_metaclass,
        "called, it makes a class with whatever attributes it is told",
        "Inherit from `ABC`, or write `metaclass=ABCMeta` in a class statement.",
    ),
    "logging.Logger": AllowedForm(
        names_a_type,
        "a logger that is made so is not followed to its handlers",
        "Make it by `logging.getLogger(__name__)`; in an annotation and a test by `isinstance` it may stand.",
    ),
    "dataclasses.fields": AllowedForm(
        is_read,
        "a field that gets away could be renamed, and `dataclass` and `asdict` follow its name",
        "Write `for f in fields(Kind):` or `[f.name for f in fields(Kind)]`, and only read attributes of `f`.",
    ),
    "dataclasses.field": AllowedForm(
        is_default,
        "a field that gets away could be renamed, and `dataclass` and `asdict` follow its name",
        "Write it as the default in a class below `@dataclass`: `tags: list = field(default_factory=list)`.",
    ),
    "dateutil.rrule.rrulestr": AllowedForm(
        _has_own_zones,
        "a zone in its text (`TZID=`) may be the path of a file, which it opens",
        "Say where zones come from: `rrulestr(text, tzids=ZoneInfo)` with `from zoneinfo import ZoneInfo`, or "
        "`tzids={}` for none.",
    ),
    **dict.fromkeys(sorted(ENUMS), _ENUM),
}

"""The hosts that an expression for a URL leads to, as far as the source itself says."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from midcall.review.constants import texts
from midcall.review.module import Module
from midcall.review.scopes import BindingKind

_STEPS = 12
#: More beginnings than this are not followed: sums of choices grow without bound.
_MANY = 16
_LONGEST = 8_192
_PORTS = {"http": 80, "https": 443}
#: The host ends where the path, query or fragment begins; until then more of it may follow.
_URL = re.compile(
    r"(https?)://(?:[^/?#@\\]*@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?(?P<end>[/?#]|\Z)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class KnownPrefix:
    """The beginning of a text, as far as it is known; `whole`: nothing follows."""

    text: str
    whole: bool


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host (lower case, IPv6 in brackets) and the port that is called."""

    host: str
    port: int
    default_port: int

    def __str__(self) -> str:
        """Write it as it would stand in `egress`."""
        return self.host if self.port == self.default_port else f"{self.host}:{self.port}"


_UNKNOWN = (KnownPrefix("", whole=False),)


def targets(module: Module, node: ast.expr) -> Iterator[HostPort]:
    """Yield the hosts that a URL can have; nothing where the source does not tell."""
    for beginning in beginnings(module, node):
        match = _URL.match(beginning.text)
        if match is not None and (beginning.whole or match["end"]):
            scheme = match[1].lower()
            yield HostPort(match[2].lower(), int(match[3] or _PORTS[scheme]), _PORTS[scheme])


def beginnings(module: Module, node: ast.expr, steps: int = _STEPS) -> tuple[KnownPrefix, ...]:
    """Return what a text can begin with: whole where it is a constant, cut where the source says no more."""
    known = module.once(_known)
    if node not in known:
        # Until it is worked out it is unknown, which also ends circles.
        known[node] = _UNKNOWN
        known[node] = _beginnings(module, node, steps) if steps else _UNKNOWN
    return known[node]


def _known(_module: Module) -> dict[ast.AST, tuple[KnownPrefix, ...]]:
    return {}


def _beginnings(module: Module, node: ast.expr, steps: int) -> tuple[KnownPrefix, ...]:
    constant = texts(module, node)
    if constant is not None:
        return tuple(KnownPrefix(text[:_LONGEST], whole=True) for text in sorted(constant)[: _MANY + 1]) or _UNKNOWN
    if isinstance(node, ast.JoinedStr):
        found: tuple[KnownPrefix, ...] = (KnownPrefix("", whole=True),)
        for value in node.values:
            found = _joined(found, module, value, steps - 1)
        return found
    if isinstance(node, ast.BinOp):
        return _of_operator(module, node, steps - 1)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _until(module, node.func.value, "{")
    if isinstance(node, ast.Name):
        bindings = module.meaning(node).bindings
        if len(bindings) == 1 and bindings[0].kind is BindingKind.VALUE and bindings[0].value is not None:
            return beginnings(module, bindings[0].value, steps - 1)
    return _UNKNOWN


def _of_operator(module: Module, node: ast.BinOp, steps: int) -> tuple[KnownPrefix, ...]:
    if isinstance(node.op, ast.Add):
        return _joined(beginnings(module, node.left, steps), module, node.right, steps)
    return _until(module, node.left, "%") if isinstance(node.op, ast.Mod) else _UNKNOWN


def _until(module: Module, node: ast.expr, mark: str) -> tuple[KnownPrefix, ...]:
    """Return what a template begins with, up to its first field."""
    known = texts(module, node) or ()
    return tuple(KnownPrefix(text.partition(mark)[0], whole=False) for text in sorted(known)[:_MANY]) or _UNKNOWN


def _joined(found: tuple[KnownPrefix, ...], module: Module, node: ast.expr, steps: int) -> tuple[KnownPrefix, ...]:
    if not any(each.whole for each in found):
        return found
    more = _piece(module, node, steps)
    joined = tuple(
        KnownPrefix((each.text + following.text)[:_LONGEST], following.whole) if each.whole else each
        for each in found
        for following in (more if each.whole else _UNKNOWN)
    )
    return joined if len(joined) <= _MANY else tuple(KnownPrefix(each.text, whole=False) for each in found)


def _piece(module: Module, node: ast.expr, steps: int) -> tuple[KnownPrefix, ...]:
    if isinstance(node, ast.FormattedValue):
        is_plain = node.conversion == -1 and node.format_spec is None
        return beginnings(module, node.value, steps) if is_plain else _UNKNOWN
    return beginnings(module, node, steps)

"""What the options of a call lack or have too much of, asked of the operation's own model."""

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from midcall.connectors.kit import Operation, Options
from midcall.domain.credential import CredentialType
from midcall.review.calls import OperationCall

#: Values deeper than this are taken as unknown.
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class OptionFault:
    """A fault at an option, by its name, or with the call as such."""

    name: str | None
    kind: str
    message: str


class _Unknown(Exception):
    """The source does not say what a value is."""


def faults(call: OperationCall) -> Iterator[OptionFault]:
    """Yield what is wrong with a call's options, as far as the source says which they are."""
    unknown = [name for name in call.options if not _is_known(call.operation.options, name)]
    yield from (OptionFault(name, "unknown", "") for name in unknown)
    if unknown or call.is_open or call.misfits:
        return
    try:
        given = {name: _value(each.value) for name, each in call.options.items()}
    except _Unknown:
        found = _errors(call.operation.options, dict.fromkeys(call.options))
        yield from (fault for fault in found if fault.kind == "missing" and fault.name not in call.options)
    else:
        yield from _errors(call.operation.options, given)


def credential_types(call: OperationCall) -> frozenset[CredentialType] | None:
    """Return the types of credentials that a call's literal options ask for; None where they say nothing of it."""
    literals = {}
    for name, given in call.options.items():
        with suppress(_Unknown):
            literals[name] = _value(given.value)
    try:
        return call.operation.options.model_construct(**literals).credential_types()
    except (TypeError, AttributeError, LookupError):  # an unsound value, which is told elsewhere
        return None


def names(operation: Operation) -> tuple[str, ...]:
    """Return the names of an operation's options, `credential` among them."""
    return (*operation.options.model_fields, "credential")


@lru_cache(maxsize=1024)
def _is_known(options: type[Options], name: str) -> bool:
    """Ask the model, since validators and aliases may take more names than it has fields."""
    return not any(fault.kind == "extra_forbidden" and fault.name == name for fault in _errors(options, {name: None}))


def _errors(options: type[Options], given: Mapping[str, Any]) -> list[OptionFault]:
    try:
        options.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [_fault(item["loc"], item["type"], item["msg"]) for item in found]
    except (TypeError, AttributeError, LookupError):  # a validator that an odd value surprised; the call will tell
        return []
    return []


def _fault(loc: tuple[int | str, ...], kind: str, message: str) -> OptionFault:
    """Write a fault; one inside an option's value is told with the path below it."""
    below = ".".join(str(part) for part in loc[1:])
    if kind == "missing" and not below:
        return OptionFault(str(loc[0]), kind, "")
    message = message.removeprefix("Value error, ")
    name = str(loc[0]) if loc else None
    return OptionFault(name, "value", f"{below}: {message}") if below else OptionFault(name, kind, message)


def _value(node: ast.expr, depth: int = 0) -> Any:
    """Return what a literal is in JSON; raises _Unknown for anything else."""
    if depth > _DEEPEST:
        raise _Unknown
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str | int | float)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(each, depth + 1) for each in node.elts]
    if isinstance(node, ast.Dict):
        return _dict(node, depth)
    raise _Unknown


def _dict(node: ast.Dict, depth: int) -> dict[str, Any]:
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise _Unknown
        found[key.value] = _value(value, depth + 1)
    return found

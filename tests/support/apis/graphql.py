"""As much of GraphQL as a server needs to be asked our queries: parsed, checked against types, and answered.

Written for tests (spec.graphql.org, October 2021): named queries with variables, fields with aliases and arguments.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'[\s,]+|(?P<token>"(?:[^"\\]|\\.)*"|\$?[A-Za-z_]\w*|-?\d+|[{}()\[\]:!=])')

#: Type -> field -> the field's type; None: a scalar.
Types = Mapping[str, Mapping[str, str | None]]
#: How fields that take arguments are resolved: type and field -> function of the parent and the arguments.
Resolvers = Mapping[tuple[str, str], Callable[[Any, Mapping[str, Any]], Any]]


class GraphqlError(Exception):
    """The query is wrong; with the code that goes into `extensions`."""

    def __init__(self, message: str, code: str, **more: Any) -> None:
        super().__init__(message)
        self.entry = {"message": message, "extensions": {"code": code, **more}}


@dataclass(frozen=True)
class Field:
    """One field of a selection."""

    alias: str
    name: str
    arguments: Mapping[str, Any]
    selection: tuple["Field", ...] | None


@dataclass(frozen=True)
class Variable:
    """A variable where a value stands."""

    name: str


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise GraphqlError(f"syntax error, unexpected {text[at]!r}", "parseError")
            if match["token"]:
                self.tokens.append(match["token"])
            at = match.end()

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, wanted: str | None = None) -> str:
        if not self.tokens or (wanted is not None and self.tokens[0] != wanted):
            raise GraphqlError(f"syntax error, unexpected {self.peek()!r}, expecting {wanted!r}", "parseError")
        return self.tokens.pop(0)

    def query(self) -> tuple[dict[str, str], tuple[Field, ...]]:
        """Read `query Name($v: Type!) { … }`."""
        self.take("query")
        self.take()
        declared: dict[str, str] = {}
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                name = self.take()
                self.take(":")
                kind = self.take()
                if self.peek() == "!":
                    kind += self.take()
                declared[name.removeprefix("$")] = kind
            self.take(")")
        selection = self.selection()
        if self.tokens:
            raise GraphqlError(f"syntax error, unexpected {self.peek()!r}", "parseError")
        return declared, selection

    def selection(self) -> tuple[Field, ...]:
        self.take("{")
        fields = []
        while self.peek() != "}":
            alias = name = self.take()
            if self.peek() == ":":
                self.take()
                name = self.take()
            arguments: dict[str, Any] = {}
            if self.peek() == "(":
                self.take()
                while self.peek() != ")":
                    argument = self.take()
                    self.take(":")
                    arguments[argument] = self.value()
                self.take(")")
            fields.append(Field(alias, name, arguments, self.selection() if self.peek() == "{" else None))
        self.take("}")
        return tuple(fields)

    def value(self) -> Any:
        token = self.take()
        if token.startswith("$"):
            return Variable(token[1:])
        if token.lstrip("-").isdigit():
            return int(token)
        return {"true": True, "false": False, "null": None}.get(token, token.strip('"'))


def execute(document: str, variables: Mapping[str, Any], types: Types, resolvers: Resolvers) -> dict[str, Any]:
    """Answer a query from the type `Query`; raises GraphqlError."""
    declared, selection = _Parser(document).query()
    for name, kind in declared.items():
        value = variables.get(name)
        if value is None and kind.endswith("!"):
            raise GraphqlError(f"Variable ${name} of type {kind} was provided invalid value", "INVALID_VARIABLE")
        fits = {"Int": int, "String": str, "ID": str}.get(kind.rstrip("!"), object)
        if value is not None and not isinstance(value, fits):
            raise GraphqlError(f"Variable ${name} of type {kind} was provided invalid value", "INVALID_VARIABLE")
    undeclared = sorted(set(variables) - set(declared))
    if undeclared:
        raise GraphqlError(f"Variable ${undeclared[0]} is not declared", "variableNotDefined")
    _check("Query", selection, types)
    return _select("Query", None, selection, _Run(variables, types, resolvers))


@dataclass(frozen=True)
class _Run:
    variables: Mapping[str, Any]
    types: Types
    resolvers: Resolvers


def _check(kind: str, selection: tuple[Field, ...], types: Types) -> None:
    for one in selection:
        if one.name not in types[kind]:
            text = f"Field '{one.name}' doesn't exist on type '{kind}'"
            raise GraphqlError(text, "undefinedField", typeName=kind, fieldName=one.name)
        inner = types[kind][one.name]
        if (inner is None) != (one.selection is None):
            raise GraphqlError(f"Field '{one.name}' must have selections, or none", "selectionMismatch")
        if inner is not None and one.selection is not None:
            _check(inner, one.selection, types)


def _select(kind: str, value: Any, selection: tuple[Field, ...], run: _Run) -> dict[str, Any]:
    found = {}
    for one in selection:
        given = {
            name: run.variables.get(argument.name) if isinstance(argument, Variable) else argument
            for name, argument in one.arguments.items()
        }
        resolver = run.resolvers.get((kind, one.name))
        inner = resolver(value, given) if resolver else value.get(one.name)
        found[one.alias] = _complete(run.types[kind][one.name], inner, one.selection, run)
    return found


def _complete(kind: str | None, value: Any, selection: tuple[Field, ...] | None, run: _Run) -> Any:
    if value is None or kind is None or selection is None:
        return value
    if isinstance(value, list):
        return [_complete(kind, each, selection, run) for each in value]
    return _select(kind, value, selection, run)

"""RFC 9535 JSONPath, evaluated here, each step counted.

The library reads paths; its own evaluation cannot be stopped: it counts nothing, writes out the place of every node
that it passes, keeps them all, and reads a text as JSON.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from jsonpath import JSONPath, JSONPathEnvironment, JSONPathError
from jsonpath.filter import (
    BaseExpression,
    FilterExpressionLiteral,
    FilterQuery,
    FunctionExtension,
    InfixExpression,
    Nil,
    PrefixExpression,
    RootFilterQuery,
    walk,
)
from jsonpath.segments import JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath.selectors import Filter, IndexSelector, JSONPathSelector, NameSelector, SliceSelector, WildcardSelector

from midcall.domain.budget import Budget
from midcall.domain.json_equality import same

#: Without `match` and `search`: Python's regular expressions can take for ever.
_ENVIRONMENT = JSONPathEnvironment(strict=True)
for _function in ("match", "search"):
    del _ENVIRONMENT.function_extensions[_function]

#: Whatever is not there: RFC 9535 calls it Nothing.
_NOTHING: Final = object()
#: Characters that one step of a comparison looks at.
_CHARS_OF_A_STEP = 4_096


def compiled(path: str) -> JSONPath:
    """Read a path; raises JSONPathError, ValueError, ArithmeticError (1e400) or RecursionError for what is none."""
    query = _ENVIRONMENT.compile(path)
    if not isinstance(query, JSONPath):
        raise JSONPathError("a single path is wanted")
    return query


def query_in_filter(query: JSONPath) -> str | None:
    """Return the first query inside of a filter that may find several values, as it is written; None: there is none.

    Each value that such a filter is asked about is searched again.
    """
    for segment in query.segments:
        for selector in segment.selectors:
            if isinstance(selector, Filter):
                for part in walk(cast("BaseExpression", selector.expression)):
                    if isinstance(part, FilterQuery) and not part.path.singular_query():
                        return str(part)
    return None


def found(query: JSONPath, root: Any, budget: Budget) -> Iterator[Any]:
    """Yield the values that a path finds, in the RFC's order; raises BudgetSpent. A text is a text."""
    return _Search(root, budget).nodes(query, root)


@dataclass(frozen=True, slots=True)
class _Search:
    """One search in one value."""

    root: Any
    budget: Budget

    def nodes(self, query: JSONPath, start: Any) -> Iterator[Any]:
        nodes: Iterable[Any] = (start,)
        for segment in query.segments:
            nodes = self._segment(segment, nodes)
        return iter(nodes)

    def _segment(self, segment: JSONPathSegment, nodes: Iterable[Any]) -> Iterator[Any]:
        deep = isinstance(segment, JSONPathRecursiveDescentSegment)
        for node in nodes:
            for place in self._descendants(node) if deep else (node,):
                for selector in segment.selectors:
                    self.budget.spend()
                    yield from self._selected(selector, place)

    def _descendants(self, node: Any) -> Iterator[Any]:
        """Yield a node and all lists and objects in it, in the order in which they are written."""
        waiting = [node]
        while waiting:
            place = waiting.pop()
            yield place
            children = _children(place)
            self.budget.spend(1 + len(children))
            waiting += reversed([child for child in children if isinstance(child, dict | list)])

    def _selected(self, selector: JSONPathSelector, node: Any) -> Iterator[Any]:
        match selector:
            case NameSelector():
                if isinstance(node, dict) and selector.name in node:
                    yield node[selector.name]
            case IndexSelector():
                if isinstance(node, list) and -len(node) <= selector.index < len(node):
                    yield node[selector.index]
            case SliceSelector():
                if isinstance(node, list) and selector.slice.step != 0:
                    yield from self._each(node[place] for place in range(*selector.slice.indices(len(node))))
            case WildcardSelector():
                yield from self._each(iter(_children(node)))
            case Filter():
                expression = selector.expression.expression
                yield from (child for child in self._each(iter(_children(node))) if self._holds(expression, child))
            case _:  # the library takes no other in its strict form
                raise JSONPathError(f"{type(selector).__name__} is none of RFC 9535's")

    def _each(self, nodes: Iterator[Any]) -> Iterator[Any]:
        for node in nodes:
            self.budget.spend()
            yield node

    def _holds(self, test: BaseExpression, current: Any) -> bool:
        """Tell whether a filter's test holds for a value."""
        self.budget.spend()
        match test:
            case PrefixExpression():
                return not self._holds(test.right, current)
            case InfixExpression(operator="&&"):
                return self._holds(test.left, current) and self._holds(test.right, current)
            case InfixExpression(operator="||"):
                return self._holds(test.left, current) or self._holds(test.right, current)
            case InfixExpression():
                left, right = self._value(test.left, current), self._value(test.right, current)
                return self._compare(left, test.operator, right)
            case FilterQuery():
                return any(True for _ in self._query(test, current))
        return self._value(test, current) is not _NOTHING

    def _query(self, query: FilterQuery, current: Any) -> Iterator[Any]:
        return self.nodes(query.path, self.root if isinstance(query, RootFilterQuery) else current)

    def _value(self, part: BaseExpression, current: Any) -> Any:
        """Return what is compared: a literal, the one value that a query finds, or what a function returns."""
        self.budget.spend()
        match part:
            case Nil():
                return None
            case FilterExpressionLiteral():
                return part.value
            case FilterQuery():
                return next(self._query(part, current), _NOTHING)
            case FunctionExtension():
                return self._called(part, current)
        raise JSONPathError(f"{type(part).__name__} is none of RFC 9535's")

    def _called(self, call: FunctionExtension, current: Any) -> Any:
        part = call.args[0]
        if call.name == "length":
            value = self._value(part, current)
            return len(value) if isinstance(value, str | list | dict) else _NOTHING
        nodes = self._query(cast("FilterQuery", part), current)
        if call.name == "count":
            return sum(1 for _ in nodes)
        first, second = next(nodes, _NOTHING), next(nodes, _NOTHING)
        return first if second is _NOTHING else _NOTHING

    def _compare(self, left: Any, operator: str, right: Any) -> bool:
        match operator:
            case "==":
                return self._same(left, right)
            case "!=":
                return not self._same(left, right)
            case "<":
                return self._less(left, right)
            case ">":
                return self._less(right, left)
            case "<=":
                return self._less(left, right) or self._same(left, right)
        return self._less(right, left) or self._same(left, right)

    def _same(self, left: Any, right: Any) -> bool:
        if left is _NOTHING or right is _NOTHING:
            return left is right
        return same(left, right, self.budget)

    def _less(self, left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            self.budget.spend(min(len(left), len(right)) // _CHARS_OF_A_STEP)
            return left < right
        return _is_number(left) and _is_number(right) and bool(left < right)


def _children(node: Any) -> Collection[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

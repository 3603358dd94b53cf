"""What a rule is: an id, what it wants, why, an example that passes and one that fails, and the check itself."""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from midcall.domain.review import Severity, Subject

View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the source: lines and columns from 1, columns in characters, `end_column` exclusive."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing a check found. `severity` overrides the rule's own."""

    where: ast.AST | Span
    message: str
    suggestion: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule(Generic[View]):
    """One rule. `check` yields hits; `good` and `bad` are its examples, shown in the docs and run as tests."""

    id: str
    summary: str
    severity: Severity
    check: Callable[[View], Iterable[Hit]]
    good: Subject
    bad: Subject


def example(
    source: str,
    *,
    parameters: Iterable[str] = (),
    actions: Iterable[str] = (),
    phases: Iterable[str] = (),
    egress: Iterable[str] = (),
    declared: Mapping[str, tuple[str, ...]] | None = None,
    credentials: Mapping[str, str] | None = None,
) -> Subject:
    """Return a subject for a rule's example."""
    return Subject(
        source=source,
        parameters=frozenset(parameters),
        actions=tuple(actions),
        phases=frozenset(phases),
        egress=tuple(egress),
        declared=declared or {},
        credentials=credentials,
    )

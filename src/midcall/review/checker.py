"""The review itself: every rule over one source, in three steps, each only if the one before allows it."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from midcall.connectors.enabled import fingerprint
from midcall.domain.python import MINOR
from midcall.domain.review import Comment, Severity, Subject
from midcall.review import syntax, unrun
from midcall.review.allowlist import AllowList, packaged
from midcall.review.forms import FORMS
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule
from midcall.review.rules import TEXT_RULES, TREE_RULES
from midcall.review.rules.imports import refused_arguments
from midcall.review.text import SourceText
from midcall.review.webhook import RULES as WEBHOOK_RULES
from midcall.review.webhook import WebhookRule

#: Raise it when a rule's meaning changes though its id and summary do not.
REVISION = 4
#: How many comments are returned at most: a person reads no more, and answers stay small.
MAX_COMMENTS = 200

_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def review(subject: Subject, *, allowed: AllowList | None = None) -> tuple[Comment, ...]:
    """Check one source and return its comments in the order of the lines; never runs it, never raises on any text.

    `allowed` replaces the packaged allow-list. The time grows with the source, which the size rule bounds; callers that
    face untrusted text still do this in a process that can be killed (`midcall.reviewer`).
    """
    text = SourceText(subject)
    try:
        return _ordered(_review(text, allowed or packaged()))
    except (RecursionError, MemoryError) as fault:
        hit = syntax.too_complex(f"a check gave up ({type(fault).__name__})")
        return (_comment(text, syntax.COMPLEX, hit),)


def _review(text: SourceText, allowed: AllowList) -> list[Comment]:
    comments = [_comment(text, rule, hit) for rule in TEXT_RULES for hit in rule.check(text)]
    if any(comment.severity is Severity.ERROR for comment in comments):
        # What is not plain text is not parsed: the parser would stumble over the same place, less clearly.
        return comments
    parsed = syntax.parse(text)
    found = [_comment(text, rule, hit) for rule, hit in parsed.hits]
    if parsed.tree is None:
        # Where the parser stumbles over a character, it is told of once.
        told = {(comment.line, comment.column) for comment in found}
        return [comment for comment in comments if (comment.line, comment.column) not in told] + found
    comments += found
    module = Module(text, parsed.tree, allowed)
    return comments + [_comment(text, rule, hit) for rule, hit in _hits(module)]


def _hits(module: Module) -> Iterator[tuple[Rule[Module], Hit]]:
    """Yield what the rules find, but for what stands where nothing ever runs: there only secrets matter."""
    # What a call is given that goes as a whole goes with it: one cause, one comment.
    spans = [module.text.span(node) for node in (*unrun.blocks(module), *refused_arguments(module))]
    idle = unrun.SourceRanges(((span.line, span.column), (span.end_line, span.end_column)) for span in spans)
    for rule in TREE_RULES:
        for hit in rule.check(module):
            place = module.text.span(hit.where)
            if rule.id.startswith("secret.") or (place.line, place.column) not in idle:
                yield rule, hit


def _comment(text: SourceText, rule: Rule[SourceText] | Rule[Module], hit: Hit) -> Comment:
    span = text.span(hit.where)
    return Comment(
        rule=rule.id,
        severity=hit.severity or rule.severity,
        message=hit.message,
        suggestion=hit.suggestion,
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
    )


def _ordered(comments: Iterable[Comment]) -> tuple[Comment, ...]:
    """Drop repetitions, keep the weightiest where there are too many, and put them in the order of the source."""
    kept = {(comment.rule, comment.line, comment.column): comment for comment in comments}
    heaviest = sorted(kept.values(), key=lambda comment: _WEIGHT[comment.severity])[:MAX_COMMENTS]
    return tuple(sorted(heaviest, key=lambda comment: (comment.line, comment.column, _WEIGHT[comment.severity])))


@cache
def policy_version(allowed: AllowList, *, python: str = MINOR) -> str:
    """Return the version of the policy: it changes with the rules, their severities, the actions and what is allowed.

    It changes with the minor version of Python too: what one parses as one thing may be another to the next, and names
    of its library may do more than they did. So what was approved on another is reviewed again.
    There is no default: which list counts is for whoever wires a process to say. A remark, an order or a hint in an
    allow-list file changes nothing that is decided, so it leaves the version alone.
    """
    digest = hashlib.sha256(f"{REVISION}\t{python}".encode())
    rules: tuple[Rule[Any] | WebhookRule, ...] = (*TEXT_RULES, *syntax.RULES, *TREE_RULES, *WEBHOOK_RULES)
    for rule in rules:
        digest.update(f"\n{rule.id}\t{rule.severity}\t{rule.summary}".encode())
    digest.update(b"\n" + allowed.terms().encode())
    digest.update(b"\n" + " ".join(sorted(FORMS)).encode())
    digest.update(b"\n" + fingerprint().encode())
    return f"{REVISION}-{digest.hexdigest()[:12]}"

"""The rules as a set: their examples, their documentation, their version."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.rule import Rule
from midcall.review.rules_doc import all_rules, main, render

DOCUMENT = Path(__file__).parents[3] / "docs" / "review-rules.md"
RULES = [pytest.param(rule, id=rule.id) for rule in all_rules()]


@pytest.mark.parametrize("rule", RULES)
def test_the_passing_example_passes(rule: Rule[Any]) -> None:
    """What a rule shows as good draws no comment of that rule, and is approved."""
    comments = review(rule.good)
    assert rule.id not in {comment.rule for comment in comments}
    assert Severity.ERROR not in {comment.severity for comment in comments}


@pytest.mark.parametrize("rule", RULES)
def test_the_failing_example_draws_the_rules_own_comment(rule: Rule[Any]) -> None:
    """What a rule shows as bad draws its comment, as heavy as the rule says, with what to do."""
    own = [comment for comment in review(rule.bad) if comment.rule == rule.id]
    assert own
    assert own[0].severity is rule.severity
    assert own[0].message
    assert own[0].suggestion


def test_ids_are_unique_and_name_their_family() -> None:
    """An id stands in comments and docs for good, so no two rules share one."""
    ids = [rule.id for rule in all_rules()]
    assert len(ids) == len(set(ids))
    assert all(rule_id.count(".") == 1 for rule_id in ids)


def test_the_document_is_up_to_date() -> None:
    """docs/review-rules.md is what the rules say now (else run `python -m midcall.review.rules_doc` on it)."""
    assert DOCUMENT.read_text(encoding="utf-8") == render()


def test_the_command_writes_the_document(tmp_path: Path) -> None:
    """The command that the document names writes that document."""
    main([str(tmp_path / "rules.md")])
    assert (tmp_path / "rules.md").read_text(encoding="utf-8") == render()


def test_a_comment_never_repeats_a_secret() -> None:
    """The comment about a secret is stored and shown, so the secret is not in it."""
    secret = "hunter2-very-secret"  # noqa: S105 (an example)
    comments = review(Subject(f"password = {secret!r}\n\ndef handler(session):\n    return len(password)\n"))
    assert [comment.rule for comment in comments] == ["secret.name"]
    assert all(secret not in comment.message + comment.suggestion for comment in comments)


def test_after_the_session_nothing_need_be_returned() -> None:
    """A function that only runs after the session is not asked for a result."""
    subject = Subject("def handler(session):\n    print('done')\n")
    assert [comment.rule for comment in review(subject)] == ["contract.returns"]
    assert review(replace(subject, phases=frozenset({"post_session"}))) == ()

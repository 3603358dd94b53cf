"""The corpora: what must be refused is, what must pass does. Nothing in static.jsonl is ever run."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.computing import computed_since

from midcall.domain.review import Severity, Subject
from midcall.review import review

CORPUS = Path(__file__).parents[2] / "corpus"
#: Seconds of computing that any entry may take, parser bombs included.
LONGEST = 2.0


def _entries(name: str) -> list[Any]:
    lines = (CORPUS / name).read_text(encoding="utf-8").split("\n")
    entries = [json.loads(line) for line in lines if line]
    return [pytest.param(entry, id=entry["id"]) for entry in entries]


@pytest.mark.parametrize("entry", _entries("static.jsonl"))
def test_the_verdict_is_the_corpus_verdict(entry: dict[str, Any]) -> None:
    """`reject` draws an error, `flag` at least a warning, `any` an answer; each in under two seconds."""
    started = time.process_time()
    weights = {comment.severity for comment in review(Subject(entry["code"]))}
    assert computed_since(started) < LONGEST
    if entry["verdict"] == "reject":
        assert Severity.ERROR in weights
    if entry["verdict"] == "flag":
        assert weights & {Severity.ERROR, Severity.WARNING}


@pytest.mark.parametrize("entry", _entries("benign.jsonl"))
def test_ordinary_code_is_approved(entry: dict[str, Any]) -> None:
    """Core and stretch alike are approved."""
    parameters = frozenset(entry["session"].get("params") or {})
    comments = review(Subject(entry["code"], parameters=parameters))
    assert [comment for comment in comments if comment.severity is Severity.ERROR] == []


@pytest.mark.parametrize("entry", _entries("review.jsonl"))
def test_what_users_met_ends_as_it_must(entry: dict[str, Any]) -> None:
    """`flagged` is at least a warning; a constant that the compiler would have to work out is refused."""
    weights = {comment.severity for comment in review(Subject(entry["source"]))} - {Severity.INFO}
    assert {
        "refused": Severity.ERROR in weights,
        "flagged": bool(weights),
        "approved": Severity.ERROR not in weights,
    }[entry["must"]]

"""Code as people bring it along, in the real sandbox: all of it in one container, through the child's own way."""

import json
from typing import Any

import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.ported import entries, errors, session

from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.allowlist import packaged

#: Runs sources one after the other as the child runs one; what each would send is the result.
_RUNNER = """
import child

def handler(session):
    terms = {"deadline_ms": 10000, "result_bytes": 65536}
    answers = {}
    for name, source, body in session["sources"]:
        request = {"source": source, "session": body, "actions": []}
        _, payload = child.perform(request, terms, child.Actions(lambda kind, data: None))
        answers[name] = payload.decode()
    return answers
"""


@pytest.fixture(scope="module")
def answers(pool: Serving) -> dict[str, Any]:
    """Run all that is approved and calls no network, once."""
    chosen = [
        entry
        for entry in (*entries("idioms.jsonl"), *entries("scripts.jsonl"))
        if not entry.get("calls_network") and not errors(entry, entry["source"])
    ]
    report = pool.run(_RUNNER, session={"sources": [[one["id"], one["source"], session(one)] for one in chosen]})
    assert report.error is None
    assert len(report.result) == len(chosen) >= 50
    return {name: json.loads(text) for name, text in report.result.items()}


@pytest.mark.parametrize(
    "entry", [each for each in entries("idioms.jsonl") if each["expected"] is not None], ids=lambda entry: entry["id"]
)
def test_an_idiom_gives_in_the_sandbox_what_it_gives_elsewhere(answers: dict[str, Any], entry: dict[str, Any]) -> None:
    """Those that are approved."""
    if entry["id"] in answers:
        assert answers[entry["id"]] == entry["expected"]


def test_scripts_and_new_kinds_of_results_too(answers: dict[str, Any]) -> None:
    """A tool class with private methods; dates and enums; HTML; what goes to stderr."""
    assert answers["s37"] == "10.00 EUR = 10.80 USD."
    assert answers["s15"] == "Garage is open.  Turning on all lights."
    assert answers["return_datetime"] == {"at": "2026-01-02T03:04:00"}
    assert answers["return_enum"] == 1
    assert answers["html_parser"] == ["x", "y"]
    assert answers["traceback"] == "Traceback"


_MODULES = """
import pkgutil, sys

def handler(session):
    return sorted({found.name for found in pkgutil.iter_modules()} | set(sys.builtin_module_names))
"""


def test_whatever_is_in_the_image_does_not_count_as_plainly_not_there(pool: Serving) -> None:
    """`try: import it` with an `except ImportError` would succeed, so it is refused as any import is."""
    there = pool.run(_MODULES).result
    assert len(there) > 200
    passed = [name for name in there if name not in packaged().modules and not _is_refused(name)]
    assert passed == []


def _is_refused(name: str) -> bool:
    source = f"try:\n    import {name} as x\nexcept ImportError:\n    x = None\n\ndef handler(session):\n    return 1\n"
    return any(comment.severity is Severity.ERROR for comment in review(Subject(source)))

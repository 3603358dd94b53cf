"""The two corpora that run: attacks must end as they say, and ordinary handlers must return what they say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.memory import in_use
from tests.support.patience import DEADLINE_MS

from midcall.domain.run import RunReport
from midcall.sandbox.wire import pack_report

CORPUS = Path(__file__).parents[2] / "corpus"
SHORT_MS = 1200  # short: for the attacks that may wait for their deadline
#: What a check is called in the corpus -> whether the report passes it. Checks of the whole of a server, which this
#: test does not have, are the sandbox's own logs here.
CHECKS: dict[str, Callable[[RunReport, Any], bool]] = {
    "error_type": lambda report, wanted: report.error is not None and report.error.type == wanted,
    "error_mentions": lambda report, wanted: (
        report.error is not None and any(w in report.error.message for w in wanted)
    ),
    "max_error_bytes": lambda report, most: len(str(report.error)) <= most,
    "max_response_bytes": lambda report, most: len(text(report)) <= most,
    "max_stored_log_bytes": lambda report, most: len(report.logs.encode()) <= most,
    "response_valid_json": lambda report, _: json.loads(text(report), parse_constant=pytest.fail) is not None,
    "response_not_contains": lambda report, words: not any(word in text(report) for word in words),
    "response_result_not_contains": lambda report, words: not any(word in json.dumps(report.result) for word in words),
}


def text(report: RunReport) -> str:
    """Return the report as it travels."""
    return json.dumps(pack_report(report))


def entries(name: str) -> list[Any]:
    """Return a corpus as pytest's parameters."""
    lines = (CORPUS / name).read_text().splitlines()
    return [pytest.param(entry, id=entry["id"]) for entry in map(json.loads, lines)]


def attempt(pool: Serving, step: dict[str, Any], session: dict[str, Any]) -> RunReport:
    """Run one step and compare its status and result."""
    ms = SHORT_MS if "timeout" in step["expect"]["status"] and "time.sleep(2)" not in step["code"] else DEADLINE_MS
    report = pool.run_at_once(step["code"], ms=ms, session=step.get("session", session))
    assert report.status.value in step["expect"]["status"], report
    if report.status.value == "ok" and "result" in step["expect"]:
        assert report.result == step["expect"]["result"]
    return report


@pytest.mark.parametrize("entry", entries("runtime.jsonl"))
def test_an_attack_ends_as_the_corpus_says(
    pool: Serving, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its status is in the allowed set, its checks pass, its container goes, and the next call works."""
    monkeypatch.setenv("HOLDOUT_CANARY", "HOLDOUT_CANARY_VALUE")
    memory = in_use()
    checks = entry["checks"]
    attempts = [attempt(pool, step, entry["session"]) for step in entry.get("steps") or [entry]]
    assert sum(report.sandbox_ms for report in attempts) < checks["max_wall_s"] * 1000
    report = attempts[-1]
    for name, check in CHECKS.items():
        if name in checks:
            assert check(report, checks[name]), (name, report)
    assert in_use() - memory < checks.get("max_worker_rss_growth_mb", 200) * 1024**2
    assert pool.gone(report.sandbox_id)
    assert pool.run("def handler(session):\n    return 1\n").result == 1
    logged = capsys.readouterr().out
    assert not any(word in logged for word in checks.get("worker_log_not_contains", []))
    assert not any(line.startswith('{"level":"error","event":"FORGED-LOG"') for line in logged.splitlines())


@pytest.mark.parametrize("entry", entries("benign.jsonl"))
def test_an_ordinary_handler_returns_what_the_corpus_says(pool: Serving, entry: dict[str, Any]) -> None:
    """Plain CPython's result, value for value."""
    report = pool.run(entry["code"], session=entry["session"])
    assert report.error is None
    assert report.result == entry["expected"]

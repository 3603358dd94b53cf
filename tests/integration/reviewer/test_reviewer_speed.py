"""How much a review computes, in the child."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from midcall.domain.review import Subject
from midcall.review.allowlist import packaged
from midcall.reviewer import SubprocessReviewer

#: How many times as much a review may compute as compiling the same text does: measured, 11 times.
REVIEWED = 25
#: How many times as much as compiling the long text any text may take, parser bombs included.
WORST = 100

CORPUS = Path(__file__).parents[2] / "corpus" / "static.jsonl"
_STEP = '''def step_{0}(rows: list[dict], rate: float = 1.5) -> dict:
    """Adds up part {0}."""
    total = 0.0
    for row in rows:
        if row.get("kind") == "k{0}" and (price := row.get("price")) is not None:
            total += float(price) * rate
    return {{"part": {0}, "total": round(total, 2), "text": f"{{total:.2f}} EUR"}}

'''
_HANDLER = "def handler(session):\n    return [step({}) for step in STEPS]\n\n\nSTEPS = [" + ", ".join(
    f"step_{number}" for number in range(37)
)
LONG = "".join(_STEP.format(number) for number in range(37)) + _HANDLER + "]\n"


def computed(process: psutil.Process) -> float:
    """Return the seconds that a process has computed: how long it waited for its turn is no fault of its own."""
    times = process.cpu_times()
    return times.user + times.system


@pytest.fixture
def compiling() -> float:
    """Return the seconds that this machine computes to compile the long source once."""
    began = time.process_time()
    for _ in range(40):
        compile(LONG, "long", "exec")
    return (time.process_time() - began) / 40


@pytest.fixture
def reviewing() -> Iterator[tuple[SubprocessReviewer, psutil.Process]]:
    """Start a reviewer with one child; gives that as well."""
    others = set(psutil.Process().children())
    reviewer = SubprocessReviewer(allowed=packaged(), children=1)
    reviewer.start()
    try:
        (child,) = set(psutil.Process().children()) - others
        yield reviewer, child
    finally:
        reviewer.close()


def test_a_long_source_is_reviewed_in_some_times_of_what_compiling_it_takes(
    reviewing: tuple[SubprocessReviewer, psutil.Process], compiling: float
) -> None:
    """300 lines; both are computing alone, measured in the same run."""
    assert LONG.count("\n") >= 300
    reviewer, child = reviewing
    before = computed(child)
    for _ in range(40):
        assert not reviewer.review(Subject(LONG)).cut_off
    assert (computed(child) - before) / 40 < REVIEWED * compiling


def test_no_entry_of_the_corpus_takes_long(
    reviewing: tuple[SubprocessReviewer, psutil.Process], compiling: float
) -> None:
    """Parser bombs included; none of them has the child replaced."""
    reviewer, child = reviewing
    entries = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").split("\n") if line]
    took = {}
    for entry in entries:
        before = computed(child)
        reviewer.review(Subject(entry["code"]))
        took[entry["id"]] = computed(child) - before
    assert {name: seconds for name, seconds in took.items() if seconds > WORST * compiling} == {}

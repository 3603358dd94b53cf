"""Computing is counted as a processor of known speed would have done it."""

import time

import pytest
from tests.support import computing
from tests.support.computing import computed_since


def test_on_a_slower_processor_the_same_work_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes four times as long for the unit is given four times as long."""
    monkeypatch.setattr(computing, "_unit", lambda: 4 * computing.UNIT)
    assert computed_since(time.process_time() - 40) == pytest.approx(10, abs=0.5)


def test_a_quicker_processor_is_not_counted_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seconds stand as they are."""
    monkeypatch.setattr(computing, "_unit", lambda: computing.UNIT / 4)
    assert computed_since(time.process_time() - 40) == pytest.approx(40, abs=2)

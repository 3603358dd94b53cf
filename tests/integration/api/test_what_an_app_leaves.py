"""A served app sets what holds for its whole process, which in these tests goes on without it."""

import gc
import sys
from pathlib import Path

from tests.support.databases import Sqlite
from tests.support.serving import serving


def test_a_served_app_leaves_the_process_as_it_was(sqlite: Sqlite, tmp_path: Path, redis_url: str) -> None:
    """How long a thread computes in turn, and what the collector looks at: tests that follow are not measured by it."""
    turn_s = sys.getswitchinterval()
    with sqlite.migrated() as url, serving(tmp_path, database_url=url, redis_url=redis_url):
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() < 0.005
    assert sys.getswitchinterval() == turn_s
    assert gc.get_freeze_count() == 0


def test_the_collector_keeps_away_again_once_such_a_test_is_over() -> None:
    """Each look at all that a process of tests holds takes half a second, and some tests ask for hundreds."""
    assert gc.get_freeze_count() > 0

"""What asks the database something peculiar about reviews and the audit trail, again on PostgreSQL."""

import pytest
from tests.support.databases import Postgres
from tests.unit.service.test_audit_trail import (  # noqa: F401 (the tests themselves)
    test_another_workspaces_trail_is_not_shown,
    test_lines_are_found_by_function_and_by_kind,
    test_the_trail_is_read_newest_first_a_page_at_a_time,
)
from tests.unit.service.test_rereview import (  # noqa: F401 (the tests themselves, and the world they begin from)
    test_what_a_crash_left_is_done_by_another_process_when_its_time_is_over,
    test_what_matters_is_reviewed_first,
    test_what_would_be_refused_now_is_flagged_and_runs_on,
    world,
)


@pytest.fixture
def databases(postgres: Postgres) -> Postgres:
    """Take PostgreSQL alone: the unit tests have run these on SQLite."""
    return postgres

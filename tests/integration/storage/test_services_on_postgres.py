"""The claims of the services' unit tests, which run on SQLite, again on PostgreSQL."""

import pytest
from tests.support.databases import Postgres
from tests.unit.service.test_credential_uses import *  # noqa: F403
from tests.unit.service.test_credentials import *  # noqa: F403
from tests.unit.service.test_execute import *  # noqa: F403 (the tests themselves)
from tests.unit.service.test_invoke import *  # noqa: F403
from tests.unit.service.test_secrets import *  # noqa: F403
from tests.unit.service.test_session_life import *  # noqa: F403
from tests.unit.service.test_sweep import *  # noqa: F403


@pytest.fixture
def databases(postgres: Postgres) -> Postgres:
    """Take PostgreSQL alone: the unit tests have run these on SQLite."""
    return postgres

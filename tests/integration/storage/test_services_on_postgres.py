"""The claims of the services' unit tests, which run on SQLite, again on PostgreSQL."""

import pytest
from tests.support.databases import Postgres
from tests.unit.service.test_cases_of_functions import *  # noqa: F403
from tests.unit.service.test_credential_uses import *  # noqa: F403
from tests.unit.service.test_credentials import *  # noqa: F403
from tests.unit.service.test_execute import *  # noqa: F403 (the tests themselves)
from tests.unit.service.test_mocks import *  # noqa: F403
from tests.unit.service.test_secrets import *  # noqa: F403
from tests.unit.service.test_session_life import *  # noqa: F403
from tests.unit.service.test_submit import *  # noqa: F403
from tests.unit.service.test_sweep import *  # noqa: F403
from tests.unit.service.test_tools_of_agents import (  # noqa: F401
    test_a_version_is_the_pinned_one_or_the_published_one_of_the_environment,
    test_many_functions_take_few_queries,
    test_what_a_session_would_go_without_is_listed,
)


@pytest.fixture
def databases(postgres: Postgres) -> Postgres:
    """Take PostgreSQL alone: the unit tests have run these on SQLite."""
    return postgres

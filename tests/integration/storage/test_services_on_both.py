"""The claims of the services' unit tests again, on SQLite and on PostgreSQL."""

from tests.unit.service.test_execute import *  # noqa: F403 (the tests themselves)
from tests.unit.service.test_invoke import *  # noqa: F403
from tests.unit.service.test_sweep import *  # noqa: F403

"""What holds for the tests of every tier."""

import os
from collections.abc import Generator, Iterator

import hypothesis
import pytest
from tests.support.garbage_collector import freeze_again
from tests.support.logs import logs_as_set_up, set_up_logs

from midcall.bootstrap.interpreter import tune_interpreter

set_up_logs()

# Set the interpreter as the product's processes do: the collector took a sixth of the unit tests' time, and as much of
# the time to read all tests, which each of several processes does. So it is set before they are read, and again after.
tune_interpreter()

# How long an example takes, to make or to run, is the machine's matter: what has to be bounded in time says so in its
# test.
hypothesis.settings.register_profile("midcall", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
# Where a change is judged, the same examples each time: what fails then is the change's doing.
hypothesis.settings.register_profile("judged", hypothesis.settings.get_profile("midcall"), derandomize=True)
hypothesis.settings.load_profile("judged" if os.environ.get("CI") else "midcall")

#: On a test that failed, for fixtures that then have something to mend.
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note on a test that it failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Have the collector as it was, after a test or a module that ended an app."""
    yield
    freeze_again()


@pytest.fixture(autouse=True)
def logs_stay_as_set_up() -> Iterator[None]:
    """Fail a test that leaves other logs behind: threads would print to a standard output that pytest frees."""
    yield
    stayed = logs_as_set_up()
    set_up_logs()
    assert stayed, "structlog writes elsewhere after this test: let it call tests.support.logs.set_up_logs in the end"


def pytest_collection_finish() -> None:
    """Keep the collector away from what has been read."""
    tune_interpreter()

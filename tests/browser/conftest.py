"""One served UI and one browser for a whole run; each test has a workspace and a window of its own."""

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser
from tests.support.aftermath import looked_at
from tests.support.browser import Tab, chromium, tab_of
from tests.support.databases import Sqlite
from tests.support.fakes import echo
from tests.support.models import Endpoint, endpoint
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a test that failed what its windows show: that they do not show something else says too little."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and browser is not None:
        report.sections.append(("windows", looked_at(browser.contexts, item.nodeid)))
    return report


@pytest.fixture(scope="session")
def model() -> Iterator[Endpoint]:
    """Serve the endpoint of a model for the Code Assistant; it answers as a test says."""
    with endpoint() as it:
        yield it


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, model: Endpoint) -> Iterator[Served]:
    """Serve the app with its UI over SQLite and a real Redis."""
    folder = tmp_path_factory.mktemp("served")
    with (
        Sqlite(tmp_path_factory.mktemp("sqlite")).migrated() as database_url,
        redis_server() as redis_url,
        serving(
            folder,
            database_url=database_url,
            redis_url=redis_url,
            ui=True,
            assistant_model="test-model",
            assistant_base_url=model.url,
            assistant_api_key="key-of-the-endpoint",
        ) as served,
    ):
        yield served


@pytest.fixture(scope="module", autouse=True)
def answers_as_usual(served: Served) -> Iterator[None]:
    """Let no module's own answers reach the next one: all share the served app."""
    yield
    served.sandbox.behave, served.sandbox.calls = echo, ()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def admin(served: Served) -> Client:
    """Make a fresh workspace's admin."""
    return served.tenant()


@pytest.fixture
def tab(browser: Browser, served: Served) -> Iterator[Tab]:
    """Open a window; whatever a test does in it, no request leaves the machine and nothing breaks its policy."""
    with tab_of(browser, served) as tab:
        yield tab
        tab.assert_kept_to_itself()

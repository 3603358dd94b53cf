"""One served app over real sandboxes for all tests that walk a vendor's document; each has a workspace of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integration.documents.document_user import DocumentUser
from tests.integration.sandbox.pools import Serving, pool_apart, whole_again
from tests.support.databases import Sqlite
from tests.support.models import Endpoint, endpoint
from tests.support.servers import redis_server
from tests.support.serving import Served, serving
from tests.support.target import Target, replying, target


@pytest.fixture(scope="session")
def pool() -> Iterator[Serving]:
    """Yield a pool with an id of its own."""
    with pool_apart("documents", size=2) as served:
        yield served


@pytest.fixture(autouse=True)
def _whole_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a failure, wait until the pool is full: the next test would have to wait for it in its own time."""
    yield
    whole_again(request)


@pytest.fixture(scope="session")
def model() -> Iterator[Endpoint]:
    """Serve the endpoint of a Code Assistant's model."""
    with endpoint() as it:
        yield it


@pytest.fixture(scope="session")
def served(
    sqlite: Sqlite, pool: Serving, model: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Serve the app over one kind of database: no document says anything of what rows are kept in."""
    assistant: dict[str, Any] = {
        "assistant_model": "test-model",
        "assistant_base_url": model.url,
        "assistant_api_key": "a-key",
    }
    with (
        sqlite.migrated() as database_url,
        redis_server() as redis_url,
        serving(
            tmp_path_factory.mktemp("served"),
            database_url=database_url,
            redis_url=redis_url,
            sandbox=pool.client,
            **assistant,
        ) as it,
    ):
        yield it


@pytest.fixture(scope="session")
def server() -> Iterator[Target]:
    """Serve one target for all tests."""
    with target() as it:
        yield it


@pytest.fixture
def there(server: Target) -> Target:
    """Give a target that has received nothing yet and says that all is well."""
    server.received.clear()
    server.answer = lambda _: replying({"ok": True})
    return server


@pytest.fixture
def user(served: Served, there: Target) -> DocumentUser:
    """Give a user with a workspace of their own, whose webhooks call `there`."""
    return DocumentUser(served, served.tenant(), there)

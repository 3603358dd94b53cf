"""The parts that more than one process is wired from."""

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError

from midcall.bootstrap.settings import BadSetting, Settings, private_directory, secret_keys
from midcall.domain.errors import InvalidInput
from midcall.domain.times import now_ms
from midcall.outbound.client import POOLS, GuardedClient, unverified_context
from midcall.outbound.poster import Poster
from midcall.queue.connection import enqueueing
from midcall.queue.rq_queue import RqQueue
from midcall.service.access.access import Access
from midcall.service.access.workspaces import Workspaces
from midcall.service.ports import Outbound
from midcall.storage.database import Storage
from midcall.storage.engine import open_engine
from midcall.storage.migrate import is_current, migrate
from midcall.vault.cipher import FernetCipher

#: What drivers raise for a database that is not there, or is none; their subclasses tell of faults of our own.
_UNREACHABLE = (OperationalError, InterfaceError, DatabaseError)


def open_storage(settings: Settings) -> Storage:
    """Open the database; raises BadSetting if it cannot be reached or has not the schema of this release."""
    engine = _open(settings)
    with _reached():
        current = is_current(engine)
    if not current:
        raise BadSetting("the database has not the schema of this release; run `midcall migrate` first")
    return Storage(engine)


def migrate_storage(settings: Settings) -> None:
    """Bring the database to the schema of this release; raises BadSetting if it cannot be reached."""
    engine = _open(settings)
    try:
        with _reached():
            migrate(engine)
    finally:
        engine.dispose()


def _open(settings: Settings) -> Engine:
    private_directory(settings.data_dir)
    try:
        return open_engine(settings.database)
    except (ArgumentError, ImportError) as error:
        raise BadSetting(
            "MIDCALL_DATABASE_URL must be sqlite:///<file> or postgresql+psycopg://<user>:<password>@<host>/<name>"
        ) from error


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        if type(error) not in _UNREACHABLE:
            raise
        raise BadSetting(
            f"the database cannot be reached or read ({type(error).__name__}); check MIDCALL_DATABASE_URL"
        ) from error


def open_queue(settings: Settings) -> RqQueue:
    """Open the queue for short commands."""
    return RqQueue(enqueueing(settings.redis))


def wire_cipher(settings: Settings) -> FernetCipher:
    """Wire what encrypts secrets; raises BadSetting for keys that are none."""
    return FernetCipher(secret_keys(settings))


def wire_outbound(settings: Settings, *, pools: int = POOLS) -> Poster:
    """Wire the one guarded way out; raises BadSetting for settings of it that cannot be used."""
    try:
        client = _guarded(settings, pools)
        unverified = _guarded(settings, pools, unverified_context()) if settings.outbound_ignore_ssl else None
    except InvalidInput as error:
        raise BadSetting(f"MIDCALL_OUTBOUND_ALLOW, _PROXY or _SOURCE: {error.message}") from None
    return Poster(client, unverified=unverified)


def _guarded(settings: Settings, pools: int, ssl_context: ssl.SSLContext | None = None) -> GuardedClient:
    return GuardedClient(
        allow=settings.outbound_allow,
        http=True,
        proxy=settings.outbound_proxy,
        source_address=settings.outbound_source,
        ssl_context=ssl_context,
        pools=pools,
    )


def wire_workspaces(settings: Settings, storage: Storage, outbound: Outbound) -> Workspaces:
    """Wire the use cases of workspaces."""
    access = Access(storage=storage, clock=now_ms)
    return Workspaces(storage=storage, access=access, clock=now_ms, outbound=outbound, jails=settings.jails)


@contextmanager
def operators_workspaces(settings: Settings) -> Iterator[Workspaces]:
    """Open the use cases of workspaces for a command of the operator's; raises BadSetting."""
    with closing(open_storage(settings)) as storage, closing(wire_outbound(settings, pools=1)) as outbound:
        yield wire_workspaces(settings, storage, outbound)

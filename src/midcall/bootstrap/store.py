"""The parts that more than one process is wired from."""

from sqlalchemy.exc import SQLAlchemyError

from midcall.bootstrap.settings import BadSetting, Settings, private_directory
from midcall.domain.times import now_ms
from midcall.queue.connection import enqueueing
from midcall.queue.rq_queue import RqQueue
from midcall.service.access import Access
from midcall.service.workspaces import Workspaces
from midcall.storage.database import SqlStorage
from midcall.storage.engine import open_engine
from midcall.storage.migrate import is_current, migrate


def open_storage(settings: Settings) -> SqlStorage:
    """Open the database; raises BadSetting if it cannot be reached or has not the schema of this release."""
    private_directory(settings.data_dir)
    engine = open_engine(settings.database)
    try:
        current = is_current(engine)
    except SQLAlchemyError as error:
        raise BadSetting(
            f"the database cannot be reached ({type(error).__name__}); check MIDCALL_DATABASE_URL"
        ) from error
    if not current:
        raise BadSetting("the database has not the schema of this release; run `midcall migrate` first")
    return SqlStorage(engine)


def migrate_storage(settings: Settings) -> None:
    """Bring the database to the schema of this release."""
    private_directory(settings.data_dir)
    engine = open_engine(settings.database)
    try:
        migrate(engine)
    finally:
        engine.dispose()


def open_queue(settings: Settings) -> RqQueue:
    """Open the queue for short commands."""
    return RqQueue(enqueueing(settings.redis))


def wire_access(storage: SqlStorage) -> Access:
    """Wire the use cases of keys."""
    return Access(storage=storage, clock=now_ms)


def wire_workspaces(storage: SqlStorage) -> Workspaces:
    """Wire the use cases of workspaces."""
    return Workspaces(storage=storage, access=wire_access(storage), clock=now_ms)

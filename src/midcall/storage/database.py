"""`midcall.service.ports.Storage` over SQLAlchemy."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from midcall.domain.turnstile import Turnstile
from midcall.storage.adapters import SqlAdapters
from midcall.storage.agents import SqlAgents
from midcall.storage.audit import SqlAudit
from midcall.storage.callbacks import SqlCallbacks
from midcall.storage.credentials import SqlCredentials
from midcall.storage.engine import LASTS, WRITES
from midcall.storage.functions import SqlFunctions
from midcall.storage.invocations import SqlInvocations
from midcall.storage.rehearsals import SqlRehearsals
from midcall.storage.rereviews import SqlRereviews
from midcall.storage.secrets import SEALED, SqlSealed, SqlSecrets
from midcall.storage.sessions import SqlEvents, SqlSessions
from midcall.storage.test_cases import SqlTestCases
from midcall.storage.tokens import SqlTokens
from midcall.storage.workspaces import SqlKeys, SqlWorkspaces


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """The stores of one transaction, all on its one connection."""

    workspaces: SqlWorkspaces
    keys: SqlKeys
    functions: SqlFunctions
    rereviews: SqlRereviews
    agents: SqlAgents
    adapters: SqlAdapters
    sessions: SqlSessions
    events: SqlEvents
    callbacks: SqlCallbacks
    invocations: SqlInvocations
    rehearsals: SqlRehearsals
    test_cases: SqlTestCases
    secrets: SqlSecrets
    credentials: SqlCredentials
    tokens: SqlTokens
    sealed: Mapping[str, SqlSealed]
    audit: SqlAudit

    @classmethod
    def on(cls, connection: Connection) -> "SqlTransaction":
        """Make the stores of a connection."""
        return cls(
            workspaces=SqlWorkspaces(connection),
            keys=SqlKeys(connection),
            functions=SqlFunctions(connection),
            rereviews=SqlRereviews(connection),
            agents=SqlAgents(connection),
            adapters=SqlAdapters(connection),
            sessions=SqlSessions(connection),
            events=SqlEvents(connection),
            callbacks=SqlCallbacks(connection),
            invocations=SqlInvocations(connection),
            rehearsals=SqlRehearsals(connection),
            test_cases=SqlTestCases(connection),
            secrets=SqlSecrets(connection),
            credentials=SqlCredentials(connection),
            tokens=SqlTokens(connection),
            sealed={table.name: SqlSealed(connection, table) for table in SEALED},
            audit=SqlAudit(connection),
        )


class SqlStorage:
    """The database behind one engine; may be used by many threads at once."""

    def __init__(self, engine: Engine) -> None:
        # A reader's statements all see one moment, as in SQLite: never a run that has succeeded beside a session that
        # lacks its variables.
        on_postgres = engine.dialect.name == "postgresql"
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ") if on_postgres else engine
        # SQLite has its writers poll, in no order: hundreds of threads of one process starve each other so. They take
        # turns here; only processes meet in the database.
        self._turn: AbstractContextManager[None] = nullcontext() if on_postgres else Turnstile(1)
        self._writing = engine.execution_options(**{WRITES: True})
        self._lasting = engine.execution_options(**{WRITES: True, LASTS: True})

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """Open a transaction that only reads."""
        with self._reading.begin() as connection:
            yield SqlTransaction.on(connection)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[SqlTransaction]:
        """Open a transaction that writes; it is committed when the block ends well."""
        with self._turn, (self._lasting if durable else self._writing).begin() as connection:
            yield SqlTransaction.on(connection)

    def ping(self) -> None:
        """Ask the database for a sign of life; raises what its driver raises."""
        with self._reading.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections to the database."""
        self._reading.dispose()

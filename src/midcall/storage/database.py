"""The database: transactions that read, and transactions that write.

Reads raise NotFound where a thing of that name or id is not in the workspace. Changes that several processes may try at
once are compare-and-swaps, and say whether they were the one.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from midcall.domain.turnstile import Turnstile
from midcall.storage.adapters import AdapterStore
from midcall.storage.agents import AgentStore
from midcall.storage.audit import AuditStore
from midcall.storage.callbacks import CallbackStore
from midcall.storage.credentials import CredentialStore
from midcall.storage.engine import LASTS, WRITES
from midcall.storage.functions import FunctionStore
from midcall.storage.invocations import InvocationStore
from midcall.storage.rehearsals import RehearsalStore
from midcall.storage.rereviews import RereviewStore
from midcall.storage.secrets import SEALED, SealedStore, SecretStore
from midcall.storage.sessions import EventStore, SessionStore
from midcall.storage.test_cases import TestCaseStore
from midcall.storage.tokens import TokenStore
from midcall.storage.workspaces import KeyStore, WorkspaceStore


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: its stores, all on its one connection.

    All that it did is committed when its `with` block ends well, and none of it otherwise.
    """

    workspaces: WorkspaceStore
    keys: KeyStore
    functions: FunctionStore
    rereviews: RereviewStore
    agents: AgentStore
    adapters: AdapterStore
    sessions: SessionStore
    events: EventStore
    callbacks: CallbackStore
    invocations: InvocationStore
    rehearsals: RehearsalStore
    test_cases: TestCaseStore
    secrets: SecretStore
    credentials: CredentialStore
    tokens: TokenStore
    sealed: Mapping[str, SealedStore]
    audit: AuditStore

    @classmethod
    def on(cls, connection: Connection) -> "Transaction":
        """Make the stores of a connection."""
        return cls(
            workspaces=WorkspaceStore(connection),
            keys=KeyStore(connection),
            functions=FunctionStore(connection),
            rereviews=RereviewStore(connection),
            agents=AgentStore(connection),
            adapters=AdapterStore(connection),
            sessions=SessionStore(connection),
            events=EventStore(connection),
            callbacks=CallbackStore(connection),
            invocations=InvocationStore(connection),
            rehearsals=RehearsalStore(connection),
            test_cases=TestCaseStore(connection),
            secrets=SecretStore(connection),
            credentials=CredentialStore(connection),
            tokens=TokenStore(connection),
            sealed={table.name: SealedStore(connection, table) for table in SEALED},
            audit=AuditStore(connection),
        )


class Storage:
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
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads."""
        with self._reading.begin() as connection:
            yield Transaction.on(connection)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Transaction]:
        """Open a transaction that writes; with `durable`, its commit survives even a power cut."""
        with self._turn, (self._lasting if durable else self._writing).begin() as connection:
            yield Transaction.on(connection)

    def ping(self) -> None:
        """Ask the database for a sign of life; raises what its driver raises."""
        with self._reading.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections to the database."""
        self._reading.dispose()

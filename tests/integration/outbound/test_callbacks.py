"""Callbacks to the platform: signed, kept until they are heard, over real sockets."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from midcall.domain.errors import InvalidInput
from midcall.domain.events import EventName
from midcall.domain.session import Session, SessionStatus
from midcall.domain.signature import verify_standard
from midcall.domain.workspace import Key, Scope, Workspace, WorkspaceSettings
from midcall.outbound.client import GuardedClient
from midcall.outbound.poster import Poster
from midcall.service.access.access import Caller
from midcall.service.credentials.secrets import Secrets
from midcall.service.credentials.signing import ALL, OVERLAP_S, Signing
from midcall.service.runs.callbacks import Callbacks
from midcall.service.runs.session_events import note
from midcall.storage.database import Storage
from midcall.storage.engine import open_engine
from midcall.storage.migrate import migrate
from midcall.vault.cipher import FernetCipher

OVERLAP_MS = OVERLAP_S * 1000
KEY = b"k" * 32


@dataclass
class Platform:
    """A platform's receiver: keeps what it is told, answers with the statuses it is given, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def platform() -> Iterator[Platform]:
    """Serve a receiver on loopback."""
    it = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            it.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(it.statuses.pop(0) if it.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    it.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield it
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class House:
    """A database with one workspace and one session, and a clock that is set by hand."""

    storage: Storage
    now: int = 1_800_000_000_000
    cipher: FernetCipher = field(default_factory=lambda: FernetCipher([Fernet.generate_key().decode()]))

    def clock(self) -> int:
        """Tell the time."""
        return self.now

    def signing(self) -> Signing:
        """Make what signs."""
        secrets = Secrets(cipher=self.cipher, clock=self.clock)
        return Signing(storage=self.storage, secrets=secrets, key=KEY, clock=self.clock)

    def callbacks(self, *, allow: tuple[str, ...] = ("127.0.0.1",)) -> Callbacks:
        """Make what delivers."""
        outbound = Poster(GuardedClient(allow=allow, http=True))
        return Callbacks(
            storage=self.storage,
            outbound=outbound,
            signing=self.signing(),
            clock=self.clock,
            delays_ms=(1_000, 5_000),
        )

    def tell(self, name: EventName = EventName.SESSION, **data: Any) -> None:
        """Let something happen in the session."""
        with self.storage.write() as tx:
            session = tx.sessions.by_key("ses_1")
            assert session is not None
            note(tx, session, name, self.now, {"status": "ended", **data})

    def waiting(self) -> int:
        """Count callbacks that are not delivered."""
        with self.storage.read() as tx:
            return len(tx.callbacks.due(now=2**62, limit=100))


@pytest.fixture
def house(tmp_path: Path, platform: Platform) -> Iterator[House]:
    """Make a workspace that wants to hear of its sessions."""
    engine = open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(engine)
    it = House(Storage(engine))
    settings = WorkspaceSettings(callback_url=platform.url)
    session = Session(
        id="ses_1",
        workspace_id="ws_1",
        session_id="call-1",
        agent="a",
        environment="production",
        principal="p",
        status=SessionStatus.ACTIVE,
        variables={},
        pins=(),
        created_at=1,
        updated_at=1,
        pre_deadline_at=1,
        idle_ms=1,
        max_age_ms=1,
    )
    with it.storage.write() as tx:
        tx.workspaces.add(Workspace("ws_1", "one", settings, 1))
        tx.sessions.add(session, ())
    yield it
    it.storage.close()


def _caller() -> Caller:
    key = Key("key_1", "ws_1", "p", frozenset({Scope.ADMIN}), (), "x", 1)
    return Caller("ws_1", "p", key)


def test_the_platform_hears_of_its_session_with_a_signature_that_fits(house: House, platform: Platform) -> None:
    """One POST with type, time and data; any Standard Webhooks library can check it with the secret that was shown."""
    secret = house.signing().rotate(_caller()).current
    house.tell()
    assert house.callbacks().sweep() == 1
    ((headers, body),) = platform.heard
    assert json.loads(body)["type"] == "session.changed"
    assert json.loads(body)["data"] == {"sessionId": "call-1", "status": "ended"}
    assert verify_standard([secret], headers=headers, body=body, now_s=house.now // 1000)
    assert not verify_standard([secret], headers=headers, body=body + b" ", now_s=house.now // 1000)
    assert house.waiting() == 0


def test_a_receiver_that_writes_the_body_again_gets_the_same_bytes(house: House, platform: Platform) -> None:
    """Node users verify JSON.stringify of what they parsed: non-ASCII as it is, 1.0 is 1, integer-like keys first."""
    house.tell(result={"z": 1.0, "10": "S\u00e3o", "9": 1e21})
    house.callbacks().sweep()
    ((_, body),) = platform.heard
    assert '"result":{"9":1e+21,"10":"S\u00e3o","z":1}'.encode() in body
    assert b": " not in body


def test_variables_and_progress_are_on_the_stream_alone(house: House, platform: Platform) -> None:
    """A platform is not called for each of them."""
    house.tell(EventName.VARIABLE)
    house.tell(EventName.PROGRESS)
    assert house.callbacks().sweep() == 0
    assert platform.heard == []


def test_a_platform_that_fails_is_told_again_later_with_the_same_id(house: House, platform: Platform) -> None:
    """It is tried again after a pause, not before; the receiver can tell a repeat by its webhook-id."""
    platform.statuses = [500]
    house.tell()
    callbacks = house.callbacks()
    callbacks.sweep()
    assert callbacks.sweep() == 0
    house.now += 1_000
    assert callbacks.sweep() == 1
    assert len({headers["webhook-id"] for headers, _ in platform.heard}) == 1
    assert house.waiting() == 0


def test_no_id_is_used_twice(house: House, platform: Platform) -> None:
    """Not even once the rows of those before are gone: a receiver drops what comes with an id that it had."""
    callbacks = house.callbacks()
    for _ in range(15):
        house.tell()
        callbacks.sweep()
    assert len({headers["webhook-id"] for headers, _ in platform.heard}) == 15


def test_after_its_last_attempt_a_callback_is_given_up(house: House, platform: Platform) -> None:
    """What nobody takes does not pile up."""
    platform.statuses = [500] * 9
    house.tell()
    callbacks = house.callbacks()
    for _ in range(9):
        callbacks.sweep()
        house.now += 60_000
    assert len(platform.heard) == 3
    assert house.waiting() == 0


def test_two_processes_send_a_callback_once(house: House, platform: Platform) -> None:
    """A row is taken before it is sent."""
    for _ in range(8):
        house.tell()
    pair = [threading.Thread(target=house.callbacks().sweep) for _ in range(2)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert len(platform.heard) == 8
    assert len({headers["webhook-id"] for headers, _ in platform.heard}) == 8


def test_for_a_day_both_secrets_fit_then_the_new_one_alone(house: House, platform: Platform) -> None:
    """A receiver has time to take the new secret over."""
    old = house.signing().rotate(_caller()).current
    house.now += 2 * OVERLAP_MS
    new = house.signing().rotate(_caller()).current
    for fits in ((True, True), (False, True)):
        house.tell()
        house.callbacks().sweep()
        headers, body = platform.heard[-1]
        now_s = house.now // 1000
        assert tuple(verify_standard([s], headers=headers, body=body, now_s=now_s) for s in (old, new)) == fits
        house.now += OVERLAP_MS


def test_a_secret_that_nobody_can_read_any_more_costs_an_attempt_and_holds_nothing_up(
    house: House, platform: Platform
) -> None:
    """Of a brought secret whose key is gone; the one that is made next signs what is still due."""
    house.signing().rotate(_caller(), "key_" + "a1b2" * 8)
    house.cipher = FernetCipher([Fernet.generate_key().decode()])
    house.tell()
    house.callbacks().sweep()
    assert (platform.heard, house.waiting()) == ([], 1)
    house.signing().rotate(_caller(), overlap_s=0)
    house.now += 60_000
    house.callbacks().sweep()
    assert (len(platform.heard), house.waiting()) == (1, 0)


def test_a_private_address_is_not_called_unless_the_operator_opened_it(house: House, platform: Platform) -> None:
    """The guard stands before callbacks too."""
    house.tell()
    house.callbacks(allow=()).sweep()
    assert platform.heard == []
    assert house.waiting() == 1


def test_a_url_that_can_never_be_called_is_refused_when_it_is_set() -> None:
    """The fault names the field."""
    with pytest.raises(InvalidInput) as caught:
        Poster(GuardedClient(http=True)).check("ftp://example.com", loc="callback_url")
    assert [fault.loc for fault in caught.value.faults] == ["callback_url"]


def test_no_secret_is_stored(house: House) -> None:
    """Secrets are derived from the installation's key: the database holds a number alone."""
    secret = house.signing().rotate(_caller()).current
    with house.storage.read() as tx:
        settings = tx.workspaces.get("ws_1").settings
    assert replace(settings, callback_url=None) == WorkspaceSettings(
        signing_number=2, signing_overlap_until=house.now, retell_previous_for=(ALL,)
    )
    assert secret.startswith("whsec_")

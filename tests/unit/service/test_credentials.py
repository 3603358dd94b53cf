import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from tests.support.credentials import MASK, name_in_versions, samples
from tests.support.world import SECRET_KEYS, World

from midcall.domain.credential import CredentialType, Resolved
from midcall.domain.errors import Conflict, CredentialInUse, CredentialMissing, InvalidInput, NotFound, SecretUnreadable
from midcall.service.credentials.credentials import MAX_ENVIRONMENTS, NOTE_EVERY_MS, Credentials, CredentialView
from midcall.service.credentials.rotation import Rotation, SecretRotation
from midcall.storage.database import Storage
from midcall.storage.listings import PageRequest
from midcall.storage.schema import audit, credential_values, credentials
from midcall.vault.cipher import FernetCipher

BEARER, BASIC = CredentialType.BEARER, CredentialType.BASIC


def put(
    world: World,
    values: dict[str, Any] | None = None,
    *,
    name: str = "crm",
    kind: CredentialType = BEARER,
    environment: str | None = None,
) -> CredentialView:
    """Save a credential."""
    values = {"token": "hunter2"} if values is None else values
    return world.credentials.put(world.caller, name, kind, values, environment)


def resolve(world: World, name: str = "crm", environment: str = "production", *, by: Any = None) -> Resolved:
    """Resolve a credential."""
    use: Credentials = by or world.credentials
    with world.storage.read() as tx:
        return use.resolve(tx, world.caller.workspace_id, name, environment)


def under(world: World, *keys: str) -> Credentials:
    """Make the use cases as a process with other keys has them."""
    return Credentials(storage=world.storage, cipher=FernetCipher(keys), outbound=world.outbound, clock=world.clock)


def audited(world: World) -> list[tuple[str, Any]]:
    """Read the acts on credentials, with their details."""
    with world.engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.id))
        return [(row.act, row.detail) for row in rows if row.act.startswith("credential.")]


def stored(world: World) -> list[Any]:
    """Read the rows of all values."""
    with world.engine.connect() as connection:
        return list(connection.execute(select(credential_values).order_by(credential_values.c.id)))


@pytest.mark.parametrize("kind", list(CredentialType))
def test_a_saved_credential_is_resolved_as_it_was_sent_and_shown_masked(world: World, kind: CredentialType) -> None:
    """Every type, through the database and back."""
    sent, shown = samples()[kind.value]
    view = put(world, sent, kind=kind)
    assert (view.credential.type, view.values, view.used_by) == (kind, {"": shown}, ())
    assert world.credentials.get(world.caller, "crm") == view
    assert world.credentials.page(world.caller, PageRequest()) == [view]
    found = resolve(world)
    assert found.type is kind
    assert {name: value for name, value in found.values.items() if name in sent} == {
        name: value for name, value in sent.items() if name in found.values
    }


def test_what_is_left_out_or_masked_is_kept(world: World) -> None:
    """A form that shows what the answer had can be sent back as it is."""
    put(world, {"username": "ann", "password": "hunter2"}, kind=BASIC)
    put(world, {"username": "bob", "password": MASK}, kind=BASIC)
    put(world, {}, kind=BASIC)
    assert resolve(world).values == {"username": "bob", "password": "hunter2"}


def test_another_type_needs_all_its_values(world: World) -> None:
    """A password does not become a token because both come as the same mask."""
    put(world, {"username": "ann", "password": "hunter2"}, kind=CredentialType.DIGEST)
    for given in ({"username": "ann", "password": MASK}, {"username": "ann", "password": None}):
        with pytest.raises(InvalidInput):
            put(world, {**given, "username": MASK}, kind=BASIC)
    put(world, {"token": "t"})
    assert (resolve(world).type, resolve(world).values) == (BEARER, {"token": "t"})


def test_an_environment_has_its_own_values_or_those_of_all(world: World) -> None:
    """Whole: a value that an environment lacks does not come from another one."""
    put(world, {"token": "all"})
    view = put(world, {"token": "staging"}, environment="staging")
    assert view.values == {"": {"token": MASK}, "staging": {"token": MASK}}
    found = {each: resolve(world, environment=each).values for each in ("production", "staging")}
    assert found == {"production": {"token": "all"}, "staging": {"token": "staging"}}
    with pytest.raises(InvalidInput):
        put(world, {}, environment="test")
    with pytest.raises(Conflict, match="for staging are of type bearer"):
        put(world, {"username": "a", "password": "b"}, kind=BASIC)
    world.credentials.delete(world.caller, "crm", environment="staging")
    assert resolve(world, environment="staging").values == {"token": "all"}


def test_an_environment_without_values_where_all_have_none_is_missing(world: World) -> None:
    """The error names the credential; nothing is sent without it."""
    put(world, environment="staging")
    with pytest.raises(CredentialMissing, match="crm has values neither for production"):
        resolve(world)
    with pytest.raises(CredentialMissing, match="no credential named 'other'"):
        resolve(world, "other")


def test_the_last_values_take_the_credential_with_them(world: World) -> None:
    """A name without anything behind it would only be in the way."""
    put(world, environment="staging")
    put(world, environment="test")
    with pytest.raises(NotFound, match="no values of its own for production"):
        world.credentials.delete(world.caller, "crm", environment="production")
    world.credentials.delete(world.caller, "crm", environment="staging")
    assert set(world.credentials.get(world.caller, "crm").values) == {"test"}
    world.credentials.delete(world.caller, "crm", environment="test")
    with pytest.raises(NotFound):
        world.credentials.get(world.caller, "crm")
    assert stored(world) == []


def test_environments_of_a_credential_are_bounded(world: World) -> None:
    """What a page of a list decrypts has an end."""
    for number in range(MAX_ENVIRONMENTS):
        put(world, environment=f"e{number}")
    with pytest.raises(Conflict, match="20 environments at most"):
        put(world, environment="one_more")
    put(world, {"token": "again"}, environment="e0")


def test_an_address_that_may_not_be_called_is_refused_when_it_is_saved(world: World) -> None:
    """The way out has its say at the field."""
    given = {**samples()["oauth2_client_credentials"][0], "token_url": "http://localhost/token"}
    with pytest.raises(InvalidInput) as found:
        put(world, given, kind=CredentialType.OAUTH2_CLIENT_CREDENTIALS)
    assert [fault.loc for fault in found.value.faults] == ["values.token_url"]


def test_values_that_were_swapped_in_the_database_do_not_open(world: World) -> None:
    """Between names, between environments, between workspaces: nothing is sent, and nothing of it is shown."""
    put(world, {"token": "crm"})
    put(world, {"token": "staging"}, environment="staging")
    put(world, {"token": "bank"}, name="bank")
    crm, staging, bank = stored(world)
    for target, source in ((crm, bank), (crm, staging), (staging, crm)):
        with world.engine.begin() as connection:
            rows = update(credential_values)
            connection.execute(rows.where(credential_values.c.id == target.id).values(token=source.token))
        environment = target.environment or "production"
        with pytest.raises(SecretUnreadable, match="another row"):
            resolve(world, environment=environment)
        assert world.credentials.get(world.caller, "crm").values[target.environment] is None
        with world.engine.begin() as connection:
            connection.execute(rows.where(credential_values.c.id == target.id).values(token=target.token))
    assert resolve(world).values == {"token": "crm"}
    other = world.workspace("other").workspace_id
    with world.engine.begin() as connection:
        connection.execute(update(credentials).where(credentials.c.name == "crm").values(workspace_id=other))
    with world.storage.read() as tx, pytest.raises(SecretUnreadable, match="another row"):
        world.credentials.resolve(tx, other, "crm", "production")


def test_a_type_that_was_changed_in_the_database_is_found_out(world: World) -> None:
    """It says how a secret is sent: a header's would go into the address, and from there into logs."""
    put(world, {"name": "k", "value": "hunter2"}, kind=CredentialType.HEADER)
    with world.engine.begin() as connection:
        connection.execute(update(credentials).values(type="query"))
    with pytest.raises(SecretUnreadable, match="type was changed"):
        resolve(world)


def test_what_no_key_opens_is_said_and_may_be_saved_again(world: World) -> None:
    """Reading a list goes on; what is left out cannot be kept; all values together replace the row."""
    put(world)
    world.credentials = under(world, SECRET_KEYS[1])
    with pytest.raises(SecretUnreadable):
        resolve(world)
    (view,) = world.credentials.page(world.caller, PageRequest())
    assert view.values == {"": None}
    with pytest.raises(InvalidInput, match="send all values again"):
        put(world, {})
    assert put(world, {"token": "new"}).values == {"": {"token": MASK}}
    assert resolve(world).values == {"token": "new"}


def test_a_change_of_keys_brings_credentials_under_the_first_one(world: World) -> None:
    """As it does single secrets."""
    put(world)
    put(world, {"token": "s"}, environment="staging")
    rotation = SecretRotation(storage=world.storage, cipher=FernetCipher([SECRET_KEYS[1], SECRET_KEYS[0]]))
    assert Rotation("credential_values", renewed=2) in rotation.rotate()
    new = under(world, SECRET_KEYS[1])
    assert [resolve(world, environment=each, by=new).values["token"] for each in ("x", "staging")] == ["hunter2", "s"]


def test_a_use_is_noted_at_most_once_a_minute(world: World) -> None:
    """Exact to the minute, without a write for each call."""

    def last_used() -> int | None:
        return world.credentials.get(world.caller, "crm").credential.last_used_at

    put(world)
    began = world.clock.now
    assert last_used() is None
    first = resolve(world)
    world.credentials.note_use(first)
    assert last_used() == began
    world.clock.advance(NOTE_EVERY_MS - 1)
    storage = BlindOnce(world.engine)
    replace(world.credentials, storage=storage).note_use(resolve(world))
    assert storage.blinded == 0, "it opened no transaction to write"
    world.credentials.note_use(first)
    assert last_used() == began
    world.clock.advance(1)
    world.credentials.note_use(resolve(world))
    assert last_used() == began + NOTE_EVERY_MS
    put(world, {"token": "other"})
    assert last_used() == began + NOTE_EVERY_MS


def test_acts_are_audited_by_names_alone(world: World) -> None:
    """Who changed which field of what, and never to what."""
    put(world)
    put(world, {"token": "hunter3"}, environment="staging")
    put(world, {}, environment="staging")
    world.credentials.delete(world.caller, "crm", force=True)
    assert audited(world) == [
        ("credential.put", {"name": "crm", "type": "bearer", "environment": None, "changed": ["token"]}),
        ("credential.put", {"name": "crm", "type": "bearer", "environment": "staging", "changed": ["token"]}),
        ("credential.put", {"name": "crm", "type": "bearer", "environment": "staging", "changed": []}),
        ("credential.delete", {"name": "crm", "environment": None, "force": True}),
    ]


def test_one_that_running_versions_name_stays_unless_forced(world: World) -> None:
    """The refusal names the functions; an environment's values may go where those of all take their place."""
    for name in ("order", "lookup"):
        world.draft(name)
        name_in_versions(world.storage, world.caller.workspace_id, name, "crm")
        world.catalog.publish(world.caller, name, 2, "production")
    put(world)
    assert put(world, {"token": "s"}, environment="staging").used_by == ["lookup", "order"]
    with pytest.raises(CredentialInUse, match="lookup, order would be left without"):
        world.credentials.delete(world.caller, "crm")
    world.credentials.delete(world.caller, "crm", environment="staging")
    world.credentials.delete(world.caller, "crm", force=True)
    put(world, environment="staging")
    with pytest.raises(CredentialInUse):
        world.credentials.delete(world.caller, "crm", environment="staging")


def test_one_that_only_a_draft_names_may_go(world: World) -> None:
    """It shows what names it, and holds nothing up."""
    world.draft()
    name_in_versions(world.storage, world.caller.workspace_id, "lookup", "crm")
    assert put(world).used_by == ["lookup"]
    world.credentials.delete(world.caller, "crm")


class Blinded:
    """A store of credentials that does not see what somebody else commits in this very moment."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def find(self, _workspace_id: str, _name: str, *, lock: bool = False) -> None:
        """See nothing."""

    def __getattr__(self, name: str) -> Any:
        """Do all else as the store does."""
        return getattr(self._store, name)


class BlindOnce(Storage):
    """A database whose first transaction that writes does not see credentials of others."""

    blinded = 0

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Any]:
        """Open a transaction."""
        with super().write(durable=durable) as tx:
            self.blinded += 1
            yield tx if self.blinded > 1 else replace(tx, credentials=cast("Any", Blinded(tx.credentials)))


def test_one_that_somebody_else_makes_meanwhile_is_changed_instead(world: World) -> None:
    """Two who save a name at once: the later one's values hold, neither fails."""
    put(world, {"username": "first", "password": "p"}, kind=BASIC)
    storage = BlindOnce(world.engine)
    world.credentials = replace(world.credentials, storage=storage)
    view = put(world, {"username": "second", "password": "q"}, kind=BASIC)
    assert storage.blinded == 2
    assert view.values[""] == {"username": "second", "password": MASK}
    assert resolve(world).values == {"username": "second", "password": "q"}


def test_no_value_shows_in_any_repr(world: World) -> None:
    """Of what is resolved, of the view, of the use case."""
    view = put(world, {"username": "ann", "password": "hunter2"}, kind=BASIC)
    assert "hunter2" not in repr(resolve(world)) + repr(view) + repr(world.credentials)
    assert SECRET_KEYS[0] not in repr(world.credentials)
    assert "hunter2" not in json.dumps([str(row) for row in stored(world)])

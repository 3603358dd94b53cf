import pytest
from sqlalchemy import select, update
from tests.support.world import SECRET_KEYS, World

from midcall.domain.errors import InvalidInput, NotFound, SecretUnreadable
from midcall.service.credentials.rotation import BATCH, Rotation, SecretRotation
from midcall.service.credentials.secrets import MAX_SECRET_BYTES, Secrets
from midcall.storage.schema import metadata, secrets
from midcall.storage.secrets import SEALED, SealedRow
from midcall.vault.cipher import FernetCipher

HOST = "https://api.example.com"
OLD, NEW = SECRET_KEYS[0], SECRET_KEYS[1]


def keep(world: World, value: str = "hunter2") -> str:
    """Keep a secret of the first workspace; returns its id."""
    with world.storage.write() as tx:
        return world.secrets.keep(tx, world.caller.workspace_id, value, to=[HOST])


def reveal(world: World, secret_id: str, *, by: Secrets | None = None, workspace_id: str | None = None) -> str:
    """Reveal a secret."""
    with world.storage.read() as tx:
        return (by or world.secrets).reveal(tx, workspace_id or world.caller.workspace_id, secret_id, to=[HOST])


def secrets_under(world: World, *keys: str) -> Secrets:
    """Make the use case as a process with other keys has it."""
    return Secrets(cipher=FernetCipher(keys), clock=world.clock)


def rotated(world: World, *keys: str) -> Rotation:
    """Change keys; returns what became of the secrets."""
    found = SecretRotation(storage=world.storage, cipher=FernetCipher(keys)).rotate()
    return next(table for table in found if table.table == "secrets")


def tokens(world: World) -> dict[str, str]:
    """Read what is stored."""
    with world.engine.connect() as connection:
        return {row.id: row.token for row in connection.execute(select(secrets))}


def write_token(world: World, secret_id: str, token: str) -> None:
    """Write to the database as somebody would who got in."""
    with world.engine.begin() as connection:
        connection.execute(update(secrets).where(secrets.c.id == secret_id).values(token=token))


def test_a_kept_secret_is_revealed_and_stands_nowhere_in_its_row(world: World) -> None:
    """Two of the same value have two ids and two tokens: nobody sees that they are equal."""
    first, second = keep(world), keep(world)
    assert first.startswith("sec_")
    assert reveal(world, first) == reveal(world, second) == "hunter2"
    assert len(set(tokens(world).values())) == 2
    assert "hunter2" not in str(tokens(world))


def test_a_secret_of_another_workspace_is_not_there(world: World) -> None:
    """Just as one that nobody ever kept."""
    secret_id, other = keep(world), world.workspace("other").workspace_id
    with pytest.raises(NotFound) as theirs:
        reveal(world, secret_id, workspace_id=other)
    with pytest.raises(NotFound) as none:
        reveal(world, "sec_0", workspace_id=other)
    assert theirs.value.message == none.value.message


def test_rows_that_were_swapped_in_the_database_do_not_open(world: World) -> None:
    """A webhook of one's own cannot be made to send the secret of another one, nor that of another workspace."""
    mine, theirs = keep(world, "mine"), keep(world, "theirs")
    write_token(world, mine, tokens(world)[theirs])
    with pytest.raises(SecretUnreadable, match="another row"):
        reveal(world, mine)
    other = world.workspace("other").workspace_id
    with world.engine.begin() as connection:
        connection.execute(update(secrets).where(secrets.c.id == theirs).values(workspace_id=other))
    with pytest.raises(SecretUnreadable, match="another row"):
        reveal(world, theirs, workspace_id=other)


def test_a_secret_that_is_too_long_or_no_text_is_refused_at_its_field(world: World) -> None:
    """Counted in bytes; the error names the field it came from, and does not quote it."""
    with world.storage.write() as tx:
        for bad in ("ä" * (MAX_SECRET_BYTES // 2 + 1), "hunter2\ud800"):
            with pytest.raises(InvalidInput) as found:
                world.secrets.keep(tx, world.caller.workspace_id, bad, to=[HOST], loc="webhook.headers.X-Key")
            (fault,) = found.value.faults
            assert fault.loc == "webhook.headers.X-Key"
            assert bad[:5] not in fault.msg
        world.secrets.keep(tx, world.caller.workspace_id, "ä" * (MAX_SECRET_BYTES // 2), to=[HOST])


def test_every_table_with_a_token_comes_under_the_first_key() -> None:
    """A table that a change of keys forgot would be lost with the old key."""
    assert {table for table in metadata.sorted_tables if "token" in table.c} == set(SEALED)


def test_a_change_of_keys_brings_every_row_under_the_first_one(world: World) -> None:
    """In batches, twice without harm; then the old key may go."""
    kept = [keep(world, f"value {number}") for number in range(BATCH + 7)]
    new = secrets_under(world, NEW)
    with pytest.raises(SecretUnreadable):
        reveal(world, kept[0], by=new)
    assert rotated(world, NEW, OLD) == Rotation("secrets", renewed=len(kept))
    assert rotated(world, NEW, OLD) == Rotation("secrets", current=len(kept))
    assert [reveal(world, each, by=new) for each in kept] == [f"value {number}" for number in range(BATCH + 7)]
    with pytest.raises(SecretUnreadable):
        reveal(world, kept[0])


def test_a_row_that_no_key_opens_is_counted_and_left_as_it_is(world: World) -> None:
    """The others are encrypted anew all the same; with its key the row opens later."""
    lost, kept = keep(world), keep(world)
    foreign = FernetCipher(SECRET_KEYS[2:]).renew(FernetCipher(SECRET_KEYS[2:]).seal("x", bound_to="y"))
    write_token(world, lost, foreign)
    assert rotated(world, NEW, OLD) == Rotation("secrets", renewed=1, unreadable=1)
    assert tokens(world)[lost] == foreign
    assert reveal(world, kept, by=secrets_under(world, NEW)) == "hunter2"


class MeddlingCipher(FernetCipher):
    """A cipher in whose time somebody else writes the row."""

    world: World

    def renew(self, token: str) -> str:
        """Have somebody write, then encrypt anew."""
        for secret_id in tokens(self.world):
            write_token(self.world, secret_id, "written meanwhile")
        return super().renew(token)


def test_a_row_that_was_written_meanwhile_keeps_what_was_written(world: World) -> None:
    """Changing keys while everything runs overwrites nothing; the count says that it is to be run again."""
    secret_id = keep(world)
    cipher = MeddlingCipher([NEW, OLD])
    cipher.world = world
    found = SecretRotation(storage=world.storage, cipher=cipher).rotate()
    assert Rotation("secrets", changed=1) in found
    assert tokens(world) == {secret_id: "written meanwhile"}


def test_a_row_changes_for_whoever_read_its_present_token_alone(world: World) -> None:
    """Of two that change keys at once, one writes each row."""
    secret_id = keep(world)
    row = SealedRow(secret_id, tokens(world)[secret_id])
    first, second = world.cipher.renew(row.token) + "=", world.cipher.renew(row.token) + "=="
    with world.storage.write() as tx:
        assert tx.sealed["secrets"].swap(row, token=first)
        assert not tx.sealed["secrets"].swap(row, token=second)
    assert tokens(world)[secret_id] == first


def test_no_use_case_shows_a_key(world: World) -> None:
    """Neither does what was read."""
    shown = repr(world.secrets) + repr(SecretRotation(storage=world.storage, cipher=world.cipher))
    assert OLD not in shown
    assert "Fernet" not in shown

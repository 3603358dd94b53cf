"""Versions, decisions and keys, below HTTP."""

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from tests.support.databases import row_counts
from tests.support.fakes import FakeReviewer
from tests.support.world import SOURCE, World, function

from midcall.domain.credential import CredentialType
from midcall.domain.errors import (
    Conflict,
    InvalidInput,
    NotApproved,
    NotFound,
    ReviewUnavailable,
    StaleVersion,
    Unauthenticated,
)
from midcall.domain.function import VersionStatus
from midcall.domain.workspace import Scope
from midcall.service.functions import catalog
from midcall.service.functions.form import parse_function
from midcall.storage.listings import PageRequest
from midcall.storage.schema import api_keys, versions


def test_a_version_is_never_written_again(world: World) -> None:
    """Deciding on it changes status, review and seal; config, digest and author stay."""
    view = world.draft()
    world.reviews.submit(world.caller, "lookup", 1)
    after = world.catalog.version(world.caller, "lookup", 1).version
    assert after == replace(view.version, status=after.status, review=after.review, approval=after.approval)
    assert after.status is VersionStatus.APPROVED


def test_the_review_knows_every_declared_parameter(world: World) -> None:
    """Written as a schema or as fields, filled by the agent or by the server: each name reaches the review."""
    schema = {
        "type": "object",
        "properties": {"order": {"type": "integer"}, "shop": {"type": "string", "x-midcall": {"constant": "main"}}},
    }
    fields = [{"name": "order", "type": "integer", "required": True}, {"name": "shop", "type": "string"}]
    for name, parameters in (("by_schema", schema), ("by_fields", fields)):
        world.draft(name, parameters=parameters)
        world.reviews.submit(world.caller, name, 1)
        world.reviews.preview(world.caller, parse_function(function(name, parameters=parameters)))
    assert [subject.parameters for subject in world.reviewer.subjects] == [frozenset({"order", "shop"})] * 4


def test_a_review_that_cannot_be_carried_out_changes_nothing(world: World) -> None:
    """The version is the draft it was."""
    world.draft()

    def away() -> None:
        raise ReviewUnavailable

    world.reviews = replace(world.reviews, reviewer=FakeReviewer(before=away))
    before = row_counts(world.engine)
    with pytest.raises(ReviewUnavailable):
        world.reviews.submit(world.caller, "lookup", 1)
    assert row_counts(world.engine) == before
    assert world.catalog.get(world.caller, "lookup").version.status is VersionStatus.DRAFT


def test_a_review_is_told_what_was_declared_and_what_there_is(world: World) -> None:
    """Actions, hosts, the credentials of each entry, and the types of those that the workspace has."""
    world.credentials.put(world.caller, "crm", CredentialType.BEARER, {"token": "t-1234567890"}, None)
    world.credentials.put(world.workspace("other"), "gone", CredentialType.BEARER, {"token": "t-1234567890"}, None)
    world.draft(
        code={
            "source": SOURCE,
            "actions": ["http.get", {"name": "http.sendRequest", "credentials": ["crm", "gone"]}],
            "egress": ["api.example.com"],
        }
    )
    world.reviews.submit(world.caller, "lookup", 1)
    (subject,) = world.reviewer.subjects
    assert subject.actions == ("http.get", "http.send_request")
    assert subject.declared == {"http.send_request": ("crm", "gone")}
    assert (subject.credentials, subject.egress) == ({"crm": "bearer"}, ("api.example.com",))


def test_a_version_tampered_with_while_it_is_reviewed_is_not_approved(world: World) -> None:
    """What was reviewed is what is sealed."""
    view = world.draft()

    def tamper() -> None:
        config = {**view.version.stored, "code": {"source": "evil()", "actions": [], "egress": []}}
        with world.engine.begin() as connection:
            connection.execute(update(versions).values(config=config))

    world.reviewer.before = tamper
    with pytest.raises(Conflict):
        world.reviews.submit(world.caller, "lookup", 1)
    assert world.catalog.get(world.caller, "lookup").version.approval is None


def test_a_row_tampered_with_before_it_is_submitted_is_not_approved(world: World) -> None:
    """Its digest no longer fits."""
    view = world.draft()
    with world.engine.begin() as connection:
        connection.execute(update(versions).values(config={**view.version.stored, "timeout": 600}))
    with pytest.raises(Conflict, match="changed after it was written"):
        world.reviews.submit(world.caller, "lookup", 1)


def test_what_was_decided_meanwhile_is_kept(world: World) -> None:
    """Two submits at once: the second one's findings are thrown away."""
    world.draft()
    inner = replace(world.reviews, reviewer=FakeReviewer())
    first: list[object] = []
    world.reviewer.before = lambda: first.append(inner.submit(world.caller, "lookup", 1))
    assert world.reviews.submit(world.caller, "lookup", 1) == first[0]


def test_a_version_that_was_sent_back_may_be_submitted_again(world: World) -> None:
    """Under today's policy, which may be another."""
    world.draft(code={"source": "fault"})
    assert world.reviews.submit(world.caller, "lookup", 1)["status"] == "changes_requested"
    world.reviewer.policy = "test.2"
    assert world.reviews.submit(world.caller, "lookup", 1)["policy"] == "test.2"


def test_publishing_takes_an_approved_version(world: World) -> None:
    """And keeps who did it."""
    world.draft()
    with pytest.raises(NotApproved):
        world.catalog.publish(world.caller, "lookup", 1, "production")
    with pytest.raises(NotFound):
        world.catalog.publish(world.caller, "lookup", 2, "production")


def test_a_function_tells_of_its_latest_versions_and_of_those_that_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, what is read and answered of them is bounded; all are in the list that is paged."""
    monkeypatch.setattr(catalog, "MOST_SHOWN", 3)
    world.published("lookup")
    for timeout in range(2, 9):
        world.catalog.add_version(world.caller, "lookup", {"timeout": timeout}, base=None, if_match=None)
    view = world.catalog.get(world.caller, "lookup")
    assert [version.number for version in view.versions] == [1, 6, 7, 8]
    listed, _ = world.catalog.versions(world.caller, "lookup", PageRequest(limit=50))
    assert [version.number for version in listed] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_stale_change_stores_nothing(world: World) -> None:
    """Not even a line in the audit trail."""
    world.draft()
    before = row_counts(world.engine)
    with pytest.raises(StaleVersion):
        world.catalog.add_version(world.caller, "lookup", {"timeout": 5}, base=None, if_match=2)
    with pytest.raises(InvalidInput):
        world.catalog.add_version(world.caller, "lookup", {"timeout": 0}, base=None, if_match=1)
    assert row_counts(world.engine) == before


def test_only_a_hash_of_a_secret_is_kept(world: World) -> None:
    """SHA-256 of 256 random bits: there is nothing to guess."""
    new = world.access.create(world.caller, principal="ci", scopes=frozenset({Scope.READ}), agents=())
    secret = new.token.split("_", 2)[2]
    with world.engine.connect() as connection:
        row = connection.execute(select(api_keys).where(api_keys.c.id == new.key.id)).one()
    assert row.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(row)


def test_an_old_secret_dies_with_its_grace_to_the_millisecond(world: World) -> None:
    """At the end of it, not after."""
    old = world.access.create(world.caller, principal="ci", scopes=frozenset({Scope.READ}), agents=())
    new = world.access.rotate(world.caller, old.key.id, grace_s=10)
    world.clock.advance(9_999)
    assert world.access.authenticate(old.token).principal == "ci"
    world.clock.advance(1)
    with pytest.raises(Unauthenticated):
        world.access.authenticate(old.token)
    assert world.access.authenticate(new.token).principal == "ci"


def test_another_workspace_s_key_is_not_there(world: World) -> None:
    """Neither to rotate nor to revoke."""
    other = world.workspace("second")
    with pytest.raises(NotFound):
        world.access.revoke(other, world.caller.key.id)
    with pytest.raises(NotFound):
        world.access.rotate(other, world.caller.key.id, grace_s=0)

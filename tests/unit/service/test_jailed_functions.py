"""Functions that ask for a jail: who may save them, in what they are run, and what is told of it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.fakes import FakeOutbound
from tests.support.world import World, function

from midcall.api.views import invocation_listed, invocation_view, report_view
from midcall.domain.errors import InvalidInput
from midcall.domain.function import Version
from midcall.domain.function_config import FunctionConfig
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.isolation import Isolation
from midcall.domain.jsonvalue import digest
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.service.access.workspaces import JAIL_FORBIDDEN, Workspaces
from midcall.service.claimed_run import JAIL_NOT_ALLOWED
from midcall.service.functions.form import parse_function
from midcall.storage.listings import InvocationFilter, PageRequest

WEBHOOK = {"name": "hook", "description": "Calls a URL.", "kind": "webhook", "webhook": {"url": "https://example.com"}}
NO_JAILS = (
    'this workspace allows no jails; have one of its admins set allow_jail (PATCH /v1/workspace), or write "container"'
)

BOTH = pytest.mark.parametrize("isolation", [Isolation.CONTAINER, Isolation.JAIL])


def kept_in_what_was_asked(request: RunRequest) -> RunReport:
    """Answer as a pool that has jails."""
    return RunReport(RunStatus.OK, result=1, sandbox_id="fake", isolation=request.isolation)


@pytest.fixture
def jails(world: World) -> World:
    """Have the workspace allow jails, and the pool have them."""
    world.workspaces.change(world.caller, {"allow_jail": True})
    world.sandbox.behave = kept_in_what_was_asked
    return world


def faults_of(saving: Any) -> list[tuple[str, str]]:
    """Return what is wrong with something that cannot be saved."""
    with pytest.raises(InvalidInput) as caught:
        saving()
    return [(fault.loc, fault.msg) for fault in caught.value.faults]


def latest(world: World, name: str = "lookup") -> Version:
    """Read the latest version of a function."""
    return world.catalog.get(world.caller, name).version


def executed(world: World, invocation: Invocation) -> Invocation:
    """Carry an invocation out; returns it as it then stands."""
    world.executor().execute(invocation.id)
    return world.read(invocation.id)


# The document -------------------------------------------------------------------------------------------------------


def test_a_document_with_the_default_digests_as_it_did_before_there_was_a_choice() -> None:
    """What is approved stays so when its document is saved again: a container is left out of it, whoever names it."""
    plain = parse_function(function()).config()
    named = parse_function(function(isolation="container")).config()
    assert "isolation" not in plain.to_stored()
    assert digest(named.to_stored()) == digest(plain.to_stored())
    assert plain.isolation is Isolation.CONTAINER
    assert FunctionConfig.from_stored({"kind": "code", "code": {"source": "x"}}).isolation is Isolation.CONTAINER


def test_a_jail_is_a_part_of_what_is_approved() -> None:
    """Whoever approves a version approves what it is kept in."""
    jailed = parse_function(function(isolation="jail")).config()
    assert jailed.to_stored()["isolation"] == "jail"
    assert jailed.isolation is Isolation.JAIL
    assert digest(jailed.to_stored()) != digest(parse_function(function()).config().to_stored())
    assert parse_function(jailed.to_stored()).config() == jailed


@pytest.mark.parametrize("isolation", ["vm", "JAIL", "", None, 1, True])
def test_anything_but_a_container_or_a_jail_is_refused(isolation: Any) -> None:
    """By the field's name."""
    assert [loc for loc, _ in faults_of(lambda: parse_function(function(isolation=isolation)))] == ["isolation"]


def test_a_webhook_that_asks_for_a_jail_is_refused() -> None:
    """It runs no code here; a container, which is what all documents mean without the field, is no fault."""
    (fault,) = faults_of(lambda: parse_function({**WEBHOOK, "isolation": "jail"}))
    assert fault == ("isolation", "a webhook runs no code here that could be kept in anything; remove it")
    assert "isolation" not in parse_function({**WEBHOOK, "isolation": "container"}).config().to_stored()


# Saving -------------------------------------------------------------------------------------------------------------


def test_a_jail_is_refused_where_the_workspace_does_not_allow_it(world: World) -> None:
    """New, as a patch, and from the editor; it is said who can change that, and nothing is stored."""
    refusal = [("isolation", NO_JAILS)]
    assert faults_of(lambda: world.draft("other", isolation="jail")) == refusal
    world.draft()
    catalog, patch, form = world.catalog, {"isolation": "jail"}, parse_function(function(isolation="jail"))
    for saving in (
        lambda: catalog.add_version(world.caller, "lookup", patch, base=None, if_match=None),
        lambda: catalog.save(world.caller, "lookup", form, ["isolation"], base=1, if_match=1),
    ):
        assert faults_of(saving) == refusal
    assert latest(world).number == 1
    assert [view.function.name for view in world.catalog.page(world.caller, PageRequest())] == ["lookup"]


def test_a_jail_is_saved_where_the_workspace_allows_it(jails: World) -> None:
    """And taken back by the default, or by null, as in any patch."""
    jails.draft(isolation="jail")
    assert latest(jails).config.isolation is Isolation.JAIL
    for back in ("container", None):
        jails.catalog.add_version(jails.caller, "lookup", {"isolation": "jail"}, base=None, if_match=None)
        jails.catalog.add_version(jails.caller, "lookup", {"isolation": back}, base=None, if_match=None)
        assert "isolation" not in latest(jails).stored


def test_a_jail_that_is_not_allowed_any_more_has_to_be_taken_back_with_the_next_version(jails: World) -> None:
    """A patch of something else does not carry it on; a version with a container is saved as ever."""
    jails.draft(isolation="jail")
    jails.workspaces.change(jails.caller, {"allow_jail": False})
    changes: dict[str, Any] = {"timeout": 9}
    add = jails.catalog.add_version
    (fault,) = faults_of(lambda: add(jails.caller, "lookup", changes, base=None, if_match=None))
    assert fault[0] == "isolation"
    add(jails.caller, "lookup", {**changes, "isolation": "container"}, base=None, if_match=None)
    assert latest(jails).config.timeout == 9


# The workspace ------------------------------------------------------------------------------------------------------


def test_allowing_jails_goes_on_the_audit_trail(world: World) -> None:
    """As any setting does: what it was, and what it is."""
    assert world.workspaces.get(world.caller).settings.allow_jail is False
    world.workspaces.change(world.caller, {"allow_jail": True})
    assert world.workspaces.get(world.caller).settings.allow_jail is True
    assert world.told("workspace.change")[-1].detail == {"allow_jail": {"before": False, "after": True}}


def test_where_the_operator_forbids_jails_no_workspace_can_allow_them(world: World) -> None:
    """The refusal names the operator's variable; to forbid them, or to change something else, stays possible."""
    world.workspaces.change(world.caller, {"allow_jail": True})
    forbidding = Workspaces(
        storage=world.storage, access=world.access, clock=world.clock, outbound=FakeOutbound(), jails=False
    )
    assert faults_of(lambda: forbidding.change(world.caller, {"allow_jail": True})) == [("allow_jail", JAIL_FORBIDDEN)]
    assert "MIDCALL_JAIL=forbid" in JAIL_FORBIDDEN
    assert forbidding.change(world.caller, {"max_in_flight": 7}).settings.allow_jail is True
    assert forbidding.change(world.caller, {"allow_jail": False}).settings.allow_jail is False


# Running ------------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("purpose", [Purpose.LIVE, Purpose.TEST])
def test_a_run_is_kept_in_what_its_function_asks_for(jails: World, isolation: Isolation, purpose: Purpose) -> None:
    """Calls and tests alike; it is told wherever the invocation is."""
    jails.published(isolation=isolation.value)
    done = executed(jails, jails.admitted(purpose=purpose))
    (request,) = jails.sandbox.requests
    assert request.isolation is isolation
    assert done.report is not None
    assert (done.report.isolation, done.report.isolation_note) == (isolation, "")
    with jails.storage.read() as tx:
        (listed,) = tx.invocations.page(jails.caller.workspace_id, InvocationFilter(), PageRequest())
    for shown in (invocation_view(done), invocation_listed(listed), report_view(done)):
        assert (shown["isolation"], shown["isolation_note"]) == (isolation.value, None)


def test_a_run_is_kept_in_a_container_once_the_workspace_does_not_allow_jails_any_more(jails: World) -> None:
    """What is published goes on running, and its record says why it is no jail."""
    jails.published(isolation="jail")
    admitted = jails.admitted()
    jails.workspaces.change(jails.caller, {"allow_jail": False})
    done = executed(jails, admitted)
    assert done.status is InvocationStatus.SUCCEEDED
    assert jails.sandbox.requests[0].isolation is Isolation.CONTAINER
    with jails.storage.read() as tx:
        (listed,) = tx.invocations.page(jails.caller.workspace_id, InvocationFilter(), PageRequest())
    for shown in (invocation_view(done), invocation_listed(listed), report_view(done)):
        assert (shown["isolation"], shown["isolation_note"]) == ("container", JAIL_NOT_ALLOWED)


def test_what_the_pool_says_of_a_jail_that_it_did_not_make_stays_on_record(jails: World) -> None:
    """A pool without jails takes a container, and says why."""
    jails.published(isolation="jail")
    note = "this host makes no user namespaces"
    jails.sandbox.behave = lambda request: replace(
        kept_in_what_was_asked(request), isolation=Isolation.CONTAINER, isolation_note=note
    )
    report = executed(jails, jails.admitted()).report
    assert report is not None
    assert (report.isolation, report.isolation_note) == (Isolation.CONTAINER, note)


def test_the_last_attempt_is_the_one_that_is_told_of(jails: World) -> None:
    """Of a run that is tried again: the first found no jail, the second did."""
    jails.published(isolation="jail", retries=1)
    failed = RunReport(
        RunStatus.ERROR, error=RunError("E", "no"), isolation=Isolation.CONTAINER, isolation_note="no jail was left"
    )
    answers = [failed, RunReport(RunStatus.OK, isolation=Isolation.JAIL)]
    jails.sandbox.behave = lambda _: answers.pop(0)
    shown = invocation_view(executed(jails, jails.admitted()))
    assert (shown["isolation"], shown["isolation_note"]) == ("jail", None)


def test_nothing_is_said_where_a_pool_says_nothing(world: World) -> None:
    """A pool of an earlier release, a call that has not run, and reports from before."""
    world.published()
    admitted = world.admitted()
    for shown in (invocation_view(admitted), invocation_view(executed(world, admitted))):
        assert (shown["isolation"], shown["isolation_note"]) == (None, None)

"""What an author writes of actions and egress: checked against the connectors there are, kept as it was written."""

from typing import Any

import pytest
from tests.support.world import SOURCE, World, function

from midcall.connectors import CONNECTORS, operations
from midcall.connectors.enabled import closest, operations_enabled
from midcall.domain.egress import MAX_ENTRIES
from midcall.domain.errors import Fault, InvalidInput
from midcall.service.code_form import MAX_ACTIONS, MAX_CREDENTIALS
from midcall.service.functions.form import parse_function


def code(**changes: Any) -> dict[str, Any]:
    """Return the stored form of a function's code."""
    config = parse_function(function(code={"source": SOURCE, **changes})).config().to_stored()
    return dict(config["code"])


def faults(**changes: Any) -> tuple[Fault, ...]:
    """Return the faults of a function's code."""
    with pytest.raises(InvalidInput) as caught:
        code(**changes)
    return caught.value.faults


def test_a_name_stays_a_name_and_an_entry_an_entry() -> None:
    """Only the spelling of the action changes; credentials may be declared for http too."""
    given = ["http.sendRequest", {"name": "http", "credentials": ["crm", "shop"]}, {"name": "http.get"}]
    stored = ["http.send_request", {"name": "http", "credentials": ["crm", "shop"]}]
    assert code(actions=given)["actions"] == [*stored, {"name": "http.get", "credentials": []}]


@pytest.mark.parametrize("name", [*CONNECTORS, *operations()])
def test_every_group_and_operation_can_be_enabled(name: str) -> None:
    """Whatever connectors there are."""
    assert code(actions=[name])["actions"] == [name]


def test_an_unknown_action_is_a_fault_with_what_was_meant() -> None:
    """The place in the list, and the closest name."""
    fault, inner = faults(actions=["http", "http.sendRequst", {"name": "http.gett"}])
    assert (fault.loc, inner.loc) == ("code.actions.1", "code.actions.2.name")
    assert "http.send_request" in fault.msg
    assert "http.get" in inner.msg
    assert "the groups are: http" in faults(actions=["zzzzzzzz"])[0].msg


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"actions": ["http", {"name": "http"}]}, "code.actions"),
        ({"actions": ["http.sendRequest", "http.send_request"]}, "code.actions"),
        ({"actions": "http"}, "code.actions"),
        ({"actions": ["http"] * (MAX_ACTIONS + 1)}, "code.actions"),
        ({"actions": [7]}, "code.actions.0"),
        ({"actions": ["h" * 1_000_000]}, "code.actions.0"),
        ({"actions": [{}]}, "code.actions.0.name"),
        ({"actions": [{"name": "http", "credential": "a"}]}, "code.actions.0.credential"),
        ({"actions": [{"name": "http", "credentials": ["a b"]}]}, "code.actions.0.credentials.0"),
        ({"actions": [{"name": "http", "credentials": ["a", "a"]}]}, "code.actions.0.credentials"),
        (
            {"actions": [{"name": "http", "credentials": [f"a{n}" for n in range(MAX_CREDENTIALS + 1)]}]},
            "code.actions.0.credentials",
        ),
        ({"egress": ["https://example.com"]}, "code.egress.0"),
        ({"egress": ["example.com", "Example.com"]}, "code.egress.1"),
        ({"egress": ["*"]}, "code.egress.0"),
        ({"egress": ["a.example", "a.example"]}, "code.egress"),
        ({"egress": [f"a{n}.example" for n in range(MAX_ENTRIES + 1)]}, "code.egress"),
    ],
)
def test_what_is_no_declaration_is_a_fault_at_its_place(changes: dict[str, Any], loc: str) -> None:
    """Odd shapes, repetitions, too many."""
    assert [fault.loc for fault in faults(**changes)] == [loc]


def test_egress_is_kept_in_its_order() -> None:
    """Hosts, wildcards, ports."""
    hosts = ["api.example.com", "*.example.com", "crm.internal:8443", "[::1]:8080"]
    assert code(egress=hosts)["egress"] == hosts


def test_a_group_enables_all_that_it_has_and_an_operation_itself() -> None:
    """What a run is told are whole names; entries that nobody knows any more enable nothing."""
    every = tuple(name for name in operations() if name.startswith("http."))
    assert operations_enabled(["http"]) == operations_enabled([{"name": "http", "credentials": ["a"]}]) == every
    assert operations_enabled([{"name": "http.get"}, "http.post", "gone", "http.gone"]) == ("http.get", "http.post")
    assert operations_enabled([]) == operations_enabled(["htt"]) == ()


def test_a_run_is_told_the_operations_that_are_enabled(world: World) -> None:
    """The sandbox knows names alone, and neither groups nor credentials."""
    world.published(code={"source": SOURCE, "actions": ["http.get", {"name": "http.post", "credentials": ["crm"]}]})
    world.executor().execute(world.admitted().id)
    assert world.sandbox.requests[0].actions == ("http.get", "http.post")


def test_the_closest_names_come_first_and_are_few() -> None:
    """For every message that says what may have been meant."""
    assert closest("http.gte", ["http.post", "http.get", "airtable"])[0] == "http.get"
    assert len(closest("abc", ["abd", "abe", "abf", "abg"])) == 3
    assert closest("x" * 100_000, ["http"]) == ()

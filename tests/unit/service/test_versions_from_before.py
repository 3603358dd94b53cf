"""Versions whose parameters could not be saved today: they let nothing through that they promised to hold back."""

from typing import Any

import pytest
from sqlalchemy import update
from tests.support.world import World

from midcall.domain.errors import InvalidInput
from midcall.domain.parameters import MASK
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.storage.schema import versions

TRUSTED = {"type": "object", "properties": {"tier": {"x-midcall": {"trusted_only": True}}}}
CONDITIONAL = {"type": "object", "properties": {"who": {"anyOf": [TRUSTED, {"type": "string"}]}}}
SENSITIVE = {
    "type": "object",
    "properties": {"login": {"anyOf": [{"properties": {"pin": {"x-midcall": {"sensitive": True}}}}, {"maxLength": 5}]}},
}


def stored(world: World, schema: dict[str, Any]) -> None:
    """Publish a function, and have its version say of its parameters what could once be saved."""
    world.published("look")
    world.agent(("look", Phase.DURING_SESSION))
    world.started()
    with world.storage.read() as tx:
        found = tx.functions.get(world.caller.workspace_id, "look")
        config = tx.functions.version(found.id, found.latest).stored
    with world.engine.begin() as connection:
        connection.execute(update(versions).values(config={**config, "parameters": schema}))


@pytest.mark.parametrize("schema", [CONDITIONAL, SENSITIVE])
def test_they_cannot_be_saved_any_more(world: World, schema: dict[str, Any]) -> None:
    """The fault names the place."""
    with pytest.raises(InvalidInput) as caught:
        world.draft("look", parameters=schema)
    assert caught.value.faults[0].loc.startswith("parameters.properties.")


def test_a_value_that_the_llm_must_not_send_closes_the_function(world: World) -> None:
    """Whatever was sent: whether the condition holds is not midcall's to guess."""
    stored(world, CONDITIONAL)
    for invocation in (
        world.admitted("look", params={"who": {"tier": "gold"}}),
        world.admitted("look", params={}),
        world.called("look", params={"who": {"tier": "gold"}}),
    ):
        assert invocation.status is InvocationStatus.REFUSED
        assert invocation.outcome is not None
        assert "save and publish a new one" in str(invocation.outcome.result)
    assert world.queue.enqueued == []


def test_what_may_be_sensitive_is_masked(world: World) -> None:
    """Under a condition, whether it holds or not; such a function goes on running."""
    stored(world, SENSITIVE)
    invocation = world.admitted("look", params={"login": {"pin": "1234", "name": "Ada"}})
    assert invocation.status is InvocationStatus.QUEUED
    assert world.invocations.find(world.caller, invocation.id).params == {"login": {"pin": MASK, "name": "Ada"}}
    misshapen = world.admitted("look", params={"login": "1234"})
    assert world.invocations.find(world.caller, misshapen.id).params == {"login": MASK}

"""The tools of an agent: what is attached during the session, as it would run, in the order of the attachments."""

import json
import time
from typing import Any

import pytest
from sqlalchemy import event
from tests.support.computing import computed_since
from tests.support.world import World

from midcall.domain.adapter import Vendor
from midcall.domain.agent import Attachment
from midcall.domain.errors import Forbidden, InvalidInput, NotFound
from midcall.domain.phases import Phase
from midcall.domain.visible import visible
from midcall.domain.workspace import Scope
from midcall.service.agents.adapters import AdapterInput
from midcall.service.agents.tools import MAX_PARAMETERS_BYTES, Tools
from midcall.vendors.tools.export import CALLING, Format

DURING = Phase.DURING_SESSION


def attach(function: str, **changes: Any) -> Attachment:
    """Attach a function during the session."""
    return Attachment(**{"function": function, "phase": DURING, "order": 0, **changes})


def exported(world: World, wanted: Format = Format.OPENAI, **changes: Any) -> Any:
    """Export the agent's tools."""
    asked = {"environment": "production", "adapter": None, **changes}
    return world.tools.export(world.caller, "front_desk", wanted=wanted, **asked).export


def adapter(world: World, adapter_id: str, vendor: str, **changes: Any) -> None:
    """Make an adapter of the agent."""
    fields = {"agent": "front_desk", "environment": "production", "vendor_agent": None, "secret": "s" * 32, **changes}
    world.adapters.put(world.caller, adapter_id, AdapterInput(vendor=Vendor(vendor), **fields))


def names(export: Any) -> list[str]:
    """Name the tools of an export in one of OpenAI's formats."""
    return [each["function"]["name"] for each in export.tools]


def told(export: Any) -> list[tuple[Any, ...]]:
    """Return the problems of an export, without their texts."""
    assert all(problem.msg for problem in export.problems)
    return [(problem.function, problem.loc, problem.exported) for problem in export.problems]


def test_tools_are_what_is_attached_during_the_session_in_order(world: World) -> None:
    """The same order each time, whatever the functions are called; other phases are not for the LLM."""
    for name in ("zeta", "alpha", "middle", "before"):
        world.published(name)
    world.agent(
        attach("middle", order=2), attach("zeta", order=1), attach("alpha", order=2), ("before", Phase.PRE_SESSION)
    )
    assert names(exported(world)) == ["zeta", "middle", "alpha"]
    assert told(exported(world)) == []


def test_a_version_is_the_pinned_one_or_the_published_one_of_the_environment(world: World) -> None:
    """As for a session that starts now."""
    for name in ("pinned", "followed"):
        world.published(name, description="The first one.")
        world.catalog.add_version(world.caller, name, {"description": "The second one."}, base=None, if_match=None)
        world.reviews.submit(world.caller, name, 2)
        world.catalog.publish(world.caller, name, 2, "staging")
    world.agent(attach("pinned", version=2), attach("followed", order=1))
    said = [each["function"]["description"] for each in exported(world).tools]
    assert said == ["The second one.", "The first one."]
    said = [each["function"]["description"] for each in exported(world, environment="staging").tools]
    assert said == ["The second one.", "The second one."]


def test_what_a_session_would_go_without_is_listed(world: World) -> None:
    """In its place: not published here, archived since."""
    for name in ("archived", "fine", "unpublished"):
        world.approved(name)
    world.catalog.publish(world.caller, "fine", 1, "production")
    world.catalog.publish(world.caller, "archived", 1, "production")
    world.agent(*(attach(name, order=place) for place, name in enumerate(("unpublished", "fine", "archived"))))
    world.catalog.archive(world.caller, "archived")
    assert names(exported(world)) == ["fine"]
    assert told(exported(world)) == [("unpublished", "published", False), ("archived", "", False)]
    assert told(exported(world, environment="staging"))[1] == ("fine", "published", False)


HIDING = {
    "type": "object",
    "properties": {
        "order": {"$ref": "#/$defs/number"},
        "tenant": {"$ref": "#/$defs/secret", "x-midcall": {"constant": "acme"}},
        "tier": {"type": "string", "x-midcall": {"from_variable": "account_tier"}},
        "customer": {"type": "string", "x-midcall": {"trusted_only": True}},
        "pin": {"type": "string", "x-midcall": {"sensitive": True}},
    },
    "required": ["order", "tenant", "customer"],
    "$defs": {"number": {"type": "integer", "x-own": "note"}, "secret": {"enum": ["acme", "umbrella"]}},
}


@pytest.mark.parametrize("wanted", Format)
def test_hidden_parameters_show_in_no_format(world: World, wanted: Format) -> None:
    """Neither by name nor by value, and nothing of what only they use; a sensitive one is for the LLM to ask for."""
    world.published("lookup", parameters=HIDING)
    world.agent(attach("lookup"))
    export = exported(world, wanted)
    text = str(export)
    hidden = ("tenant", "tier", "customer", "acme", "umbrella", "x-", "$")
    assert [word for word in hidden if word in text] == []
    assert "order" in text
    assert "pin" in text


@pytest.mark.parametrize("wanted", Format)
def test_where_a_webhook_leads_and_what_it_sends_is_not_the_llms_to_know(world: World, wanted: Format) -> None:
    """Neither its URL nor its headers, queries and secrets."""
    webhook = {
        "url": "https://internal.example.net/{{order}}",
        "headers": {"X-Tenant": "acme", "X-Order": "{{order}}"},
        "query": {"key": "sk-live-1"},
        "auth": {"type": "bearer", "token": "sk-live-2"},
    }
    world.published("lookup", kind="webhook", code=None, webhook=webhook)
    world.agent(attach("lookup"))
    text = str(exported(world, wanted).tools)
    assert "order" in text
    assert [word for word in ("internal", "acme", "X-Tenant", "sk-live", "bearer", "{{") if word in text] == []


def test_an_attachments_messages_and_timeout_go_before_the_functions_own(world: World) -> None:
    """And what the attachment does not say stays."""
    messages = {"started": ["One moment."], "error": {"404": "Not there.", "default": "Sorry."}}
    world.published("lookup", messages=messages, timeout=20, speak_after_execution=False)
    world.agent(attach("lookup"))
    tool = exported(world, Format.RETELL).tools[0]
    assert (tool["timeout_ms"], tool["execution_message_description"]) == (22_000, "One moment.")
    assert (tool["speak_during_execution"], tool["speak_after_execution"]) == (True, False)
    said = {each["type"]: each["content"] for each in exported(world, Format.VAPI).tools[0]["messages"]}
    assert said == {"request-start": "One moment.", "request-failed": "Sorry."}
    world.agent(attach("lookup", messages={"started": ["Let me see."]}, timeout=5))
    tool = exported(world, Format.RETELL).tools[0]
    assert (tool["timeout_ms"], tool["execution_message_description"]) == (7_000, "Let me see.")
    said = {each["type"]: each["content"] for each in exported(world, Format.VAPI).tools[0]["messages"]}
    assert said == {"request-start": "Let me see.", "request-failed": "Sorry."}


@pytest.mark.parametrize("wanted", Format)
def test_whoever_carries_out_a_call_is_told_how_beside_the_tools(world: World, wanted: Format) -> None:
    """In every format the same, by the function's name; a tool that is left out has none."""
    world.published("lookup", messages={"started": ["One moment."]}, timeout=20, speak_after_execution=False)
    world.published("report", background=True, parameters={"type": "object", "properties": {"q": {"type": "string"}}})
    world.approved("unpublished")
    world.agent(*(attach(name, order=place) for place, name in enumerate(("lookup", "report", "unpublished"))))
    lookup = {
        "timeout": 20,
        "client_timeout": 22,
        "background": False,
        "started": ["One moment."],
        "speak_during_execution": True,
        "speak_after_execution": False,
    }
    report = {
        "timeout": 120,
        "client_timeout": 122,
        "background": True,
        "started": [],
        "speak_during_execution": False,
        "speak_after_execution": True,
    }
    export = exported(world, wanted)
    assert export.execution == {"lookup": lookup, "report": report}
    if wanted is Format.MCP:
        assert [tool["_meta"] for tool in export.tools] == [
            {"midcall/execution": lookup},
            {"midcall/execution": report},
        ]
    world.agent(attach("lookup", timeout=5, messages={"started": []}))
    attached = exported(world, wanted).execution["lookup"]
    assert (attached["timeout"], attached["client_timeout"], attached["started"]) == (5, 7, [])


def test_an_output_schema_is_listed_for_mcp_where_it_is_kept(world: World) -> None:
    """Strict, and answered at once."""
    output = {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}}
    world.published("strict", output_schema=output, strict_output=True)
    world.published("later", output_schema=output, strict_output=True, background=True)
    world.published("loose", output_schema=output)
    world.agent(*(attach(name, order=place) for place, name in enumerate(("strict", "later", "loose"))))
    export = exported(world, Format.MCP)
    expected = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert [each.get("outputSchema") for each in export.tools] == [expected, None, None]
    assert told(export) == [("later", "output_schema", True), ("loose", "output_schema", True)]


@pytest.mark.parametrize("wanted", sorted(CALLING))
def test_a_format_with_urls_says_what_is_missing_for_them(world: World, wanted: Format) -> None:
    """No adapter, no public URL: the tools are there to be looked at, and the cure is told."""
    world.published("lookup")
    world.agent(attach("lookup"))
    export = exported(world, wanted)
    assert told(export) == [(None, "adapter", True)]
    assert "https://midcall.example.com/v1/adapters/ADAPTER_ID" in str(export.tools)
    adapter(world, "ad_1", wanted.value)
    assert told(exported(world, wanted)) == []
    world.tools = Tools(storage=world.storage, public_url="http://127.0.0.1:8787", public_url_set=False)
    assert told(exported(world, wanted)) == [(None, "url", True)]
    assert "http://127.0.0.1:8787/v1/adapters/ad_1" in str(exported(world, wanted).tools)


def test_the_only_adapter_is_taken_and_of_several_one_has_to_be_named(world: World) -> None:
    """Those of other vendors and environments are no choice; naming one of these is a fault."""
    world.published("lookup")
    world.agent(attach("lookup"))
    world.agents.put(world.caller, "other", version="", number="", attachments=[])
    for adapter_id, vendor, changes in (
        ("first", "retell", {}),
        ("vapis", "vapi", {}),
        ("others", "retell", {"agent": "other"}),
        ("stagings", "retell", {"environment": "staging"}),
    ):
        adapter(world, adapter_id, vendor, **changes)
    assert "/v1/adapters/first/" in str(exported(world, Format.RETELL).tools)
    adapter(world, "second", "retell")
    assert told(exported(world, Format.RETELL)) == [(None, "adapter", True)]
    assert "/v1/adapters/second/" in str(exported(world, Format.RETELL, adapter="second").tools)
    for named in ("vapis", "others", "stagings", "nowhere"):
        with pytest.raises(InvalidInput) as caught:
            exported(world, Format.RETELL, adapter=named)
        assert [fault.loc for fault in caught.value.faults] == ["adapter"]


def test_an_adapter_is_refused_where_no_url_is_written(world: World) -> None:
    """It would be left out in silence."""
    world.agent()
    with pytest.raises(InvalidInput) as caught:
        exported(world, adapter="ad_1")
    assert [fault.loc for fault in caught.value.faults] == ["adapter"]


def test_a_key_that_is_limited_to_agents_sees_the_tools_of_those_alone(world: World) -> None:
    """And an agent that is not there has none."""
    world.agent()
    asked: dict[str, Any] = {"wanted": Format.OPENAI, "environment": "production", "adapter": None}
    limited = world.colleague("runtime", Scope.RUN, agents=("other",))
    with pytest.raises(Forbidden):
        world.tools.export(limited, "front_desk", **asked)
    with pytest.raises(NotFound):
        world.tools.export(world.caller, "nobody", **asked)
    assert world.tools.export(world.caller, "front_desk", **asked).export.tools == []


def test_what_comes_after_more_parameters_than_anybody_can_use_is_listed(world: World) -> None:
    """In a second or two, however many parts each schema has once its references are written out."""
    part = {"type": "object", "properties": {f"q{n}": {"type": "string", "description": "x" * 90} for n in range(15)}}
    schema = {
        "type": "object",
        "properties": {f"p{n}": {"$ref": "#/$defs/part"} for n in range(90)},
        "$defs": {"part": part},
    }
    count = MAX_PARAMETERS_BYTES // len(json.dumps(visible(schema))) + 3
    for number in range(count):
        world.published(f"f{number}", parameters=schema)
    world.agent(*(attach(f"f{number}", order=number) for number in range(count)))
    began = time.process_time()
    for wanted in (Format.OPENAI, Format.OPENAI_STRICT):
        export = exported(world, wanted)
        assert names(export) == [f"f{number}" for number in range(count - 2)]
        assert told(export) == [(f"f{number}", "parameters", False) for number in range(count - 2, count)]
    assert computed_since(began) < 6


def test_many_functions_take_few_queries(world: World) -> None:
    """One for the agent, two for the functions, one for each 25 versions."""
    for number in range(30):
        world.published(f"f{number}")
    world.agent(*(attach(f"f{number}", order=number) for number in range(30)))
    queries: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    assert names(exported(world)) == [f"f{number}" for number in range(30)]
    assert len([query for query in queries if query.startswith("SELECT")]) == 5

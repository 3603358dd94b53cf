"""What becomes of each vendor's config: our document, and a note for each thing that is not carried over as it is."""

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import vendor_configs as configs
from tests.support.computing import computed_since
from tests.support.fakes import FakeOutbound

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import RESERVED_NAMES, name_problem
from midcall.service.functions.form import parse_function
from midcall.service.functions.next_document import check_webhook
from midcall.vendors.imports.config import MAX_NOTES
from midcall.vendors.imports.draft import ImportedFunction, fitting_name
from midcall.vendors.imports.readers import READERS, ImportVendor

BASE = "https://api.example.com"
RETELL = configs.retell_user_details(BASE)
VAPI = configs.vapi_tool(BASE)
ITELLICO = configs.itellico_salesforce(BASE)


def read(vendor: str, config: Any, **changes: Any) -> ImportedFunction:
    """Read a config with changed fields."""
    return READERS[ImportVendor(vendor)]({**config, **changes}, None)


def document(vendor: str, config: Any, **changes: Any) -> Mapping[str, Any]:
    """Return the whole document that our own form makes of a config."""
    found = read(vendor, config, **changes).document
    assert found is not None
    return parse_function(found).config().to_stored()


def noted(vendor: str, config: Any, **changes: Any) -> list[str]:
    """Return the paths of the notes, sorted."""
    return sorted(note.loc for note in read(vendor, config, **changes).notes)


def faults(vendor: str, config: Any, **changes: Any) -> list[str]:
    """Return the paths of the faults."""
    with pytest.raises(InvalidInput) as raised:
        read(vendor, config, **changes)
    return [fault.loc for fault in raised.value.faults]


def test_retell_get_user_details() -> None:
    """Every field lands where the table says; the sound is told."""
    found = document("retell", RETELL)
    assert found["webhook"] == {
        "url": f"{BASE}/users",
        "method": "POST",
        "headers": {"X-Source": "retell"},
        "query": {},
        "body": None,
        "payload": "args",
        "auth": {"type": "none"},
    }
    assert (found["attempt_timeout"], found["retries"], found["timeout"]) == (2, 1, 5)
    assert found["parameters"] == RETELL["parameters"]
    assert found["response_variables"] == {"user_name": "properties.users[0].name"}
    assert found["messages"]["started"] == ["Let me check that for you."]
    assert (found["speak_during_execution"], found["speak_after_execution"]) == (True, True)
    assert noted("retell", RETELL) == ["enable_typing_sound", "url"]


def test_retell_weather_with_user_name() -> None:
    """`{{user_name}}` needs no change; what Retell fills by itself is told."""
    config = configs.retell_weather(BASE)
    webhook = document("retell", config)["webhook"]
    assert (webhook["method"], webhook["headers"]) == ("GET", {"X-User": "{{user_name}}"})
    assert webhook["query"] == {"user": "{{user_name}}", "units": "metric"}
    assert noted("retell", config) == ["url"]
    query = {"q": "{{ call_id }}-{{agent_number}}"}
    assert noted("retell", config, query_params=query) == ["query_params.q", "url"]


def test_uponai_check_order_status() -> None:
    """Silent fields get what holds there: 2 minutes an attempt, two more attempts, all of them in one deadline."""
    found = document("retell", configs.uponai_check_order_status(BASE))
    assert (found["attempt_timeout"], found["retries"], found["timeout"]) == (120, 2, 361)
    assert found["webhook"]["payload"] == "call"
    assert noted("retell", configs.uponai_check_order_status(BASE)) == ["args_at_root", "url"]


def test_retell_times_are_bounded_and_said_to_be() -> None:
    """Whole seconds, ten minutes in all, five retries."""
    found = document("retell", RETELL, timeout_ms=1_500, max_retry=9)
    assert (found["attempt_timeout"], found["retries"], found["timeout"]) == (2, 5, 16)
    assert {"timeout_ms", "max_retry"} <= set(noted("retell", RETELL, timeout_ms=1_500, max_retry=9))
    found = document("retell", RETELL, timeout_ms=600_000, max_retry=1)
    assert (found["attempt_timeout"], found["timeout"]) == (600, 600)
    assert "timeout_ms" in noted("retell", RETELL, timeout_ms=600_000, max_retry=1)


@pytest.mark.parametrize("wrong", [True, "5", 10**400, -(10**400), 1e300, [], {}], ids=lambda it: str(it)[:9])
def test_what_is_no_time_and_no_count_is_a_fault(wrong: Any) -> None:
    """Nor is a number that no time has, which arithmetic would stumble over."""
    assert faults("retell", RETELL, timeout_ms=wrong, max_retry=wrong) == ["timeout_ms", "max_retry"]
    assert faults("vocobase", configs.vocobase_get_weather(BASE), timeout=wrong) == ["timeout"]
    assert faults("vapi", VAPI, server={"url": BASE, "timeoutSeconds": wrong}) == ["server.timeoutSeconds"]


def test_retell_prompts_and_other_tools_are_told() -> None:
    """A prompt for what to say is no text to say; a tool that calls no URL is nothing midcall has."""
    told = noted("retell", RETELL, execution_message_type="prompt")
    assert "execution_message_description" in told
    assert document("retell", RETELL, execution_message_type="prompt")["messages"]["started"] == []
    assert "execution_message_description" in noted("retell", RETELL, speak_during_execution=False)
    other = read("retell", {"type": "end_call", "name": "end"})
    assert (other.document, [note.loc for note in other.notes]) == (None, ["type"])
    assert "parameters" in noted("retell", RETELL, method="delete")


def test_vocobase_get_weather() -> None:
    """The document's curl needs no note at all."""
    config = configs.vocobase_get_weather(BASE)
    found = document("vocobase", config)
    assert found["webhook"]["payload"] == "args"
    assert found["webhook"]["headers"] == {"Authorization": f"Bearer {configs.TOKEN}"}
    assert (found["timeout"], found["retries"]) == (10, 0)
    assert found["parameters"]["required"] == ["city"]
    assert found["output_schema"]["required"] == ["temperature", "condition"]
    assert found["messages"]["error"] == config["error_message"]
    assert found["messages"]["started"] == config["started_messages"]
    assert read("vocobase", config).notes == ()


def test_vocobase_answer_without_header_values() -> None:
    """What its API answers can be read too; the values it keeps to itself are asked for."""
    data = {**configs.vocobase_get_weather(BASE), "id": "f1", "created_at": "x", "header_keys": ["Authorization"]}
    del data["headers"]
    found = READERS[ImportVendor.VOCOBASE]({"success": True, "data": data}, None)
    assert sorted(note.loc for note in found.notes) == ["data.created_at", "data.header_keys.0", "data.id"]
    assert found.place("webhook.url") == "data.url"
    custom = [{"name": "a", "type": "custom", "jsonSchema": {"enum": [1]}, "unit": "C"}]
    assert noted("vocobase", configs.vocobase_get_weather(BASE), input_schema=custom) == ["input_schema.0.unit"]
    braces = [{"key": "X-Odd", "value": "{{city}}"}]
    assert noted("vocobase", configs.vocobase_get_weather(BASE), headers=braces) == ["headers.X-Odd"]


def test_itellico_salesforce_lookup() -> None:
    """The name becomes one that an LLM can call, and stays as the display name."""
    found = document("itellico", ITELLICO)
    assert found["webhook"]["auth"] == {"type": "bearer", "token": configs.TOKEN}
    assert (found["name"], found["webhook"]["url"]) == ("lookup_customer", f"{BASE}/customers/{{{{customer_id}}}}")
    assert read("itellico", ITELLICO).document["display_name"] == "Lookup Customer"  # type: ignore[index]
    assert noted("itellico", ITELLICO) == ["name"]


def test_itellico_zendesk_ticket() -> None:
    """Basic auth, and the body as a template."""
    found = document("itellico", configs.itellico_zendesk(BASE))
    assert found["webhook"]["auth"]["username"] == "agent@company.com/token"
    assert found["webhook"]["payload"] == "template"
    assert found["parameters"]["properties"]["priority_level"]["default"] == "normal"
    assert noted("itellico", configs.itellico_zendesk(BASE)) == ["name"]


def test_itellico_inventory_with_x_api_key() -> None:
    """Auth in a header of its own; the example helps the LLM."""
    found = document("itellico", configs.itellico_inventory(BASE))
    assert found["webhook"]["auth"] == {"type": "header", "name": "X-API-Key", "value": configs.TOKEN}
    assert found["parameters"]["properties"]["sku"]["examples"] == ["PROD-12345"]


def test_itellico_types_defaults_and_bodies() -> None:
    """Defaults out of a text field get their type; bare placeholders get quotes, those in texts stay alone."""
    found = document("itellico", configs.itellico_update_customer(BASE))
    assert found["parameters"]["properties"]["calls"]["default"] == 1
    assert '"calls": "{{calls}}"' in found["webhook"]["body"]
    assert noted("itellico", configs.itellico_update_customer(BASE)) == ["body", "name"]
    zendesk = configs.itellico_zendesk(BASE)
    assert noted("itellico", zendesk, body=None) == ["body", "name"]
    assert noted("itellico", zendesk, body={"t": 1}, query={"a": "b"}) == ["name", "query"]
    assert noted("itellico", ITELLICO, body={"t": 1}) == ["body", "name"]
    assert noted("itellico", ITELLICO, url=BASE) == ["name", "variables.0"]
    assert noted("itellico", ITELLICO, url=BASE, headers={"X": "{{ customer_id }}"}) == ["name"]
    wrong = [{"name": "n", "type": "integer", "default": "many"}, {"name": "s", "type": "phone", "default": True}]
    assert faults("itellico", ITELLICO, variables=wrong) == ["variables.0.default", "variables.1.default"]


def test_subverse_webhook() -> None:
    """A URL gets the session body; the phase belongs to the attachment."""
    found = document("subverse", configs.subverse_webhook(BASE))
    assert (found["webhook"]["payload"], found["webhook"]["method"]) == ("session", "POST")
    assert list(found["parameters"]["properties"]) == ["customer_email"]
    assert found["messages"]["returned"].startswith("I've sent")
    assert noted("subverse", configs.subverse_webhook(BASE)) == ["phase"]


def test_subverse_code_stands_as_a_comment_whatever_it_holds() -> None:
    """Each line of the JavaScript is a comment for Python, and none is the encoding's; the actions are told."""
    found = document("subverse", configs.subverse_code())
    source = found["code"]["source"]
    assert "# async function handler(body) {\n" in source
    assert sorted(noted("subverse", configs.subverse_code())) == ["actions", "code", "code", "phase"]
    nasty = "// coding: latin-1\r// a\x0cimport os\u2028import sys\r\nimport re\n\x0bimport io"
    source = document("subverse", configs.subverse_code(), code=nasty)["code"]["source"]
    names = compile(source, "draft", "exec").co_names
    assert names == ("handler",)


def test_vapi_function_tool() -> None:
    """Messages, secret, headers and time; the wire format is another, which is told."""
    found = document("vapi", VAPI)
    assert (found["name"], found["background"], found["timeout"], found["retries"]) == ("get_weather", True, 5, 0)
    assert found["webhook"]["auth"] == {"type": "header", "name": "X-Vapi-Secret", "value": configs.TOKEN}
    assert found["messages"] == {"started": ["One moment."], "error": "That did not work.", "returned": "Done."}
    told = ["function.name", "function.name", "function.strict", "server.url"]
    told += ["messages.2.endCallAfterSpokenEnabled", "messages.3.timingMilliseconds", "messages.3.type"]
    assert noted("vapi", VAPI) == sorted(told)
    other = read("vapi", {"type": "transferCall"})
    assert (other.document, [note.loc for note in other.notes]) == (None, ["type"])
    assert faults("vapi", VAPI, server={}) == ["server.url"]


@pytest.mark.parametrize("vendor", list(ImportVendor))
def test_unknown_fields_are_never_dropped_silently(vendor: ImportVendor) -> None:
    """At the top and below; and no config has hundreds of them."""
    examples = {
        "retell": RETELL,
        "vocobase": configs.vocobase_get_weather(BASE),
        "itellico": ITELLICO,
        "subverse": configs.subverse_webhook(BASE),
        "vapi": VAPI,
    }
    config = examples[vendor]
    before = noted(vendor, config)
    assert noted(vendor, config, surprise={"a": 1}) == sorted([*before, "surprise"])
    assert noted(vendor, config, nothing=None) == before
    many = {f"x{number}": 1 for number in range(MAX_NOTES + 1)}
    assert faults(vendor, config, **many) == [""]


def test_unknown_fields_inside_are_told_with_their_path() -> None:
    """What stands below a known field is looked at as well."""
    assert "auth.realm" in noted("itellico", ITELLICO, auth={"type": "none", "realm": "x"})
    assert "server.proxy" in noted("vapi", VAPI, server={"url": BASE, "proxy": "x"})
    assert "auth.token" in noted("itellico", ITELLICO, auth={"type": "none", "token": "x"})


def faults_of_ours(document: Any) -> tuple[Fault, ...]:
    """Return what our own rules say against a document."""
    try:
        check_webhook(parse_function(document).config().to_stored(), FakeOutbound())
    except InvalidInput as error:
        return error.faults
    return ()


@pytest.mark.parametrize(
    ("vendor", "changes"),
    [
        ("retell", {"url": "{{" + " " * 500_000}),
        ("retell", {"headers": {"X": "{{ " * 300_000}}),
        ("itellico", {"method": "POST", "body": '"' + '\\"' * 300_000}),
        ("itellico", {"variables": [{"name": "customer_id"}] * 40_000}),
        ("itellico", {"variables": [{"name": 5}] * 40_000}),
        ("subverse", {"code": "subverseActions" + " " * 500_000, "webhookUrl": ""}),
        ("retell", {"headers": {"." * 500_000: "x"}}),
    ],
)
def test_a_megabyte_of_nearly_anything_is_read_at_once(vendor: str, changes: Any) -> None:
    """As much as a body may hold is read in time that grows with it, not with its square."""
    base = {"retell": RETELL, "itellico": ITELLICO, "subverse": configs.subverse_code()}[vendor]
    began = time.process_time()
    with contextlib.suppress(InvalidInput):
        found = read(vendor, base, **changes)
        assert found.document is not None
        for fault in faults_of_ours(found.document):
            assert not found.place(fault.loc).startswith("function.")
    assert computed_since(began) < 2.0


def test_notes_and_faults_hold_no_value() -> None:
    """Values of headers and auth are secrets; a note names the field alone."""
    config = {**ITELLICO, "headers": {"Host": "sec-ret"}, "auth": {"type": "none", "token": "sec-ret"}}
    assert "sec-ret" not in str(read("itellico", config).notes)
    with pytest.raises(InvalidInput) as raised:
        read("itellico", config, headers={"X": ["sec-ret"]})
    assert "sec-ret" not in str(raised.value.faults)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("get_weather", "get_weather"),
        ("GetWeather", "GetWeather"),
        ("Lookup Order Status", "lookup_order_status"),
        ("get-weather!", "get_weather"),
        ("2fa", "_2fa"),
        ("Größe prüfen", "groe_prufen"),
        ("天気", "imported_function"),
        ("checkout", "checkout_function"),
        ("Add to cart", "add_to_cart_function"),
        ("x" * 80, "x" * 63),
        ("", "imported_function"),
    ],
)
def test_names_that_do_not_fit_are_changed(given: str, wanted: str) -> None:
    """To one that midcall takes, near to what it was."""
    assert fitting_name(given) == wanted
    assert name_problem(wanted) is None


@given(st.text() | st.sampled_from(sorted(RESERVED_NAMES)))
def test_every_name_can_be_fitted(given: str) -> None:
    """Whatever it holds."""
    assert name_problem(fitting_name(given)) is None


def test_a_chosen_name_takes_the_place_of_theirs() -> None:
    """Theirs stays as the display name, and the target is told of ours."""
    found = READERS[ImportVendor.RETELL](configs.uponai_check_order_status(BASE), "order_status")
    assert found.document is not None
    assert (found.document["name"], found.document["display_name"]) == ("order_status", "check_order_status")
    assert [note.loc for note in found.notes].count("name") == 2


WORDS = [
    *("type", "name", "description", "url", "method", "headers", "query", "query_params", "parameters", "auth", "body"),
    *("response_variables", "timeout_ms", "max_retry", "execution_message_type", "execution_message_description"),
    *("speak_during_execution", "args_at_root", "enable_typing_sound", "data", "success", "input_schema", "key"),
    *("output_schema", "timeout", "started_messages", "error_message", "header_keys", "variables", "value", "example"),
    *("required", "default", "functionName", "phase", "webhookUrl", "code", "errorMessage", "backgroundTask"),
    *("dataType", "identifier", "function", "server", "messages", "async", "strict", "secret", "timeoutSeconds"),
    *("backoffPlan", "maxRetries", "content", "token", "username", "properties", "$schema", "jsonSchema"),
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.text(st.characters(categories=["Cs", "Cc"]), max_size=4)
    | st.sampled_from(
        ["object", "string", "custom", "function", "basic", "POST", "get", "{{x}}", "https://a.example/x"]
    )
    | st.sampled_from(
        ["static_text", "prompt", "request-start", "header", "body", "pre", "number", "{{call_id}}", "{{"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
        | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=20,
)
EXAMPLES = [
    (ImportVendor.RETELL, RETELL),
    (ImportVendor.VOCOBASE, configs.vocobase_get_weather(BASE)),
    (ImportVendor.ITELLICO, configs.itellico_zendesk(BASE)),
    (ImportVendor.SUBVERSE, configs.subverse_code()),
    (ImportVendor.SUBVERSE, configs.subverse_webhook(BASE)),
    (ImportVendor.VAPI, VAPI),
]


def nothing_but_invalid_input(vendor: ImportVendor, config: Any) -> None:
    """Read a config all the way to the document, or be told by InvalidInput what is wrong."""
    with contextlib.suppress(InvalidInput):
        found = READERS[vendor](config, None)
        assert found.document is not None or found.notes
        if found.document is not None:
            check_webhook(parse_function(found.document).config().to_stored(), FakeOutbound())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(ImportVendor)), values)
def test_any_json_is_read_or_is_invalid_input(vendor: ImportVendor, config: Any) -> None:
    """Nothing else is ever raised."""
    nothing_but_invalid_input(vendor, config)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EXAMPLES), st.data())
def test_an_example_with_anything_in_it_is_read_or_is_invalid_input(example: Any, data: st.DataObject) -> None:
    """One field of a sound config, or one of an object in it, holds anything; or all of a vendor's words do."""
    vendor, config = example
    changed = {**config, data.draw(st.sampled_from([*config, *WORDS])): data.draw(values)}
    place = data.draw(st.sampled_from(sorted(config)))
    if isinstance(config[place], dict):
        changed[place] = {**config[place], data.draw(st.sampled_from(WORDS)): data.draw(values)}
    elif isinstance(config[place], list) and config[place] and isinstance(config[place][0], dict):
        changed[place] = [{**config[place][0], data.draw(st.sampled_from(WORDS)): data.draw(values)}]
    nothing_but_invalid_input(vendor, changed)


def test_numbers_in_headers_and_query_are_the_texts_that_json_has_for_them() -> None:
    """In an object or a list; what has no such text is a fault."""
    query = {"limit": 100, "rate": 2.0, "all": True}
    listed = [{"name": name, "value": value} for name, value in query.items()]
    wanted = {"limit": "100", "rate": "2", "all": "true"}
    assert document("itellico", ITELLICO, query=query)["webhook"]["query"] == wanted
    assert document("itellico", ITELLICO, query=listed, headers=listed)["webhook"]["headers"] == wanted
    assert faults("itellico", ITELLICO, query={"limit": float("inf")}) == ["query.limit"]
    assert faults("itellico", ITELLICO, query={"limit": [1]}) == ["query.limit"]


def test_retells_variables_with_a_time_zone_get_a_name_that_can_be_written() -> None:
    """In URL, headers and query, and nowhere else; each is noted."""
    zoned = "{{ current_time_America/New_York }}"
    changes = {"url": f"{BASE}/x?at={zoned}", "headers": {"X-T": zoned, "X-U": "a/b"}, "query_params": {"t": zoned}}
    webhook = document("retell", RETELL, **changes, description=f"Says {zoned}.")["webhook"]
    named = "{{ current_time_America_New_York }}"
    assert (webhook["url"], webhook["headers"]) == (f"{BASE}/x?at={named}", {"X-T": named, "X-U": "a/b"})
    assert webhook["query"] == {"t": named}
    assert {"url", "headers.X-T", "query_params.t"} <= set(noted("retell", RETELL, **changes))

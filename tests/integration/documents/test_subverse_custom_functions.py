"""SubVerse, "Custom Functions" (docs.subverseai.com), sentence by sentence.

Held elsewhere: what the Code Assistant does when its code is refused, and what it is told
(`tests/integration/api/test_assistant.py`); every action against its service
(`tests/integration/connectors`, `tests/integration/actions/test_every_connector.py`); SubVerse's own functions brought
along (`tests/integration/api/test_vendor_imports.py`); what a sandbox cannot do (`tests/integration/sandbox`).

No counterpart here: the index of its documentation (llms.txt), pictures and cards; its clouds, channels and Background
Agents; code in JavaScript (what is brought along becomes a comment to rewrite); how many minutes an assistant takes.
"""

import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.integration.documents.document_user import DocumentUser
from tests.support.models import Endpoint, proposal
from tests.support.patience import CLIENT_S
from tests.support.target import Received, Reply, replying

Json = dict[str, Any]

#: The document's session body, without its remarks.
BODY: Json = {
    "sessionId": "test_session_id",
    "direction": "inbound",
    "agentDetails": {"name": "agent_name", "version": "default - v9"},
    "userDetails": {"id": "user@example.com", "email": "user@example.com", "number": "1234567890"},
    "communicationChannelName": "test-channel",
    "communicationChannelId": "test-channel-id",
    "threadId": ["message-1", "message-2"],
    "recordingUrl": "https://test.com/recording.mp3",
    "dynamicVariables": {"currentTime": "2026-04-28T07:13:23.915Z"},
    "createdAt": "2026-04-28T07:13:23.915Z",
    "time": "2026-04-28T07:13:23.915Z",
    "params": {},
    "analysis": {},
    "llmResponse": "",
}
#: Fields that a runtime sets when it starts a session.
SENT = {
    name: BODY[name]
    for name in (
        *("direction", "agentDetails", "userDetails", "communicationChannelName", "communicationChannelId", "threadId"),
        "recordingUrl",
    )
}
SHOW = "def handler(session):\n    return {'result': session}\n"


def mocked(user: DocumentUser, name: str, mocks: list[Json], **body: Any) -> Any:
    """Test a function whose actions are answered by mocks; returns the report."""
    return user.admin.ok("POST", f"/v1/functions/{name}/test", {"mocks": mocks, "dry": True, **body})


# What you can do ------------------------------------------------------------------------------------------------------


def test_call_your_own_api_or_webhook(user: DocumentUser) -> None:
    """'Call your own API or webhook — POST session data to your backend and return a response.'"""
    user.there.answer = lambda _: replying({"plan": "gold"})
    user.bring(
        "subverse",
        {
            "functionName": "fetch_plan",
            "description": "Fetches the caller's plan.",
            "parameters": [{"dataType": "string", "identifier": "email", "description": "Email"}],
            "webhookUrl": f"{user.there.url}/plans",
        },
    )
    user.talk("fetch_plan", **SENT)
    assert user.done("fetch_plan", {"email": "a@b.example"})["content"] == {"plan": "gold"}
    got = user.there.last
    assert (got.method, got.path) == ("POST", "/plans")
    assert set(got.json) >= set(BODY)
    assert (got.json["sessionId"], got.json["params"]) == ("s1", {"email": "a@b.example"})


INTEGRATIONS = {
    "shopify": (
        "shopify.get_order(name='#1001')",
        {"shop_domain": "a-shop.myshopify.com", "access_token": "shpat_1"},
        {"id": "gid://1", "name": "#1001"},
    ),
    "airtable": (
        "airtable.get_record_list({'baseId': 'app123', 'tableIdOrName': 'Orders'})",
        {"token": "pat-1"},
        {"records": []},
    ),
    "slack": ("slack.post_message(channel='C0123456789', text='A new lead')", {"bot_token": "xoxb-1"}, {"ok": True}),
    "whatsapp": (
        "whatsapp.send_text(to='+4930123456', body='It is on its way')",
        {"access_token": "EAA-1", "phone_number_id": "123456"},
        {"messages": [{"id": "wamid.1"}]},
    ),
}


@pytest.mark.parametrize("service", INTEGRATIONS)
def test_connect_to_other_platforms_without_integration_code(user: DocumentUser, service: str) -> None:
    """'Connect to Shopify, Airtable, Slack, WhatsApp, and other platforms without writing any integration code
    yourself': a credential, the action, one line of code.
    """
    call, values, answer = INTEGRATIONS[service]
    user.admin.ok("PUT", "/v1/credentials/ours", {"type": service, "values": values})
    source = f"def handler(session, actions):\n    return actions.{call}\n"
    user.code("act", source, actions=({"name": service, "credentials": ["ours"]},))
    report = mocked(user, "act", [{"action": service, "returns": answer}])
    assert (report["status"], report["result"]) == ("ok", answer), report["error"]
    assert [each["action"].split(".")[0] for each in report["actions"]] == [service]


def test_write_custom_code(user: DocumentUser) -> None:
    """'Define exactly what happens using code that runs securely on SubVerse infrastructure. No server needed.'"""
    source = "def handler(session):\n    price = session['params']['price']\n    return f'{price * 1.19:.2f} EUR'\n"
    user.code("add_tax", source, parameters=[{"name": "price", "type": "number", "required": True}])
    user.talk("add_tax")
    assert user.done("add_tax", {"price": 100})["content"] == "119.00 EUR"


# The Code Assistant ---------------------------------------------------------------------------------------------------

ASKED = "Look up the customer's order status from Shopify using their email, and return the latest order details."
WRITTEN = """\
def handler(session, actions):
    email = session["params"]["customer_email"]
    found = actions.shopify.list_orders({"query": f'email:"{email}"', "first": 1})
    return found["orders"][0] if found["orders"] else "There is no order."
"""


def test_the_code_assistant_writes_it_and_the_person_decides(user: DocumentUser, model: Endpoint) -> None:
    """'Describe what you want the function to do - for example: "Look up the customer's order status from Shopify …".
    The Code Assistant writes the code, aware of the session body structure and the integrations you have enabled.
    Review the generated code and request changes by chatting with the assistant. Once satisfied, request approval.'
    """
    user.admin.ok("PUT", "/v1/credentials/shop", {"type": "shopify", "values": INTEGRATIONS["shopify"][1]})
    draft: Json = {
        "name": "order_status",
        "description": "Call this when a customer asks where their order is.",
        "parameters": [{"name": "customer_email", "type": "email", "required": True}],
        "code": {"source": "", "actions": [{"name": "shopify", "credentials": ["shop"]}]},
    }
    model.answers(proposal(WRITTEN.replace("There is no order.", "None.")), proposal(WRITTEN))
    first = user.admin.ok("POST", "/v1/assistant/code", {"description": ASKED, "function": draft})
    assert first["status"] == "passed"
    told = json.dumps(model.asked[0].json)
    assert not [word for word in (*BODY, "customer_email", "shopify.list_orders") if word not in told]
    draft["code"]["source"] = first["source"]
    said = [{"role": "user", "text": ASKED}, {"role": "assistant", "text": first["explanation"]}]
    second = user.admin.ok(
        "POST", "/v1/assistant/code", {"description": "Say so in a sentence.", "function": draft, "messages": said}
    )
    assert second["source"] == WRITTEN
    draft["code"]["source"] = second["source"]
    user.publish({"kind": "code", **draft})
    orders = {"orders": [{"name": "#1001", "fulfillmentStatus": "FULFILLED"}]}
    mocks = [{"action": "shopify.list_orders", "returns": orders}]
    report = mocked(user, "order_status", mocks, params={"customer_email": "ann@example.com"})
    assert report["result"] == orders["orders"][0], report["error"]


# Review, approval, sandbox --------------------------------------------------------------------------------------------


def test_nothing_runs_in_production_before_its_review(user: DocumentUser) -> None:
    """'Every piece of custom code goes through an automated review before it can run in production.'"""
    document = {"name": "act", "description": "Acts.", "kind": "code", "code": {"source": SHOW}}
    user.admin.ok("POST", "/v1/functions", document, status=201)
    assert user.admin.problem(409, "POST", "/v1/functions/act/publish", {"version": 1})
    assert user.admin.send("POST", "/v1/functions/act/invoke", json={"params": {}}).status_code in {404, 409}


def test_the_review_approves_or_says_what_needs_to_change(user: DocumentUser) -> None:
    """'… evaluates the code for safety and correctness and either approves it or returns comments explaining what needs
    to change — instantly': the comment has its line, and what to write instead; the mended code is approved.
    """
    source = "import os\n\n\ndef handler(session):\n    return os.environ['KEY']\n"
    document = {"name": "act", "description": "Acts.", "kind": "code", "code": {"source": source}}
    user.admin.ok("POST", "/v1/functions", document, status=201)
    review = user.admin.ok("POST", "/v1/functions/act/versions/1/submit")
    assert review["status"] == "changes_requested"
    assert [one["line"] for one in review["comments"] if one["severity"] == "error" and one["suggestion"]]
    user.admin.ok("POST", "/v1/functions/act/versions", {"code": {"source": SHOW}}, status=201)
    assert user.admin.ok("POST", "/v1/functions/act/versions/2/submit")["status"] == "approved"


def test_the_test_button_shows_exactly_what_the_function_returns(user: DocumentUser) -> None:
    """'Once approved, use the Test button to run the function in a sandbox environment. You'll see exactly what the
    function returns — including the full response object — before the agent ever uses it in a live session.'
    """
    returned = {"result": {"orders": [1, 2]}, "dynamicVariables": {"tier": "gold"}, "more": None}
    source = f"def handler(session):\n    print('looked')\n    return {returned!r}\n"
    document = {"name": "act", "description": "Acts.", "kind": "code", "code": {"source": source}}
    user.admin.ok("POST", "/v1/functions", document, status=201)
    assert user.admin.send("POST", "/v1/functions/act/test", json={}).status_code == 409
    user.admin.ok("POST", "/v1/functions/act/versions/1/submit")
    report = user.admin.ok("POST", "/v1/functions/act/test", {})
    assert (report["status"], report["result"], report["logs"]) == ("ok", returned, "looked\n")
    assert report["dynamicVariables"] == {"tier": "gold"}
    assert user.admin.ok("GET", "/v1/functions/act")["published"] == {}


# Parameters and configuration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "said", "got"), [("string", 7, "7"), ("number", "7.5", 7.5), ("boolean", "yes", True)]
)
def test_data_types(user: DocumentUser, kind: str, said: Any, got: Any) -> None:
    """'Data Type: string, number, or boolean.' 'the LLM extracts these values from the conversation and passes them to
    your function automatically.'
    """
    user.code("act", SHOW, parameters=[{"name": "value", "type": kind}])
    user.talk("act")
    assert user.done("act", {"value": said})["result"]["params"] == {"value": got}


def test_the_identifier_is_the_key_and_the_description_is_for_the_llm(user: DocumentUser) -> None:
    """'Identifier: The key name passed to your function (e.g., customer_email)', 'Description: Helps the LLM understand
    what to extract for this parameter (during-session only)'.
    """
    field = {"name": "customer_email", "type": "string", "description": "The customer's email"}
    source = "def handler(session):\n    return session['params']['customer_email']\n"
    user.code("act", source, parameters=[field])
    user.talk("act")
    assert user.done("act", {"customer_email": "a@b.example"})["result"] == "a@b.example"
    shown = user.tool("act")["parameters"]["properties"]
    assert shown == {"customer_email": {"type": "string", "description": "The customer's email"}}


@pytest.mark.parametrize("phase", ["pre_session", "post_session"])
def test_only_functions_of_the_conversation_are_shown_to_the_llm(user: DocumentUser, phase: str) -> None:
    """The same sentence, '(during-session only)': functions before and after have no LLM to show them to."""
    user.code("act", SHOW)
    user.agent(act=phase)
    assert user.admin.ok("GET", "/v1/agents/desk/tools")["tools"] == []


def test_the_function_name_is_a_unique_identifier(user: DocumentUser) -> None:
    """'Function Name: A unique identifier for the function (e.g., fetch_order_status).'"""
    user.code("fetch_order_status", SHOW)
    document = {"name": "fetch_order_status", "description": "Again.", "kind": "code", "code": {"source": SHOW}}
    assert user.admin.problem(409, "POST", "/v1/functions", document)["code"] == "name_taken"


def test_the_description_is_what_the_llm_decides_by(user: DocumentUser) -> None:
    """'Description: Explains what the function does. The LLM uses this during-session to decide when to call it.'"""
    user.code("act", SHOW, description="Fetches the status of an order by its number.")
    user.talk("act")
    assert user.tool("act")["description"] == "Fetches the status of an order by its number."


@pytest.mark.parametrize("given", ["webhookUrl", "code", "neither"])
def test_a_webhook_url_or_the_code_editor(user: DocumentUser, given: str) -> None:
    """'Webhook URL: Your API endpoint — or leave this empty and use the built-in code editor instead.'"""
    config = {"functionName": "act", "description": "Acts on what was said.", "webhookUrl": ""}
    texts = {"webhookUrl": f"{user.there.url}/hook", "code": "return { ok: true };", "neither": ""}
    if given != "neither":
        made = user.admin.ok("POST", "/v1/import", {"vendor": "subverse", "config": {**config, given: texts[given]}})
        assert made["function"]["kind"] == ("webhook" if given == "webhookUrl" else "code")
    else:
        assert "webhookUrl nor code" in user.refused({"vendor": "subverse", "config": config}, "/v1/import")


def test_the_error_message_is_what_the_agent_says_if_it_fails(user: DocumentUser) -> None:
    """'Error Message: What the agent says if the function fails (e.g., "I wasn't able to retrieve that — I'll follow up
    after the call.").'
    """
    said = "I wasn't able to retrieve that — I'll follow up after the call."
    user.code("act", "def handler(session):\n    return 1 / 0\n", messages={"error": said})
    user.talk("act")
    outcome = user.call("act")
    assert (outcome["status"], outcome["message"], outcome["is_error"]) == ("failed", said, True)


def test_a_background_task_does_not_block_and_has_a_return_message(user: DocumentUser) -> None:
    """'Return Message: Used when the function runs in the background (e.g., "I've sent that request — you'll hear back
    shortly.").' 'Background Task: Toggle on to run the function without blocking the agent's response.'
    """
    answered = threading.Event()

    def answer(_: Received) -> Reply:
        assert answered.wait(CLIENT_S)
        return replying({"dynamicVariables": {"sent": True}})

    user.there.answer = answer
    said = "I've sent that request — you'll hear back shortly."
    config = {"functionName": "act", "description": "Sends a request.", "webhookUrl": f"{user.there.url}/requests"}
    user.bring("subverse", {**config, "returnMessage": said, "backgroundTask": True})
    user.talk("act")
    outcome = user.call("act")
    assert (outcome["status"], outcome["message"], outcome["content"]) == ("accepted", said, said)
    answered.set()
    assert user.settled()["dynamicVariables"]["sent"] is True


def test_without_it_the_agent_has_the_result_before_replying(user: DocumentUser) -> None:
    """'Toggle off when the agent needs the result before replying (e.g., fetching order details).' 'If Background Task
    is off, the agent waits for your function's response before replying to the customer.'
    """
    user.code("act", "def handler(session):\n    return {'order': 'shipped'}\n", background=False)
    user.talk("act")
    assert user.done("act")["content"] == {"order": "shipped"}


# The session body -----------------------------------------------------------------------------------------------------


@pytest.fixture
def phases(user: DocumentUser) -> DocumentUser:
    """Attach a function that shows what it gets to every phase."""
    for name in ("before", "during", "after"):
        user.code(name, SHOW.replace("{'result': session}", "session"), parameters=[{"name": "n", "type": "number"}])
    user.agent(before="pre_session", during="during_session", after="post_session")
    return user


def bodies(user: DocumentUser, **sent: Any) -> dict[str, Mapping[str, Any]]:
    """Go through a whole session; returns what each function got."""
    user.start("test_session_id", **{**SENT, **sent})
    user.done("during", {"n": 3}, session="test_session_id")
    user.end("test_session_id", analysis={"sentiment": "content"}, llmResponse="Done.")
    ran = user.settled("test_session_id")["invocations"]
    assert [run["status"] for run in ran] == ["succeeded"] * 3
    return {run["function"]: user.admin.ok("GET", f"/v1/invocations/{run['id']}")["result"] for run in ran}


def test_every_function_receives_a_consistent_body_in_every_phase(phases: DocumentUser) -> None:
    """'Every custom function receives a consistent request body regardless of phase', every field of the table: what
    the runtime sent as it was sent, times in ISO 8601, `params` 'Populated during-session only', `analysis` 'Populated
    in post-session functions only', `llmResponse` 'Optional. Sent in the post-call'.
    """
    found = bodies(phases)
    for name, body in found.items():
        assert set(body) >= set(BODY), name
        assert body["sessionId"] == "test_session_id"
        for field, value in SENT.items():
            if isinstance(value, Mapping):
                assert body[field].items() >= value.items(), (name, field)
            else:
                assert body[field] == value, (name, field)
        for moment in (body["createdAt"], body["time"], body["dynamicVariables"]["currentTime"]):
            assert len(moment) == len("2026-04-28T07:13:23.915Z")
            assert moment.endswith("Z")
        assert body["time"] >= body["createdAt"]
    assert [found[name]["params"] for name in ("before", "during", "after")] == [{}, {"n": 3}, {}]
    sentiment = {"sentiment": "content"}
    assert [found[name]["analysis"] for name in ("before", "during", "after")] == [{}, {}, sentiment]
    assert [found[name]["llmResponse"] for name in ("before", "during", "after")] == ["", "", "Done."]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("direction", "inbound"),
        ("direction", "outbound"),
        ("agentDetails", {"version": "v9"}),
        ("agentDetails", {"version": "draft - v8"}),
        ("agentDetails", {"version": "default - v5"}),
    ],
)
def test_values_that_the_table_names(user: DocumentUser, field: str, value: Any) -> None:
    """'direction: "inbound" or "outbound"', 'agentDetails.version: … one of: "v9", "draft - v8", "default - v5"'."""
    user.code("act", SHOW)
    user.talk("act", **{field: value})
    body = user.done("act")["result"]
    if isinstance(value, Mapping):
        assert body[field].items() >= value.items()
    else:
        assert body[field] == value


def test_the_test_takes_the_documents_body_as_it_is(user: DocumentUser) -> None:
    """The example under 'Session Body', given to Test: the function gets each of its values."""
    user.code("act", "def handler(session):\n    return session\n")
    report = user.admin.ok("POST", "/v1/functions/act/test", {"session": BODY})
    assert report["status"] == "ok"
    for name in ("createdAt", "communicationChannelName", "threadId", "recordingUrl", "direction", "userDetails"):
        assert report["result"][name] == BODY[name] or report["result"][name].items() >= BODY[name].items()
    assert report["result"]["dynamicVariables"]["currentTime"] == "2026-04-28T07:13:23.915Z"


def test_variables_of_earlier_functions_reach_every_later_one(user: DocumentUser) -> None:
    """'dynamicVariables: Variables set by earlier functions in the session — available to every subsequent
    function.'
    """
    for name in ("one", "two", "three"):
        source = f"def handler(session):\n    seen = [*session['dynamicVariables'].get('seen', []), {name!r}]\n"
        user.code(name, f"{source}    return {{'dynamicVariables': {{'seen': seen}}}}\n")
    user.agent(one="pre_session", two="during_session", three="post_session")
    user.start()
    user.done("two")
    user.end(analysis={})
    assert user.settled()["dynamicVariables"]["seen"] == ["one", "two", "three"]


# Phases ---------------------------------------------------------------------------------------------------------------

RETURNED: Json = {
    "dynamicVariables": {"customer_name": "Jane Smith", "account_tier": "premium", "open_tickets": 2},
    "terminateAgent": False,
}


def test_a_pre_session_function_injects_variables(user: DocumentUser) -> None:
    """'Your function can return: {"dynamicVariables": {"customer_name": "Jane Smith", …}, "terminateAgent": false}'
    — 'injected into the agent's context and available to all subsequent functions.'
    """
    user.code("greet", f"def handler(session):\n    return {RETURNED!r}\n")
    user.code("act", "def handler(session):\n    return session['dynamicVariables']\n")
    user.agent(greet="pre_session", act="during_session")
    started = user.start()
    assert (started["status"], started["terminateAgent"]) == ("active", False)
    assert started["dynamicVariables"].items() >= RETURNED["dynamicVariables"].items()
    assert user.done("act")["result"].items() >= RETURNED["dynamicVariables"].items()


@pytest.mark.parametrize("kind", ["code", "webhook"])
def test_terminate_agent_aborts_the_session_before_the_agent(user: DocumentUser, kind: str) -> None:
    """'terminateAgent: true — Abort the session before the agent activates. Acts as a security gateway — the LLM is
    never initialised': the runtime is told before it starts one; nothing of the session runs.
    """
    returned = {"terminateAgent": True, "reason": "This number is blocked."}
    if kind == "code":
        user.code("guard", f"def handler(session):\n    return {returned!r}\n")
    else:
        user.there.answer = lambda _: replying(returned)
        user.webhook("guard")
    for name in ("second", "act", "after"):
        user.code(name, SHOW)
    user.agent(guard="pre_session", second="pre_session", act="during_session", after="post_session")
    started = user.start()
    assert (started["status"], started["terminateAgent"]) == ("terminated", True)
    assert started["reason"] == "This number is blocked."
    path = "/v1/sessions/s1/functions/act"
    assert user.admin.problem(409, "POST", path, {"params": {}})["code"] == "session_over"
    user.end(analysis={})
    assert [run["function"] for run in user.settled()["invocations"]] == ["guard"]


def test_pre_session_validates_the_customer(user: DocumentUser) -> None:
    """'Use it to validate the customer, pre-fetch data, or block the session entirely': by what the body says of
    them.
    """
    source = "def handler(session):\n    return {'terminateAgent': session['userDetails']['number'] == '+15550000'}\n"
    user.code("guard", source)
    user.agent(guard="pre_session")
    assert user.start("s1", userDetails={"number": "+15550000"})["status"] == "terminated"
    assert user.start("s2", userDetails={"number": "+15551111"})["status"] == "active"


def test_during_session_params_come_in_and_variables_go_on(user: DocumentUser) -> None:
    """'LLM-extracted params are populated from the conversation. Your function can return dynamicVariables to pass data
    forward to the next function in the chain.'
    """
    source = "def handler(session):\n    return {'dynamicVariables': {'order': session['params']['order']}}\n"
    user.code("find", source, parameters=[{"name": "order", "type": "string", "required": True}])
    user.code("ship", "def handler(session):\n    return session['dynamicVariables']['order']\n")
    user.talk("find", "ship")
    assert user.done("find", {"order": "A-1"})["changed"] == ["order"]
    assert user.done("ship")["content"] == "A-1"


def test_response_time_is_under_three_seconds(user: DocumentUser) -> None:
    """'keep response time under 3 seconds for the best experience': what of it is midcall's is told with each
    outcome.
    """
    user.code("act", "def handler(session):\n    return 1\n")
    user.talk("act")
    timings = user.done("act")["timings"]
    assert set(timings) >= {"queued_ms", "sandbox_ms", "total_ms"}


def test_post_session_runs_by_itself_with_the_whole_analysis(user: DocumentUser) -> None:
    """'The function runs automatically after the session ends. analysis is populated with the full post-call analysis.
    Use it to write session outcomes to your database, trigger follow-up messages, or update your CRM.'
    """
    source = (
        "def handler(session, actions):\n"
        "    actions.http.post(URL + '/crm', json={'id': session['sessionId'], 'analysis': session['analysis']})\n"
    )
    host = urlsplit(user.there.url).netloc
    user.code("write_up", f"URL = {user.there.url!r}\n\n\n{source}", actions=("http",), egress=(host,))
    user.agent(write_up="post_session")
    user.start()
    analysis = {"summary": "Asked for order A-1.", "sentiment": "content", "score": 0.9, "tags": ["order"]}
    assert user.end(analysis=analysis)["status"] == "ended"
    user.settled()
    assert user.there.last.json == {"id": "s1", "analysis": analysis}


# Actions --------------------------------------------------------------------------------------------------------------

CALLS = {
    "http": (
        "http.sendRequest({'options': {'method': 'GET', 'url': 'https://api.example.com/orders'}})",
        {"responseCode": 200, "data": {"order": 1}, "message": "OK"},
    ),
    "airtable": (
        "airtable.getRecordById({'options': {'baseId': 'app1', 'tableIdOrName': 'Orders', 'recordId': 'rec1'}})",
        {"id": "rec1", "fields": {}},
    ),
    "google_sheets": (
        "googleSheets.readRows({'options': {'spreadsheetId': 'sheet1', 'range': 'Sheet1!A1:B2'}})",
        {"values": [["a", "b"]]},
    ),
    "agent": (
        "agent.callOutboundTrigger({'options': {'phoneNumber': '+4930123456', 'agentName': 'collections'}})",
        {"responseCode": 200, "data": {"jobId": "job-1"}},
    ),
}
TYPES = {
    "http": ("bearer", {"token": "t-1"}),
    "airtable": ("airtable", {"token": "pat-1"}),
    "google_sheets": ("google_api_key", {"key": "AIza-1"}),
    "agent": ("header", {"name": "x-api-key", "value": "k-1"}),
}


@pytest.mark.parametrize("group", CALLS)
def test_built_in_actions_are_called_as_its_code_does(user: DocumentUser, group: str) -> None:
    """'Custom functions can call built-in actions — HTTP requests, Airtable, Google Sheets, and SubVerse agent triggers
    — without writing any integration code. Select the actions you need …, attach the required credentials': in
    SubVerse's own spelling of groups, functions and options.
    """
    kind, values = TYPES[group]
    user.admin.ok("PUT", "/v1/credentials/ours", {"type": kind, "values": values})
    call, answer = CALLS[group]
    call = call.replace("{'options'", "{'credentialId': 'ours', 'options'")
    source = f"def handler(session, actions):\n    return actions.{call}\n"
    user.code("act", source, actions=({"name": group, "credentials": ["ours"]},), egress=("api.example.com",))
    report = mocked(user, "act", [{"action": group, "returns": answer}])
    assert (report["status"], report["result"]) == ("ok", answer), report["error"]


def test_an_action_that_was_not_selected_cannot_be_used(user: DocumentUser) -> None:
    """'Select the actions you need when creating your function': the review names the one that is missing."""
    source = "def handler(session, actions):\n    return actions.slack.post_message(channel='C1', text='x')\n"
    document = {"kind": "code", "code": {"source": source, "actions": ["http"], "egress": ["api.example.com"]}}
    review = user.admin.ok("POST", "/v1/review", document)
    assert review["status"] == "changes_requested"
    assert [one for one in review["comments"] if "slack" in one["message"]]

"""An agent with functions in every phase, and a conversation of it, on a served app with its fake sandbox."""

import time
from typing import Any

from tests.support.fakes import echo
from tests.support.patience import wait_for
from tests.support.serving import Client

from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import RunStatus

AGENT = "front-desk"
SESSION = "call-1042"
#: Has letters that no random id has: pages that must not show it may show any id.
PIN = "pin-4321"

_SOURCES = {
    "greet_caller": 'return {"dynamicVariables": {"caller_name": "Ada Berg", "vip": True}}',
    "verify_customer": 'return {"result": "verified", "dynamicVariables": {"verified": True}}',
    "book_slot": 'return {"result": {"slot": "Tuesday 09:30"}}',
    "charge_card": 'charge = session["params"]["amount"] / session["dynamicVariables"]["rate"]\n    return charge',
    "send_summary": 'return "sent"',
}
_PARAMETERS: dict[str, dict[str, Any]] = {
    "verify_customer": {
        "customer_id": {"type": "string", "description": "As on the letter."},
        "pin": {"type": "string", "description": "Four digits.", "x-midcall": {"sensitive": True}},
    },
    "book_slot": {"day": {"type": "string", "description": "A weekday."}},
    "charge_card": {"amount": {"type": "number", "description": "In euros."}},
}
_ABOUT = {
    "greet_caller": "Looks the caller up by the number, before the agent says hello.",
    "verify_customer": "Compares customer id and PIN with the record.",
    "book_slot": "Books the first free slot on a day that the caller has chosen.",
    "charge_card": "Charges the card on file with an amount in euros.",
    "send_summary": "Sends the call's summary to the practice's system.",
}


def behave(request: RunRequest) -> RunReport:
    """Answer as the functions of this conversation would; any other echoes."""
    name = next((name for name in _SOURCES if f"# {name}\n" in request.source), None)
    if name is None:
        return echo(request)
    made: dict[str, Any] = {"waited_ms": 0.6, "sandbox_id": f"fake-{request.run_id}"}
    time.sleep(0.03)
    if name == "charge_card":
        trace = "Traceback (most recent call last):\n  File \"handler.py\", line 3, in handler\nKeyError: 'rate'\n"
        error = RunError("KeyError", "'rate'", line=3, traceback=trace)
        return RunReport(RunStatus.ERROR, error=error, logs="charging 40.0 EUR\n", sandbox_ms=11.8, **made)
    if name == "send_summary":
        error = RunError("ActionError", "the practice's system answered 503", line=3)
        return RunReport(RunStatus.ERROR, error=error, sandbox_ms=31.0, **made)
    values: dict[str, Any] = {
        "greet_caller": {"dynamicVariables": {"caller_name": "Ada Berg", "vip": True}},
        "verify_customer": {"result": "verified", "dynamicVariables": {"verified": True}},
        "book_slot": {"result": {"slot": "Tuesday 09:30", "with": "Dr Chen"}},
    }
    logs = "looked in 3 calendars\nfirst free: Tuesday 09:30\n" if name == "book_slot" else ""
    return RunReport(RunStatus.OK, result=values[name], logs=logs, sandbox_ms=23.4, **made)


def functions(admin: Client, names: Any = tuple(_SOURCES)) -> None:
    """Publish the functions of the conversation."""
    for name in names:
        admin.published(
            name,
            description=_ABOUT[name],
            parameters={"type": "object", "properties": _PARAMETERS.get(name, {})},
            code={"source": f"# {name}\ndef handler(session):\n    {_SOURCES[name]}\n"},
            messages={"started": ["One moment, please."], "error": "That did not work just now."},
        )


def agent(admin: Client) -> None:
    """Attach them to the agent."""
    attached = [
        {"function": "greet_caller", "phase": "pre_session", "timeout": 3},
        {"function": "verify_customer", "phase": "during_session"},
        {"function": "book_slot", "phase": "during_session", "version": 1},
        {"function": "charge_card", "phase": "during_session", "messages": {"error": "I could not charge your card."}},
        {"function": "send_summary", "phase": "post_session"},
    ]
    body = {"version": "v9", "number": "+493012345678", "functions": attached}
    admin.ok("PUT", f"/v1/agents/{AGENT}", body)


def call(admin: Client, function: str, *, session: str = SESSION, **params: Any) -> Any:
    """Call a function in a session."""
    return admin.ok("POST", f"/v1/sessions/{session}/functions/{function}", {"params": params})


def begin(admin: Client, session: str = SESSION) -> None:
    """Start a session."""
    admin.served.sandbox.behave = behave
    body = {"agent": AGENT, "sessionId": session, "contact": {"firstName": "Ada"}, "dynamicVariables": {"locale": "de"}}
    admin.ok("POST", "/v1/sessions", body, status=201)


def converse(admin: Client) -> None:
    """Have the whole conversation: variables, a refusal, a failure, an end whose summary cannot be sent at once."""
    begin(admin)
    call(admin, "verify_customer", customer_id=7, pin=[1])
    call(admin, "verify_customer", customer_id="C-77", pin=PIN)
    admin.ok("PATCH", f"/v1/sessions/{SESSION}", {"dynamicVariables": {"mood": "in a hurry"}})
    call(admin, "book_slot", day="Tuesday")
    call(admin, "charge_card", amount=40)
    admin.ok("POST", f"/v1/sessions/{SESSION}/end", {"analysis": {"summary": "Booked a slot."}}, status=202)
    seen = "/v1/invocations?function=send_summary"
    assert wait_for(lambda: [each["due_at"] for each in admin.ok("GET", seen)["items"]] not in ([], [None]))

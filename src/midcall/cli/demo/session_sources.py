"""What the agent of the demo can do: six functions, in the three phases of a session."""

from typing import Any

CALLER, BLOCKED_CALLER = "+15550123", "+15550199"
CUSTOMER, OTHER_CUSTOMER, PIN = "10017", "20034", "4711"

_SCREEN = f"""\
BLOCKED = {{"{BLOCKED_CALLER}": "blocked after abusive calls"}}


def handler(session):
    number = session["userDetails"]["number"]
    if number in BLOCKED:
        return {{"terminateAgent": True, "reason": f"{{number}} is {{BLOCKED[number]}}"}}
    return {{"terminateAgent": False}}
"""

_LOOK_UP_CALLER = f"""\
CUSTOMERS = {{"{CALLER}": ("Ada Lovelace", "gold")}}


def handler(session):
    name, plan = CUSTOMERS.get(session["userDetails"]["number"], ("", "none"))
    return {{"dynamicVariables": {{"caller_name": name, "plan": plan}}}}
"""

#: Prints the PIN, as code does that was debugged in a hurry.
_VERIFY = f"""\
CODES = {{"{CUSTOMER}": {PIN}}}


def handler(session):
    params = session["params"]
    print("comparing", params["pin"], "for customer", params["customer_id"])
    verified = str(CODES.get(params["customer_id"])) == params["pin"]
    return {{"result": "verified" if verified else "wrong PIN", "dynamicVariables": {{"verified": verified}}}}
"""

_LOOK_UP_ORDERS = f"""\
ORDERS = {{"{CUSTOMER}": [{{"order": "A-2041", "status": "on its way", "arrives": "Tuesday"}}]}}


def handler(session):
    return ORDERS.get(session["params"]["customer_id"], [])
"""

_ARRANGE_CALLBACK = """\
import time


def handler(session, actions):
    actions.progress("asking the calendar for a free slot")
    time.sleep(1.5)
    slot = "Tuesday 10:00"
    return {"result": f"call back on {slot}", "dynamicVariables": {"callback_slot": slot}}
"""

_WRITE_UP = """\
def handler(session):
    known, analysis = session["dynamicVariables"], session["analysis"]
    return {
        "note": f"{known['caller_name']} ({known['plan']} plan) asked about order {known['last_order']}.",
        "mood": analysis["sentiment"],
        "call_back": known["callback_slot"],
        "transcript_lines": len(session["transcript"]),
    }
"""


def functions(suffix: str) -> list[dict[str, Any]]:
    """Return the functions as they are sent to the server, in the order in which they are attached."""
    customer = {"type": "string", "description": "The customer's number"}
    pin = {"type": "string", "description": "The PIN that the caller says", "x-midcall": {"sensitive": True}}
    gate = {
        "function": f"verify_customer{suffix}",
        "variable": "verified",
        "equals": True,
        "same_params": ["customer_id"],
    }
    returned = "I have passed that on. You will be called back."
    return [
        _function(f"screen_caller{suffix}", "Turn away callers that are blocked.", _SCREEN),
        _function(f"look_up_caller{suffix}", "Find out who is calling.", _LOOK_UP_CALLER),
        _function(
            f"verify_customer{suffix}",
            "Verify a customer by PIN.",
            _VERIFY,
            parameters=_schema(customer_id=customer, pin=pin),
        ),
        _function(
            f"look_up_orders{suffix}",
            "Look up the orders of a verified customer.",
            _LOOK_UP_ORDERS,
            parameters=_schema(customer_id=customer),
            requires=[gate],
            response_variables={"last_order": "$[0].order"},
        ),
        _function(
            f"arrange_callback{suffix}",
            "Arrange that somebody calls the customer back.",
            _ARRANGE_CALLBACK,
            background=True,
            messages={"returned": returned},
        ),
        _function(f"write_up{suffix}", "Write up what the call was about.", _WRITE_UP),
    ]


#: Of each function, in the same order: when it runs, and what else its attachment says.
ATTACHED: tuple[dict[str, str], ...] = (
    {"phase": "pre_session", "on_failure": "terminate"},
    {"phase": "pre_session"},
    {"phase": "during_session"},
    {"phase": "during_session"},
    {"phase": "during_session"},
    {"phase": "post_session"},
)


def _function(name: str, description: str, source: str, **options: Any) -> dict[str, Any]:
    code = {"source": source}
    return {"name": name, "description": description, "kind": "code", "timeout": 10, "code": code, **options}


def _schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}

"""One agent's sessions: before, during and after."""

import time
from datetime import datetime
from typing import Any

from midcall.cli.demo.session_sources import (
    ATTACHED,
    BLOCKED_CALLER,
    CALLER,
    CUSTOMER,
    OTHER_CUSTOMER,
    PIN,
    functions,
)
from midcall.cli.demo.stage import DemoFailed, Stage, StreamEvent, compact

_TRANSCRIPT = [
    {"role": "user", "content": "Where is my order?"},
    {"role": "agent", "content": "It is on its way, and comes on Tuesday."},
]


class SessionStory:
    """The demo's second part, one method a step."""

    def __init__(self, stage: Stage, suffix: str) -> None:
        self._stage = stage
        self._suffix = suffix
        self._agent = f"order_desk{suffix}"
        self._session = f"/v1/sessions/call{suffix}-1"
        self._blocked = f"/v1/sessions/call{suffix}-2"
        self._functions = functions(suffix)

    def play(self) -> None:
        """Play a session from its start to its end, step by step; raises DemoFailed."""
        self.attach()
        self.start()
        self.turn_away()
        self.refuse()
        self.verify()
        self.call_in_background()
        self.end()

    def attach(self) -> None:
        """Publish the functions, attach them to an agent, and print what is attached."""
        self._stage.title("An agent gets its functions: before, during and after each session")
        for function in self._functions:
            path = f"/v1/functions/{function['name']}"
            self._stage.call("POST", "/v1/functions", function)
            review = self._stage.call("POST", f"{path}/versions/1/submit")
            if review["status"] != "approved":
                raise DemoFailed(f"the review of {function['name']} said {review['status']}")
            self._stage.call("POST", f"{path}/publish", {"version": 1})
        attached = [
            {"function": function["name"], **how} for function, how in zip(self._functions, ATTACHED, strict=True)
        ]
        agent = self._stage.call("PUT", f"/v1/agents/{self._agent}", {"functions": attached})
        for each, function in zip(agent["functions"], self._functions, strict=True):
            self._stage.say(f"{each['phase']:<16}{each['function']:<26}{function['description']}{_remark(function)}")

    def start(self) -> None:
        """Start a session and print what its pre-session functions found out."""
        self._stage.title(f"A call comes in from {CALLER}: the pre-session functions run before the agent speaks")
        body = {"userDetails": {"number": CALLER}, "dynamicVariables": {"campaign": "spring"}}
        session, took_ms = self._start(self._session, body)
        self._stage.fact("status", f"{session['status']}; this client waited {took_ms:.0f} ms")
        for run in session["invocations"]:
            self._stage.fact("ran", f"{run['function']}: {run['status']}")
        self._stage.say()
        self._stage.say(f"{'variable':<15}{'value':<30}set by")
        for name, variable in session["variables"].items():
            self._stage.say(f"{name:<15}{compact(variable['value']):<30}{variable['source']}")

    def turn_away(self) -> None:
        """Start a session for a blocked caller, which is terminated."""
        self._stage.title(f"A blocked caller, {BLOCKED_CALLER}: terminated before the agent starts")
        session, _ = self._start(self._blocked, {"userDetails": {"number": BLOCKED_CALLER}})
        self._stage.fact("status", f"{session['status']}, terminateAgent {compact(session['terminateAgent'])}")
        self._stage.fact("reason", session["reason"])
        ran = {run["function"]: run["status"] for run in session["invocations"]}
        for name in (self._name("screen_caller"), self._name("look_up_caller")):
            self._stage.fact(
                "ran" if name in ran else "did not run", f"{name}{': ' + ran[name] if name in ran else ''}"
            )
        call = f"{self._blocked}/functions/{self._name('look_up_orders')}"
        self._stage.fact("a call in it", self._stage.turned_away("POST", call, {"params": {"customer_id": CUSTOMER}}))

    def refuse(self) -> None:
        """Call a function whose gate is closed, before and after the caller claims what would open it."""
        self._stage.title("During the call, a gate: no orders are told before the customer is verified")
        self._call("look_up_orders", {"customer_id": CUSTOMER})
        self._stage.say()
        claim = {"dynamicVariables": {"verified": True}}
        self._stage.call("PATCH", self._session, claim)
        self._stage.fact("then", f"the caller's side claims it: PATCH {compact(claim)}")
        self._call("look_up_orders", {"customer_id": CUSTOMER}, brief=True)

    def verify(self) -> None:
        """Verify the customer; the gate opens for that one, and the PIN is masked on record."""
        self._stage.title("The customer is verified by PIN: the gate opens, for this customer alone")
        verified = self._call("verify_customer", {"customer_id": CUSTOMER, "pin": PIN})
        record = self._stage.call("GET", f"/v1/invocations/{verified['invocation_id']}")
        self._stage.fact("on record", f"params {compact(record['params'])}")
        self._stage.fact("", f"log    {record['logs'].strip()}")
        self._stage.say()
        self._stage.pause()
        self._call("look_up_orders", {"customer_id": CUSTOMER})
        self._stage.say()
        self._call("look_up_orders", {"customer_id": OTHER_CUSTOMER}, brief=True)

    def call_in_background(self) -> None:
        """Call a function that runs in the background, and follow it on the event stream."""
        self._stage.title("In the background: accepted at once, and the result comes on the event stream")
        accepted = self._call("arrange_callback", {})
        began = time.monotonic()
        for event in self._stage.follow(f"{self._session}/events"):
            if event.data.get("invocation_id") != accepted["invocation_id"]:
                continue
            said = compact(event.data["result"]) if event.name == "completed" else event.data.get("text", "")
            self._stage.fact("stream", f"{time.monotonic() - began:.3f} s  {event.name:<11}{said}")
            if event.name == "completed":
                return

    def end(self) -> None:
        """End the session, wait for what runs after it, and print all that happened in it."""
        self._stage.title("The call is over: the answer comes at once, the write-up runs behind it")
        late = {"analysis": {"sentiment": "content"}, "transcript": _TRANSCRIPT}
        session, took_ms = self._stage.timed("POST", f"{self._session}/end", late)
        self._stage.fact("sent", compact(late))
        self._stage.fact("status", f"{session['status']}; answered after {took_ms:.0f} ms")
        # The stream ends by itself: the session is over, and its last function too.
        events = list(self._stage.follow(f"{self._session}/events"))
        written = next(event for event in reversed(events) if event.name == "completed")
        self._stage.fact("write_up", f"{written.data['status']}: {compact(written.data['result'])}")
        self._stage.title("The session from its first event to its last")
        began = _time_of(events[0])
        for event in events:
            seconds = (_time_of(event) - began).total_seconds()
            self._stage.say(f"{seconds:>7.3f} s  {event.name:<11}{_told(event)}")

    def clean_up(self) -> None:
        """Delete the sessions, empty the agent, archive the functions."""
        for session in (self._session, self._blocked):
            self._stage.remove(session)
        self._stage.call("PUT", f"/v1/agents/{self._agent}", {"functions": []})
        for function in self._functions:
            self._stage.remove(f"/v1/functions/{function['name']}")

    def _name(self, function: str) -> str:
        return f"{function}{self._suffix}"

    def _start(self, path: str, body: dict[str, Any]) -> tuple[Any, float]:
        self._stage.pause()
        return self._stage.timed(
            "POST", "/v1/sessions", {"agent": self._agent, "sessionId": path.rpartition("/")[2], **body}
        )

    def _call(self, function: str, params: dict[str, Any], *, brief: bool = False) -> Any:
        """Call a function as the agent does, and print what it is told."""
        self._stage.pause()
        name = self._name(function)
        outcome, took_ms = self._stage.timed("POST", f"{self._session}/functions/{name}", {"params": params})
        self._stage.fact("call", f"{name} {compact(params)}")
        self._stage.fact("status", f"{outcome['status']}; this client waited {took_ms:.0f} ms")
        failed = outcome["is_error"]  # what failed has no result
        if outcome["result"] is not None and not (failed and brief):
            self._stage.fact("for the LLM", outcome["result"] if failed else compact(outcome["result"]))
        if outcome["message"]:
            self._stage.fact("to say", outcome["message"])
        if outcome["changed"]:
            changed = {name: outcome["dynamicVariables"][name] for name in outcome["changed"]}
            self._stage.fact("variables", compact(changed))
        return outcome


def _remark(function: dict[str, Any]) -> str:
    if "requires" in function:
        return " [gate]"
    return " [background]" if function.get("background") else ""


def _time_of(event: StreamEvent) -> datetime:
    return datetime.fromisoformat(event.data["at"])


def _told(event: StreamEvent) -> str:
    """Write what an event says, in one line."""
    data = event.data
    if event.name == "variable":
        return f"{data['name']} = {compact(data['value'])}, set by {data['source']}"
    if event.name == "session":
        return f"{data['status']}"
    if event.name == "completed":
        return f"{data['function']}: {data['status']}"
    return f"{data['function']}: {data['text']}" if event.name == "progress" else f"{data['function']}"

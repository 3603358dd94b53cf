"""A user who follows a vendor's document: saves functions, puts them to an agent, and holds a conversation."""

import json
import time
from dataclasses import dataclass
from typing import Any

from tests.support.patience import PATIENCE_S
from tests.support.serving import Client, Served
from tests.support.target import Target

Json = dict[str, Any]


@dataclass
class DocumentUser:
    """One workspace with an agent named `desk`."""

    served: Served
    admin: Client
    there: Target

    # Functions ------------------------------------------------------------------------------------------------------

    def webhook(
        self, name: str, path: str = "/hook", *, parameters: Any = None, webhook: Any = None, **more: Any
    ) -> Any:
        """Save, have reviewed and publish a webhook function that calls the target; returns the function."""
        document = {
            "description": "Call this when the caller asks for what it does.",
            "kind": "webhook",
            "webhook": {"url": self.there.url + path, **(webhook or {})},
            **({} if parameters is None else {"parameters": parameters}),
        }
        return self.publish({"name": name, **document, **more})

    def code(
        self, name: str, source: str, *, actions: tuple[Any, ...] = (), egress: tuple[str, ...] = (), **more: Any
    ) -> Any:
        """Save, have reviewed and publish a code function; returns the function."""
        document = {
            "description": "Call this when the caller asks for what it does.",
            "kind": "code",
            "code": {"source": source, "actions": list(actions), "egress": list(egress)},
        }
        return self.publish({"name": name, **document, **more})

    def publish(self, document: Json) -> Any:
        """Save, have reviewed and publish a function."""
        self.admin.ok("POST", "/v1/functions", document, status=201)
        return self.let_out(document["name"])

    def let_out(self, name: str) -> Any:
        """Have the first version of a function reviewed, and publish it."""
        review = self.admin.ok("POST", f"/v1/functions/{name}/versions/1/submit")
        assert review["status"] == "approved", review
        return self.admin.ok("POST", f"/v1/functions/{name}/publish", {"version": 1})

    def bring(self, vendor: str, config: Json) -> Any:
        """Bring a vendor's function along, publish it; returns what the import answered."""
        answer = self.admin.ok("POST", "/v1/import", {"vendor": vendor, "config": config, "save": True})
        self.let_out(answer["function"]["name"])
        return answer

    def refused(self, document: Json, path: str = "/v1/functions") -> str:
        """Expect that a document is not taken; returns what is said of it."""
        return json.dumps(self.admin.problem(422, "POST", path, document)["errors"])

    # Conversations --------------------------------------------------------------------------------------------------

    def agent(self, agent: str = "desk", /, **functions: Any) -> Any:
        """Put an agent; each function with its phase, or with more of its attachment."""
        attached = [
            {"function": name, **({"phase": more} if isinstance(more, str) else more)}
            for name, more in functions.items()
        ]
        return self.admin.ok("PUT", f"/v1/agents/{agent}", {"version": "v9", "functions": attached})

    def start(self, session: str = "s1", *, status: int = 201, **fields: Any) -> Any:
        """Start a session of the agent."""
        return self.admin.ok("POST", "/v1/sessions", {"agent": "desk", "sessionId": session, **fields}, status=status)

    def talk(self, *functions: str, **fields: Any) -> Any:
        """Put functions to the agent for the conversation, and start one."""
        self.agent(**dict.fromkeys(functions, "during_session"))
        return self.start(**fields)

    def call(self, function: str, params: Json | None = None, *, session: str = "s1", **more: Any) -> Any:
        """Call a function in a session; returns the outcome, whatever it is."""
        path = f"/v1/sessions/{session}/functions/{function}"
        return self.admin.ok("POST", path, {"params": params or {}, **more})

    def done(self, function: str, params: Json | None = None, **more: Any) -> Any:
        """Call a function in a session, and expect success."""
        outcome = self.call(function, params, **more)
        assert outcome["status"] == "succeeded", outcome
        return outcome

    def invoke(self, function: str, params: Json | None = None, **more: Any) -> Any:
        """Call a function without a session; returns the outcome, whatever it is."""
        return self.admin.ok("POST", f"/v1/functions/{function}/invoke", {"params": params or {}, **more})

    def session(self, session: str = "s1") -> Any:
        """Read a session."""
        return self.admin.ok("GET", f"/v1/sessions/{session}")

    def end(self, session: str = "s1", **late: Any) -> Any:
        """End a session."""
        return self.admin.ok("POST", f"/v1/sessions/{session}/end", late, status=202)

    def settled(self, session: str = "s1") -> Any:
        """Wait until nothing of a session is queued or runs; returns the session."""
        end = time.monotonic() + PATIENCE_S
        while True:
            found = self.session(session)
            if not {run["status"] for run in found["invocations"]} & {"queued", "running"}:
                return found
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def tool(self, name: str, format: str = "openai") -> Any:  # noqa: A002 (the query's word)
        """Read what the agent's LLM is shown of a function, as OpenAI has it."""
        found = self.admin.ok("GET", f"/v1/agents/desk/tools?format={format}")["tools"]
        return next(one["function"] for one in found if one["function"]["name"] == name)

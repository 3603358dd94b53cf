"""One function's way from a fault in its source to an answer on the line."""

from typing import Any

from midcall.cli.demo.function_sources import FAULTY, MENDED, PARAMETERS
from midcall.cli.demo.stage import Stage, compact, timings


class FunctionStory:
    """The demo's first part, one method a step."""

    def __init__(self, stage: Stage, suffix: str) -> None:
        self._stage = stage
        self._name = f"quote_price{suffix}"
        self._invocation = ""

    def play(self) -> None:
        """Write, review, publish and call a function, step by step; raises DemoFailed."""
        self.submit_faulty()
        self.submit_mended()
        self.publish()
        self.test()
        self.invoke()
        self.invoke_wrongly()
        self.look_back()

    def submit_faulty(self) -> None:
        """Create the function with a fault in it and print the review."""
        self._stage.title("A function is written, with a fault in it, and submitted for review")
        function = {
            "name": self._name,
            "display_name": "Quote Price",
            "description": "Quote the price of an order, when the caller asks what it will cost.",
            "kind": "code",
            "parameters": PARAMETERS,
            "timeout": 10,
            "code": {"source": FAULTY},
        }
        self._stage.call("POST", "/v1/functions", function)
        self._show_review(FAULTY, self._stage.call("POST", f"/v1/functions/{self._name}/versions/1/submit"))

    def submit_mended(self) -> None:
        """Make version 2 with the fault mended."""
        self._stage.title("The author follows the suggestions: version 2")
        self._stage.call("POST", f"/v1/functions/{self._name}/versions", {"code": {"source": MENDED}})
        self._show_review(MENDED, self._stage.call("POST", f"/v1/functions/{self._name}/versions/2/submit"))

    def publish(self) -> None:
        """Publish version 2, the one that passed its review."""
        self._stage.title("Version 2 is published: from now on it is what agents call")
        function = self._stage.call("POST", f"/v1/functions/{self._name}/publish", {"version": 2})
        published = ", ".join(f"version {number} in {where}" for where, number in function["published"].items())
        self._stage.fact("published", published)
        self._stage.fact("sha256", function["versions"][1]["sha256"])

    def test(self) -> None:
        """Run Test and print the report."""
        self._stage.title("Test: one run in a throwaway container, everything shown")
        body = {"params": {"quantity": 3, "unit_price": "19.90"}, "session": {"direction": "inbound"}}
        report = self._stage.call("POST", f"/v1/functions/{self._name}/test", body)
        self._stage.fact("status", report["status"])
        self._stage.fact("returned", compact(report["result"]))
        for line in report["logs"].splitlines():
            self._stage.fact("log", line)
        self._stage.fact("timings", timings(report))

    def invoke(self) -> None:
        """Invoke as an agent would."""
        self._stage.title("Invoke: what an agent gets while its caller waits on the line")
        path, body = f"/v1/functions/{self._name}/invoke", {"params": {"quantity": "12", "unit_price": 4.5}}
        self._stage.call("POST", path, body)  # the first call of a fresh process pays for its connections
        self._stage.pause()
        outcome, took_ms = self._stage.timed("POST", path, body)
        self._invocation = outcome["invocation_id"]
        self._stage.fact("sent", f'{compact(body["params"])}   ("12" is text: converted to the declared integer)')
        self._stage.fact("status", outcome["status"])
        self._stage.fact("result", compact(outcome["result"]))
        self._stage.fact("variables", compact(outcome["dynamicVariables"]))
        self._stage.fact("timings", f"{timings(outcome)}; {took_ms:.0f} ms seen by this client over HTTP")

    def invoke_wrongly(self) -> None:
        """Invoke with a parameter missing, then with one that makes the code raise."""
        self._stage.title("When it goes wrong, the agent still has something to say")
        for place, params in enumerate(({"quantity": 2}, {"quantity": 2, "unit_price": 0})):
            if place:
                self._stage.say()
            outcome = self._stage.call("POST", f"/v1/functions/{self._name}/invoke", {"params": params})
            self._stage.fact("sent", compact(params))
            self._stage.fact("status", f"{outcome['status']} ({outcome['error']['type']})")
            if outcome["result"]:
                self._stage.fact("for the LLM", outcome["result"])
            else:
                self._stage.fact("error", outcome["error"]["message"])
                self._stage.fact("to say", outcome["message"])

    def look_back(self) -> None:
        """Read the invocation on record."""
        self._stage.title("On record: who ran which bytes, and what came of it")
        record = self._stage.call("GET", f"/v1/invocations/{self._invocation}")
        for field in ("id", "function", "version", "sha256", "status", "principal", "started_at", "sandbox_id"):
            self._stage.fact(field, record[field])

    def clean_up(self) -> None:
        """Archive the function, if it came to be."""
        self._stage.remove(f"/v1/functions/{self._name}")

    def _show_review(self, source: str, review: dict[str, Any]) -> None:
        lines = source.splitlines()
        for comment in review["comments"]:
            line, column = comment["line"], comment["column"]
            width = comment["end_column"] - column if comment["end_line"] == line else 1
            self._stage.say(f"{line:>4} │ {lines[line - 1]}")
            self._stage.say(f"     │ {' ' * (column - 1)}{'^' * max(1, width)}")
            self._stage.say(f"     │ {comment['severity']} {comment['rule']}: {comment['message']}")
            self._stage.say(f"     │ → {comment['suggestion']}")
            self._stage.say()
        self._stage.say(f"review: {review['status']} after {review['took_ms']} ms, policy {review['policy']}")

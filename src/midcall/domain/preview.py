"""What lists show of values that may be megabytes: small ones whole, of others the beginning."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from midcall.domain.invocation import Outcome
from midcall.domain.run import RunError, RunReport

#: Characters of JSON up to which a value is shown whole, and how many are shown of a longer one.
MOST_WHOLE, BEGINNING = 512, 200
#: The same of what is not written in great numbers: fields of functions, agents, test cases, lines of the trail.
MOST_OF_A_FIELD = 1_024


def preview(values: Mapping[str, Any], most: int = MOST_WHOLE) -> dict[str, Any]:
    """Return `{"whole": …, "cut": …}`: the values that are small, and how each of the others begins."""
    whole, cut = {}, {}
    for name, value in values.items():
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
        if len(text) <= most:
            whole[name] = value
        else:
            cut[name] = (value if isinstance(value, str) else text)[:BEGINNING]
    return {"whole": whole, "cut": cut}


def config_preview(config: Mapping[str, Any]) -> dict[str, Any]:
    """Preview a version's document; of a webhook nothing but the whole is shown, since parts of it are to be masked."""
    found = preview(config, MOST_OF_A_FIELD)
    if "description" in config:
        # Of 1,024 characters at most; whoever chooses a function reads it.
        found["whole"]["description"] = config["description"]
        found["cut"].pop("description", None)
    return {**found, "cut": found["cut"] | ({"webhook": ""} if "webhook" in found["cut"] else {})}


def came_preview(outcome: Outcome, report: RunReport | None) -> dict[str, Any]:
    """Preview what an invocation came to; of an error its type and the beginning of its message stay in any case."""
    found = preview(
        {
            "result": report.result if report else outcome.result,
            "error": None if outcome.error is None else asdict(outcome.error),
            "logs": report.logs if report else "",
            "request": report.request if report else None,
            "response": report.response if report else None,
            "actions": [asdict(record) for record in report.actions] if report else [],
            "changed": list(outcome.changed),
        }
    )
    if outcome.error is not None and "error" in found["cut"]:
        found["whole"]["error"] = _brief(outcome.error)
    return found | {
        "flags": [flag.value for flag in outcome.flags],
        "sandbox_id": (report.sandbox_id if report else None) or None,
        "isolation": report.isolation if report else None,
        "isolation_note": (report.isolation_note if report else None) or None,
        "waited_ms": report.waited_ms if report else 0.0,
        "sandbox_ms": report.sandbox_ms if report else 0.0,
    }


def _brief(error: RunError) -> dict[str, Any]:
    short = {"type": error.type[:BEGINNING], "message": error.message[:BEGINNING]}
    return {**asdict(error), **short, "traceback": None, "body": None}

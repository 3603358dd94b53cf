"""Text that would like to be more than text, in every field that somebody can store: for pages that show it."""

from typing import Any

from tests.support.serving import Client

from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import RunStatus

#: It ends values, adds properties, is markup, a template, an address, and turns the direction of what follows.
MEAN = (
    '" :x="canary(1)" onclick="canary(2)" \'{{canary(3)}}\' ${canary(4)} <img src=//evil.example onerror=canary(5)> '
    "</script><script>canary(6)</script> javascript:canary(7) \u202e\u200b\x07"
)
SHORT = '" :x="canary(8)" <b onclick=canary(9)>{{1}}'
#: For fields whose braces are templates.
PLAIN = '" :x="canary(10)" <b onclick=canary(11)>javascript:canary(12)'


def long(size: int) -> str:
    """Return a text of this length that has no place to break but at its beginning."""
    return MEAN[:size] + "W" * (size - len(MEAN))


LONG = long(10_000)
PROPERTIES: dict[str, Any] = {
    MEAN: {"type": "string", "description": LONG, "examples": [MEAN, LONG], "default": MEAN},
    SHORT: {"type": "string", "enum": [MEAN, SHORT], "title": MEAN, "description": MEAN},
    ":x": {"type": "object", "properties": {MEAN: {"const": MEAN}}, "description": MEAN},
    long(500): {"type": "array", "items": {"enum": [MEAN]}},
    "order": {"type": "string", "description": MEAN, "x-midcall": {"sensitive": True}},
}
SCHEMA = {"type": "object", "title": MEAN, "properties": PROPERTIES}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name != "x-midcall"}


#: In a schema of results `x-midcall` means nothing.
RESULTS = {**SCHEMA, "properties": {name: _plain(field) for name, field in PROPERTIES.items()}}
SOURCE = f"# {MEAN!r}\n# {LONG!r}\ndef handler(session):\n    return {LONG!r}\n"
MESSAGES = {
    "started": [MEAN, long(1_000)],
    "error": {"404": MEAN, "default": long(1_000)},
    "returned": long(1_000),
}


def behave(request: RunRequest) -> RunReport:
    """Answer with hostile text wherever a run can; the code of one function fails with it."""
    value = {MEAN: [MEAN, {"result": LONG}], "dynamicVariables": {MEAN: MEAN, SHORT: LONG}, "result": {MEAN: LONG}}
    made: dict[str, Any] = {"logs": f"{MEAN}\n{LONG}\n", "sandbox_ms": 1.5, "sandbox_id": f"fake-{request.run_id}"}
    if "fails" in request.source:
        error = RunError(MEAN, LONG, line=2, traceback=f"{MEAN}\n{LONG}", body=MEAN, http_status=500)
        return RunReport(RunStatus.ERROR, error=error, **made)
    return RunReport(RunStatus.OK, result=value, **made)


def plant(admin: Client) -> None:
    """Store it everywhere; what is read is read by others."""
    admin.served.sandbox.behave = behave
    for step in (_functions, _reviewed, _webhook, _imported, _agent, _conversed, _cases, _administered):
        step(admin)


def _functions(admin: Client) -> None:
    for name in ("planted", "fails"):
        admin.create(
            name,
            display_name=long(200),
            tags=[SHORT, long(50)],
            description=long(1_024),
            parameters=SCHEMA,
            output_schema=RESULTS,
            messages=MESSAGES,
            response_variables={SHORT: "$.*", long(128): "$.*"},
            requires=[{"function": "planted", "variable": MEAN[:128], "equals": MEAN}] if name == "fails" else [],
            code={"source": f"# {name}\n{SOURCE}"},
        )
        assert admin.ok("POST", f"/v1/functions/{name}/versions/1/submit")["status"] == "approved"
        case = {"params": {"order": MEAN}, "expect": {"exact": {MEAN: LONG}, "variables": {MEAN: MEAN}}}
        admin.ok("PUT", f"/v1/functions/{name}/tests/planted", case, status=201)
        forced = {"version": 1, "force": True, "reason": long(200)}
        admin.ok("POST", f"/v1/functions/{name}/publish", forced)
    changed = {"description": SHORT, "messages": {"returned": MEAN}, "code": {"source": f"import os\n{SOURCE}"}}
    admin.ok("POST", "/v1/functions/planted/versions", changed, status=201)
    admin.ok("POST", "/v1/functions/planted/versions/2/submit")


def _reviewed(admin: Client) -> None:
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    author = admin.served.colleague(admin, long(200), "read", "write")
    for name in ("waits", "refused"):
        author.create(name, parameters=SCHEMA, description=MEAN, code={"source": SOURCE})
        author.ok("POST", f"/v1/functions/{name}/versions/1/submit")
    admin.ok("POST", "/v1/functions/refused/versions/1/reject", {"comment": long(1_000)})


def _webhook(admin: Client) -> None:
    webhook = {
        "url": "https://example.com/{{order}}/?" + "%22" + "q" * 1_000,
        "headers": {"X-'|`$&": PLAIN, "X-Long": "W" * 4_000},
        "query": {PLAIN: PLAIN, "a": PLAIN + "W" * 1_900},
        "body": {PLAIN: [PLAIN, {"a": PLAIN + "W" * 10_000}]},
        "payload": "template",
        "auth": {"type": "query", "name": PLAIN, "value": PLAIN},
    }
    admin.ok(
        "POST",
        "/v1/functions",
        {"name": "hooked", "description": MEAN, "kind": "webhook", "parameters": SCHEMA, "webhook": webhook},
        status=201,
    )


def _imported(admin: Client) -> None:
    """Import a config that a stranger gave away, as another vendor has it."""
    config = {
        "type": "custom",
        "name": "stranger",
        "description": MEAN,
        "url": "https://example.com/",
        "method": "POST",
        "parameters": {"type": "object", "properties": {MEAN: {"type": "string", "description": MEAN}}},
        "query_params": {PLAIN: PLAIN},
        "headers": {"X-'": PLAIN},
        "response_variables": {SHORT: "a.b"},
        "execution_message_description": MEAN,
        SHORT: MEAN,
    }
    admin.ok("POST", "/v1/import", {"vendor": "retell", "config": config, "save": True})


def _agent(admin: Client) -> None:
    attached = [
        {"function": name, "phase": phase, "messages": MESSAGES}
        for name, phase in (("planted", "pre_session"), ("planted", "during_session"), ("fails", "during_session"))
    ]
    admin.ok("PUT", "/v1/agents/front-desk", {"version": long(200), "number": MEAN[:200], "functions": attached})


def _conversed(admin: Client) -> None:
    body = {
        "agent": "front-desk",
        "sessionId": "call-1",
        "contact": {MEAN: MEAN, "firstName": LONG},
        "dynamicVariables": {SHORT: MEAN, "long": LONG},
        "transcript": [{"role": MEAN, "content": LONG}, {MEAN: MEAN}],
        MEAN: {MEAN: LONG},
    }
    admin.ok("POST", "/v1/sessions", body, status=201)
    changed = {"transcript": [{"role": MEAN, "content": MEAN}], "contact": {SHORT: MEAN}}
    admin.ok("PATCH", "/v1/sessions/call-1", {**changed, "dynamicVariables": {MEAN[:128]: MEAN}})
    for name in ("planted", "fails"):
        for params in ({"order": LONG}, {"order": MEAN, SHORT: MEAN}):
            admin.send("POST", f"/v1/sessions/call-1/functions/{name}", json={"params": params})
    admin.ok("POST", "/v1/functions/planted/invoke", {"params": {"order": MEAN}})
    # Its gate lets nobody in without a session; a test runs anyway.
    admin.ok("POST", "/v1/functions/fails/invoke", {"params": {"order": LONG}})
    admin.ok("POST", "/v1/functions/fails/test", {"params": {"order": LONG}})


def _cases(admin: Client) -> None:
    [run] = admin.ok("GET", "/v1/invocations?function=planted&limit=1")["items"]
    admin.send("POST", f"/v1/invocations/{run['id']}/test-case", json={"name": "from a run"})


def _administered(admin: Client) -> None:
    custom = {"headers": {"X-'": SHORT}, "query": {SHORT: SHORT}, "body": {SHORT: SHORT}}
    admin.ok("PUT", "/v1/credentials/crm", {"type": "custom", "values": custom})
    admin.ok("PUT", "/v1/credentials/crm", {"type": "custom", "values": custom, "environment": "staging"})
    client = {"token_url": "https://example.com/%22", "client_id": SHORT, "client_secret": SHORT, "scope": MEAN[:120]}
    admin.ok("PUT", "/v1/credentials/oauth", {"type": "oauth2_client_credentials", "values": client})
    admin.ok("PUT", "/v1/credentials/query", {"type": "query", "values": {"name": SHORT, "value": SHORT}})
    admin.served.colleague(admin, MEAN, "run", agents=(MEAN, long(200)))
    admin.send("PATCH", "/v1/workspace", json={"callback_url": "https://example.com/?%22+:x=" + "q" * 1_000})
    adapter = {"vendor": "retell", "agent": "front-desk", "secret": "only-for-tests-1234"}
    admin.send("PUT", f"/v1/adapters/{admin.ok('GET', '/v1/workspace')['id'].lower()[-20:]}", json=adapter)

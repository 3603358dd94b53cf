"""Submit, approve, reject, publish, roll back: nothing runs that was not approved, and nobody approves their own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.patience import wait_for
from tests.support.serving import Client, Served, serving
from tests.support.world import function

from midcall.bootstrap.settings import approval_key
from midcall.domain.approval import seal
from midcall.domain.function import Approval, VersionStatus
from midcall.storage.database import Storage

FAULTY = "import subprocess\n\ndef handler(session):\n    return subprocess.run(['id'])\n"
CLEAN = "def handler(session):\n    return 1\n"


@pytest.fixture
def gated(admin: Client) -> Client:
    """Make a workspace in which a person decides."""
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    return admin


def test_a_clean_version_is_approved_at_once_where_nobody_else_decides(admin: Client) -> None:
    """The default mode: no error means approved."""
    review = admin.approved()
    assert review["sha256"] == admin.ok("GET", "/v1/functions/lookup")["versions"][0]["sha256"]
    assert admin.ok("GET", "/v1/functions/lookup/versions/1")["review"] == review


def test_a_refused_submit_is_a_200_with_comments_at_their_lines(admin: Client) -> None:
    """The review is the answer."""
    admin.create(code={"source": FAULTY})
    review = admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    assert review["status"] == "changes_requested"
    errors = [comment for comment in review["comments"] if comment["severity"] == "error"]
    assert errors[0]["line"] == 1
    assert all(comment["suggestion"] for comment in review["comments"])
    assert admin.problem(409, "POST", "/v1/functions/lookup/publish", {"version": 1})["code"] == "not_approved"
    assert admin.problem(409, "POST", "/v1/functions/lookup/test", {})["code"] == "not_approved"
    assert admin.problem(409, "POST", "/v1/functions/lookup/test", {"version": 1})["code"] == "not_approved"


def test_submitting_twice_gives_the_same_review(admin: Client) -> None:
    """What was decided stays decided."""
    assert admin.approved() == admin.ok("POST", "/v1/functions/lookup/versions/1/submit")


def test_what_surprises_where_a_function_is_attached_is_said_in_every_answer(admin: Client) -> None:
    """Of a draft by the phases that it names, of a version by where it is attached, of an agent by what it has."""
    body = function(
        "guard", code={"source": "def handler(session):\n    return {'terminateAgent': True}\n"}, timeout=30
    )
    told = admin.ok("POST", "/v1/review", {**body, "phases": ["during_session"]})
    rules = {comment["rule"]: comment["severity"] for comment in told["comments"]}
    assert (told["status"], rules["declared.terminate"], rules["timing-timeout"]) == ("approved", "warning", "info")
    assert admin.problem(422, "POST", "/v1/review", {**body, "phases": ["midway"]})["errors"][0]["loc"] == "phases.0"
    assert admin.problem(422, "POST", "/v1/functions", {**body, "phases": []})["errors"][0]["loc"] == "phases"
    admin.ok("POST", "/v1/functions", body, status=201)
    admin.ok("POST", "/v1/functions/guard/versions/1/submit")
    admin.ok("POST", "/v1/functions/guard/publish", {"version": 1})
    attached = {"functions": [{"function": "guard", "phase": "during_session"}]}
    warnings = admin.ok("PUT", "/v1/agents/desk", attached)["warnings"]
    assert ["terminateAgent" in text for text in warnings] == [True, False]
    assert "30 s are long" in warnings[1]
    assert admin.ok("GET", "/v1/agents")["items"][0]["warnings"] == warnings
    admin.ok("POST", "/v1/functions/guard/versions", {"description": "Decides who may call."}, status=201)
    review = admin.ok("POST", "/v1/functions/guard/versions/2/submit")
    assert "declared.terminate" in {comment["rule"] for comment in review["comments"]}


def test_weak_naming_is_advice_and_refuses_nothing(admin: Client) -> None:
    """A long name and a short description are warnings."""
    admin.create("a" * 50, description="Short.")
    review = admin.ok("POST", f"/v1/functions/{'a' * 50}/versions/1/submit")
    assert review["status"] == "approved"
    assert {c["rule"] for c in review["comments"]} >= {"naming-name", "naming-description"}


def test_a_parameter_that_frameworks_swallow_is_warned_of_by_its_name(admin: Client) -> None:
    """Whatever the function is made of; in the editor as well."""
    fields = [{"name": "config", "type": "string"}, {"name": "context", "type": "string"}]
    webhook = {"kind": "webhook", "code": None, "webhook": {"url": "https://api.example.com/x"}}
    for name, more in (("coded", {}), ("hooked", webhook)):
        admin.create(name, parameters=fields, **more)
        review = admin.ok("POST", f"/v1/functions/{name}/versions/1/submit")
        assert review["status"] == "approved"
        [comment] = [each for each in review["comments"] if each["rule"] == "naming-parameters"]
        assert comment["message"].startswith("parameters.properties.config: LangChain")
        assert (comment["severity"], "settings" in comment["suggestion"]) == ("warning", True)


def test_a_person_decides_where_the_workspace_says_so(served: Served, gated: Client) -> None:
    """A clean review waits; until somebody else approves, nothing can be published."""
    judge = served.colleague(gated, "judge", "review", "read")
    gated.create()
    assert gated.ok("POST", "/v1/functions/lookup/versions/1/submit")["status"] == "pending_approval"
    assert gated.problem(409, "POST", "/v1/functions/lookup/publish", {"version": 1})["code"] == "not_approved"
    review = judge.ok("POST", "/v1/functions/lookup/versions/1/approve", {"comment": "Fine."})
    assert (review["status"], review["decision"]) == ("approved", {"by": "judge", "text": "Fine."})
    assert judge.ok("GET", "/v1/functions/lookup/versions/1")["review"] == review
    assert gated.ok("POST", "/v1/functions/lookup/publish", {"version": 1})["published_version"] == 1
    assert gated.ok("POST", "/v1/functions/lookup/invoke", {})["status"] == "succeeded"


def test_a_rejected_version_never_runs(served: Served, gated: Client) -> None:
    """A rejection is final for that version."""
    judge = served.colleague(gated, "judge", "review")
    gated.create()
    gated.ok("POST", "/v1/functions/lookup/versions/1/submit")
    assert judge.ok("POST", "/v1/functions/lookup/versions/1/reject", {"comment": "No."})["status"] == "rejected"
    assert gated.problem(409, "POST", "/v1/functions/lookup/publish", {"version": 1})["code"] == "not_approved"
    assert judge.problem(409, "POST", "/v1/functions/lookup/versions/1/approve")["code"] == "conflict"
    assert gated.ok("POST", "/v1/functions/lookup/versions/1/submit")["status"] == "rejected"


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_an_author_decides_about_nothing_of_their_own(served: Served, gated: Client, decision: str) -> None:
    """Not with the author's key, nor with another key of the same principal, whatever its scopes."""
    twin = served.colleague(gated, "owner", "admin")
    gated.create()
    gated.ok("POST", "/v1/functions/lookup/versions/1/submit")
    for client in (gated, twin):
        found = client.problem(403, "POST", f"/v1/functions/lookup/versions/1/{decision}", {})
        assert found["code"] == "forbidden"
    assert gated.ok("GET", "/v1/functions/lookup/versions/1")["status"] == "pending_approval"


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_only_what_waits_is_decided_on(served: Served, admin: Client, decision: str) -> None:
    """A draft has no review to decide on, and an approved version none left."""
    judge = served.colleague(admin, "judge", "review")
    admin.create("a_draft")
    admin.approved("an_approved")
    for name in ("a_draft", "an_approved"):
        assert judge.problem(409, "POST", f"/v1/functions/{name}/versions/1/{decision}")["code"] == "conflict"


def test_publishing_an_older_version_rolls_back(admin: Client) -> None:
    """What runs is what is published, per environment."""
    admin.published(code={"source": CLEAN})
    admin.ok("POST", "/v1/functions/lookup/versions", {"timeout": 5}, status=201)
    admin.ok("POST", "/v1/functions/lookup/versions/2/submit")
    assert admin.ok("POST", "/v1/functions/lookup/invoke", {})["version"] == 1
    found = admin.ok("POST", "/v1/functions/lookup/publish", {"version": 2, "environment": "staging"})
    assert (found["published"], found["published_version"]) == ({"production": 1, "staging": 2}, 1)
    assert admin.ok("POST", "/v1/functions/lookup/publish", {"version": 2})["published_version"] == 2
    assert admin.ok("POST", "/v1/functions/lookup/invoke", {})["version"] == 2
    assert admin.ok("POST", "/v1/functions/lookup/publish", {"version": 1})["published_version"] == 1
    assert admin.ok("POST", "/v1/functions/lookup/invoke", {})["version"] == 1
    assert admin.ok("POST", "/v1/functions/lookup/invoke", {"environment": "staging"})["version"] == 2
    assert admin.problem(409, "POST", "/v1/functions/lookup/invoke", {"environment": "qa"})["code"] == "not_published"


def approve_under_an_older_policy(served: Served, function_id: str) -> None:
    """Write version 1 as an earlier release would have approved it, seal and all."""
    storage = Storage(served.engine)
    with storage.write() as tx:
        function, version = tx.functions.by_id(function_id), tx.functions.version(function_id, 1)
        key = approval_key(served.settings)
        mark = seal(key, function=function, number=1, sha256=version.sha256, policy="0-older")
        approval = Approval(policy="0-older", principal="owner", at=1, seal=mark)
        tx.functions.decide(replace(version, status=VersionStatus.APPROVED, approval=approval))


@pytest.mark.parametrize(("source", "status"), [(FAULTY, "changes_requested"), (CLEAN, "approved")])
def test_what_older_rules_approved_is_reviewed_again_and_shown_with_what_came_of_it(
    served: Served, admin: Client, source: str, status: str
) -> None:
    """The real rules, in the background; it runs on, flagged wherever it is shown."""
    flags = ["older_policy", "fails_current_policy"] if source == FAULTY else ["older_policy"]
    function_id = admin.create(code={"source": source})["id"]
    review = admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    approve_under_an_older_policy(served, function_id)
    admin.ok("POST", "/v1/functions/lookup/publish", {"version": 1})
    rereviews = served.app.state.services.rereviews

    def done() -> bool:
        # The app does this by itself, too, twice a minute.
        rereviews.sweep()
        return admin.ok("GET", "/v1/functions/lookup/versions/1")["rereview"] is not None

    assert wait_for(done)
    shown = admin.ok("GET", "/v1/functions/lookup/versions/1")
    assert (shown["status"], shown["review"], shown["flags"]) == ("approved", review, flags)
    found = shown["rereview"]
    assert (found["status"], found["policy"], found["comments"]) == (status, review["policy"], review["comments"])
    assert admin.ok("GET", "/v1/functions/lookup/versions")["items"][0]["flags"] == flags
    for found in (admin.ok("GET", "/v1/functions/lookup"), admin.ok("GET", "/v1/functions")["items"][0]):
        assert (found["flags"], found["versions"][0]["flags"]) == (flags, flags)
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    assert outcome["status"] == "succeeded"
    assert admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")["flags"] == flags
    assert admin.ok("POST", "/v1/functions/lookup/test", {"version": 1})["flags"] == flags
    (line,) = admin.ok("GET", "/v1/audit?kind=version.rereview&function=lookup")["items"]
    assert (line["version"], line["sha256"], line["key_id"]) == (1, review["sha256"], None)
    assert (line["detail"]["status"], line["detail"]["approved_under"]) == (status, "0-older")


def test_a_process_of_a_new_release_begins_by_itself(served: Served, admin: Client, tmp_path: Path) -> None:
    """Nobody need ask for it: it looks when it starts, and at times after that."""
    function_id = admin.create(code={"source": FAULTY})["id"]
    admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    approve_under_an_older_policy(served, function_id)
    there: dict[str, Any] = {"database_url": str(served.settings.database_url), "redis_url": served.settings.redis}
    with serving(served.settings.data_dir, runtime_dir=tmp_path, fake_workers=0, **there):
        assert wait_for(lambda: admin.ok("GET", "/v1/functions/lookup/versions/1")["rereview"] is not None)


def test_the_flags_of_a_function_are_those_of_what_is_published(served: Served, admin: Client) -> None:
    """A version that nobody runs is flagged in the list of versions alone; a new one has none."""
    function_id = admin.create(code={"source": CLEAN})["id"]
    admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    approve_under_an_older_policy(served, function_id)
    found = admin.ok("GET", "/v1/functions/lookup")
    assert (found["flags"], found["versions"][0]["flags"]) == ([], ["older_policy"])
    admin.ok("POST", "/v1/functions/lookup/versions", {}, status=201)
    admin.ok("POST", "/v1/functions/lookup/versions/2/submit")
    found = admin.ok("POST", "/v1/functions/lookup/publish", {"version": 1, "environment": "staging"})
    assert found["flags"] == ["older_policy"]
    found = admin.ok("POST", "/v1/functions/lookup/publish", {"version": 2, "environment": "staging"})
    assert (found["flags"], [each["flags"] for each in found["versions"]]) == ([], [["older_policy"], []])
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {"environment": "staging"})
    assert admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")["flags"] == []


def test_a_draft_is_reviewed_without_being_saved(admin: Client) -> None:
    """`/v1/review` gives the same review as a submit, and leaves nothing behind."""
    body = function(code={"source": FAULTY})
    preview = admin.ok("POST", "/v1/review", body)
    assert admin.ok("GET", "/v1/functions")["items"] == []
    admin.ok("POST", "/v1/functions", body, status=201)
    review = admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    assert {**preview, "took_ms": 0} == {**review, "took_ms": 0}


def test_a_draft_needs_neither_name_nor_description(admin: Client) -> None:
    """What is in the editor may be reviewed before it has a name."""
    assert admin.ok("POST", "/v1/review", {"code": {"source": CLEAN}})["status"] == "approved"

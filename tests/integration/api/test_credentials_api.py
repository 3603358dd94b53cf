import pytest
from tests.support.credentials import MASK, name_in_versions, samples
from tests.support.serving import Client, Served

from midcall.bootstrap.store import open_storage

BEARER = {"type": "bearer", "values": {"token": "hunter2"}}


def test_every_type_is_saved_and_shown_masked(admin: Client) -> None:
    """What PUT answers, GET and the list answer too; no answer has a secret."""
    for kind, (sent, shown) in samples("s3cr3t").items():
        response = admin.send("PUT", f"/v1/credentials/my_{kind}", json={"type": kind, "values": sent})
        assert response.status_code == 200, response.text
        found = response.json()
        assert (found["name"], found["type"], found["values"]) == (f"my_{kind}", kind, shown)
        assert (found["environments"], found["readable"], found["used_by"]) == ({}, True, [])
        assert (found["updated_at"], found["last_used_at"]) == (found["created_at"], None)
        again = admin.send("GET", f"/v1/credentials/my_{kind}")
        assert again.json() == found
        assert "s3cr3t" not in response.text + again.text
        assert "PRIVATE KEY" not in response.text + again.text
    listed = admin.send("GET", "/v1/credentials?limit=7")
    assert [item["type"] for item in listed.json()["items"]] == sorted(samples())[:7]
    rest = admin.ok("GET", f"/v1/credentials?cursor={listed.json()['next_cursor']}")["items"]
    assert [item["type"] for item in rest] == sorted(samples())[7:]
    assert "s3cr3t" not in listed.text


def test_values_by_environment_are_saved_shown_and_deleted(admin: Client) -> None:
    """Beside those that hold for all; a second DELETE finds nothing."""
    admin.ok("PUT", "/v1/credentials/crm", BEARER)
    found = admin.ok("PUT", "/v1/credentials/crm", {**BEARER, "environment": "staging"})
    assert (found["values"], found["environments"]) == ({"token": MASK}, {"staging": {"token": MASK}})
    admin.ok("DELETE", "/v1/credentials/crm?environment=staging", status=204)
    admin.problem(404, "DELETE", "/v1/credentials/crm?environment=staging")
    assert admin.ok("GET", "/v1/credentials/crm")["environments"] == {}
    admin.ok("DELETE", "/v1/credentials/crm", status=204)
    for method in ("GET", "DELETE"):
        admin.problem(404, method, "/v1/credentials/crm")


@pytest.mark.parametrize(
    ("path", "body", "loc"),
    [
        ("crm", {"type": "bearer"}, "values"),
        ("crm", {"type": "telepathy", "values": {}}, "type"),
        ("crm", {"type": "bearer", "values": {"token": "a b"}}, "values.token"),
        ("crm", {"type": "bearer", "values": {"token": MASK}}, "values.token"),
        ("crm", {"type": "bearer", "values": {"token": "a", "nonsense": 1}}, "values.nonsense"),
        ("crm", {"type": "bearer", "values": ["hunter2"]}, "values"),
        ("crm", {**BEARER, "environment": "Staging"}, "environment"),
        ("crm", {**BEARER, "enviroment": "staging"}, "enviroment"),
        ("c-r-m", BEARER, "name"),
        ("c" * 64, BEARER, "name"),
    ],
)
def test_a_fault_names_its_field(admin: Client, path: str, body: object, loc: str) -> None:
    """And nothing is saved, nor quoted."""
    found = admin.problem(422, "PUT", f"/v1/credentials/{path}", body)
    assert [fault["loc"] for fault in found["errors"]] == [loc]
    assert "hunter2" not in str(found)
    assert admin.ok("GET", "/v1/credentials")["items"] == []


def test_an_address_that_the_way_out_refuses_is_refused_when_it_is_saved(admin: Client) -> None:
    """A token endpoint on a metadata address is told at its field."""
    sent = {**samples()["oauth2_client_credentials"][0], "token_url": "https://169.254.169.254/token"}
    body = {"type": "oauth2_client_credentials", "values": sent}
    (fault,) = admin.problem(422, "PUT", "/v1/credentials/crm", body)["errors"]
    assert fault["loc"] == "values.token_url"


def test_one_that_a_published_version_names_is_deleted_by_force_alone(served: Served, admin: Client) -> None:
    """The 409 names the function."""
    admin.ok("PUT", "/v1/credentials/crm", BEARER)
    admin.create("lookup")
    storage = open_storage(served.settings)
    try:
        name_in_versions(storage, admin.ok("GET", "/v1/workspace")["id"], "lookup", "crm", None)
    finally:
        storage.close()
    admin.ok("POST", "/v1/functions/lookup/publish", {"version": 2})
    assert admin.ok("GET", "/v1/credentials/crm")["used_by"] == ["lookup"]
    found = admin.problem(409, "DELETE", "/v1/credentials/crm")
    assert found["code"] == "credential_in_use"
    assert "lookup" in found["detail"]
    admin.ok("DELETE", "/v1/credentials/crm?force=true", status=204)


def test_the_documentation_says_which_values_each_type_has(served: Served) -> None:
    """In the description of the body's `values`."""
    body = served.contract.document["components"]["schemas"]["PutCredential"]
    described = body["properties"]["values"]["description"]
    for kind, (sent, _) in samples().items():
        assert f"{kind}: " in described
        assert all(name in described for name in sent if kind != "google_service_account")

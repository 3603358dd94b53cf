"""`/v1/functions`: write, version, describe, archive, list."""

from typing import Any

import pytest
from tests.support.serving import Client, Served
from tests.support.world import SOURCE, function

OTHER = 'def handler(session):\n    return "other"\n'


def test_a_created_function_is_a_draft_of_version_1(admin: Client) -> None:
    """Creating answers with the whole function and its first version; reading gives the same."""
    made = admin.create("lookup_order", display_name="Look up", tags=["a"])
    assert (made["name"], made["display_name"], made["tags"]) == ("lookup_order", "Look up", ["a"])
    assert [(v["number"], v["status"], v["author"]) for v in made["versions"]] == [(1, "draft", "owner")]
    assert (made["published"], made["published_version"]) == ({}, None)
    assert admin.ok("GET", "/v1/functions/lookup_order") == made


def test_what_is_left_out_takes_its_documented_default(admin: Client) -> None:
    """The answer writes every default out, since the digest is taken over them."""
    made = admin.create()
    assert (made["timeout"], made["retries"], made["max_result_chars"]) == (120, 0, 15_000)
    assert (made["display_name"], made["tags"], made["strict_output"]) == ("lookup", [], False)
    assert made["code"] == {"source": SOURCE, "actions": [], "egress": []}
    assert made["messages"] == {"started": [], "error": None, "returned": None}


def test_parameters_as_a_list_of_fields_become_one_schema(admin: Client) -> None:
    """Both forms of parameters are stored as JSON Schema."""
    fields = [{"name": "order", "type": "integer", "description": "its number", "required": True}]
    made = admin.create(parameters=fields)
    assert made["parameters"] == {
        "type": "object",
        "properties": {"order": {"type": "integer", "description": "its number"}},
        "required": ["order"],
    }


def test_a_name_is_taken_once_in_a_workspace_and_free_in_another(served: Served, admin: Client) -> None:
    """Names are unique in their workspace alone."""
    admin.create()
    assert admin.problem(409, "POST", "/v1/functions", function())["code"] == "name_taken"
    assert served.tenant().create()["name"] == "lookup"


def test_an_archived_name_is_free_again_and_its_record_stays(admin: Client) -> None:
    """Archiving takes the function out of every use; what it did is still there."""
    before = admin.published()
    outcome = admin.ok("POST", "/v1/functions/lookup/invoke", {})
    admin.ok("DELETE", "/v1/functions/lookup", status=204)
    for method, path in [
        ("GET", "/v1/functions/lookup"),
        ("GET", "/v1/functions/lookup/versions/1"),
        ("DELETE", "/v1/functions/lookup"),
    ]:
        assert admin.problem(404, method, path)["code"] == "not_found"
    assert admin.problem(404, "POST", "/v1/functions/lookup/invoke", {})["code"] == "not_found"
    assert admin.ok("GET", "/v1/functions")["items"] == []
    after = admin.create(code={"source": OTHER})
    assert after["id"] != before["id"]
    assert [version["number"] for version in after["versions"]] == [1]
    assert admin.problem(409, "POST", "/v1/functions/lookup/invoke", {})["code"] == "not_published"
    assert admin.ok("GET", f"/v1/invocations/{outcome['invocation_id']}")["status"] == "succeeded"


def test_a_merge_patch_makes_the_next_version_and_leaves_the_others_alone(admin: Client) -> None:
    """Changed fields are merged, null takes a field back to its default, and version 1 stays as it was."""
    admin.create(timeout=30, messages={"error": "Oh.", "returned": "Hm."})
    first = admin.ok("GET", "/v1/functions/lookup/versions/1")
    patch = {"timeout": None, "messages": {"error": None, "started": ["One moment."]}, "code": {"source": OTHER}}
    made = admin.ok("POST", "/v1/functions/lookup/versions", patch, status=201)
    assert [version["number"] for version in made["versions"]] == [1, 2]
    assert (made["timeout"], made["code"]["source"]) == (120, OTHER)
    assert made["messages"] == {"started": ["One moment."], "error": None, "returned": "Hm."}
    assert admin.ok("GET", "/v1/functions/lookup/versions/1") == first
    assert made["versions"][0]["sha256"] != made["versions"][1]["sha256"]


def test_a_version_may_be_based_on_an_older_one(admin: Client) -> None:
    """`base` names the version that the changes are merged onto."""
    admin.create(timeout=30)
    admin.ok("POST", "/v1/functions/lookup/versions", {"timeout": 60, "retries": 2}, status=201)
    made = admin.ok("POST", "/v1/functions/lookup/versions", {"base": 1, "max_result_chars": 10}, status=201)
    assert (made["timeout"], made["retries"], made["max_result_chars"]) == (30, 0, 10)
    assert admin.problem(404, "POST", "/v1/functions/lookup/versions", {"base": 9})["code"] == "not_found"


def test_if_match_lets_one_of_two_editors_win(admin: Client) -> None:
    """A change made from what is no longer the latest version is refused, and nothing is stored."""
    admin.create()
    etag = admin.send("GET", "/v1/functions/lookup").headers["etag"]
    assert etag == '"1"'
    headers = {"if-match": etag}
    first = admin.send("POST", "/v1/functions/lookup/versions", json={"timeout": 5}, headers=headers)
    assert (first.status_code, first.headers["etag"]) == (201, '"2"')
    late = admin.problem(409, "POST", "/v1/functions/lookup/versions", {"timeout": 6}, headers=headers)
    assert late["code"] == "stale_version"
    assert len(admin.ok("GET", "/v1/functions/lookup/versions")["items"]) == 2
    admin.ok("POST", "/v1/functions/lookup/versions", {"timeout": 7}, status=201, headers={"if-match": "*"})


@pytest.mark.parametrize("if_match", ['"one"', "1.5", '"-1"', "\u00b2".encode().decode("latin-1"), '"99999999999999"'])
def test_an_if_match_that_is_no_number_is_refused(admin: Client, if_match: str) -> None:
    """A precondition that cannot be understood is never taken as met."""
    admin.create()
    headers = {b"if-match": if_match.encode("latin-1")}
    found = admin.problem(422, "POST", "/v1/functions/lookup/versions", {"timeout": 5}, headers=headers)
    assert [fault["loc"] for fault in found["errors"]] == ["If-Match"]


@pytest.mark.parametrize(
    ("patch", "loc"),
    [
        ({"name": "other"}, "name"),
        ({"kind": "webhook"}, "kind"),
        ({"display_name": "Other"}, "display_name"),
        ({"tags": []}, "tags"),
        ({"name": None}, "name"),
        ({"code": None}, "code"),
        ({"code": {"source": None}}, "code.source"),
        ({"description": None}, "description"),
        ({"timeout": 601}, "timeout"),
        ({"parameters": {"type": None}}, "parameters.type"),
        ({"surprise": 1}, "surprise"),
        ({"sha256": "0" * 64}, "sha256"),
        ({"status": "approved"}, "status"),
        ({"base": "1"}, "base"),
        ({"base": True}, "base"),
        ({"base": 0}, "base"),
    ],
)
def test_a_patch_that_makes_no_valid_function_names_the_field(admin: Client, patch: dict[str, Any], loc: str) -> None:
    """The sum is checked like a new function; nothing is stored."""
    admin.create()
    found = admin.problem(422, "POST", "/v1/functions/lookup/versions", patch)
    assert [fault["loc"] for fault in found["errors"]] == [loc]
    assert len(admin.ok("GET", "/v1/functions/lookup/versions")["items"]) == 1


@pytest.mark.parametrize(
    "field", ["name", "kind", "code", "parameters", "timeout", "description", "published", "versions", "sha256"]
)
def test_patch_changes_nothing_that_belongs_to_a_version(admin: Client, field: str) -> None:
    """Display name and tags are all that can change without a new version."""
    admin.approved()
    before = admin.ok("GET", "/v1/functions/lookup")
    found = admin.problem(422, "PATCH", "/v1/functions/lookup", {field: before.get(field, 1)})
    assert [fault["loc"] for fault in found["errors"]] == [field]
    assert admin.ok("GET", "/v1/functions/lookup") == before


def test_describing_changes_display_name_and_tags_and_makes_no_version(admin: Client) -> None:
    """What is left out stays."""
    admin.create(tags=["a"])
    assert admin.ok("PATCH", "/v1/functions/lookup", {"display_name": "Look up"})["tags"] == ["a"]
    found = admin.ok("PATCH", "/v1/functions/lookup", {"tags": ["b", "c"]})
    assert (found["display_name"], found["tags"], len(found["versions"])) == ("Look up", ["b", "c"], 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/v1/functions/lookup") for method in ("PUT", "POST")),
        *((method, "/v1/functions/lookup/versions/1") for method in ("PUT", "PATCH", "POST", "DELETE")),
    ],
)
def test_no_route_changes_a_version(admin: Client, method: str, path: str) -> None:
    """A stored version can be read and decided on, and that is all."""
    admin.approved()
    before = admin.ok("GET", "/v1/functions/lookup/versions/1")
    found = admin.send(method, path, json=function(code={"source": OTHER}))
    assert found.status_code == 405
    assert "GET" in found.headers["allow"]
    assert admin.ok("GET", "/v1/functions/lookup/versions/1") == before


def test_a_listing_is_walked_with_its_cursor(admin: Client) -> None:
    """Every function comes once, by name, whatever the size of a page."""
    names = [f"f{n:02}" for n in range(7)]
    for name in reversed(names):
        admin.create(name)
    for limit in (1, 3, 7, 200):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = admin.ok("GET", "/v1/functions", params={"limit": limit} | ({"cursor": cursor} if cursor else {}))
            assert len(page["items"]) <= limit
            seen += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == names


def test_versions_are_listed_oldest_first(admin: Client) -> None:
    """The listing is brief: number, status, digest, author, time."""
    admin.approved()
    admin.ok("POST", "/v1/functions/lookup/versions", {"timeout": 5}, status=201)
    items = admin.ok("GET", "/v1/functions/lookup/versions")["items"]
    assert [(item["number"], item["status"]) for item in items] == [(1, "approved"), (2, "draft")]


def test_what_is_not_there_is_a_404(admin: Client) -> None:
    """Unknown functions, versions, routes and methods say so."""
    admin.create()
    for method, path in [
        ("GET", "/v1/functions/nothing"),
        ("GET", "/v1/functions/lookup/versions/2"),
        ("POST", "/v1/functions/lookup/versions/2/submit"),
        ("DELETE", "/v1/functions/nothing"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/functions/"),
        ("GET", "/v1/functions/lookup/"),
        ("GET", "/"),
    ]:
        assert admin.problem(404, method, path)["code"] == "not_found"

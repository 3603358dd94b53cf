"""Jails over HTTP: an admin allows them, an author asks for one, an invocation tells what it was kept in."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.fakes import echo
from tests.support.serving import Client, Served
from tests.support.world import function

from midcall.domain.run import RunReport, RunRequest

JAILED: dict[str, Any] = {"isolation": "jail"}


@pytest.fixture
def keeping(served: Served) -> Iterator[None]:
    """Have runs kept in what was asked for."""

    def behave(request: RunRequest) -> RunReport:
        return replace(echo(request), isolation=request.isolation)

    served.sandbox.behave = behave
    yield
    served.sandbox.behave = echo


def test_jails_are_refused_until_an_admin_allows_them(served: Served, admin: Client) -> None:
    """New functions and patches; the refusal says what to do, and only an admin can."""
    author = served.colleague(admin, "author", "read", "write")
    assert admin.ok("GET", "/v1/workspace")["allow_jail"] is False
    problem = author.problem(422, "POST", "/v1/functions", function(**JAILED))
    assert [fault["loc"] for fault in problem["errors"]] == ["isolation"]
    assert "allow_jail" in problem["errors"][0]["msg"]
    author.create()
    assert author.problem(422, "POST", "/v1/functions/lookup/versions", JAILED)["errors"] == problem["errors"]
    author.problem(403, "PATCH", "/v1/workspace", {"allow_jail": True})
    assert admin.ok("PATCH", "/v1/workspace", {"allow_jail": True})["allow_jail"] is True
    assert author.ok("POST", "/v1/functions/lookup/versions", JAILED, status=201)["isolation"] == "jail"
    assert author.create("other", **JAILED)["isolation"] == "jail"
    assert [each["isolation"] for each in author.ok("GET", "/v1/functions")["items"]] == ["jail", "jail"]


@pytest.mark.parametrize("value", [None, "yes", 1])
def test_allow_jail_is_true_or_false(admin: Client, value: object) -> None:
    """As every switch of a workspace."""
    problem = admin.problem(422, "PATCH", "/v1/workspace", {"allow_jail": value})
    assert [fault["loc"] for fault in problem["errors"]] == ["allow_jail"]


def test_an_invocation_tells_what_it_was_kept_in(served: Served, admin: Client, keeping: None) -> None:
    """In a jail while the workspace allows them, and in a container, with the reason, once it does not."""
    admin.ok("PATCH", "/v1/workspace", {"allow_jail": True})
    admin.published(**JAILED)
    tried = admin.ok("POST", "/v1/functions/lookup/test", {"version": 1})
    assert (tried["isolation"], tried["isolation_note"]) == ("jail", None)
    admin.ok("POST", "/v1/functions/lookup/invoke", {})
    admin.ok("PATCH", "/v1/workspace", {"allow_jail": False})
    admin.ok("POST", "/v1/functions/lookup/invoke", {})
    listed = admin.ok("GET", "/v1/invocations")["items"]
    assert [(each["purpose"], each["isolation"]) for each in listed] == [
        ("live", "container"),
        ("live", "jail"),
        ("test", "jail"),
    ]
    assert "allow_jail" in listed[0]["isolation_note"]
    for each in listed:
        whole = admin.ok("GET", f"/v1/invocations/{each['id']}")
        assert (whole["isolation"], whole["isolation_note"]) == (each["isolation"], each["isolation_note"])

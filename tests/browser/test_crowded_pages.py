"""Agents, sessions and invocations of a workspace that has a great many."""

from tests.support.crowd import SLOWER, crowd, crowd_of_sessions, run_id, soonest
from tests.support.serving import Client, Served

from midcall.domain.times import now_ms
from midcall.ui.site import COOKIE, the_site

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_pages_of_a_hundred_thousand_runs_and_a_thousand_functions_read_no_more_than_they_show(
    served: Served, admin: Client
) -> None:
    """Also the lists of what is rare or not there: none takes many times as long as a page that lists nothing."""
    admin.create("zz_last")
    workspace = admin.ok("GET", "/v1/workspace")["id"]
    crowd(served.engine, workspace, count=1_000, runs=100_000, now=now_ms())
    last = crowd_of_sessions(served.engine, workspace, count=2_000, now=now_ms(), calls=1_000)
    the_site().tries._left.clear()
    signed_in = served.http.post("/ui/sign-in", headers=FORM, content=f"key={admin.token}")
    cookie = {"cookie": f"{COOKIE}={signed_in.cookies[COOKIE]}"}
    served.http.cookies.clear()
    _, plain = soonest(lambda: served.http.get("/ui/new-function", headers=cookie))
    for path, shown in (
        ("/agents", "agent-0049"),
        ("/agents/agent-0001", "function_0009"),
        ("/sessions", last),
        ("/sessions?status=active", "No session fits"),
        (f"/sessions/{last}", "function_0000"),
        ("/invocations", "function_0000"),
        ("/invocations?status=refused", "No invocation fits"),
        ("/invocations?function=function_0000&phase=post_session", "No invocation fits"),
        (f"/invocations/{run_id(workspace, 0)}", "function_0000"),
    ):
        page, took = soonest(lambda path=path: served.http.get(f"/ui{path}", headers=cookie))  # type: ignore[misc]
        assert shown in page.text, path
        assert took < SLOWER * plain, (path, took / plain)

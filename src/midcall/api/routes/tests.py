"""`/v1/functions/{name}/tests`: test cases, and running them."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.sse import format_sse_event
from starlette.responses import Response

from midcall.api import views
from midcall.api.models import RunTests, SaveRun
from midcall.api.shapes import CaseListed, CaseShape, Listing, SuiteShape
from midcall.service.access.access import Caller
from midcall.service.runs.wait import InThread
from midcall.service.test_cases.case_of_run import RunToSave
from midcall.service.test_cases.case_runs import Suite, SuiteRequest, in_order
from midcall.service.test_cases.form import CaseForm, CaseName
from midcall.web.common import NO_NUL, PROBLEMS, FunctionNameParam, InThreads, InvocationIdParam, Paged
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Reader, Services, Use, Writer
from midcall.web.streams import COMMENT, MEDIA_TYPE, AsStream, stream

router = APIRouter(prefix="/v1", tags=["tests"], responses=PROBLEMS, route_class=JsonRoute)

AnyCase = Annotated[str, Path(max_length=100, pattern=NO_NUL, description="the test case's name")]
NewCase = Annotated[CaseName, Path(description="the test case's name")]


@router.get("/functions/{name}/tests", response_model=Listing[CaseListed])
def list_test_cases(name: FunctionNameParam, use: Use, caller: Reader, page: Paged) -> AsciiJsonResponse:
    """List a function's test cases by name; there are at most 100."""
    items = [views.case_listed(case) for case in use.test_cases.page(caller, name, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "name"))


@router.get("/functions/{name}/tests/{case}", response_model=CaseShape)
def get_test_case(name: FunctionNameParam, case: AnyCase, use: Use, caller: Reader) -> AsciiJsonResponse:
    """Read a test case; values of sensitive parameters are masked."""
    return AsciiJsonResponse(views.case_view(use.test_cases.get(caller, name, case)))


@router.put("/functions/{name}/tests/{case}", response_model=CaseShape, responses={201: {"model": CaseShape}})
def put_test_case(
    name: FunctionNameParam, case: NewCase, form: CaseForm, use: Use, caller: Writer
) -> AsciiJsonResponse:
    """Create a test case, or replace it whole; a value sent as its mask is kept. What is published has to pass it."""
    saved, created = use.test_cases.put(caller, name, case, form)
    return AsciiJsonResponse(views.case_view(saved), 201 if created else 200)


@router.delete("/functions/{name}/tests/{case}", status_code=204)
def delete_test_case(name: FunctionNameParam, case: AnyCase, use: Use, caller: Writer) -> None:
    """Delete a test case."""
    use.test_cases.delete(caller, name, case)


@router.post(
    "/functions/{name}/tests",
    response_model=SuiteShape,
    responses={200: {"model": SuiteShape, "content": {MEDIA_TYPE: {}}}},
)
async def run_test_cases(
    name: FunctionNameParam,
    use: Use,
    caller: Writer,
    in_thread: InThreads,
    as_stream: AsStream,
    wanted: RunTests | None = None,
) -> Response:
    """Run test cases in the sandbox, some at a time, all within five minutes.

    With `Accept: text/event-stream` come `started` with the names, `case` with each result, `completed` with all.
    """
    asked = wanted or RunTests()
    what = SuiteRequest(name, asked.version, asked.cases, asked.environment)
    if as_stream:
        suite: Suite = await in_thread(use.case_runs.suite, caller, what)
        events = _events(use, caller, suite, in_thread)
        return stream(events)
    return AsciiJsonResponse(views.suite_view(await use.case_runs.run(caller, what, in_thread)))


@router.post("/invocations/{invocation_id}/test-case", status_code=201, response_model=CaseShape)
def save_run(invocation_id: InvocationIdParam, wanted: SaveRun, use: Use, caller: Writer) -> AsciiJsonResponse:
    """Save a finished run as a test case of its function, on what its actions were answered.

    Sensitive parameters are not copied; what is missing is a 422 that names them, and `params` brings other values.
    """
    run = RunToSave(invocation_id, wanted.name, wanted.expect, wanted.params)
    return AsciiJsonResponse(views.case_view(use.cases_of_runs.save(caller, run)), 201)


async def _events(use: Services, caller: Caller, suite: Suite, in_thread: InThread) -> AsyncIterator[bytes]:
    names = [case.name for case in suite.cases]
    yield _event("started", {"version": suite.version.number, "cases": names})
    results = []
    async for result in use.case_runs.results(caller, suite, in_thread):
        if result is None:
            yield COMMENT
        else:
            results.append(result)
            yield _event("case", views.case_result_view(result))
    yield _event("completed", views.suite_view(in_order(suite, results)))


def _event(name: str, data: Any) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=True, separators=(",", ":")))

"""Errors as `application/problem+json` (RFC 9457); the one place where status codes live."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from midcall.domain.errors import (
    ApprovalBroken,
    AssistantBusy,
    BadJson,
    BadRequest,
    BodiesFull,
    Conflict,
    ConnectionsFull,
    Fault,
    Forbidden,
    InvalidInput,
    MidcallError,
    NotFound,
    QueueFull,
    QueueUnavailable,
    RateExceeded,
    ReviewUnavailable,
    ShuttingDown,
    TooLarge,
    TooManyStreams,
    TooSlow,
    Unauthenticated,
    WorkspaceBodiesFull,
)
from midcall.service.fields import path_of, text_of
from midcall.service.runs.wait import NoOutcome
from midcall.web.headers import headers_of

log = structlog.get_logger()

#: The most specific class of an error decides; what is not listed is a 500.
STATUSES: Mapping[type[MidcallError], int] = {
    BadRequest: 400,
    BadJson: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    ApprovalBroken: 409,
    TooSlow: 408,
    TooLarge: 413,
    InvalidInput: 422,
    QueueFull: 429,
    RateExceeded: 429,
    AssistantBusy: 429,
    WorkspaceBodiesFull: 429,
    TooManyStreams: 429,
    QueueUnavailable: 503,
    ReviewUnavailable: 503,
    ShuttingDown: 503,
    BodiesFull: 503,
    ConnectionsFull: 503,
    NoOutcome: 504,
}

TITLES: Mapping[int, str] = {
    400: "Bad request",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    422: "Invalid input",
    429: "Too many calls",
    500: "Internal error",
    503: "Unavailable",
    504: "No outcome in time",
}

MEDIA_TYPE = "application/problem+json"

_RETRY_AFTER_S = "1"
#: Headers that go with a status, whatever the body looks like.
EXTRA_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": _RETRY_AFTER_S},
    503: {"Retry-After": _RETRY_AFTER_S},
}


class FaultShape(BaseModel):
    """One fault: where, and what to do."""

    loc: str
    msg: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FaultShape]
    request_id: str


def problem(error: MidcallError, request_id: str) -> Response:
    """Write an error as a response."""
    return _response(status_of(error), error.code, error.message, error.faults, request_id)


def status_of(error: MidcallError) -> int:
    """Return the status of an error's class, or of the nearest class above it that has one."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def as_invalid_input(error: RequestValidationError) -> InvalidInput:
    """Tell what FastAPI found wrong with a request in our own words."""
    return InvalidInput(
        faults=[Fault(_path(item["loc"]), text_of(item["type"], item["msg"])) for item in error.errors()]
    )


def add_error_handlers(app: FastAPI) -> None:
    """Have every error of a route answered as a problem."""
    app.add_exception_handler(MidcallError, _on_midcall_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected_error)


def describe_problems(app: FastAPI) -> None:
    """Have the OpenAPI document file problems under their own media type; FastAPI files them under the route's."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            operations = (operation for path in make()["paths"].values() for operation in path.values())
            for response in (response for operation in operations for response in operation["responses"].values()):
                content = response.get("content", {})
                if MEDIA_TYPE in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
        return make()

    app.openapi = openapi  # type: ignore[method-assign]


async def _on_midcall_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, MidcallError):  # the signature is Starlette's
        raise error
    return problem(error, request.state.request_id)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem(as_invalid_input(error), request.state.request_id)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    text = {404: "there is no such route", 405: "this route does not take that method"}.get(error.status_code)
    response = _response(error.status_code, code, text or str(error.detail), (), request.state.request_id)
    response.headers.update(error.headers or {})  # a 405 says which methods there are
    return response


async def _on_unexpected_error(request: Request, error: Exception) -> Response:
    # What went wrong is for the log; the caller gets the id that finds it there.
    request_id = request.scope.get("state", {}).get("request_id", "")
    log.error("unexpected_error", request_id=request_id, path=request.url.path, exc_info=error)
    response = problem(MidcallError("an unexpected error; the server's log has it under this request_id"), request_id)
    response.headers.update(headers_of(request_id))  # this one is sent from outside of the intake
    return response


def _path(loc: tuple[int | str, ...]) -> str:
    # FastAPI puts "body", "query" or "path" first; in a body the path is the input's own.
    return path_of(loc[1:]) if loc and loc[0] in {"body", "query", "path", "header"} else path_of(loc)


def _response(status: int, code: str, detail: str, faults: tuple[Fault, ...], request_id: str) -> Response:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"loc": fault.loc, "msg": fault.msg} for fault in faults],
        "request_id": request_id,
    }
    return Response(
        json.dumps(content, ensure_ascii=True),
        status_code=status,
        headers=EXTRA_HEADERS.get(status),
        media_type=MEDIA_TYPE,
    )

"""What every answer is held against: the route's response model, the OpenAPI document, and the rules for problems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import jsonschema_rs
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from midcall.api.shapes import SessionShape
from midcall.compat.shapes import VocobaseErrorShape
from midcall.web.problems import TITLES, Problem


@dataclass(frozen=True)
class Route:
    """One operation of the API."""

    method: str
    path: str
    model: Any
    #: Of answers with another status of success than the usual one.
    others: Mapping[int, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Write it as the documentation does."""
        return f"{self.method} {self.path}"


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Walk the operations that an app serves, the documentation's own left out."""
    for found in flat(app.routes):
        for method in sorted(found.methods or ()):
            others = {int(status): more["model"] for status, more in found.responses.items() if "model" in more}
            yield Route(method, found.path, found.response_model, others)


def flat(routes: Any) -> Iterator[APIRoute]:
    """Walk routes, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            yield route
        elif hasattr(route, "original_router"):
            yield from flat(route.original_router.routes)


_CONTRACTS: "dict[tuple[str, ...], Contract]" = {}


def contract_of(app: FastAPI) -> "Contract":
    """Return the contract of an app: made once for all apps of the same routes, which takes most of a second."""
    routes = tuple(str(route) for route in routes_of(app))
    return _CONTRACTS.setdefault(routes, _CONTRACTS.get(routes) or Contract(app))


class Contract:
    """Checks answers of apps."""

    def __init__(self, app: FastAPI) -> None:
        self.document = app.openapi()
        self.routes = list(routes_of(app))
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        self._models = {str(route): TypeAdapter(route.model) for route in self.routes if route.model is not None}
        self._others = {
            f"{route} {status}": TypeAdapter(model) for route in self.routes for status, model in route.others.items()
        }

    def check(self, response: httpx.Response) -> None:
        """Fail unless the answer is one that the API promises."""
        path = response.request.url.path
        if response.status_code >= httpx.codes.BAD_REQUEST and path.startswith("/api/v2/functions"):
            found = VocobaseErrorShape.model_validate(response.json(), strict=True, extra="forbid")
            assert found.error.request_id == response.headers["x-request-id"]
        elif response.status_code >= httpx.codes.BAD_REQUEST and path != "/readyz":
            self._check_problem(response)
        operation = self._operation(response.request)
        if operation is not None:
            self._check_documented(operation, response)

    def _operation(self, request: httpx.Request) -> str | None:
        given = request.url.raw_path.split(b"?")[0].decode("ascii").split("/")
        for route in self.routes:
            wanted = route.path.split("/")
            if route.method == request.method and len(wanted) == len(given):
                pairs = zip(wanted, given, strict=True)
                if all(part == there or (part.startswith("{") and there) for part, there in pairs):
                    return str(route)
        return None

    def _check_problem(self, response: httpx.Response) -> None:
        assert response.headers["content-type"] == "application/problem+json", response.text
        found = Problem.model_validate(response.json(), strict=True, extra="forbid")
        assert found.status == response.status_code
        assert found.title == TITLES[response.status_code]
        assert found.detail
        assert found.request_id == response.headers["x-request-id"]
        if found.code == "invalid" and response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            assert found.errors or found.detail, "an invalid input names its field"

    def _check_documented(self, operation: str, response: httpx.Response) -> None:
        method, path = operation.split(" ")
        responses: Mapping[str, Any] = self.document["paths"][path][method.lower()]["responses"]
        described = responses.get(str(response.status_code))
        assert described is not None, f"{operation} answers {response.status_code}, which OpenAPI does not list"
        if response.status_code in (httpx.codes.NO_CONTENT, httpx.codes.NOT_MODIFIED):
            assert response.content == b""
            return
        media = response.headers["content-type"].split(";")[0]
        assert media in described["content"], f"{operation} {response.status_code} answers {media}"
        if media == "text/event-stream":
            return
        if response.is_success:
            model = self._others.get(f"{operation} {response.status_code}") or self._models[operation]
            model.validate_python(_as_promised(response.json()), strict=True, extra="forbid")
        validator = self._validator(f"{operation} {response.status_code}", described["content"][media])
        validator.validate(response.json())

    def _validator(self, answer: str, described: Mapping[str, Any]) -> jsonschema_rs.Validator:
        if answer not in self._validators:
            assert described.get("schema"), f"{answer}: no schema"
            whole = {**described["schema"], "components": self.document["components"]}
            self._validators[answer] = jsonschema_rs.validator_for(whole)
        return self._validators[answer]


def _as_promised(document: Any) -> Any:
    """Leave out of sessions what their platform sent beside the fields of the contract; all else is forbidden."""
    if not isinstance(document, dict):
        return document
    if "items" in document:
        return {**document, "items": [_as_promised(item) for item in document["items"]]}
    if "sessionId" not in document:
        return document
    return {name: value for name, value in document.items() if name in SessionShape.model_fields}

"""What is made of a version is made for its first call, and never of a secret."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import jsonschema_rs
import pytest
from tests.support.world import World, function

from midcall.domain import function_config, made_once, places
from midcall.domain.http import HttpRequest, HttpResponse
from midcall.domain.run_status import InvocationStatus
from midcall.outbound.breakers import CircuitBreakers
from midcall.service.functions.form import parse_function
from midcall.service.runs import response_variables
from midcall.service.webhooks.request import WebhookRequests
from midcall.service.webhooks.run_webhook import WebhookAttempts

SECRET = "k-71-never-kept"  # noqa: S105 (made up)
ORDER = {"type": "string", "pattern": "^made-once-[0-9]{3}$", "x-midcall": {"sensitive": True}}
SCHEMA = {"type": "object", "properties": {"order": ORDER}, "required": ["order"]}


def webhook(**changes: Any) -> dict[str, Any]:
    """Return a webhook's document in which each part is a template or a secret."""
    body = {name: value for name, value in function().items() if name != "code"}
    target = {
        "url": "https://api.example.com/made-once/{{order}}",
        "headers": {"X-Api-Key": SECRET, "X-Order": "{{order}}"},
        "query": {"token": SECRET, "order": "{{order}}"},
        "body": {"order": "{{order}}"},
        "payload": "template",
        "auth": {"type": "basic", "username": "shop-{{order}}", "password": SECRET},
    }
    results = {"type": "object", "title": "made once"}
    parts = {"parameters": SCHEMA, "output_schema": results, "response_variables": {"seen": "$.order.made_once"}}
    return {**body, **parts, "kind": "webhook", "webhook": {**target, **changes}}


class Calls:
    """What was parsed since it was last asked, by what parses it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, str]] = []
        self.names: list[str] = []
        for module, name in (
            (function_config, "parse_webhook"),
            (function_config, "parse_text"),
            (places, "_Walk"),
            (response_variables, "compiled"),
            (jsonschema_rs, "Draft202012Validator"),
        ):
            self.names.append(name)
            monkeypatch.setattr(module, name, self._told(name, getattr(module, name)))

    def _told(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any, **options: Any) -> Any:
            self.made.append((name, repr((args, options))))
            return real(*args, **options)

        return told

    def taken(self) -> list[tuple[str, str]]:
        """Return them, and begin anew."""
        made, self.made = self.made, []
        return made


def called(world: World) -> HttpRequest:
    """Call the one webhook, in a worker; returns what was sent."""
    sent: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        sent.append(request)
        return HttpResponse(200, body=json.dumps({"order": "made-once-123"}).encode())

    world.outbound.answer = answer
    requests = WebhookRequests(
        world.storage, world.secrets, world.credentials, world.tokens, world.signing, world.clock
    )
    attempts = WebhookAttempts(requests, world.outbound, CircuitBreakers(), world.clock)
    executor = world.executor()
    invocation = world.admitted(params={"order": "made-once-123"})
    replace(executor, kinds={function_config.Kind.WEBHOOK: attempts}).execute(invocation.id)
    assert world.read(invocation.id).status is InvocationStatus.SUCCEEDED
    [request] = sent
    return request


def test_the_second_call_of_a_version_parses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither templates nor schemas nor paths; what is sent is the same, and no secret was ever parsed to be kept."""
    calls = Calls(monkeypatch)
    world.catalog.create(world.caller, parse_function(webhook()))
    world.reviews.submit(world.caller, "lookup", 1)
    world.catalog.publish(world.caller, "lookup", 1, "production")
    first, made = called(world), calls.taken()
    assert {name for name, _ in made} == set(calls.names)
    assert SECRET not in repr(made)
    second = called(world)
    assert calls.taken() == []
    assert (first.url, first.body) == (second.url, second.body)
    assert first.url == f"https://api.example.com/made-once/made-once-123?token={SECRET}&order=made-once-123"
    assert {("X-Api-Key", SECRET), ("X-Order", "made-once-123")} <= set(second.headers)


def test_what_is_kept_is_bounded_and_goes_by_what_it_says() -> None:
    """The latest used stay; what is large is made each time; order counts, since a body is sent in it."""
    numbers = count(1)

    def number(_value: Any) -> int:
        return next(numbers)

    take = made_once.made_once(number, most=2)
    assert [take({"a": 1, "b": 2}), take({"a": 1, "b": 2}), take({"b": 2, "a": 1})] == [1, 1, 2]
    assert [take({"c": True}), take({"c": 1}), take({"a": 1, "b": 2})] == [3, 4, 5]
    large = {"a": "x" * made_once.MOST_BYTES}
    assert [take(large), take(large)] == [6, 7]

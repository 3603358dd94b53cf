"""Drive a connector's generator by hand: what it asks for, and what it makes of an answer."""

import ast
import json
from contextlib import suppress
from typing import Any

import pytest

from midcall.connectors.kit import Account, ApiRequest, Connector, Steps, bind
from midcall.domain.action import ActionFailed
from midcall.domain.http import HttpResponse

#: What no documented answer looks like; a connector may fail on it, in words of its own.
ODD_ANSWERS: tuple[Any, ...] = (
    None,
    [],
    "text",
    5,
    {},
    {"ok": True},
    {"ok": True, "channels": [None, 5], "response_metadata": []},
    {"error": 5},
    {"error": {"message": 5, "code": [], "error_data": "x"}},
    {"messages": [5], "contacts": {}},
    {"errors": [5, {"extensions": 7}]},
    {"errors": {"a": 1}},
    {"errors": [{"message": "Throttled"}], "extensions": {"cost": {"throttleStatus": {"restoreRate": 0}}}},
    {"data": None},
    {"data": {"order": 5, "orders": {"nodes": [5]}, "customer": "x", "page": {"nodes": [None], "pageInfo": 5}}},
    {"data": {"customer": {"email": 5, "phone": [], "numberOfOrders": {}}, "orders": 5, "page": []}},
    {"responseCode": "x", "data": 5},
    {"responseCode": 500, "message": {}},
)


def begun(connector: Connector, operation: str, *args: Any, account: Account | None = None, **kwargs: Any) -> Steps:
    """Bind a call and return its generator, which has asked for nothing yet."""
    wanted = connector.operations[operation]
    bound = bind(f"{connector.name}.{operation}", wanted, args, kwargs)
    return wanted.run(bound.options, account or {})


def asked(
    connector: Connector, operation: str, *args: Any, account: Account | None = None, **kwargs: Any
) -> ApiRequest:
    """Return the first request of a call."""
    return next(begun(connector, operation, *args, account=account, **kwargs))


def answer(value: Any, status: int = 200) -> HttpResponse:
    """Make an answer of a JSON value."""
    return HttpResponse(status, (("content-type", "application/json"),), json.dumps(value).encode())


def ended(steps: Steps, given: HttpResponse) -> Any:
    """Answer the last request of a generator; returns what it returns."""
    try:
        steps.send(given)
    except StopIteration as end:
        return end.value
    raise AssertionError("it asks for one more request")


def refusal(connector: Connector, operation: str, *args: Any, **kwargs: Any) -> str:
    """Return the text by which a call's options are refused."""
    with pytest.raises(ActionFailed) as caught:
        begun(connector, operation, *args, **kwargs)
    assert caught.value.code == "bad_options"
    return caught.value.message


def example_call(connector: Connector, operation: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Read an operation's example as Python; returns the arguments of the call that it is."""
    call = ast.parse(connector.operations[operation].example, mode="eval").body
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == f"actions.{connector.name}.{operation}"
    args = tuple(ast.literal_eval(each) for each in call.args)
    return args, {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}


def is_described(connector: Connector, operation: str) -> bool:
    """Tell whether an operation says in a sentence what it does, and what it returns."""
    it = connector.operations[operation]
    return it.summary[:1].isupper() and it.summary[-1:] in ".;" and it.returns != "the answer as JSON"


def survives_odd_answers(connector: Connector, account: Account) -> None:
    """Give every operation every odd answer, again and again: it returns JSON, or fails as actions do."""
    for name in connector.operations:
        args, kwargs = example_call(connector, name)
        for odd in ODD_ANSWERS:
            for status in (200, 404):
                steps = begun(connector, name, *args, account=account, **kwargs)
                with suppress(ActionFailed):
                    json.dumps(_exhausted(steps, answer(odd, status)))


def _exhausted(steps: Steps, given: HttpResponse) -> Any:
    ask = next(steps)
    for _ in range(30):
        pause = ask.throttled(given)
        assert pause is None or 0 < pause <= 60_000
        try:
            ask = steps.send(given)
        except StopIteration as end:
            return end.value
    raise AssertionError("it asks for ever")

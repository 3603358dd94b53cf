"""What may be written about a webhook: what is wrong is told at its path, whatever its shape."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.world import World

from midcall.domain.errors import InvalidInput
from midcall.service.functions.form import parse_function

URL = "https://api.example.com/x"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("a{}*\n/:é", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "key", "type"]), inner)
    ),
    max_leaves=6,
)


def document(**webhook: Any) -> dict[str, Any]:
    """Return a webhook function."""
    fields = {"url": URL, **webhook}
    return {"name": "hook", "description": "Looks an order up.", "kind": "webhook", "webhook": fields}


@pytest.mark.parametrize(
    ("webhook", "loc"),
    [
        ({"headers": [1]}, "webhook.headers"),
        ({"headers": [{"name": [], "value": "x"}]}, "webhook.headers"),
        ({"headers": [{"name": "A", "value": "x"}, {"name": "A", "value": "y"}]}, "webhook.headers"),
        ({"headers": [{"name": "A", "value": None}]}, "webhook.headers.A"),
        ({"headers": [{"name": "A", "secret": True}]}, "webhook.headers"),
        ({"headers": {"A": {"secret": True}}}, "webhook.headers.A.value"),
        ({"headers": {"A": {"value": "x", "secret": "yes"}}}, "webhook.headers.A.secret"),
        ({"headers": {"A": {"value": "{{city}}", "secret": True}}}, "webhook.headers.A"),
        ({"headers": {"A": {"value": "********", "secret": False}}}, "webhook.headers.A"),
        ({"query": {"api_key": {"value": "x", "secret": False}}}, "webhook.query.api_key"),
        ({"auth": {"type": "header", "name": "A", "value": "x", "secret": False}}, "webhook.auth"),
        ({"headers": {"Host": "x"}}, "webhook.headers.Host"),
        ({"headers": {"A": "x\ny"}}, "webhook.headers.A"),
        ({"headers": {"A": "********"}}, "webhook.headers.A"),
        ({"query": {"a{{b}}": "c"}}, "webhook.query.a{{b}}"),
        ({"auth": []}, "webhook.auth"),
        ({"auth": {"type": "digest"}}, "webhook.auth"),
        ({"auth": {"type": "bearer"}}, "webhook.auth.token"),
        ({"auth": {"type": "bearer", "token": "a\r\nb"}}, "webhook.auth.token"),
        ({"auth": {"type": "bearer", "token": "Bearer "}}, "webhook.auth.token"),
        ({"auth": {"type": "bearer", "token": "bearer"}}, "webhook.auth.token"),
        ({"auth": {"type": "basic", "username": "{{", "password": "x"}}, "webhook.auth.username"),
        ({"auth": {"type": "header", "name": "Host", "value": "x"}}, "webhook.auth.name"),
        (
            {"auth": {"type": "oauth2", "token_url": "ftp://x", "client_id": "a", "client_secret": "b"}},
            "webhook.auth.token_url",
        ),
        ({"payload": "template"}, "webhook"),
        ({"body": {"a": "{{secret.x.y}}"}}, "webhook.body.a"),
        ({"url": "{{host}}/x"}, "webhook.url"),
        ({"method": "get"}, "webhook.method"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(world: World, webhook: dict[str, Any], loc: str) -> None:
    """By the form, or by the templates when it is saved; nothing is stored."""
    with pytest.raises(InvalidInput) as caught:
        world.catalog.create(world.caller, parse_function(document(**webhook)))
    assert [fault.loc for fault in caught.value.faults] == [loc]
    assert all(fault.msg for fault in caught.value.faults)


@given(JSON, st.sampled_from(["url", "method", "headers", "query", "body", "payload", "auth"]))
def test_any_shape_is_taken_or_refused(value: Any, field: str) -> None:
    """Never another error: whoever writes it gets to know where it is wrong."""
    try:
        parse_function(document(**{field: value})).config().to_stored()
    except InvalidInput as error:
        places = [fault.loc for fault in error.faults]
    else:
        places = ["webhook"]
    assert places
    assert all(place.startswith("webhook") for place in places)


def test_defaults_follow_from_what_is_written() -> None:
    """Https where no scheme is given, the template where there is a body, two retries, a credential by its name."""
    found = parse_function(
        document(url="api.example.com/x", body={"a": 1}, auth={"type": "bearer", "credential": "crm"})
    )
    config = found.config().to_stored()
    assert (config["webhook"]["url"], config["webhook"]["payload"], config["retries"]) == (URL, "template", 2)
    assert config["webhook"]["auth"] == {"type": "credential", "credential": "crm"}
    assert "follow_redirects" not in config["webhook"]
    assert parse_function(document(follow_redirects=True)).config().to_stored()["webhook"]["follow_redirects"] is True
    listed = (
        parse_function(document(headers=[{"key": "A", "value": "x"}, {"name": "B", "value": "y"}])).config().to_stored()
    )
    assert listed["webhook"]["headers"] == {"A": "x", "B": "y"}


def test_values_may_be_marked_as_secrets_in_every_way_of_writing_them(world: World) -> None:
    """In a list or by name, and in auth, whose values are secrets anyway; what is marked is kept, all else is text."""
    written: list[dict[str, Any]] = [
        {"headers": [{"name": "X-Partner", "value": "p4", "secret": True}, {"key": "X-Region", "value": "Berlin"}]},
        {"headers": {"X-Partner": {"value": "p4", "secret": True}, "X-Region": {"value": "Berlin"}}},
    ]
    for number, webhook in enumerate(written):
        form = parse_function({**document(**webhook), "name": f"hook_{number}"})
        headers = world.catalog.create(world.caller, form).version.stored["webhook"]["headers"]
        assert headers["X-Partner"].startswith("********sec_")
        assert headers["X-Region"] == "Berlin"
    auth = {"type": "header", "name": "A", "value": "x", "secret": True}
    assert "secret" not in parse_function(document(auth=auth)).config().to_stored()["webhook"]["auth"]

"""The Shopify connector, driven by hand."""

from typing import Any

import pytest
from tests.support.stepping import (
    answer,
    asked,
    begun,
    ended,
    example_call,
    is_described,
    refusal,
    survives_odd_answers,
)

from midcall.connectors import shopify
from midcall.connectors.shopify import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType

#: What would close a string, a field or a query, if it were spliced into one.
HOSTILE = '") { shop { id } } #'


@pytest.mark.parametrize("name", CONNECTOR.operations)
def test_every_example_is_a_call_that_binds(name: str) -> None:
    """What docs and completion show can be called as it stands."""
    args, kwargs = example_call(CONNECTOR, name)
    assert begun(CONNECTOR, name, *args, **kwargs)
    assert is_described(CONNECTOR, name)


@pytest.mark.parametrize(
    ("operation", "options", "document"),
    [
        ("get_order", {"name": "#1001 OR 2"}, shopify.ORDER_NAMES),
        ("list_orders", {"query": HOSTILE, "after": HOSTILE}, shopify.ORDERS),
        ("search_products", {"query": HOSTILE}, shopify.PRODUCTS),
        ("get_customer", {"phone": "+4930123456"}, shopify.CUSTOMER),
        ("get_order", {"id": "7"}, shopify.ORDER_BY_ID),
    ],
)
def test_values_go_as_variables_alone(operation: str, options: dict[str, Any], document: str) -> None:
    """The document is a constant, whatever is asked for."""
    ask = asked(CONNECTOR, operation, options)
    assert (ask.method, ask.path, ask.json["query"]) == ("POST", shopify.PATH, document)
    # A query changes nothing: sent again after a lost connection, though it is a POST.
    assert ask.repeatable is True


@pytest.mark.parametrize("given", [7, "7", "gid://shopify/Order/7"])
def test_an_id_is_digits_or_shopifys_own(given: Any) -> None:
    """All name the same order."""
    assert asked(CONNECTOR, "get_order", id=given).json["variables"] == {"id": "gid://shopify/Order/7"}


@pytest.mark.parametrize(
    ("operation", "options", "said"),
    [
        ("get_order", {}, "send exactly one of id, name"),
        ("get_order", {"id": "7", "name": "#7"}, "send exactly one of id, name"),
        ("get_order", {"id": "gid://shopify/Customer/7"}, "id: is no id"),
        ("get_order", {"id": True}, "id: "),
        ("get_order", {"name": '#1" OR name:"#2'}, "name: is no order's name"),
        ("get_order", {"name": "#1\\"}, "name: is no order's name"),
        ("get_customer", {}, "send exactly one of id, email, phone"),
        ("get_customer", {"email": "ann"}, "email: is no email address"),
        ("get_customer", {"phone": "030123"}, "phone: is no telephone number"),
        ("list_orders", {"first": 251}, "first: "),
        ("list_orders", {"first": 0}, "first: "),
        ("list_orders", {"query": ""}, "query: "),
        ("search_products", {}, "query: is required"),
        ("search_products", {"query": "x", "sortKey": "TITLE"}, "sort_key: is no option"),
    ],
)
def test_a_bad_option_is_named(operation: str, options: dict[str, Any], said: str) -> None:
    """The text says which option it is."""
    assert said in refusal(CONNECTOR, operation, options)


def _throttled(**cost: Any) -> dict[str, Any]:
    errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]
    return {"errors": errors, "extensions": {"cost": cost}}


@pytest.mark.parametrize(
    ("cost", "ms"),
    [
        ({"requestedQueryCost": 76, "throttleStatus": {"currentlyAvailable": 66, "restoreRate": 50.0}}, 200),
        ({"requestedQueryCost": 66, "throttleStatus": {"currentlyAvailable": 66, "restoreRate": 50.0}}, 100),
        ({"requestedQueryCost": 9e9, "throttleStatus": {"currentlyAvailable": 0, "restoreRate": 1}}, 20_000),
        ({"requestedQueryCost": 76, "throttleStatus": {"currentlyAvailable": 66, "restoreRate": 0}}, 1_000),
        ({"requestedQueryCost": "x", "throttleStatus": None}, 1_000),
        ({}, 1_000),
    ],
)
def test_throttled_says_how_long_until_the_bucket_holds_enough(cost: dict[str, Any], ms: int) -> None:
    """What is missing, at the rate at which it comes back, within bounds."""
    ask = asked(CONNECTOR, "list_orders")
    assert ask.throttled(answer(_throttled(**cost))) == ms


def test_nothing_else_is_throttled() -> None:
    """Data are not, other errors are not."""
    ask = asked(CONNECTOR, "list_orders")
    assert ask.throttled(answer({"data": {}})) is None
    assert ask.throttled(answer({"errors": [{"message": "x", "extensions": {"code": "ACCESS_DENIED"}}]})) is None


@pytest.mark.parametrize(
    ("value", "status", "code", "text"),
    [
        (_throttled(), 200, "throttled", "Shopify refused (THROTTLED): Throttled; ask less often"),
        (
            {"errors": [{"message": "Access denied for orders field", "extensions": {"code": "ACCESS_DENIED"}}]},
            200,
            "refused",
            "Shopify refused (ACCESS_DENIED): Access denied for orders field; " + shopify.CURES["ACCESS_DENIED"],
        ),
        (
            {"errors": "[API] Invalid API key"},
            401,
            "refused",
            "Shopify refused (401): [API] Invalid API key; " + shopify.CURES["401"],
        ),
        ({"data": None}, 200, "bad_answer", "Shopify answered neither data nor errors"),
    ],
)
def test_errors_are_told_with_the_cure(value: Any, status: int, code: str, text: str) -> None:
    """An error in a 200 is a failure, as is one in a 401."""
    steps = begun(CONNECTOR, "list_orders")
    next(steps)
    with pytest.raises(ActionFailed) as caught:
        ended(steps, answer(value, status))
    assert (caught.value.code, caught.value.message) == (code, text)


def test_a_name_is_looked_up_before_the_order_is_read() -> None:
    """A cheap query for the id, then the order: whole orders by search cost more than a query may."""
    steps = begun(CONNECTOR, "get_order", name="1001")
    ask = next(steps)
    assert ask.json["variables"] == {"query": 'name:"1001"', "first": 10}
    nodes = [{"id": "gid://shopify/Order/2", "name": "#10012"}, {"id": "gid://shopify/Order/1", "name": "#1001"}]
    ask = steps.send(answer({"data": {"orders": {"nodes": nodes}}}))
    assert ask.json == {"query": shopify.ORDER_BY_ID, "variables": {"id": "gid://shopify/Order/1"}}


def test_pages_end_though_a_shop_says_that_there_are_more_for_ever() -> None:
    """A page without a node is the last one."""
    steps = begun(CONNECTOR, "list_orders", first=100)
    assert next(steps).json["variables"] == {"query": None, "first": 50, "after": None}
    info = {"hasNextPage": True, "endCursor": "c1"}
    ask = steps.send(answer({"data": {"page": {"nodes": [{"id": "1"}], "pageInfo": info}}}))
    assert ask.json["variables"] == {"query": None, "first": 50, "after": "c1"}
    value = ended(steps, answer({"data": {"page": {"nodes": [], "pageInfo": info}}}))
    assert value == {"orders": [{"id": "1"}], "hasNextPage": True, "endCursor": "c1"}


def test_wrapping_is_taken_off_and_what_is_left_out_is_said() -> None:
    """No nodes, no bags; a list that goes on says so."""
    steps = begun(CONNECTOR, "get_order", id=7)
    next(steps)
    order = {
        "id": "gid://shopify/Order/7",
        "total": {"shopMoney": {"amount": "1.0", "currencyCode": "EUR"}},
        "lineItems": {"nodes": [{"title": "Shirt"}], "pageInfo": {"hasNextPage": True}},
        "fulfillments": [{"tracking": [{"number": "1"}]}],
    }
    assert ended(steps, answer({"data": {"order": order}})) == {
        "id": "gid://shopify/Order/7",
        "total": {"amount": "1.0", "currencyCode": "EUR"},
        "lineItems": [{"title": "Shirt"}],
        "lineItemsHasMore": True,
        "fulfillments": [{"tracking": [{"number": "1"}]}],
    }


def test_depth_without_end_is_refused() -> None:
    """An answer that is nested more than any of ours is not walked."""
    deep: Any = 1
    for _ in range(200):
        deep = {"a": deep}
    steps = begun(CONNECTOR, "get_order", id=7)
    next(steps)
    with pytest.raises(ActionFailed, match="nested too deeply"):
        ended(steps, answer({"data": {"order": deep}}))


def test_the_credential_is_shopifys_header() -> None:
    """And its token is a secret; the shop is in the address."""
    grant = CONNECTOR.credentials[CredentialType.SHOPIFY]({"access_token": "shpat_1", "shop_domain": "x.myshopify.com"})
    assert (grant.headers, grant.secrets) == ((("X-Shopify-Access-Token", "shpat_1"),), ("shpat_1",))
    assert CONNECTOR.base_url == "https://{shop_domain}"


def test_odd_answers_end_in_words() -> None:
    """Nothing that a server says makes it raise anything else."""
    survives_odd_answers(CONNECTOR, {})

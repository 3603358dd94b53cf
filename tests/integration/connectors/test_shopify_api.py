"""The Shopify connector against a server that parses, checks and answers its GraphQL."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.apis.shopify import TOKEN, ShopifyApi, customer, order, product, shopify_api
from tests.support.driving import check, drive, granted
from tests.support.stepping import answer, asked

from midcall.connectors.shopify import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType


@pytest.fixture
def api() -> Iterator[ShopifyApi]:
    """Serve a shop."""
    with shopify_api() as api:
        yield api


def headers(token: str = TOKEN) -> dict[str, Any]:
    """Show a token as the connector does."""
    return granted(CONNECTOR.credentials[CredentialType.SHOPIFY]({"access_token": token}))


def call(api: ShopifyApi, operation: str, **options: Any) -> Any:
    """Call an operation as code would."""
    return drive(CONNECTOR, operation, options, base_url=api.url, **headers())


@pytest.mark.parametrize(
    "options", [{"id": 1002}, {"id": "gid://shopify/Order/1002"}, {"name": "#1002"}, {"name": 1002}]
)
def test_an_order_is_found_by_id_and_by_name(api: ShopifyApi, options: dict[str, Any]) -> None:
    """Flat: what was bought, what it cost, where it is."""
    found = call(api, "get_order", **options)
    assert found["name"] == "#1002"
    assert found["total"] == {"amount": "19.90", "currencyCode": "EUR"}
    assert (found["financialStatus"], found["fulfillmentStatus"]) == ("PAID", "FULFILLED")
    assert found["lineItems"][0]["title"] == "Shirt"
    assert found["lineItems"][0]["unitPrice"]["amount"] == "9.95"
    assert found["fulfillments"][0]["tracking"][0] == {"company": "DHL", "number": "0034", "url": None}
    assert found["shippingAddress"]["countryCode"] == "DE"
    assert "lineItemsHasMore" not in found


def test_an_order_is_not_taken_for_its_namesake(api: ShopifyApi) -> None:
    """A search for #100 finds #1001 as well; that is another order."""
    assert call(api, "get_order", name="#100") is None
    api.orders.append(order(100))
    assert call(api, "get_order", name="#100")["name"] == "#100"


def test_an_order_that_does_not_exist_is_none(api: ShopifyApi) -> None:
    """Neither by id nor by name."""
    assert call(api, "get_order", id=9) is None
    assert call(api, "get_order", name="#9") is None


def test_a_long_order_says_that_there_is_more(api: ShopifyApi) -> None:
    """Fifty items come, and a word about the rest."""
    api.orders = [order(1, lineItems=[{"title": f"item {number}"} for number in range(51)])]
    found = call(api, "get_order", id=1)
    assert (len(found["lineItems"]), found["lineItemsHasMore"]) == (50, True)


def test_orders_come_newest_first_over_all_pages(api: ShopifyApi) -> None:
    """120 orders are three pages; each is there once."""
    api.orders = [order(number, createdAt=f"2026-10-01T{number:05}") for number in range(120)]
    value = call(api, "list_orders", first=250)
    assert [each["name"] for each in value["orders"]] == [f"#{number}" for number in reversed(range(120))]
    assert value["hasNextPage"] is False
    assert len(api.http.received) == 3


def test_orders_go_on_after_a_cursor(api: ShopifyApi) -> None:
    """What one answer left out, the next one brings."""
    first = call(api, "list_orders", first=2)
    assert first["hasNextPage"] is True
    rest = call(api, "list_orders", first=2, after=first["endCursor"])
    assert [each["name"] for each in first["orders"] + rest["orders"]] == ["#1003", "#1002", "#1001"]
    assert rest["hasNextPage"] is False


def test_orders_are_searched(api: ShopifyApi) -> None:
    """By Shopify's own syntax."""
    api.orders.append(order(7, email="bob@example.com"))
    assert [one["name"] for one in call(api, "list_orders", query="email:bob@example.com")["orders"]] == ["#7"]


@pytest.mark.parametrize("options", [{"id": 1}, {"email": "ann@example.com"}, {"phone": "+4930123456"}])
def test_a_customer_is_found(api: ShopifyApi, options: dict[str, Any]) -> None:
    """Flat, with a count that is a number."""
    found = call(api, "get_customer", **options)
    assert (found["email"], found["phone"], found["numberOfOrders"]) == ("ann@example.com", "+4930123456", 3)
    assert found["amountSpent"] == {"amount": "59.70", "currencyCode": "EUR"}


def test_a_customer_that_does_not_exist_is_none(api: ShopifyApi) -> None:
    """A lookup that finds nothing is no failure."""
    api.customers = [customer(2)]
    assert call(api, "get_customer", id=1) is None


def test_products_are_searched_over_all_pages(api: ShopifyApi) -> None:
    """With prices and variants."""
    api.products = [product(number) for number in range(45)] + [product(99, title="Hat")]
    value = call(api, "search_products", query="shirt", first=100)
    assert len(value["products"]) == 45
    assert len(api.http.received) == 3
    one = value["products"][0]
    assert one["priceRange"]["min"] == {"amount": "9.95", "currencyCode": "EUR"}
    assert one["variants"][0]["title"] == "M"


def test_what_would_break_out_of_a_query_is_only_searched_for(api: ShopifyApi) -> None:
    """Nothing that code passes on becomes a part of the document."""
    hostile = 'shirt") { nodes { id } } shop { email } #'
    assert call(api, "search_products", query=hostile)["products"] == []


def test_a_scope_that_is_missing_is_named(api: ShopifyApi) -> None:
    """An error in a 200."""
    api.scopes = frozenset()
    with pytest.raises(ActionFailed, match=r"ACCESS_DENIED.*`read_orders` access scope.*give the app") as caught:
        call(api, "list_orders")
    assert (caught.value.code, caught.value.status) == ("refused", 200)


def test_a_throttled_query_says_when_to_ask_again(api: ShopifyApi) -> None:
    """In a 200: whoever sends reads it there; if it never stops, the code hears of it."""
    api.throttled = 1
    with pytest.raises(ActionFailed, match=r"THROTTLED.*ask less often") as caught:
        call(api, "list_orders")
    assert caught.value.code == "throttled"
    assert asked(CONNECTOR, "list_orders").throttled(answer(caught.value.body)) == 200


def test_a_429_is_whoever_sends_to_repeat(api: ShopifyApi) -> None:
    """Shopify has that as well."""
    api.too_many = 1
    with pytest.raises(ActionFailed) as caught:
        call(api, "list_orders")
    assert caught.value.status == 429


def test_a_good_token_is_told_from_a_bad_one(api: ShopifyApi) -> None:
    """By asking for the shop's name."""
    assert check(CONNECTOR, base_url=api.url, **headers()) == {
        "name": "My Shop",
        "myshopifyDomain": "my-shop.myshopify.com",
    }
    with pytest.raises(ActionFailed, match=r"refused \(401\): \[API\] Invalid API key.*save the credential again"):
        check(CONNECTOR, base_url=api.url, **headers("shpat_wrong"))

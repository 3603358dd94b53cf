"""Shopify's GraphQL Admin API as shopify.dev has it: one path, a token header, errors and throttling in a 200."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.support.apis.graphql import GraphqlError, execute
from tests.support.target import Received, Reply, Target, replying, target

TOKEN = "shpat_0123456789abcdef0123456789abcdef"  # noqa: S105 (no real one)
VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")

_PATH = re.compile(r"/admin/api/(?P<version>[0-9-]+)/graphql\.json")
_TERM = re.compile(r'(?:(?P<field>\w+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))')


def _of(scalars: str, **objects: str) -> dict[str, str | None]:
    return {**dict.fromkeys(scalars.split()), **objects}


#: The fields of shopify.dev that anything here needs; a query for any other is refused as Shopify does.
TYPES: Mapping[str, Mapping[str, str | None]] = {
    "Query": {
        "order": "Order",
        "orders": "OrderConnection",
        "customerByIdentifier": "Customer",
        "products": "ProductConnection",
        "shop": "Shop",
    },
    "Shop": _of("id name myshopifyDomain email"),
    "PageInfo": _of("hasNextPage hasPreviousPage startCursor endCursor"),
    "MoneyV2": _of("amount currencyCode"),
    "MoneyBag": {"shopMoney": "MoneyV2", "presentmentMoney": "MoneyV2"},
    "MailingAddress": _of("name address1 address2 city province provinceCode zip country countryCodeV2 phone"),
    "OrderConnection": {"nodes": "Order", "pageInfo": "PageInfo"},
    "Order": _of(
        "id name createdAt processedAt cancelledAt cancelReason closedAt email phone note tags displayFinancialStatus "
        "displayFulfillmentStatus statusPageUrl",
        totalPriceSet="MoneyBag",
        totalRefundedSet="MoneyBag",
        shippingAddress="MailingAddress",
        lineItems="LineItemConnection",
        fulfillments="Fulfillment",
    ),
    "LineItemConnection": {"nodes": "LineItem", "pageInfo": "PageInfo"},
    "LineItem": _of("id title variantTitle sku quantity currentQuantity", originalUnitPriceSet="MoneyBag"),
    "Fulfillment": _of(
        "id status displayStatus createdAt estimatedDeliveryAt deliveredAt", trackingInfo="FulfillmentTrackingInfo"
    ),
    "FulfillmentTrackingInfo": _of("company number url"),
    "Customer": _of(
        "id displayName firstName lastName createdAt note tags state verifiedEmail numberOfOrders",
        amountSpent="MoneyV2",
        defaultEmailAddress="CustomerEmailAddress",
        defaultPhoneNumber="CustomerPhoneNumber",
        defaultAddress="MailingAddress",
    ),
    "CustomerEmailAddress": _of("emailAddress marketingState"),
    "CustomerPhoneNumber": _of("phoneNumber marketingState"),
    "ProductConnection": {"nodes": "Product", "pageInfo": "PageInfo"},
    "Product": _of(
        "id title handle status vendor productType tags totalInventory onlineStoreUrl description",
        priceRangeV2="ProductPriceRangeV2",
        variants="ProductVariantConnection",
    ),
    "ProductPriceRangeV2": {"minVariantPrice": "MoneyV2", "maxVariantPrice": "MoneyV2"},
    "ProductVariantConnection": {"nodes": "ProductVariant", "pageInfo": "PageInfo"},
    "ProductVariant": _of("id title sku price availableForSale inventoryQuantity"),
}

_SCOPES = {
    "order": "read_orders",
    "orders": "read_orders",
    "customerByIdentifier": "read_customers",
    "products": "read_products",
}


def money(amount: str) -> dict[str, Any]:
    """Make a MoneyBag."""
    return {"shopMoney": {"amount": amount, "currencyCode": "EUR"}}


def order(number: int, **other: Any) -> dict[str, Any]:
    """Make an order."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "createdAt": f"2026-10-01T10:{number % 60:02}:00Z",
        "email": "ann@example.com",
        "tags": [],
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "FULFILLED",
        "totalPriceSet": money("19.90"),
        "totalRefundedSet": money("0.0"),
        "shippingAddress": {"name": "Ann Lee", "city": "Berlin", "countryCodeV2": "DE"},
        "lineItems": [{"title": "Shirt", "sku": "A1", "quantity": 2, "originalUnitPriceSet": money("9.95")}],
        "fulfillments": [{"status": "SUCCESS", "trackingInfo": [{"company": "DHL", "number": "0034", "url": None}]}],
        **other,
    }


def product(number: int, **other: Any) -> dict[str, Any]:
    """Make a product."""
    price = {"amount": "9.95", "currencyCode": "EUR"}
    return {
        "id": f"gid://shopify/Product/{number}",
        "title": f"Shirt {number}",
        "handle": f"shirt-{number}",
        "status": "ACTIVE",
        "tags": ["summer"],
        "totalInventory": 7,
        "description": "A shirt.",
        "priceRangeV2": {"minVariantPrice": price, "maxVariantPrice": price},
        "variants": [{"id": f"gid://shopify/ProductVariant/{number}", "title": "M", "price": "9.95"}],
        **other,
    }


def customer(number: int, **other: Any) -> dict[str, Any]:
    """Make a customer."""
    return {
        "id": f"gid://shopify/Customer/{number}",
        "displayName": "Ann Lee",
        "numberOfOrders": "3",
        "amountSpent": {"amount": "59.70", "currencyCode": "EUR"},
        "defaultEmailAddress": {"emailAddress": "ann@example.com"},
        "defaultPhoneNumber": {"phoneNumber": "+4930123456"},
        "tags": [],
        "state": "ENABLED",
        **other,
    }


@dataclass
class ShopifyApi:
    """One shop."""

    http: Target
    orders: list[dict[str, Any]] = field(default_factory=lambda: [order(number) for number in range(1001, 1004)])
    products: list[dict[str, Any]] = field(default_factory=lambda: [product(number) for number in range(1, 4)])
    customers: list[dict[str, Any]] = field(default_factory=lambda: [customer(1)])
    scopes: frozenset[str] = frozenset({"read_orders", "read_customers", "read_products"})
    #: So many of the next requests are throttled in a 200, or as a 429.
    throttled: int = 0
    too_many: int = 0

    @property
    def url(self) -> str:
        """The base URL."""
        return self.http.url

    def answer(self, request: Received) -> Reply:
        """Answer one request."""
        match = _PATH.fullmatch(request.path)
        if match is None or match["version"] not in VERSIONS or request.method != "POST":
            return replying({"errors": "Not Found"}, 404)
        if request.headers.get("x-shopify-access-token") != TOKEN:
            text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return replying({"errors": text}, 401)
        if self.too_many:
            self.too_many -= 1
            text = "Exceeded 2 calls per second for api client."
            return replying({"errors": text}, 429, **{"retry-after": "2.0"})
        if self.throttled:
            self.throttled -= 1
            return self._throttled()
        body = request.json
        try:
            data = execute(body["query"], body.get("variables") or {}, TYPES, self._resolvers())
        except GraphqlError as error:
            return replying({"errors": [error.entry]})
        return replying({"data": data, "extensions": {"cost": {"requestedQueryCost": 12, "actualQueryCost": 10}}})

    def _throttled(self) -> Reply:
        status = {"maximumAvailable": 1000.0, "currentlyAvailable": 66, "restoreRate": 50.0}
        cost = {"requestedQueryCost": 76, "actualQueryCost": None, "throttleStatus": status}
        documentation = "https://shopify.dev/api/usage/rate-limits"
        errors = [{"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": documentation}}]
        return replying({"errors": errors, "extensions": {"cost": cost}})

    def _resolvers(self) -> dict[tuple[str, str], Any]:
        own: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "order": lambda given: next((one for one in self.orders if one["id"] == given["id"]), None),
            "orders": lambda given: _page(_sorted(_matching(self.orders, given), given), given),
            "products": lambda given: _page(_matching(self.products, given), given),
            "customerByIdentifier": lambda given: self._customer(given["identifier"]),
            "shop": lambda _: {"name": "My Shop", "myshopifyDomain": "my-shop.myshopify.com"},
        }
        found: dict[tuple[str, str], Any] = {
            ("Query", name): partial(self._root, name, resolve) for name, resolve in own.items()
        }
        for kind, name in (("Order", "lineItems"), ("Product", "variants")):
            found[kind, name] = lambda parent, given, name=name: _page(parent[name], given)
        for kind, name in (("Order", "fulfillments"), ("Fulfillment", "trackingInfo")):
            found[kind, name] = lambda parent, given, name=name: parent[name][: given["first"]]
        return found

    def _root(self, name: str, resolve: Callable[[Mapping[str, Any]], Any], _: Any, given: Mapping[str, Any]) -> Any:
        scope = _SCOPES.get(name)
        if scope and scope not in self.scopes:
            needed = f"`{scope}` access scope."
            text = f"Access denied for {name} field. Required access: {needed}"
            raise GraphqlError(text, "ACCESS_DENIED", requiredAccess=needed)
        return resolve(given)

    def _customer(self, identifier: Mapping[str, str]) -> dict[str, Any] | None:
        for one in self.customers:
            known = {
                "id": one["id"],
                "emailAddress": one["defaultEmailAddress"]["emailAddress"],
                "phoneNumber": one["defaultPhoneNumber"]["phoneNumber"],
            }
            if all(known[name] == value for name, value in identifier.items()):
                return one
        return None


def _matching(found: list[dict[str, Any]], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Search as Shopify does: all terms, by the beginnings of words."""
    for term in _TERM.finditer(given.get("query") or ""):
        wanted = (term["quoted"] if term["quoted"] is not None else term["bare"]).casefold().removeprefix("#")
        name = term["field"] or "title"
        found = [
            one
            for one in found
            if any(word.removeprefix("#").startswith(wanted) for word in str(one.get(name)).casefold().split())
        ]
    return found


def _sorted(found: list[dict[str, Any]], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda one: str(one["createdAt"]), reverse=given.get("reverse") is True)


def _page(found: list[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    first = given["first"]
    if first > 250:
        raise GraphqlError(
            "first cannot exceed 250. To query larger amounts of data, use bulk operations.", "BAD_FIRST"
        )
    start = int(base64.b64decode(given["after"])) if given.get("after") else 0
    end = min(start + first, len(found))
    info = {"hasNextPage": end < len(found), "endCursor": base64.b64encode(str(end).encode()).decode()}
    return {"nodes": found[start:end], "pageInfo": info}


@contextmanager
def shopify_api() -> Iterator[ShopifyApi]:
    """Serve it."""
    with target() as http:
        api = ShopifyApi(http)
        http.answer = api.answer
        yield api

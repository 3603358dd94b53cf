"""Shopify's Admin API of one shop, by GraphQL: orders, customers and products, to read.

Source: shopify.dev (GraphQL Admin API: order, orders, customerByIdentifier, products; API search syntax; rate limits).
Values go as GraphQL variables, never into a document. Shopify says most errors in a 200, too many requests included.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, Strict, model_validator

from midcall.connectors import grants
from midcall.connectors.fields import Email, Phone, in_one_line, is_clients_fault, json_object, matching
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, Steps
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse

#: The stable version as of November 2026, by shopify.dev; one comes each quarter and lives for twelve months at least.
VERSION = "2026-10"
PATH = f"/admin/api/{VERSION}/graphql.json"

#: What Shopify gives in one answer at most; we take no more altogether.
MAX_FIRST = 250
MAX_PRODUCTS = 100
DEFAULT_FIRST = 10
#: Nodes a request: a query may cost 1,000 points and no more, and every node costs one with each object in it.
ORDERS_PAGE, PRODUCTS_PAGE = 50, 20
MAX_QUERY_CHARS, MAX_CURSOR_CHARS = 2_000, 2_000
#: Orders that are looked through for the one of that very name; a search finds those that are like it as well.
_NAMESAKES = 10
#: Milliseconds that are waited where Shopify says "throttled".
PAUSE_MS, MIN_PAUSE_MS, MAX_PAUSE_MS = 1_000, 100, 20_000
_FAILED = 400
_MAX_DEPTH = 20
_ERRORS_SHOWN = 3

#: What to do about the errors that people meet.
CURES: Mapping[str, str] = {
    "ACCESS_DENIED": "give the app this scope, install it again and save its new token",
    "MAX_COST_EXCEEDED": "ask for fewer with first",
    "SHOP_INACTIVE": "the shop is not active",
    "THROTTLED": "ask less often",
    "401": "the token is not valid for this shop; save the credential again",
    "403": "the app may not do this; look at its scopes",
    "404": "look at the credential's shop_domain",
}

_NAME = r"[^\"'\\\x00-\x1f\x7f]{1,60}"

_MONEY = "{ shopMoney { amount currencyCode } }"
_ADDRESS = "{ name address1 address2 city provinceCode zip countryCode: countryCodeV2 }"
_SUMMARY = f"""
  id name createdAt cancelledAt cancelReason closedAt email phone note tags
  financialStatus: displayFinancialStatus fulfillmentStatus: displayFulfillmentStatus
  total: totalPriceSet {_MONEY}
"""
_ORDER = f"""
  {_SUMMARY}
  refunded: totalRefundedSet {_MONEY}
  statusPageUrl
  shippingAddress {_ADDRESS}
  lineItems(first: 50) {{
    nodes {{ title variantTitle sku quantity currentQuantity unitPrice: originalUnitPriceSet {_MONEY} }}
    pageInfo {{ hasNextPage }}
  }}
  fulfillments(first: 10) {{
    status displayStatus createdAt estimatedDeliveryAt deliveredAt
    tracking: trackingInfo(first: 5) {{ company number url }}
  }}
"""
_PAGE = "pageInfo { hasNextPage endCursor }"

ORDER_BY_ID = f"query Order($id: ID!) {{ order(id: $id) {{ {_ORDER} }} }}"
ORDER_NAMES = (
    "query OrderNames($query: String!, $first: Int!) { orders(first: $first, query: $query) { nodes { id name } } }"
)
ORDERS = f"""query Orders($query: String, $first: Int!, $after: String) {{
  page: orders(first: $first, after: $after, query: $query, sortKey: CREATED_AT, reverse: true) {{
    nodes {{ {_SUMMARY} }} {_PAGE}
  }}
}}"""
CUSTOMER = f"""query Customer($identifier: CustomerIdentifierInput!) {{
  customer: customerByIdentifier(identifier: $identifier) {{
    id displayName firstName lastName createdAt note tags state verifiedEmail numberOfOrders
    amountSpent {{ amount currencyCode }}
    email: defaultEmailAddress {{ emailAddress }}
    phone: defaultPhoneNumber {{ phoneNumber }}
    defaultAddress {_ADDRESS}
  }}
}}"""
PRODUCTS = f"""query Products($query: String, $first: Int!, $after: String) {{
  page: products(first: $first, after: $after, query: $query) {{
    nodes {{
      id title handle status vendor productType tags totalInventory onlineStoreUrl
      description(truncateAt: 500)
      priceRange: priceRangeV2 {{
        min: minVariantPrice {{ amount currencyCode }} max: maxVariantPrice {{ amount currencyCode }}
      }}
      variants(first: 10) {{
        nodes {{ id title sku price availableForSale inventoryQuantity }} pageInfo {{ hasNextPage }}
      }}
    }}
    {_PAGE}
  }}
}}"""
SHOP = "query Shop { shop { name myshopifyDomain } }"


def _digits(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _id_of(kind: str) -> AfterValidator:
    known = re.compile(rf"(?:gid://shopify/{kind}/)?([0-9]{{1,20}})")

    def read(value: str) -> str:
        match = known.fullmatch(value)
        if match is None:
            raise ValueError(f"is no id; send its digits, or gid://shopify/{kind}/ and its digits")
        return f"gid://shopify/{kind}/{match[1]}"

    return AfterValidator(read)


Search = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS)]
Cursor = Annotated[str, Field(min_length=1, max_length=MAX_CURSOR_CHARS)]


class GetOrder(Options):
    """Read one order by its `id`, or by its `name` such as `#1001` (the sign may be left out); None if there is none.

    Orders of the last 60 days, unless the app has the scope read_all_orders.
    """

    id: Annotated[str, BeforeValidator(_digits), _id_of("Order")] | None = None
    name: (
        Annotated[str, BeforeValidator(_digits), matching(_NAME, "is no order's name; send it as it is shown, #1001")]
        | None
    ) = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _one_of(self, "id", "name")
        return self


class ListOrders(Options):
    """List orders, the newest first, `first` of them at most; pages are fetched as needed.

    `query` is Shopify's search syntax (`email:ann@example.com financial_status:paid`): put quotes around values that
    somebody else wrote. `after` is the `endCursor` of an earlier answer.
    """

    query: Search | None = None
    first: Annotated[int, Strict(), Field(ge=1, le=MAX_FIRST)] = DEFAULT_FIRST
    after: Cursor | None = None


class GetCustomer(Options):
    """Read one customer by `id`, `email` or `phone` (E.164); None if there is none."""

    id: Annotated[str, BeforeValidator(_digits), _id_of("Customer")] | None = None
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _one_of(self, "id", "email", "phone")
        return self


class SearchProducts(Options):
    """Search products, `first` of them at most; pages are fetched as needed.

    `query` is words, or Shopify's search syntax (`title:shirt status:active`). `after` is the `endCursor` of an earlier
    answer.
    """

    query: Search
    first: Annotated[int, Strict(), Field(ge=1, le=MAX_PRODUCTS)] = DEFAULT_FIRST
    after: Cursor | None = None


def _one_of(options: Options, *names: str) -> None:
    if sum(getattr(options, name) is not None for name in names) != 1:
        raise ValueError(f"send exactly one of {', '.join(names)}")


def _asked(document: str, **variables: Any) -> ApiRequest:
    # A query changes nothing, so it may be sent again, POST or not.
    return ApiRequest(
        "POST",
        PATH,
        json={"query": document, "variables": variables},
        repeatable=True,
        sees=is_clients_fault,
        throttled=_throttled,
    )


def _get_order(options: GetOrder, _account: Account) -> Steps:
    found = options.id
    if found is None:
        # Names and ids first: ten whole orders in one query would cost more than Shopify lets a query cost.
        data = _data((yield _asked(ORDER_NAMES, query=f'name:"{options.name}"', first=_NAMESAKES)))
        found = _named(str(options.name), _plain(data.get("orders")))
    if found is None:
        return None
    return _plain(_data((yield _asked(ORDER_BY_ID, id=found))).get("order"))


def _named(name: str, orders: Any) -> str | None:
    """Return the id of the order of that very name; the sign in front is not compared."""
    if not isinstance(orders, list):
        raise ActionFailed("Shopify answered no list of orders", code="bad_answer")
    wanted = name.removeprefix("#").casefold()
    ids = (_inner(one, "id") for one in orders if str(_inner(one, "name")).removeprefix("#").casefold() == wanted)
    return next((str(found) for found in ids if found is not None), None)


def _list_orders(options: ListOrders, _account: Account) -> Steps:
    return (yield from _pages(ORDERS, ORDERS_PAGE, "orders", options))


def _search_products(options: SearchProducts, _account: Account) -> Steps:
    return (yield from _pages(PRODUCTS, PRODUCTS_PAGE, "products", options))


def _pages(document: str, size: int, name: str, options: ListOrders | SearchProducts) -> Steps:
    found: list[Any] = []
    after, more = options.after, True
    while more and len(found) < options.first:
        first = min(size, options.first - len(found))
        page = _data((yield _asked(document, query=options.query, first=first, after=after))).get("page")
        nodes = _plain(page)
        info = _inner(page, "pageInfo")
        if not isinstance(nodes, list) or not isinstance(info, dict):
            raise ActionFailed(f"Shopify answered no page of {name}", code="bad_answer")
        found += nodes[:first]
        # A page without nodes or without a cursor would go on for ever.
        after, more = info.get("endCursor"), info.get("hasNextPage") is True
        if more and not (nodes and isinstance(after, str)):
            break
    return {name: found, "hasNextPage": more, "endCursor": after}


def _get_customer(options: GetCustomer, _account: Account) -> Steps:
    known = {"id": options.id, "emailAddress": options.email, "phoneNumber": options.phone}
    identifier = {name: value for name, value in known.items() if value is not None}
    customer = _plain(_data((yield _asked(CUSTOMER, identifier=identifier))).get("customer"))
    if not isinstance(customer, dict):
        return None
    # An UnsignedInt64, which GraphQL writes as a text.
    orders = str(customer.get("numberOfOrders"))
    return {
        **customer,
        "email": _inner(customer.get("email"), "emailAddress"),
        "phone": _inner(customer.get("phone"), "phoneNumber"),
        "numberOfOrders": int(orders) if re.fullmatch("[0-9]{1,20}", orders) else None,
    }


def _inner(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _check(_account: Account) -> Steps:
    return _plain(_data((yield _asked(SHOP))).get("shop"))


def _errors(answer: HttpResponse) -> list[tuple[str, str]]:
    """Return the errors of an answer: code and message. Shopify writes them as a list, or as one text."""
    errors = answer.value.get("errors") if isinstance(answer.value, dict) else None
    if isinstance(errors, str):
        return [("", errors)]
    found = []
    for error in errors if isinstance(errors, list) else ():
        extensions = error.get("extensions") if isinstance(error, dict) else None
        code = extensions.get("code") if isinstance(extensions, dict) else None
        found.append((str(code or ""), str(error.get("message") if isinstance(error, dict) else error)))
    return found


def _throttled(answer: HttpResponse) -> int | None:
    """Return the milliseconds until the shop's bucket holds what the query costs, or None."""
    if all(code != "THROTTLED" and message != "Throttled" for code, message in _errors(answer)):
        return None
    try:
        cost = answer.value["extensions"]["cost"]
        status = cost["throttleStatus"]
        missing = cost["requestedQueryCost"] - status["currentlyAvailable"]
        pause: int = math.ceil(1_000 * missing / status["restoreRate"])
    except (KeyError, TypeError, ZeroDivisionError, OverflowError, ValueError):
        return PAUSE_MS
    return max(MIN_PAUSE_MS, min(pause, MAX_PAUSE_MS))


def _data(answer: HttpResponse) -> dict[str, Any]:
    """Return an answer's data; raises ActionFailed with Shopify's errors and the cure."""
    errors = _errors(answer)
    if answer.status < _FAILED and not errors:
        data = json_object(answer, "Shopify").get("data")
        if isinstance(data, dict):
            return data
        raise ActionFailed("Shopify answered neither data nor errors", code="bad_answer", body=answer.value)
    said = "; ".join(in_one_line(message, 300) for _, message in errors[:_ERRORS_SHOWN])
    code = next((code for code, _ in errors if code), str(answer.status))
    cure = CURES.get(code)
    text = f"Shopify refused ({code})" + (f": {said}" if said else "") + (f"; {cure}" if cure else "")
    word = "throttled" if _throttled(answer) is not None else "refused"
    raise ActionFailed(text, code=word, status=answer.status, body=answer.value)


def _plain(value: Any, depth: int = 0) -> Any:
    """Take GraphQL's wrapping off: a connection becomes the list of its nodes, a bag of moneys the shop's."""
    if depth > _MAX_DEPTH:
        raise ActionFailed("Shopify's answer is nested too deeply", code="bad_answer")
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("nodes"), list):
        return [_plain(each, depth + 1) for each in value["nodes"]]
    if set(value) == {"shopMoney"}:
        return value["shopMoney"]
    plain = {}
    for name, inner in value.items():
        plain[name] = _plain(inner, depth + 1)
        if isinstance(inner, dict) and isinstance(inner.get("pageInfo"), dict) and inner["pageInfo"].get("hasNextPage"):
            plain[f"{name}HasMore"] = True
    return plain


CONNECTOR = Connector(
    name="shopify",
    title="Shopify",
    summary="Orders, customers and products of a Shopify shop, to read.",
    base_url="https://{shop_domain}",
    credentials={CredentialType.SHOPIFY: grants.header("X-Shopify-Access-Token", "access_token")},
    check=_check,
    source="https://shopify.dev/docs/api/admin-graphql",
    operations={
        "get_order": Operation(
            GetOrder,
            _get_order,
            returns='{"id", "name", "financialStatus", "fulfillmentStatus", "total", "lineItems": […], '
            '"fulfillments": [{"status", "tracking": […]}], …} or None',
            example='actions.shopify.get_order(name="#1001")',
        ),
        "list_orders": Operation(
            ListOrders,
            _list_orders,
            returns='{"orders": [{"id", "name", "createdAt", "financialStatus", "fulfillmentStatus", "total", …}], '
            '"hasNextPage": False, "endCursor": …}',
            example='actions.shopify.list_orders({"query": "email:ann@example.com", "first": 5})',
        ),
        "get_customer": Operation(
            GetCustomer,
            _get_customer,
            returns='{"id", "displayName", "email", "phone", "numberOfOrders", "amountSpent", …} or None',
            example='actions.shopify.get_customer(email="ann@example.com")',
        ),
        "search_products": Operation(
            SearchProducts,
            _search_products,
            positional=("query",),
            returns='{"products": [{"id", "title", "status", "totalInventory", "priceRange", "variants": […], …}], '
            '"hasNextPage": False, "endCursor": …}',
            example='actions.shopify.search_products("title:shirt", first=5)',
        ),
    },
)

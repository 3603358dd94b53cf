"""All templates of one webhook: taken apart together, so that every fault is told at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from midcall.domain.places import NOTHING, places_of
from midcall.domain.secret_reference import SecretPlace
from midcall.domain.template.body import BodyTemplate, parse_body
from midcall.domain.template.headers import HeaderTemplate, parse_headers
from midcall.domain.template.query import QueryTemplate, parse_query
from midcall.domain.template.text import TextTemplate, all_of
from midcall.domain.template.url import UrlTemplate, parse_url_template
from midcall.domain.template.values import BUILT_IN

_Named = TypeVar("_Named", HeaderTemplate, QueryTemplate)


@dataclass(frozen=True, slots=True)
class WebhookTemplates:
    """The templates of one webhook."""

    url: UrlTemplate
    headers: tuple[HeaderTemplate, ...] = ()
    query: tuple[QueryTemplate, ...] = ()
    body: BodyTemplate | None = None

    def bare_names(self) -> frozenset[str]:
        """Return the names that stand somewhere without a default."""
        texts = (*(header.value for header in self.headers), *(one.value for one in self.query), *self.url.texts)
        body = self.body.bare_names if self.body is not None else frozenset()
        return body.union(*(text.bare_names for text in texts))

    def names(self, *, with_body: bool = True) -> frozenset[str]:
        """Return the names that URL, headers, query and, unless told otherwise, the body use."""
        texts = (*(header.value for header in self.headers), *(one.value for one in self.query))
        body = self.body.names if self.body is not None and with_body else frozenset()
        return self.url.names.union(body, *(text.names for text in texts))

    def credentials(self) -> frozenset[str]:
        """Return the names of the credentials whose secrets stand in headers."""
        return frozenset(name.split(".")[1] for name in self.names() if name.startswith("secret."))

    def with_secrets(self, secrets: Mapping[SecretPlace, str]) -> "WebhookTemplates":
        """Return them with what references stand for, by their places; all of it literal."""
        return replace(
            self,
            headers=tuple(_with_secret(each, secrets.get(SecretPlace("headers", each.name))) for each in self.headers),
            query=tuple(_with_secret(each, secrets.get(SecretPlace("query", each.name))) for each in self.query),
        )

    def query_names(self) -> frozenset[str]:
        """Return the query's names, those in the URL and those beside it: an argument never adds to them."""
        return self.url.query_names | {one.name for one in self.query}


def _with_secret(template: _Named, secret: str | None) -> _Named:
    return template if secret is None else replace(template, value=TextTemplate((secret,) if secret else ()))


def parse_webhook(
    *,
    url: str,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    body: Any = None,
    loc: str = "webhook",
) -> WebhookTemplates:
    """Take a webhook's templates apart; raises InvalidInput with the faults of all of them.

    `body` is JSON as text or a JSON value; None is no body template.
    """
    makes: list[Callable[[], Any]] = [
        lambda: parse_url_template(url, f"{loc}.url"),
        lambda: parse_headers(headers or {}, f"{loc}.headers"),
        lambda: parse_query(query or {}, f"{loc}.query"),
        lambda: None if body is None else parse_body(body, f"{loc}.body"),
    ]
    return WebhookTemplates(*all_of(makes))


def undeclared(names: frozenset[str], schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that only a dynamic variable can answer for: no parameter, no built-in, nothing of a contact."""
    declared = schema.get("properties", {})
    return tuple(sorted(name for name in names if "." not in name and name not in BUILT_IN and name not in declared))


def maybe_missing(names: frozenset[str], schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters that a call may leave out and that nothing fills then: neither required nor with a default.

    A call without one of them goes without it, unless a dynamic variable has its name.
    """
    required, root = schema.get("required", ()), places_of(schema).root
    return tuple(
        sorted(
            name
            for name, declared in schema.get("properties", {}).items()
            if name in names
            and name not in required
            and not (isinstance(declared, Mapping) and "default" in declared)
            and not (root.named(name) or NOTHING).fixed
        )
    )

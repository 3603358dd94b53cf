"""The review of webhooks: what a target, its templates and its auth look like before anybody calls it.

What could never be sent is refused when it is saved, with the field's path; here is what can be sent and should not be.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from midcall.domain.function_config import WebhookConfig
from midcall.domain.review import Comment, Severity, WebhookSubject
from midcall.domain.secret_names import is_secret_name
from midcall.domain.template.webhook import maybe_missing, undeclared
from midcall.domain.webhook_payload import BODYLESS, PayloadForm
from midcall.review.rules.secrets import kind_of_secret

_URL = "https://api.example.com/orders/{{order}}"
_ORDER: Mapping[str, Any] = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}


@dataclass(frozen=True, slots=True)
class WebhookFinding:
    """One thing a rule found; `where` is the field's path below `webhook`."""

    where: str
    message: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """One rule, with an example that passes and one that does not; both are run as tests."""

    id: str
    summary: str
    severity: Severity
    check: Callable[[WebhookSubject], Iterable[WebhookFinding]]
    good: WebhookSubject
    bad: WebhookSubject


def example(
    url: str = _URL,
    *,
    parameters: Mapping[str, Any] = _ORDER,
    credentials: frozenset[str] = frozenset(),
    **webhook: Any,
) -> WebhookSubject:
    """Return a subject for a rule's example."""
    return WebhookSubject(WebhookConfig.from_stored({"url": url, **webhook}), parameters, credentials)


def review_webhook(subject: WebhookSubject) -> tuple[Comment, ...]:
    """Check one webhook that was saved, whose templates are therefore sound; returns its comments."""
    return tuple(
        Comment(rule.id, rule.severity, f"webhook.{found.where}: {found.message}", found.suggestion)
        for rule in RULES
        for found in rule.check(subject)
    )


def _plain_http(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    if subject.webhook.url.lower().startswith("http://"):
        yield WebhookFinding(
            "url",
            "Plain http: everyone on the way can read and change what is sent and answered, secrets too.",
            "Write https:// if the target has it.",
        )


def _unknown_variables(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    for name in undeclared(_needed(subject), subject.parameters):
        yield WebhookFinding(
            _place_of(subject, name),
            f"{{{{{name}}}}} is neither a parameter nor built in: a call without that dynamic variable fails.",
            f"Declare the parameter {name}, have an earlier function or the caller set that variable, or give it a "
            f'default: {{{{{name} | default("")}}}}.',
        )


def _optional_parameters(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    path = subject.webhook.templates.url.path or ()
    in_path = frozenset[str]().union(*(segment.bare_names for segment in path))
    for name in maybe_missing(in_path | subject.webhook.auth.names(bare=True), subject.parameters):
        yield WebhookFinding(
            _place_of(subject, name),
            f"{{{{{name}}}}} is an optional parameter without a default: a call that leaves it out is not made, and "
            "the LLM is told to ask for it.",
            f"Make {name} required, or give it a default.",
        )


def _missing_credentials(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    if subject.credentials is None:
        return
    wanted = subject.webhook.credentials_named()
    for name in sorted(set(wanted) - subject.credentials):
        yield WebhookFinding(
            wanted[name],
            f"There is no credential {name} in this workspace: every call would fail.",
            f"Save it with PUT /v1/credentials/{name}, or correct the name.",
        )


def _secrets_in_templates(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    for where, text in _texts(subject.webhook):
        kind = kind_of_secret(text)
        if kind is not None:
            yield WebhookFinding(
                where,
                f"This looks like {kind}: it stands where everyone who may read the function can read it.",
                "Make it invalid where it came from; save the new one as a credential and name that in auth, or write "
                "{{secret.<credential>.<key>}} into a header.",
            )


def _secret_in_url(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    for pair in subject.webhook.templates.url.query or ():
        name, _, value = pair.sample().partition("=")
        # What has a known service's shape is told by that rule already.
        if value and not pair.names and is_secret_name(unquote_plus(name)) and kind_of_secret(value) is None:
            yield WebhookFinding(
                "url",
                f"The value of {unquote_plus(name)} stands in the URL: everyone who may read the function can read it.",
                "Take it out of the URL and write it into auth, or under query, where it is encrypted and never shown.",
            )


def _secret_in_query(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    if subject.webhook.auth.type == "query":
        yield WebhookFinding(
            "auth",
            "A secret in the query ends up in the logs of every server on the way.",
            "Use auth of type header or bearer if the target takes it.",
        )


def _body_without_body(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    webhook = subject.webhook
    if webhook.method in BODYLESS and webhook.auth.type == "body":
        yield WebhookFinding(
            "auth", f"{webhook.method} carries no body to put a secret in.", "Use another kind of auth."
        )


def _body_unused(subject: WebhookSubject) -> Iterator[WebhookFinding]:
    webhook = subject.webhook
    if webhook.body is None:
        return
    if webhook.method in BODYLESS:
        yield WebhookFinding(
            "body", f"{webhook.method} carries no body: this is never sent.", "Remove it, or use POST."
        )
    elif webhook.payload is not PayloadForm.TEMPLATE:
        yield WebhookFinding(
            "body",
            f'The payload is "{webhook.payload}": this body is never sent.',
            'Remove it, or set payload to "template".',
        )


def _texts(webhook: WebhookConfig) -> Iterator[tuple[str, str]]:
    yield "url", webhook.url
    for part, texts in (("headers", webhook.headers), ("query", webhook.query), ("auth", webhook.auth.texts)):
        yield from ((f"{part}.{name}", text) for name, text in texts.items())
    yield from (("body", text) for text in _inner(webhook.body))


def _inner(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for name, item in value.items() for text in (name, *_inner(item)))
    elif isinstance(value, list):
        yield from (text for item in value for text in _inner(item))


def _place_of(subject: WebhookSubject, name: str) -> str:
    """Say where a name stands first."""
    mark = re.compile(rf"\{{\{{[ \t]*{re.escape(name)}(?![\w-])")
    return next((where for where, text in _texts(subject.webhook) if mark.search(text)), "url")


def _needed(subject: WebhookSubject) -> frozenset[str]:
    return subject.webhook.templates.bare_names() | subject.webhook.auth.names(bare=True)


#: A webhook that no rule has anything to say about.
FINE = example()
RULES: tuple[WebhookRule, ...] = (
    WebhookRule(
        id="webhook.http",
        summary="The target is called over https.",
        severity=Severity.WARNING,
        check=_plain_http,
        good=FINE,
        bad=example("http://api.example.com/orders"),
    ),
    WebhookRule(
        id="webhook.variable",
        summary="Every name in a template is a parameter, is built in, or is known to be a dynamic variable.",
        severity=Severity.WARNING,
        check=_unknown_variables,
        good=FINE,
        bad=example("https://api.example.com/users/{{user_name}}"),
    ),
    WebhookRule(
        id="webhook.optional",
        summary="A parameter that the path or auth needs is required, or has a default.",
        severity=Severity.WARNING,
        check=_optional_parameters,
        good=FINE,
        bad=example(parameters={"type": "object", "properties": {"order": {"type": "string"}}}),
    ),
    WebhookRule(
        id="webhook.credential",
        summary="Every credential that is named exists.",
        severity=Severity.ERROR,
        check=_missing_credentials,
        good=example(auth={"type": "credential", "credential": "crm"}, credentials=frozenset({"crm"})),
        bad=example(auth={"type": "credential", "credential": "crm"}),
    ),
    WebhookRule(
        id="webhook.secret",
        summary="No template holds what has the shape of a key, token or password of a known service.",
        severity=Severity.WARNING,
        check=_secrets_in_templates,
        good=example(headers={"Authorization": "Bearer {{secret.crm.token}}"}, credentials=frozenset({"crm"})),
        bad=example(body={"key": "AKIA" + "A" * 16}, payload="template"),
    ),
    WebhookRule(
        id="webhook.url-secret",
        summary="No value in the URL stands under a name that is plainly a secret's.",
        severity=Severity.WARNING,
        check=_secret_in_url,
        good=example(query={"api_key": "********"}),
        bad=example("https://api.example.com/orders?api_key=k-71"),
    ),
    WebhookRule(
        id="webhook.query-secret",
        summary="Secrets travel in headers, not in the query.",
        severity=Severity.WARNING,
        check=_secret_in_query,
        good=FINE,
        bad=example(auth={"type": "query", "name": "api_key", "value": "********"}),
    ),
    WebhookRule(
        id="webhook.body-auth",
        summary="Auth in the body needs a method that carries one.",
        severity=Severity.ERROR,
        check=_body_without_body,
        good=example(auth={"type": "body", "name": "api_key", "value": "********"}),
        bad=example(method="GET", auth={"type": "body", "name": "api_key", "value": "********"}),
    ),
    WebhookRule(
        id="webhook.body",
        summary="A body that is written is sent.",
        severity=Severity.WARNING,
        check=_body_unused,
        good=example(body={"id": "{{order}}"}, payload="template"),
        bad=example(body={"id": "{{order}}"}, payload="session"),
    ),
)

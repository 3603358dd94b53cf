"""Each rule for webhooks: its example that passes does, the other one does not; and what is named must exist."""

from dataclasses import replace

import pytest

from midcall.domain.function_config import AuthConfig
from midcall.domain.review import Severity
from midcall.review.webhook import RULES, WebhookRule, example, review_webhook


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_its_examples_are_what_they_say(rule: WebhookRule) -> None:
    """The good one has no comment at all, the bad one has this rule's."""
    assert review_webhook(rule.good) == ()
    found = {comment.rule: comment for comment in review_webhook(rule.bad)}
    assert found[rule.id].severity is rule.severity
    assert found[rule.id].message.startswith("webhook.")
    assert found[rule.id].suggestion


def test_no_comment_repeats_a_secret() -> None:
    """What looks like a key is pointed at, not quoted."""
    key = "AKIA" + "B" * 16
    subject = example(f"https://api.example.com/x?key={key}", headers={"X-Key": f"{key} {{{{order}}}}"})
    comments = review_webhook(subject)
    assert [comment.rule for comment in comments] == ["webhook.secret", "webhook.secret"]
    assert key not in repr(comments)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("api_key=k-71", ["api_key"]),
        ("a=1&access_token=t%2F1&sig=s", ["access_token", "sig"]),
        ("api%5Fkey=k-71", ["api_key"]),
        ("limit=100&monkey=1", []),
        ("api_key={{order}}&token=", []),
    ],
)
def test_a_secret_in_the_url_is_pointed_at_by_its_name(query: str, told: list[str]) -> None:
    """Each by itself; a placeholder is none, nor is a name without a value."""
    comments = review_webhook(example(f"https://api.example.com/orders/{{{{order}}}}?{query}"))
    assert [comment.rule for comment in comments] == ["webhook.url-secret"] * len(told)
    assert [comment.message.split()[4] for comment in comments] == told
    assert "k-71" not in repr(comments)


def test_every_credential_that_is_named_is_found() -> None:
    """In headers, in auth, and as a template of auth's own values."""
    subject = example(headers={"A": "{{secret.one.token}}"}, auth={"type": "bearer", "token": "{{secret.two.token}} x"})
    assert subject.webhook.credentials_named() == {"one": "headers", "two": "auth"}
    by_name = replace(subject.webhook, auth=AuthConfig("credential", {"credential": "three"}))
    assert by_name.credentials_named() == {"one": "headers", "three": "auth.credential"}


def test_errors_are_only_for_what_cannot_work() -> None:
    """A warning lets a webhook pass: plain http inside somebody's own network is theirs to choose."""
    errors = {rule.id for rule in RULES if rule.severity is Severity.ERROR}
    assert errors == {"webhook.credential", "webhook.body-auth"}

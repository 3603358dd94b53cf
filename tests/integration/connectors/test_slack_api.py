"""The Slack connector against a server that speaks Slack's Web API."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.apis.slack import TOKEN, SlackApi, channel, slack_api
from tests.support.driving import check, drive, granted

from midcall.connectors.slack import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType


@pytest.fixture
def api() -> Iterator[SlackApi]:
    """Serve a workspace of seven channels."""
    with slack_api() as api:
        yield api


def headers(token: str = TOKEN) -> dict[str, Any]:
    """Show a token as the connector does."""
    return granted(CONNECTOR.credentials[CredentialType.SLACK]({"bot_token": token}))


def call(api: SlackApi, operation: str, **options: Any) -> Any:
    """Call an operation as code would."""
    return drive(CONNECTOR, operation, options, base_url=api.url, **headers())


def test_a_message_is_posted(api: SlackApi) -> None:
    """With its thread, in UTF-8."""
    value = call(api, "post_message", channel="C0000000001", text="Grüße 👋", threadTs="1503435956.000247")
    assert value["channel"] == "C0000000001"
    assert value["ts"] == "1503435956.000001"
    assert value["message"]["text"] == "Grüße 👋"
    assert api.posted == [{"channel": "C0000000001", "text": "Grüße 👋", "thread_ts": "1503435956.000247"}]


@pytest.mark.parametrize(
    ("number", "other", "error"),
    [
        (9, {"is_member": False}, "not_in_channel; invite the bot"),
        (9, {"is_archived": True}, "is_archived; the channel is archived"),
        (8, {}, "channel_not_found; look at the channel's id"),
    ],
)
def test_what_slack_refuses_is_told_with_the_cure(
    api: SlackApi, number: int, other: dict[str, Any], error: str
) -> None:
    """All of these are a 200."""
    api.channels.append(channel(number, **other))
    with pytest.raises(ActionFailed, match=f"Slack refused: {error}") as caught:
        call(api, "post_message", channel="C0000000009", text="hi")
    assert (caught.value.code, caught.value.status) == ("refused", 200)
    assert api.posted == []


def test_a_scope_that_is_missing_is_named(api: SlackApi) -> None:
    """So that it can be given."""
    api.scopes = frozenset()
    with pytest.raises(ActionFailed, match=r"missing_scope \(needed: channels:read\); give the app this scope"):
        call(api, "list_channels")


@pytest.mark.parametrize("page", [1, 2, 3, 7, 1_000])
def test_all_pages_come_together(api: SlackApi, page: int) -> None:
    """However many a page holds, each channel is there once, in order."""
    api.page = page
    value = call(api, "list_channels")
    assert [each["name"] for each in value["channels"]] == [f"channel-{number}" for number in range(1, 8)]
    assert value["complete"] is True
    assert value["channels"][0] == {
        "id": "C0000000001",
        "name": "channel-1",
        "isPrivate": False,
        "isArchived": False,
        "isMember": True,
        "topic": "topic 1",
        "purpose": "",
        "numMembers": 4,
    }


def test_a_limit_ends_the_pages(api: SlackApi) -> None:
    """No page more is asked for than needed."""
    api.page = 2
    value = call(api, "list_channels", limit=3)
    assert (len(value["channels"]), value["complete"]) == (3, False)
    assert len(api.http.received) == 2


def test_kinds_of_channels_are_chosen(api: SlackApi) -> None:
    """Private and archived ones come when asked for."""
    api.channels = [channel(1), channel(2, is_private=True), channel(3, is_archived=True)]
    assert [each["id"][-1] for each in call(api, "list_channels")["channels"]] == ["1"]
    value = call(api, "list_channels", types=["public_channel", "private_channel"], excludeArchived=False)
    assert [each["id"][-1] for each in value["channels"]] == ["1", "2", "3"]


def test_a_good_token_is_told_from_a_bad_one(api: SlackApi) -> None:
    """By auth.test, which needs no scope."""
    assert check(CONNECTOR, base_url=api.url, **headers())["team"] == "Subarachnoid Workspace"
    with pytest.raises(ActionFailed, match="invalid_auth; the token is not valid"):
        check(CONNECTOR, base_url=api.url, **headers("xoxb-wrong"))


def test_too_many_requests_are_whoever_sends_to_repeat(api: SlackApi) -> None:
    """Slack does use a 429 for these."""
    api.throttled = 1
    with pytest.raises(ActionFailed) as caught:
        call(api, "post_message", channel="C0000000001", text="hi")
    assert caught.value.status == 429
    assert api.posted == []

"""The Slack connector, driven by hand."""

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

from midcall.connectors import slack
from midcall.connectors.slack import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType


@pytest.mark.parametrize("name", CONNECTOR.operations)
def test_every_example_is_a_call_that_binds(name: str) -> None:
    """What docs and completion show can be called as it stands."""
    args, kwargs = example_call(CONNECTOR, name)
    assert begun(CONNECTOR, name, *args, **kwargs)
    assert is_described(CONNECTOR, name)


def test_a_message_goes_out_in_slacks_words_and_never_twice() -> None:
    """`threadTs` becomes thread_ts; after a lost connection nothing is posted again."""
    ask = asked(CONNECTOR, "post_message", {"channel": "C1", "text": "hi", "threadTs": "1503435956.000247"})
    assert (ask.method, ask.path, ask.repeatable) == ("POST", "/chat.postMessage", False)
    assert ask.json == {"channel": "C1", "text": "hi", "thread_ts": "1503435956.000247"}


def test_blocks_do_without_text() -> None:
    """Block Kit stands for itself."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]
    assert asked(CONNECTOR, "post_message", channel="C1", blocks=blocks).json["blocks"] == blocks


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text": "hi"}, "channel: is required"),
        ({"channel": "C1"}, "text and blocks are both empty"),
        ({"channel": "C1", "text": "  "}, "text and blocks are both empty"),
        ({"channel": "C1", "text": "x" * 40_001}, "text: "),
        ({"channel": "C1", "text": "hi", "threadTs": "today"}, "thread_ts: is no message's ts"),
        ({"channel": "C1", "text": "hi", "threadTs": "1.1\n"}, "thread_ts: is no message's ts"),
        ({"channel": "C1\n", "text": "hi"}, "channel: holds a line break"),
        ({"channel": "C1", "text": "hi", "blocks": "x"}, "blocks: "),
        ({"channel": "C1", "text": "hi", "asUser": True}, "as_user: is no option"),
    ],
)
def test_a_bad_option_of_a_message_is_named(options: dict[str, Any], said: str) -> None:
    """The text says which option it is."""
    assert said in refusal(CONNECTOR, "post_message", options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"types": ["dm"]}, "types"),
        ({"types": []}, "types"),
        ({"limit": 0}, "limit"),
        ({"limit": 2_001}, "limit"),
        ({"excludeArchived": "yes"}, "exclude_archived"),
    ],
)
def test_a_bad_option_of_a_list_is_named(options: dict[str, Any], said: str) -> None:
    """The text says which option it is."""
    assert f"slack.list_channels: {said}" in refusal(CONNECTOR, "list_channels", options)


@pytest.mark.parametrize("word", sorted(slack.CURES))
def test_an_error_in_a_200_fails_with_the_word_and_its_cure(word: str) -> None:
    """`ok: false` is no success, whatever the status."""
    steps = begun(CONNECTOR, "post_message", "C1", "hi")
    next(steps)
    with pytest.raises(ActionFailed) as caught:
        ended(steps, answer({"ok": False, "error": word}))
    assert caught.value.message == f"Slack refused: {word}; {slack.CURES[word]}"
    assert (caught.value.code, caught.value.body) == ("refused", {"ok": False, "error": word})


def test_a_missing_scope_is_named() -> None:
    """Slack says which one is needed; so does the error."""
    steps = begun(CONNECTOR, "list_channels")
    next(steps)
    with pytest.raises(ActionFailed, match=r"missing_scope \(needed: channels:read\); give the app"):
        ended(steps, answer({"ok": False, "error": "missing_scope", "needed": "channels:read"}))


def test_types_are_a_list_or_what_slack_writes() -> None:
    """Both arrive as Slack takes them."""
    for types in (["public_channel", "im"], "public_channel, im"):
        assert dict(asked(CONNECTOR, "list_channels", types=types).query)["types"] == "public_channel,im"


def test_pages_are_fetched_until_the_limit() -> None:
    """A cursor leads on, the limit ends it, and what is left is said."""
    steps = begun(CONNECTOR, "list_channels", limit=3)
    ask = next(steps)
    assert dict(ask.query) == {"types": "public_channel", "exclude_archived": "true", "limit": "3"}
    page = {"ok": True, "channels": [{"id": "C1"}, {"id": "C2"}], "response_metadata": {"next_cursor": "abc="}}
    ask = steps.send(answer(page))
    assert dict(ask.query) == {"types": "public_channel", "exclude_archived": "true", "limit": "1", "cursor": "abc="}
    value = ended(steps, answer({**page, "channels": [{"id": "C3"}]}))
    assert [each["id"] for each in value["channels"]] == ["C1", "C2", "C3"]
    assert value["complete"] is False


def test_pages_without_end_are_left() -> None:
    """A cursor on every page, and nothing on any: that ends as well."""
    steps = begun(CONNECTOR, "list_channels")
    next(steps)
    empty = answer({"ok": True, "channels": [], "response_metadata": {"next_cursor": "again"}})
    for _ in range(slack.MAX_PAGES - 1):
        steps.send(empty)
    assert ended(steps, empty) == {"channels": [], "complete": False}


def test_the_credential_is_a_bearer() -> None:
    """And its token is a secret."""
    grant = CONNECTOR.credentials[CredentialType.SLACK]({"bot_token": "xoxb-1"})
    assert (grant.headers, grant.secrets) == ((("Authorization", "Bearer xoxb-1"),), ("xoxb-1",))


def test_odd_answers_end_in_words() -> None:
    """Nothing that a server says makes it raise anything else."""
    survives_odd_answers(CONNECTOR, {})

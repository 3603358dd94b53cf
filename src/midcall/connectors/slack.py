"""Slack's Web API, as a bot: post a message, list channels.

Source: docs.slack.dev (chat.postMessage, conversations.list, auth.test, rate limits). Slack answers 200 to nearly
everything and says in `ok` and `error` how it went; too many requests are a 429 with Retry-After.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, Strict, StrictBool, model_validator

from midcall.connectors import grants
from midcall.connectors.fields import OneLineName, in_one_line, json_object, matching
from midcall.connectors.kit import Account, ApiRequest, Connector, Operation, Options, Steps
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import HttpResponse

#: Slack cuts longer texts.
MAX_TEXT_CHARS = 40_000
MAX_BLOCKS = 50
#: Slack recommends 200 a page at most; every page counts against the run's time.
PAGE, DEFAULT_LIMIT, MAX_LIMIT = 200, 200, 2_000
#: Pages may hold fewer channels than asked for, or none; so many are fetched and no more.
MAX_PAGES = 20

Timestamp = Annotated[
    str, matching(r"[0-9]{1,12}\.[0-9]{1,9}", "is no message's ts; send it as Slack gave it, a text: 1503435956.000247")
]
ChannelType = Literal["public_channel", "private_channel", "mpim", "im"]

_PUBLIC: tuple[ChannelType, ...] = ("public_channel",)

#: What to do about the errors that people meet.
CURES: Mapping[str, str] = {
    "account_inactive": "the bot was removed from the workspace; install the app again and save its new token",
    "channel_not_found": "look at the channel's id; a private one is found only once the bot is in it: /invite @bot",
    "invalid_auth": "the token is not valid; save the credential again with the app's Bot User OAuth Token",
    "invalid_blocks": "look at the blocks in Slack's Block Kit Builder",
    "is_archived": "the channel is archived; choose another one, or unarchive it",
    "missing_scope": "give the app this scope under OAuth & Permissions and install it again",
    "msg_too_long": "shorten the text",
    "no_text": "send text, or blocks with something in them",
    "not_authed": "the request carries no token; save the credential again",
    "not_in_channel": "invite the bot to the channel: /invite @bot, or give the app the scope chat:write.public",
    "rate_limited": "wait; a channel takes about one message a second",
    "restricted_action": "the workspace's settings forbid it; ask one of its administrators",
    "token_expired": "the token has expired; save the credential with a new one",
    "token_revoked": "the token was revoked; install the app again and save its new token",
}


def _split(value: Any) -> Any:
    """Take `"public_channel,im"` as well, as Slack writes it."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class PostMessage(Options):
    """Post a message to a channel, or as a reply in a thread.

    `channel` is its id (`C0123456789`; a name works too) or a user's; `text` is mrkdwn, and what notifications show
    where there are `blocks` (Block Kit). `thread_ts` is the `ts` of the message that is replied to.
    """

    channel: OneLineName
    text: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = ""
    blocks: Annotated[list[dict[str, JsonValue]], Field(max_length=MAX_BLOCKS)] | None = None
    thread_ts: Timestamp | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.text.strip() and not self.blocks:
            raise ValueError("text and blocks are both empty; send one of them")
        return self


class ListChannels(Options):
    """List the workspace's channels, up to `limit`; pages are fetched as needed.

    `types` are any of public_channel (the default), private_channel, mpim and im; of private ones, those that the bot
    is in.
    """

    types: Annotated[list[ChannelType], BeforeValidator(_split), Field(min_length=1, max_length=4)] = Field(
        default_factory=lambda: list(_PUBLIC)
    )
    limit: Annotated[int, Strict(), Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    exclude_archived: StrictBool = True


def _said(answer: HttpResponse) -> dict[str, Any]:
    """Return what Slack answered; raises ActionFailed with its error and the cure."""
    value = json_object(answer, "Slack")
    if value.get("ok") is True:
        return value
    error = value.get("error")
    word = in_one_line(error, 100) if isinstance(error, str) else "no error named"
    if word == "missing_scope" and isinstance(value.get("needed"), str):
        word += f" (needed: {in_one_line(value['needed'], 200)})"
    cure = CURES.get(word.partition(" ")[0])
    text = f"Slack refused: {word}" + (f"; {cure}" if cure else "")
    raise ActionFailed(text, code="refused", status=answer.status, body=value)


def _post_message(options: PostMessage, _account: Account) -> Steps:
    message: dict[str, Any] = {"channel": options.channel, "text": options.text}
    if options.blocks:
        message["blocks"] = options.blocks
    if options.thread_ts:
        message["thread_ts"] = options.thread_ts
    # Slack knows no key for the same message again: what may have been posted is not posted once more.
    value = _said((yield ApiRequest("POST", "/chat.postMessage", json=message, repeatable=False)))
    return {name: value.get(name) for name in ("channel", "ts", "message")}


def _list_channels(options: ListChannels, _account: Account) -> Steps:
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(MAX_PAGES):
        value = _said((yield ApiRequest("GET", "/conversations.list", query=_query(options, len(found), cursor))))
        channels = value.get("channels")
        found += [_channel(each) for each in channels if isinstance(each, dict)] if isinstance(channels, list) else []
        metadata = value.get("response_metadata")
        following = metadata.get("next_cursor") if isinstance(metadata, dict) else None
        cursor = following if isinstance(following, str) else ""
        if not cursor or len(found) >= options.limit:
            break
    return {"channels": found[: options.limit], "complete": not cursor and len(found) <= options.limit}


def _query(options: ListChannels, have: int, cursor: str) -> tuple[tuple[str, str], ...]:
    query = (
        ("types", ",".join(options.types)),
        ("exclude_archived", "true" if options.exclude_archived else "false"),
        ("limit", str(min(PAGE, options.limit - have))),
    )
    return (*query, ("cursor", cursor)) if cursor else query


def _channel(value: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a channel what tells it from others."""
    return {
        "id": value.get("id"),
        "name": value.get("name"),
        "isPrivate": value.get("is_private") is True,
        "isArchived": value.get("is_archived") is True,
        "isMember": value.get("is_member") is True,
        "topic": _inner(value.get("topic")),
        "purpose": _inner(value.get("purpose")),
        "numMembers": value.get("num_members"),
    }


def _inner(value: Any) -> str:
    inner = value.get("value") if isinstance(value, dict) else None
    return inner if isinstance(inner, str) else ""


def _check(_account: Account) -> Steps:
    value = _said((yield ApiRequest("POST", "/auth.test", json={}, repeatable=True)))
    return {name: value.get(name) for name in ("team", "user", "bot_id")}


CONNECTOR = Connector(
    name="slack",
    title="Slack",
    summary="Messages and channels of a Slack workspace, as a bot.",
    base_url="https://slack.com/api",
    credentials={CredentialType.SLACK: grants.bearer("bot_token")},
    check=_check,
    source="https://docs.slack.dev/reference/methods",
    operations={
        "post_message": Operation(
            PostMessage,
            _post_message,
            positional=("channel", "text"),
            returns='{"channel": "C0123456789", "ts": "1503435956.000247", "message": {…}}',
            example='actions.slack.post_message("C0123456789", "A customer waits for a call back.", '
            'thread_ts="1503435956.000247")',
        ),
        "list_channels": Operation(
            ListChannels,
            _list_channels,
            returns='{"channels": [{"id", "name", "isPrivate", "isArchived", "isMember", "topic", "purpose", '
            '"numMembers"}], "complete": True}',
            example='actions.slack.list_channels({"types": ["public_channel", "private_channel"], "limit": 100})',
        ),
    },
)

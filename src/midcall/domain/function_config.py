"""A function's document, typed: what a version stores, reviews, runs and exports, and what older ones of it lack."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from midcall.domain.action import EnabledAction, enabled_actions
from midcall.domain.gates import Gate
from midcall.domain.isolation import Isolation
from midcall.domain.made_once import made_once
from midcall.domain.secret_reference import AUTH_VALUES, SecretPlace, SecretReference
from midcall.domain.template.text import TextTemplate, parse_text
from midcall.domain.template.webhook import WebhookTemplates, parse_webhook
from midcall.domain.webhook_payload import PayloadForm

#: Seconds that a call may take unless its author says otherwise.
DEFAULT_TIMEOUT_S = 120
#: Characters of a result that an agent is told.
DEFAULT_RESULT_CHARS = 15_000

#: What ends nothing.
_NEVER = re.compile(r"""["']?terminateAgent["']?\]?\s*[:=]\s*False\b""")


class Kind(StrEnum):
    """What a function is made of."""

    #: Python, run in a sandbox.
    CODE = "code"
    #: A URL that midcall calls.
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class MessagesConfig:
    """What the agent says around a call; `error` is a text, or texts by HTTP status with a `default`."""

    started: tuple[str, ...] = ()
    error: str | Mapping[str, str] | None = None
    returned: str | None = None

    def overridden(self, by: Mapping[str, Any] | None) -> "MessagesConfig":
        """Return these with those that an attachment has in their place."""
        given = by or {}
        started = tuple(given.get("started", self.started) or ())
        return MessagesConfig(started, given.get("error", self.error), given.get("returned", self.returned))

    @property
    def failed(self) -> str | None:
        """What is said of any failure."""
        return self.error.get("default") if isinstance(self.error, Mapping) else self.error


@dataclass(frozen=True, slots=True)
class CodeConfig:
    """Python source, and what it may reach; empty in a webhook's document."""

    source: str = ""
    #: Entries of `actions` as they are written: a name, or `{"name", "credentials"}`.
    entries: tuple[str | Mapping[str, Any], ...] = ()
    #: Hosts that are open.
    egress: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[EnabledAction, ...]:
        """What it may call."""
        return enabled_actions(self.entries)


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """How a target is shown who calls; `texts` are the fields that its type has, by name."""

    type: str = "none"
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def credential(self) -> str | None:
        """The workspace's credential that stands for all of it."""
        return self.texts.get("credential")

    @property
    def templates(self) -> Mapping[str, TextTemplate]:
        """The fields, taken apart; raises InvalidInput."""
        return {name: _auth_text(text) for name, text in self.texts.items()}

    def names(self, *, bare: bool = False) -> frozenset[str]:
        """Return the names that the fields use; `bare` ones have no default there."""
        parsed = self.templates.values()
        return frozenset[str]().union(*(text.bare_names if bare else text.names for text in parsed))

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "AuthConfig":
        """Read a webhook's `auth`."""
        texts = {name: text for name, text in stored.items() if name != "type" and isinstance(text, str)}
        return cls(stored.get("type", "none"), texts)


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """A URL that midcall calls; empty in a document of code. In place of secrets it has references."""

    url: str = field(default="", repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    payload: PayloadForm = PayloadForm.SESSION
    auth: AuthConfig = AuthConfig()
    follow_redirects: bool = False

    @property
    def secrets(self) -> Mapping[SecretPlace, SecretReference]:
        """Where it has references, and what they refer to."""
        auth = {name: text for name, text in self.auth.texts.items() if name in AUTH_VALUES}
        parts = {"headers": self.headers, "query": self.query, "auth": auth}
        return {
            SecretPlace(part, name): reference
            for part, texts in parts.items()
            for name, text in texts.items()
            if (reference := SecretReference.of(text)) is not None
        }

    @property
    def templates(self) -> WebhookTemplates:
        """Its templates, taken apart; raises InvalidInput."""
        return _templates({"url": self.url, "headers": self.headers, "query": self.query, "body": self.body})

    def credentials_named(self) -> dict[str, str]:
        """Return the credentials that it names, each with the field where it does."""
        found = dict.fromkeys(self.templates.credentials(), "headers")
        secrets = (name for name in self.auth.names() if name.startswith("secret."))
        found |= dict.fromkeys((name.split(".")[1] for name in secrets), "auth")
        if self.auth.credential is not None:
            found[self.auth.credential] = "auth.credential"
        return found

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "WebhookConfig":
        """Read `webhook` of a document."""
        return cls(
            url=stored.get("url", ""),
            method=stored.get("method", "POST"),
            headers=stored.get("headers", {}),
            query=stored.get("query", {}),
            body=stored.get("body"),
            payload=PayloadForm(stored.get("payload", PayloadForm.SESSION)),
            auth=AuthConfig.from_stored(stored.get("auth", {})),
            follow_redirects=stored.get("follow_redirects", False),
        )


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """The whole executable document of a version; times in seconds."""

    stored: Mapping[str, Any] = field(repr=False)
    name: str
    description: str
    kind: Kind
    parameters: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None
    strict_output: bool
    timeout: int
    #: Of a webhook's one attempt.
    attempt_timeout: int | None
    retries: int
    background: bool
    response_variables: Mapping[str, str]
    requires: tuple[Gate, ...]
    speak_during_execution: bool
    speak_after_execution: bool
    max_result_chars: int
    messages: MessagesConfig
    #: Of code: what its runs are to be kept in, where their workspace lets it choose.
    isolation: Isolation
    code: CodeConfig
    webhook: WebhookConfig

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "FunctionConfig":
        """Read a document as it is stored, or the small fields of one that lists have.

        Here alone stands what is meant by fields that a document lacks: older releases had fewer of them.
        """
        messages, code = stored.get("messages") or {}, stored.get("code") or {}
        webhook = stored.get("webhook")
        return cls(
            stored=stored,
            name=stored.get("name", ""),
            description=stored.get("description", ""),
            kind=Kind(stored.get("kind", Kind.CODE)),
            parameters=stored.get("parameters", {}),
            output_schema=stored.get("output_schema"),
            strict_output=stored.get("strict_output", False),
            timeout=stored.get("timeout", DEFAULT_TIMEOUT_S),
            attempt_timeout=stored.get("attempt_timeout"),
            retries=stored.get("retries", 0),
            background=stored.get("background", False),
            response_variables=stored.get("response_variables", {}),
            requires=tuple(_gate(each) for each in stored.get("requires", ())),
            speak_during_execution=stored.get("speak_during_execution", False),
            speak_after_execution=stored.get("speak_after_execution", True),
            max_result_chars=stored.get("max_result_chars", DEFAULT_RESULT_CHARS),
            messages=MessagesConfig().overridden(messages),
            isolation=Isolation(stored.get("isolation", Isolation.CONTAINER)),
            code=CodeConfig(code.get("source", ""), tuple(code.get("actions", ())), tuple(code.get("egress", ()))),
            webhook=WebhookConfig.from_stored(webhook) if webhook else WebhookConfig(),
        )

    @property
    def may_terminate(self) -> bool:
        """Whether what it returns may end a session, as far as its document says."""
        # The word stands in the source of whatever returns it; a name built from pieces would go without this advice.
        # What a webhook answers is known when it answers.
        return self.kind is Kind.WEBHOOK or "terminateAgent" in _NEVER.sub("", self.code.source)

    def credentials_named(self) -> frozenset[str]:
        """Return the credentials that it names.

        A webhook names them as `auth.credential` and in templates `{{secret.<credential>.<key>}}`; code in its actions.
        """
        if self.kind is Kind.WEBHOOK:
            return frozenset(self.webhook.credentials_named())
        return frozenset(name for entry in self.code.actions for name in entry.credentials)

    def to_stored(self) -> Mapping[str, Any]:
        """Return the very document that this was read from: what is digested and sealed."""
        return self.stored


def _taken_apart(sources: Mapping[str, Any]) -> WebhookTemplates:
    return parse_webhook(**sources)


def _auth_taken_apart(text: str) -> TextTemplate:
    return parse_text(text, "webhook.auth", max_chars=len(text), secrets=True)


_templates, _auth_text = made_once(_taken_apart), made_once(_auth_taken_apart)


def _gate(stored: Mapping[str, Any]) -> Gate:
    return Gate(stored["function"], stored["variable"], stored["equals"], tuple(stored.get("same_params", ())))

"""From a task to the HTTP request of a webhook: secrets revealed, templates filled, auth added, body signed."""

import secrets as chance
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.connectors.grants import bearer_grant
from midcall.domain.credential import Resolved
from midcall.domain.errors import ParametersWanted, SecretElsewhere
from midcall.domain.function_config import WebhookConfig
from midcall.domain.grant import Grant
from midcall.domain.http import AnyTokenRequest, Headers, HttpRequest
from midcall.domain.http_headers import is_reserved
from midcall.domain.ids import without_prefix
from midcall.domain.origin import origin_of
from midcall.domain.parameters import MASK
from midcall.domain.redaction import Redaction
from midcall.domain.secret_names import is_secret_name
from midcall.domain.secret_reference import SecretPlace
from midcall.domain.template.url import with_query
from midcall.domain.template.values import TemplateValues, values_of
from midcall.domain.webhook_payload import FilledWebhook, WebhookCall, fill_webhook
from midcall.service.claimed_run import ClaimedRun
from midcall.service.credentials.credentials import Credentials
from midcall.service.credentials.hosts import check_may_go
from midcall.service.credentials.secret_places import places_of
from midcall.service.credentials.secrets import Secrets
from midcall.service.credentials.signing import Signer, Signing
from midcall.service.ports import Tokens
from midcall.service.webhooks.auth import grant_of, grant_of_credential
from midcall.storage.database import Storage

#: Of an answer; a result may be as large (the whole of it stays on the invocation, up to 256 KB).
MAX_ANSWER_BYTES = 256 * 1024
MAX_AUTH_CHARS = 8_192
#: Where the webhook follows them.
MAX_REDIRECTS = 5
#: Of a request that is shown.
MAX_SHOWN_CHARS = 16_000
_SPAN_BYTES = 8


@dataclass(frozen=True, slots=True)
class UsedToken:
    """An OAuth2 token in a request, and what it was asked for with."""

    wanted: AnyTokenRequest
    workspace_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is ready to be sent, and how it may be shown."""

    request: HttpRequest
    redaction: Redaction
    #: Headers, in lower case, that are not shown however short their values are.
    hidden: frozenset[str]
    token: UsedToken | None = None

    def shown_request(self) -> dict[str, Any]:
        """Return the request as its author may see it."""
        sent = self.request
        headers = {name: MASK if self._hides(name) else self.redaction.text(value) for name, value in sent.headers}
        body = sent.body[: 4 * MAX_SHOWN_CHARS].decode("utf-8", "replace")
        return {
            "method": sent.method,
            "url": self.redaction.text(sent.url),
            "headers": headers,
            "body": self.redaction.text(body)[:MAX_SHOWN_CHARS],
        }

    def _hides(self, header: str) -> bool:
        """Tell whether a header's value is a secret wherever it came from; midcall's own are none."""
        return header.lower() in self.hidden or (is_secret_name(header) and not is_reserved(header))


@dataclass(frozen=True, slots=True)
class _Revealed:
    """A webhook, the secrets that stand in it, by place, and the credentials that it uses."""

    webhook: WebhookConfig
    inline: Mapping[SecretPlace, str] = field(repr=False)
    credentials: Mapping[str, Resolved] = field(repr=False)
    signer: Signer

    def places(self) -> Iterator[tuple[Resolved, tuple[str, ...]]]:
        """Yield each credential with the origins that it goes to."""
        for name, where in self.webhook.credentials_named().items():
            yield self.credentials[name], places_of(self.webhook, in_auth=where != "headers")

    @property
    def secrets(self) -> tuple[str, ...]:
        """All values that nobody may see."""
        return (*self.inline.values(), *(text for resolved in self.credentials.values() for text in resolved.secrets))


@dataclass(frozen=True, slots=True)
class WebhookRequests:
    """The maker of webhooks' requests: reveals secrets, fills templates, adds auth and signatures."""

    storage: Storage
    secrets: Secrets
    credentials: Credentials
    tokens: Tokens
    signing: Signing
    clock: Callable[[], int]

    def prepare(self, claimed: ClaimedRun) -> Prepared:
        """Make the request of one attempt.

        Raises TemplateUnfilled, ParametersWanted, CredentialMissing, SecretUnreadable, SecretElsewhere, InvalidInput,
        and an OutboundError where a token could not be fetched; nothing was sent to the target then.
        """
        known = self._reveal(claimed)
        for resolved, places in known.places():
            for place in places:
                check_may_go(resolved, place)
        now = self.clock()
        session = claimed.session_body(now=now)
        values = values_of(
            session,
            params=claimed.invocation.params,
            now=now,
            secrets=_by_name(known.credentials),
            optional=frozenset(claimed.config.parameters.get("properties", {})),
        )
        grant, used = self._grant(claimed, known, values, max(1, claimed.deadline_at - now))
        # A token may have taken its time.
        left_ms = max(1, claimed.deadline_at - self.clock())
        filled = _filled(claimed, known, grant, session, values)
        body = filled.body(grant.fields)
        headers = [
            *_without(filled.headers, grant.headers),
            *grant.headers,
            *self._own_headers(claimed, known.signer, body, left_ms),
        ]
        if filled.has_body and not any(name.lower() == "content-type" for name, _ in headers):
            headers.insert(0, ("Content-Type", "application/json"))
        url = with_query(filled.target(), grant.query)
        # Secrets were revealed for that place alone. No template reaches a host; if one ever did, this would not send.
        if origin_of(url) != origin_of(known.webhook.url):
            raise SecretElsewhere("the values of this call lead to another host than the webhook's own")
        return Prepared(
            request=HttpRequest(
                method=known.webhook.method,
                url=url,
                headers=tuple(headers),
                body=body,
                timeout_ms=min(left_ms, _attempt_ms(claimed)),
                max_bytes=MAX_ANSWER_BYTES,
                redirects=MAX_REDIRECTS if known.webhook.follow_redirects else 0,
                near=True,
            ),
            redaction=Redaction((*known.secrets, *grant.secrets)),
            hidden=_kept_headers(claimed) | {name.lower() for name, _ in grant.headers},
            token=used,
        )

    def forget_token(self, prepared: Prepared) -> None:
        """Fetch another token for the next attempt: the target did not take this one."""
        used = prepared.token
        if used is not None:
            self.tokens.forget(used.wanted, used.token, workspace_id=used.workspace_id)

    def _reveal(self, claimed: ClaimedRun) -> _Revealed:
        workspace_id, environment = claimed.invocation.workspace_id, claimed.invocation.environment
        with self.storage.read() as tx:
            webhook = claimed.config.webhook
            inline = {
                place: self.secrets.reveal(
                    tx, workspace_id, reference.id, to=places_of(webhook, in_auth=place.in_auth), loc=str(place)
                )
                for place, reference in webhook.secrets.items()
            }
            credentials = {
                name: self.credentials.resolve(tx, workspace_id, name, environment)
                for name in sorted(webhook.credentials_named())
            }
            signer = self.signing.signer(tx, workspace_id, claimed.invocation.function)
        for resolved in credentials.values():
            self.credentials.note_use(resolved)
        return _Revealed(webhook, inline, credentials, signer)

    def _grant(
        self, claimed: ClaimedRun, known: _Revealed, values: TemplateValues, left_ms: int
    ) -> tuple[Grant, UsedToken | None]:
        auth = known.webhook.auth
        if auth.credential is not None:
            grant = grant_of_credential(known.credentials[auth.credential])
        else:
            grant = grant_of(auth, lambda name: _auth_value(name, known, values))
        if grant.token is None:
            return grant, None
        workspace_id = claimed.invocation.workspace_id
        token = self.tokens.token(grant.token, workspace_id=workspace_id, timeout_ms=left_ms)
        used = UsedToken(grant.token, workspace_id, token)
        sent = bearer_grant(token)
        grant = replace(grant, headers=(*grant.headers, *sent.headers), secrets=(*grant.secrets, *sent.secrets))
        return grant, used

    def _own_headers(self, claimed: ClaimedRun, signer: Signer, body: bytes, left_ms: int) -> Headers:
        invocation = claimed.invocation
        # Attempts of one call share its trace, its id and its key; each has its own span.
        trace = invocation.trace_id or without_prefix(invocation.id).rjust(32, "0")[-32:]
        signed = signer.webhook_headers(invocation.id, body)
        return (
            ("Idempotency-Key", invocation.id),
            ("traceparent", f"00-{trace}-{chance.token_hex(_SPAN_BYTES)}-01"),
            ("X-Midcall-Deadline-Ms", str(left_ms)),
            *signed.items(),
        )


def _filled(
    claimed: ClaimedRun, known: _Revealed, grant: Grant, session: Mapping[str, Any], values: TemplateValues
) -> FilledWebhook:
    given = claimed.invocation.session.get("call")
    call = WebhookCall(
        function=claimed.invocation.function,
        args=claimed.invocation.params,
        session=session,
        call=given if isinstance(given, Mapping) else None,
    )
    return fill_webhook(
        known.webhook.templates.with_secrets(known.inline),
        call,
        values,
        method=known.webhook.method,
        form=known.webhook.payload,
        taken={name for name, _ in grant.query},
    )


def _by_name(credentials: Mapping[str, Resolved]) -> dict[str, dict[str, str]]:
    return {
        name: {key: value for key, value in resolved.values.items() if isinstance(value, str)}
        for name, resolved in credentials.items()
    }


def _auth_value(name: str, known: _Revealed, values: TemplateValues) -> str:
    place = SecretPlace("auth", name)
    if place in known.inline:
        return known.inline[place]
    parsed = known.webhook.auth.templates[name]
    wanted = [part.name for part in parsed.left_out(values)]
    if wanted:
        raise ParametersWanted.of(wanted)
    return parsed.fill(values, str(place), max_chars=MAX_AUTH_CHARS)


def _without(headers: Headers, others: Headers) -> Headers:
    """Leave out headers that auth writes itself."""
    taken = {name.lower() for name, _ in others}
    return tuple(pair for pair in headers if pair[0].lower() not in taken)


def _kept_headers(claimed: ClaimedRun) -> frozenset[str]:
    """Return the headers whose values are kept as secrets."""
    return frozenset(place.name.lower() for place in claimed.config.webhook.secrets if place.part == "headers")


def _attempt_ms(claimed: ClaimedRun) -> int:
    return (claimed.config.attempt_timeout or claimed.config.timeout) * 1000

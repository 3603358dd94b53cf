"""Where the secrets of a function would go: read from its version's document. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from midcall.connectors import CONNECTORS
from midcall.domain.function_config import FunctionConfig, Kind, WebhookConfig
from midcall.domain.origin import allows, origin_of, origins_of_egress

#: Groups of actions whose requests name whole addresses; the others go to their own service alone.
_ANYWHERE = frozenset(name for name, connector in CONNECTORS.items() if connector.anywhere)


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A credential that a version names, and the origins that it would be sent to.

    Of a webhook to `all` of them; of code to whichever of them it asks for, hence to none, or to a few.
    """

    credential: str
    origins: tuple[str, ...]
    all: bool

    def unbound(self, bound: Iterable[str]) -> tuple[str, ...]:
        """Return the origins that nobody has yet let the credential go to; of code none, if any is good already."""
        bound = tuple(bound)
        missing = tuple(each for each in self.origins if each not in bound and not allows(bound, each))
        return missing if self.all or len(missing) == len(self.origins) else ()


def places_of(webhook: WebhookConfig, *, in_auth: bool) -> tuple[str, ...]:
    """Return the origins that a value of a webhook goes to, which stands in its `auth`, or in headers or query.

    With an OAuth2 client's secret a token is fetched elsewhere, and then goes to the webhook's own host.
    """
    own, auth = origin_of(webhook.url), webhook.auth
    if in_auth and auth.type == "oauth2":
        return tuple(dict.fromkeys((own, origin_of(auth.texts["token_url"]))))
    return (own,)


def targets_of(config: FunctionConfig) -> tuple[str, ...]:
    """Return the origins that a version's document names, whether or not it names a credential."""
    if config.kind is Kind.WEBHOOK:
        return places_of(config.webhook, in_auth=True)
    return tuple(dict.fromkeys(origin for entry in config.code.egress for origin in origins_of_egress(entry)))


def uses_of(config: FunctionConfig) -> tuple[SecretUse, ...]:
    """Return the credentials that a version names, and where each would go."""
    webhook = config.webhook
    if config.kind is Kind.WEBHOOK:
        named = webhook.credentials_named()
        return tuple(
            SecretUse(name, places_of(webhook, in_auth=where != "headers"), all=True) for name, where in named.items()
        )
    origins = targets_of(config)
    entries = (entry for entry in config.code.actions if entry.name.partition(".")[0] in _ANYWHERE)
    names = dict.fromkeys(name for entry in entries for name in entry.credentials)
    return tuple(SecretUse(name, origins, all=False) for name in names) if origins else ()

"""What shows a target who calls: what is added to a request, and the token that may first have to be fetched."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from midcall.domain.credential import Resolved
from midcall.domain.http import AnyTokenRequest

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """An addition to a request that shows who calls. `secrets` are the values in it that nobody may see."""

    headers: Pairs = field(default=(), repr=False)
    query: Pairs = field(default=(), repr=False)
    #: Added to a body that is a JSON object.
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    #: A token that is to be fetched and sent as a bearer.
    token: AnyTokenRequest | None = None
    #: User name and password for HTTP Digest: the target's challenge decides what is sent.
    digest: tuple[str, str] | None = field(default=None, repr=False)
    #: Whose hosts it may go to, where requests name whole addresses; None: they name one service's paths.
    bound: Resolved | None = None

    def hiding(self, more: Iterable[str]) -> "Grant":
        """Return it with more values that nobody may see."""
        return replace(self, secrets=tuple(dict.fromkeys((*self.secrets, *more))))

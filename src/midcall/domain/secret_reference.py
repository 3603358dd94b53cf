"""References of a webhook's document to secrets that are kept apart: what they are once it is read.

In the document a reference is MASK followed by the secret's id: it is digested and sealed so, and whoever shows one
shows MASK alone.
"""

from dataclasses import dataclass
from typing import Self

from midcall.domain.parameters import MASK

#: Fields of `auth` that are always secret; the rest says who calls, and how and where that is shown.
AUTH_SECRETS = frozenset({"token", "password", "value", "client_id", "client_secret"})
#: Fields of `auth` that may hold a secret.
AUTH_VALUES = AUTH_SECRETS | {"username"}


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where in a webhook a secret may stand: in `headers`, `query` or `auth`, under a name."""

    part: str
    name: str

    def __str__(self) -> str:
        return f"webhook.{self.part}.{self.name}"

    @property
    def in_auth(self) -> bool:
        """Whether it proves who calls, by whatever way of doing so is chosen."""
        return self.part == "auth"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """The id of a kept secret; empty in what somebody sends who was shown a mask, and means what is kept there."""

    id: str = ""

    def __str__(self) -> str:
        return MASK + self.id

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Read what `str` wrote; None for any other text, which is a value itself."""
        return cls(text.removeprefix(MASK)) if text.startswith(MASK) else None

"""Adapters: one vendor's platform that calls midcall in its own format, for one agent."""

import re
from dataclasses import dataclass
from enum import StrEnum

ADAPTER_ID_PATTERN = r"^[a-z0-9][a-z0-9_-]{2,62}$"

_ID = re.compile(ADAPTER_ID_PATTERN.removesuffix("$"))


class Vendor(StrEnum):
    """Whose wire format an adapter speaks."""

    RETELL = "retell"
    VAPI = "vapi"
    ELEVENLABS = "elevenlabs"


@dataclass(frozen=True, slots=True)
class Adapter:
    """One adapter without its secrets. `id` is unique in the installation: the vendor's calls name no workspace."""

    id: str
    workspace_id: str
    vendor: Vendor
    agent: str
    environment: str
    #: The vendor's own id of its agent, where an answer has to name it (Retell, Vapi).
    vendor_agent: str | None
    #: Whether there is a second secret that signs alone; the first one does both otherwise.
    has_signing_secret: bool
    created_at: int
    updated_at: int

    @property
    def principal(self) -> str:
        """Who acts when the vendor calls."""
        return f"adapter:{self.id}"


def is_adapter_id(text: str) -> bool:
    """Tell whether a text could be an adapter's id."""
    return _ID.fullmatch(text) is not None

"""ActionGateways for tests whose code calls no action."""

from collections.abc import Callable

from cryptography.fernet import Fernet
from tests.support.fakes import FakeOutbound, FakeTokens

from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateways
from midcall.service.credentials.credentials import Credentials
from midcall.storage.database import Storage
from midcall.vault.cipher import FernetCipher


def idle_gateways(storage: Storage, clock: Callable[[], int]) -> ActionGateways:
    """Make gateways over a storage, with nothing behind them."""
    outbound = FakeOutbound()
    cipher = FernetCipher([Fernet.generate_key().decode()])
    return ActionGateways(
        storage=storage,
        credentials=Credentials(storage=storage, cipher=cipher, outbound=outbound, clock=clock),
        means=Means(outbound=outbound, tokens=FakeTokens(), clock=clock),
        base_urls={},
    )

"""The layer over the Docker SDK, against the real Engine."""

import secrets

import pytest

from midcall.sandbox.engine import ContainerGone, Engine


def test_many_questions_leave_the_connections_of_the_hot_calls_open(engine: Engine) -> None:
    """The SDK closes its connections to addresses that were asked for long ago: 25 others are enough."""
    for _ in range(60):
        assert engine.state(secrets.token_hex(32)) is None
    with pytest.raises(ContainerGone):
        engine.start(secrets.token_hex(32))
    engine.remove(secrets.token_hex(32))

"""Whose a request is: in whose line it waits, before its key is known and after."""

import asyncio
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any, cast

import pytest

from midcall.domain.errors import Unauthenticated
from midcall.domain.on_behalf import OWNER
from midcall.service.access.access import VerifiedKey
from midcall.web.services import admitted
from midcall.web.shared_threads import SharedThreads

KEY_TOKEN = f"mc_{'0' * 32}_{'a' * 43}"


def scope(recognise: Any) -> dict[str, Any]:
    """Make what a server says of a request with a key."""
    state = SimpleNamespace(
        services=SimpleNamespace(access=SimpleNamespace(recognise=recognise)),
        key_threads=SharedThreads(2),
        rates=SimpleNamespace(take=lambda _: None),
    )
    headers = [(b"authorization", f"Bearer {KEY_TOKEN}".encode())]
    return {"type": "http", "headers": headers, "app": SimpleNamespace(state=state)}


def test_a_key_is_looked_up_in_its_own_line_and_then_its_workspace_waits() -> None:
    """Before it is known whose it is, a key stands for itself alone."""
    owners: list[str] = []

    def recognise(proof: VerifiedKey) -> object:
        owners.extend((OWNER.get(), proof.key_id))
        return SimpleNamespace(workspace_id="ws_1")

    async def play() -> None:
        await admitted(cast("Any", scope(recognise)))
        owners.append(OWNER.get())

    copy_context().run(asyncio.run, play())
    assert owners[0] == owners[1]
    assert owners[2] == "ws_1"


def test_who_is_not_known_waits_for_no_workspace() -> None:
    """A made-up key has no line but its own."""
    owners: list[str] = []

    def recognise(_: VerifiedKey) -> object:
        raise Unauthenticated

    async def play() -> None:
        with pytest.raises(Unauthenticated):
            await admitted(cast("Any", scope(recognise)))
        owners.append(OWNER.get())

    copy_context().run(asyncio.run, play())
    assert not owners[0].startswith("ws_")

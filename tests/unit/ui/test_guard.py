"""The cap on the sockets of one sign-in: held while they are open, and free again whatever ends them."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from midcall.service.access.access import VerifiedKey
from midcall.ui.guard import MAX_SOCKETS, SOCKET, Guard
from midcall.ui.sign_ins import SignIns
from midcall.ui.site import COOKIE, Site


class Pages:
    """Keeps each socket open until it is told to let go; one that is to fail fails then."""

    def __init__(self) -> None:
        self.open = 0
        self.let_go = asyncio.Event()
        self.fails = False

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """Serve one socket."""
        self.open += 1
        await self.let_go.wait()
        self.open -= 1
        if self.fails:
            raise ConnectionError


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("fails", [False, True])
def test_one_sign_in_has_so_many_sockets_open_and_no_more(fails: bool) -> None:  # noqa: FBT001 (pytest's own)
    """The next one is closed at once, another sign-in's is not; what was closed, or broke, makes room."""

    async def story() -> None:
        pages, sign_ins = Pages(), SignIns(time.monotonic)
        pages.fails = fails
        site = cast("Site", SimpleNamespace(sign_ins=sign_ins, is_own_origin=lambda _origin, _host: True))
        guard = Guard(pages, site)
        mine, other = (sign_ins.begin(VerifiedKey(f"key_{number}", "hash")).id for number in range(2))
        sent: list[Message] = []

        async def said(message: Message) -> None:
            sent.append(message)

        def opened(session: str) -> "asyncio.Task[None]":
            headers = [(b"cookie", f"{COOKIE}={session}".encode()), (b"origin", b"https://a"), (b"host", b"a")]
            scope: dict[str, Any] = {"type": "websocket", "path": SOCKET, "headers": headers}
            return asyncio.ensure_future(guard(scope, cast("Receive", None), said))

        some = [opened(mine) for _ in range(MAX_SOCKETS)]
        await settled()
        assert (pages.open, sent) == (MAX_SOCKETS, [])
        await opened(mine)
        assert [message["type"] for message in sent] == ["websocket.close"]
        some.append(opened(other))
        await settled()
        assert pages.open == MAX_SOCKETS + 1
        pages.let_go.set()
        await asyncio.gather(*some, return_exceptions=True)
        pages.let_go.clear()
        again = opened(mine)
        await settled()
        assert (pages.open, len(sent)) == (1, 1)
        pages.let_go.set()
        await asyncio.gather(again, return_exceptions=True)

    asyncio.run(story())

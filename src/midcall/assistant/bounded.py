"""An HTTP client for the model's endpoint: the operator's choice, so it may be private; bounded all the same."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2

#: Bytes of one answer: as a stream each token takes some 300 of them.
MAX_ANSWER_BYTES = 8 * 1024 * 1024
#: Seconds until a connection is there, and between two pieces of an answer; whoever asks bounds the whole.
CONNECT_S, QUIET_S = 10.0, 120.0


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """Where a model is, as the operator says; None: at its vendor, without a key."""

    base_url: str | None
    api_key: str | None = field(repr=False)
    context: ssl.SSLContext


class TooMuch(httpx2.TransportError):
    """The endpoint's answer is longer than any answer needs to be, or packed."""


class _Counted(httpx2.AsyncByteStream):
    """A body that ends in TooMuch."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_ANSWER_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise TooMuch(f"more than {MAX_ANSWER_BYTES // 1024**2} MiB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Bounded(httpx2.AsyncBaseTransport):
    """A transport whose answers are counted; packed ones are refused, since their size says nothing."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            await response.aclose()
            raise TooMuch("packed, although that was not asked for")
        if not isinstance(response.stream, httpx2.AsyncByteStream):  # the transport's own promise
            raise TypeError
        response.stream = _Counted(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def client(context: ssl.SSLContext) -> httpx2.AsyncClient:
    """Make a client: certificates are checked, redirects and the environment's proxies are not followed."""
    return httpx2.AsyncClient(
        transport=_Bounded(httpx2.AsyncHTTPTransport(verify=context, trust_env=False)),
        timeout=timeout(),
        trust_env=False,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
    )


def timeout() -> httpx2.Timeout:
    """Return the bounds on single waits."""
    return httpx2.Timeout(QUIET_S, connect=CONNECT_S)

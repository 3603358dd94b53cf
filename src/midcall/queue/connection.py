"""Connections to Redis, each with the timeouts of what it is for."""

from redis import Redis
from redis import asyncio as aioredis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

_LOST = (RedisConnectionError, RedisTimeoutError)

#: How long a stream read blocks, and how much longer its socket is trusted: half a connection (the other host is gone
#: without a word) would otherwise be listened to for ever.
BLOCK_MS = 5_000
_BLOCK_MARGIN_S = 3.0


def enqueueing(url: str) -> Redis:
    """Connect for short commands: 1 s at most and one retry, since somebody waits (unset, a hung Redis took 59 s)."""
    return Redis.from_url(
        url,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        retry=Retry(ConstantBackoff(0.05), 1),
        retry_on_error=list(_LOST),
    )


def working(url: str) -> Redis:
    """Connect for a worker, whose blocking reads RQ bounds itself."""
    return Redis.from_url(url, socket_connect_timeout=2.0, socket_timeout=None)


def listening(url: str) -> "aioredis.Redis":
    """Connect for stream reads that block BLOCK_MS: redis-py 8 would otherwise cut them off just then, after 5 s."""
    return aioredis.Redis.from_url(url, socket_connect_timeout=2.0, socket_timeout=BLOCK_MS / 1000 + _BLOCK_MARGIN_S)

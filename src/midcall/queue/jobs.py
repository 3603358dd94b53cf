"""The one kind of job there is: an invocation id.

Whoever can write to Redis can write anything into a job's hash: another function's name, callbacks that RQ would
import and call, webhooks it would send, a timeout that never comes or comes at once, bytes that unpack to gigabytes.
So a job is read field by field from a short list, holds one id of the right form, and runs the one function its worker
was made for; nothing in it is ever imported. A job that cannot even be read is passed over as if it were not there: RQ
would end the worker.
"""

import re
import zlib
from collections.abc import Callable
from typing import Any, ClassVar

from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.utils import as_text

from midcall.domain.errors import MidcallError

#: What stands in a job as its function; it is compared, never imported.
FUNCTION = "midcall.execute"

_ID = re.compile(r"inv_[0-9a-f]{32}")

#: Fields of a job's hash that are read. Not among them: callbacks, webhooks, dependencies, retries, repeats, groups.
_FIELDS = frozenset(
    {
        "created_at",
        "data",
        "ended_at",
        "enqueued_at",
        "failure_ttl",
        "origin",
        "result_ttl",
        "started_at",
        "status",
        "worker_name",
    }
)

#: Seconds after which RQ interrupts any job: a net below our own deadline, which is 600 s at most. Not read from the
#: job, where it could be forged.
TIMEOUT_S = 660
#: A job that midcall wrote has about 100 bytes of data, packed or not.
MAX_DATA_BYTES = 1024


class ForgedJob(MidcallError):
    """A job in Redis is not one that midcall wrote; it was not run."""

    code = "forged_job"


class InvocationJob(Job):
    """A job that can be nothing but one invocation id."""

    #: What to do with the id; a worker process sets it once, after its fork.
    execute: ClassVar[Callable[[str], None] | None] = None

    @classmethod
    def fetch(cls, id: str, connection: Redis | None = None, serializer: Any = None) -> Job:  # noqa: A002 (RQ's name)
        """Read a job; raises NoSuchJobError for whatever is no job of ours, too."""
        try:
            return super().fetch(id, connection=connection, serializer=serializer)
        except (NoSuchJobError, RedisError):
            raise
        except Exception as error:  # forged bytes fail in any way they like; RQ would quit the worker over it
            raise NoSuchJobError(f"a job that cannot be read: {type(error).__name__}") from error

    def restore(self, raw_data: Any) -> Any:
        """Read a job's hash, the listed fields alone."""
        kept = {name: value for name, value in raw_data.items() if as_text(name) in _FIELDS}
        kept[b"data"] = _unpacked(kept.get(b"data", b""))
        restored = super().restore(kept)
        self.timeout = TIMEOUT_S
        return restored

    def perform(self) -> None:
        """Run the invocation that the job names; raises ForgedJob for a job of any other make."""
        invocation_id = self._checked_id()
        run = type(self).execute
        if run is None:
            raise ForgedJob("this process executes no invocations")
        run(invocation_id)

    def _checked_id(self) -> str:
        args = self.args
        well_made = self.func_name == FUNCTION and self.instance is None and not self.kwargs and len(args or ()) == 1
        if not well_made or not isinstance(args[0], str) or not _ID.fullmatch(args[0]):
            raise ForgedJob
        return args[0]


def _unpacked(data: bytes) -> bytes:
    """Unpack a job's data, as far as one of ours can go; raises NoSuchJobError."""
    try:
        packed = zlib.decompressobj()
        data = packed.decompress(data, MAX_DATA_BYTES + 1)
    except zlib.error:  # RQ takes data that is not packed as well
        pass
    if not 0 < len(data) <= MAX_DATA_BYTES:
        raise NoSuchJobError("a job whose data is not ours")
    return data

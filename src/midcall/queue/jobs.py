"""The one kind of job there is: an invocation id.

Whoever can write to Redis can write anything into a job's hash: another function's name, callbacks that RQ would
import and call, webhooks it would send. So a job is read field by field from a short list, holds one id of the right
form, and runs the one function its worker was made for; nothing in it is ever imported.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar

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
        "timeout",
        "worker_name",
    }
)


class ForgedJob(MidcallError):
    """A job in Redis is not one that midcall wrote; it was not run."""

    code = "forged_job"


class InvocationJob(Job):
    """A job that can be nothing but one invocation id."""

    #: What to do with the id; a worker process sets it once, after its fork.
    execute: ClassVar[Callable[[str], None] | None] = None

    def restore(self, raw_data: Any) -> Any:
        """Read a job's hash, the listed fields alone."""
        kept = {name: value for name, value in raw_data.items() if as_text(name) in _FIELDS}
        if b"data" not in kept:
            raise NoSuchJobError(f"no data in job {self.id}")
        return super().restore(kept)

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

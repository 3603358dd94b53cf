"""A job is only an id: whatever else stands in it, the one function is not even called."""

import json
import zlib
from typing import Any, cast

import pytest
from redis import Redis
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer

from midcall.domain.ids import new_id
from midcall.queue.jobs import FUNCTION, MAX_DATA_BYTES, ForgedJob, InvocationJob

ID = new_id("inv")


class Hash:
    """Redis with one hash, whatever its key."""

    def __init__(self, fields: dict[bytes, bytes]) -> None:
        self.fields = fields

    def hgetall(self, _key: str) -> dict[bytes, bytes]:
        """Return it."""
        return self.fields


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the job class a function that notes what it is called with."""
    ids: list[str] = []
    monkeypatch.setattr(InvocationJob, "execute", staticmethod(ids.append))
    return ids


def fetched(data: bytes, **fields: bytes) -> Any:
    """Read a job with these fields."""
    connection = Hash({b"data": data, **{name.encode(): value for name, value in fields.items()}})
    return InvocationJob.fetch(ID, connection=cast(Redis, connection), serializer=JSONSerializer)


def test_a_job_of_ours_calls_the_function_with_its_id(called: list[str]) -> None:
    """Packed or not."""
    data = json.dumps([FUNCTION, None, [ID], {}]).encode()
    fetched(zlib.compress(data)).perform()
    fetched(data).perform()
    assert called == [ID, ID]


@pytest.mark.parametrize(
    "call",
    [
        ["os.system", None, [ID], {}],
        [FUNCTION, "os", [ID], {}],
        [FUNCTION, None, [ID, ID], {}],
        [FUNCTION, None, [], {}],
        [FUNCTION, None, None, {}],
        [FUNCTION, None, [ID], {"invocation_id": ID}],
        [FUNCTION, None, [ID.upper()], {}],
        [FUNCTION, None, [ID + "\n"], {}],
        [FUNCTION, None, [7], {}],
        [FUNCTION, None, [[ID]], {}],
        [FUNCTION, None, {"0": ID}, {}],
        [FUNCTION, None, ID, {}],
    ],
    ids=lambda call: str(call).replace(ID, "id").replace(ID.upper(), "ID"),
)
def test_a_job_of_any_other_make_calls_nothing(called: list[str], call: list[Any]) -> None:
    """Another function, an instance, arguments that are not one id of the right form."""
    with pytest.raises((ForgedJob, TypeError, KeyError)):
        fetched(json.dumps(call).encode()).perform()
    assert called == []


@pytest.mark.parametrize(
    "name", ["success_callback_name", "failure_callback_name", "stopped_callback_name", "webhooks", "dependency_ids"]
)
def test_what_rq_would_import_call_or_send_is_not_read(name: str) -> None:
    """Callbacks, webhooks and dependencies in a job's hash do not reach the job."""
    job = fetched(json.dumps([FUNCTION, None, [ID], {}]).encode(), **{name: b'["os.system"]'})
    assert (job._success_callback_name, job._failure_callback_name, job._stopped_callback_name) == (None, None, None)
    assert not job.webhooks
    assert not job._dependency_ids


@pytest.mark.parametrize("data", [b"", zlib.compress(b" " * 10_000_000), b"x" * (MAX_DATA_BYTES + 1)])
def test_data_of_another_size_is_no_job_and_is_not_unpacked(data: bytes) -> None:
    """Ten kilobytes that unpack to ten megabytes are read as far as one of our jobs would go."""
    with pytest.raises(NoSuchJobError):
        fetched(data)


@pytest.mark.parametrize(
    "fields",
    [{"status": b"none"}, {"created_at": b"yesterday"}, {"result_ttl": b"x"}, {"worker_name": b"\xff"}],
    ids=str,
)
def test_a_job_that_cannot_be_read_is_passed_over(fields: dict[str, bytes]) -> None:
    """RQ takes NoSuchJobError as a job that is gone, and anything else as a reason to quit."""
    with pytest.raises(NoSuchJobError):
        fetched(json.dumps([FUNCTION, None, [ID], {}]).encode(), **fields)

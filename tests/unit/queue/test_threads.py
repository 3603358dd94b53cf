"""Which invocations an api process runs itself, and which it leaves to workers."""

import threading
from typing import Any, cast

import pytest
from tests.support.fakes import FakeQueue
from tests.support.patience import PATIENCE_S

from midcall.domain.errors import QueueUnavailable
from midcall.domain.function import Kind
from midcall.domain.invocation import Invocation, Purpose
from midcall.queue.threads import ThreadedQueue


class Wakes:
    """Keeps what is announced here."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, announced: str) -> None:
        """Keep it."""
        self.woken.append(announced)


def invocation(kind: Kind, purpose: Purpose) -> Invocation:
    """Make an invocation of which only kind and purpose matter."""
    blank: dict[str, Any] = dict.fromkeys(Invocation.__slots__)
    return Invocation(**{**blank, "id": f"inv_{kind}_{purpose}", "kind": kind, "purpose": purpose})


def queue(inner: FakeQueue | None = None) -> tuple[ThreadedQueue, FakeQueue, Wakes]:
    """Make a queue over fakes."""
    inner, wakes = inner or FakeQueue(), Wakes()
    return ThreadedQueue(cast("Any", inner), cast("Any", wakes)), inner, wakes


@pytest.mark.parametrize("purpose", [Purpose.LIVE, Purpose.TEST])
def test_webhooks_that_somebody_waits_for_run_here(purpose: Purpose) -> None:
    """Redis hears nothing of them, and may be away."""
    threaded, inner, _ = queue(FakeQueue(away=True))
    ran: list[str] = []
    done = threading.Event()

    def execute(invocation_id: str) -> None:
        ran.append(invocation_id)
        done.set()

    threaded.serve(execute)
    threaded.enqueue(invocation(Kind.WEBHOOK, purpose))
    assert done.wait(PATIENCE_S)
    assert ran == [f"inv_webhook_{purpose}"]
    assert inner.enqueued == []


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [(Kind.CODE, Purpose.LIVE), (Kind.CODE, Purpose.BACKGROUND), (Kind.WEBHOOK, Purpose.BACKGROUND)],
)
def test_all_else_goes_to_workers(kind: Kind, purpose: Purpose) -> None:
    """Code needs a sandbox, and nobody waits for the background."""
    threaded, inner, _ = queue()
    threaded.serve(lambda _: None)
    threaded.enqueue(invocation(kind, purpose))
    assert inner.enqueued == [f"inv_{kind}_{purpose}"]
    inner.away = True
    with pytest.raises(QueueUnavailable):
        threaded.enqueue(invocation(kind, purpose))


def test_before_it_serves_and_once_it_is_closed_workers_get_them() -> None:
    """An api process that starts or ends loses no call."""
    threaded, inner, _ = queue()
    threaded.enqueue(invocation(Kind.WEBHOOK, Purpose.LIVE))
    threaded.serve(lambda _: None)
    threaded._threads.shutdown()
    threaded.enqueue(invocation(Kind.WEBHOOK, Purpose.LIVE))
    assert inner.enqueued == ["inv_webhook_live"] * 2


def test_whoever_waits_here_is_woken_without_redis() -> None:
    """And those in other processes through it."""
    threaded, inner, wakes = queue()
    threaded.announce("inv_1")
    assert (wakes.woken, inner.announced) == (["inv_1"], ["inv_1"])


def test_it_knows_what_runs_here_until_that_has_ended_however_it_ends() -> None:
    """Whoever waits need not look at the row meanwhile, and has to afterwards."""
    threaded, _, _ = queue()
    begun, let_go, ended = threading.Event(), threading.Event(), threading.Event()

    def execute(_: str) -> None:
        begun.set()
        let_go.wait(PATIENCE_S)
        ended.set()
        raise ValueError

    threaded.serve(execute)
    mine = invocation(Kind.WEBHOOK, Purpose.LIVE)
    threaded.enqueue(mine)
    assert begun.wait(PATIENCE_S)
    assert threaded.runs_here(mine.id)
    assert not threaded.runs_here("inv_other")
    let_go.set()
    threaded._threads.shutdown()
    assert ended.is_set()
    assert not threaded.runs_here(mine.id)

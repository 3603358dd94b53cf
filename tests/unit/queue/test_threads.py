"""Which invocations an api process runs itself, and which it leaves to workers."""

import threading
from collections import Counter
from typing import Any, cast

import pytest
from tests.support.fakes import FakeQueue
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.errors import QueueUnavailable
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.on_behalf import OWNER
from midcall.queue.threads import ThreadedQueue


class Wakes:
    """Keeps what is announced here."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, announced: str) -> None:
        """Keep it."""
        self.woken.append(announced)


def invocation(kind: Kind, purpose: Purpose, **fields: Any) -> Invocation:
    """Make an invocation of which only kind and purpose matter, and what is named besides."""
    blank: dict[str, Any] = dict.fromkeys(Invocation.__slots__)
    blank |= {"id": f"inv_{kind}_{purpose}", "kind": kind, "purpose": purpose, "workspace_id": "ws_1"}
    return Invocation(**{**blank, **fields})


def queue(inner: FakeQueue | None = None, **options: Any) -> tuple[ThreadedQueue, FakeQueue, Wakes]:
    """Make a queue over fakes."""
    inner, wakes = inner or FakeQueue(), Wakes()
    return ThreadedQueue(cast("Any", inner), cast("Any", wakes), **options), inner, wakes


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
    threaded.close()
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
    threaded.close()
    assert ended.is_set()
    assert not threaded.runs_here(mine.id)


def test_a_workspace_that_wants_all_threads_leaves_half_to_those_who_come() -> None:
    """And gets what it waits for one after the other, however many others there are."""
    threaded, _, _ = queue(threads=8)
    began, let_go = threading.Semaphore(0), threading.Event()
    ran: list[str] = []

    def execute(invocation_id: str) -> None:
        ran.append(invocation_id)
        began.release()
        let_go.wait(PATIENCE_S)

    def called(workspace: str, number: int) -> None:
        given = {"id": f"{workspace}-{number:02}", "workspace_id": workspace}
        threaded.enqueue(invocation(Kind.WEBHOOK, Purpose.LIVE, **given))

    threaded.serve(execute)
    for number in range(20):
        called("greedy", number)
    for _ in range(4):
        assert began.acquire(timeout=PATIENCE_S)
    assert sorted(ran) == [f"greedy-{number:02}" for number in range(4)]
    for workspace in ("one", "two", "three"):
        called(workspace, 0)
        assert began.acquire(timeout=PATIENCE_S)
    assert sorted(ran)[4:] == ["one-00", "three-00", "two-00"]
    let_go.set()
    for _ in range(16):
        assert began.acquire(timeout=PATIENCE_S)
    threaded.close()
    assert len(ran) == len(set(ran)) == 23
    assert not threaded._held


def test_a_webhook_that_is_woken_twice_runs_once_here() -> None:
    """The sweep wakes again what waits for long; it still has its place."""
    threaded, _, _ = queue(threads=1)
    let_go, ran = threading.Event(), list[str]()

    def execute(invocation_id: str) -> None:
        ran.append(invocation_id)
        let_go.wait(PATIENCE_S)

    threaded.serve(execute)
    for name in ("first", "second", "second"):
        threaded.enqueue(invocation(Kind.WEBHOOK, Purpose.LIVE, id=name, workspace_id=name))
    let_go.set()
    assert wait_for(lambda: not threaded.runs_here("second"))
    threaded.close()
    assert ran == ["first", "second"]


def test_a_workspace_that_counts_for_more_holds_more_threads() -> None:
    """In proportion, once those have ended that were there before: light as many as are free, heavy thrice as many."""
    threaded, _, _ = queue(threads=40, weigh={"light": 1, "heavy": 3}.__getitem__)
    begun: list[tuple[str, threading.Event]] = []

    def execute(invocation_id: str) -> None:
        may_end = threading.Event()
        begun.append((invocation_id.partition("-")[0], may_end))
        may_end.wait(PATIENCE_S)

    threaded.serve(execute)
    for number in range(200):
        for workspace in ("light", "heavy"):
            given = {"id": f"{workspace}-{number:03}", "workspace_id": workspace}
            threaded.enqueue(invocation(Kind.WEBHOOK, Purpose.LIVE, **given))

    def end(numbers: range) -> None:
        for number in numbers:  # the oldest first: which of them end decides who holds the others
            assert wait_for(lambda: len(begun) > number)  # noqa: B023 (asked within the turn)
            begun[number][1].set()

    end(range(120))
    assert wait_for(lambda: len(begun) >= 120 + 30)
    running = Counter(workspace for workspace, _ in begun[120:])
    assert 2 <= running["heavy"] / running["light"] <= 4, running
    end(range(120, 400))
    threaded.close()


def test_a_thread_knows_whose_webhook_it_carries_out() -> None:
    """What it waits for, it waits for in that workspace's line."""
    threaded, _, _ = queue()
    owners: list[str] = []
    threaded.serve(lambda _: owners.append(OWNER.get()))
    for number, workspace_id in enumerate(("ws_1", "ws_2", "ws_1")):
        threaded.enqueue(invocation(Kind.WEBHOOK, Purpose.LIVE, id=f"inv_{number}", workspace_id=workspace_id))
    wait_for(lambda: len(owners) == 3)
    assert sorted(owners) == ["ws_1", "ws_1", "ws_2"]
    assert OWNER.get() == ""

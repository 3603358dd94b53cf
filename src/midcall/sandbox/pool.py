"""The pool: keeps warm sandboxes ready, gives each to one run, destroys it, boots the next.

Its interface speaks of runs alone: who calls `Pool.run` must not assume that a sandbox is a container.
"""

import queue
import secrets
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport
from midcall.sandbox.container import container_config, jails_config
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.engine import Engine
from midcall.sandbox.errors import EngineFailed, PoolClosed
from midcall.sandbox.image import with_jails
from midcall.sandbox.jail_container import JailContainer
from midcall.sandbox.jail_lane import JailLane, NoJail
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.outcome import Evidence, SandboxEnd
from midcall.sandbox.sandbox_queue import QueueCounts, SandboxQueue
from midcall.sandbox.throwaway import ThrowawayContainer
from midcall.service.loops import ThreadLoop, health

log = structlog.get_logger(__name__)

#: Seconds a boot may take: 0.13 s is normal, a loaded host may need a few.
BOOT_S = 20.0
#: Seconds before another boot is tried after one failed: the Engine is then busy or gone.
RETRY_S = 1.0
#: Seconds after a hand-out in which no boot is begun, if enough warm ones are left.
REFILL_PAUSE_S = 0.03
#: Seconds that a sandbox is spared after its outcome: the end of a container keeps the Engine busy.
SPARE_S = 0.03
#: Seconds to wait at the end for the last container to be gone.
CLEAR_S = 15.0
#: Slots beyond size and max_concurrent: sandboxes that are being removed still hold theirs.
SPARE_SLOTS = 32
#: User ids are handed out to pools in blocks, so that two pools of one host rarely share one.
UID_BLOCKS, UID_BLOCK = 1000, 1000
REMOVERS = 2
#: Threads, and seconds, for the question what became of a container.
ASKERS, ASK_S = 2, 0.5


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How a pool stands."""

    pool_id: str
    image: str
    ready: bool
    size: int
    max_concurrent: int
    idle: int
    busy: int
    waiting: int
    booting: int
    runs: int
    #: Sandboxes that are done with, and wait for their removal.
    removing: int
    #: Containers of jails, and why there are none where there could be.
    jail_containers: int
    jails_fault: str
    #: Threads of the pool that have died, by name: it is not ready any more. And how many turns of all have failed.
    loops_gone: tuple[str, ...]
    failed_turns: int


class Pool:
    """A pool of warm sandboxes over one Engine. `start` it, `run` from any thread, `close` it."""

    def __init__(self, *, engine: Engine, config: PoolConfig, image: str, seccomp: str) -> None:
        self._engine = engine
        self._config = config
        self._image = image
        self._seccomp = seccomp
        self._queue: SandboxQueue[ThrowawayContainer] = SandboxQueue(
            max_busy=config.max_concurrent, max_waiting=config.max_waiting, kept=config.size // 2
        )
        self._slots = list(range(config.size + config.max_concurrent + SPARE_SLOTS))
        self._known: set[str] = set()
        self._booting = 0
        self._booted_at = 0.0
        self._runs = 0
        self._closing = threading.Event()
        self._doomed: queue.SimpleQueue[ThrowawayContainer | None] = queue.SimpleQueue()
        self._asker = ThreadPoolExecutor(ASKERS, "ask")
        #: Why the last boot failed; None once one has gone well again.
        self.boot_error: str | None = None
        self._removers = [self._loop(f"remove-{n}", self._remove_next) for n in range(REMOVERS)]
        self._others = [self._loop(f"boot-{n}", self._boot_next) for n in range(config.boot_concurrency)]
        self._others.append(self._loop("sweep", self._sweep_next))
        self._others.append(self._loop("prepare", self._prepare_next))
        self._jails = JailLane(config, self._boot_jails, self._remove_jails, self._closing)
        self._others.append(self._loop("jails", self._jails.look_after_next))

    # Life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Clear away what an earlier pool of this id left, and begin to boot. Raises EngineFailed."""
        self.sweep()
        for loop in (*self._removers, *self._others):
            loop.start()

    def close(self) -> None:
        """Stop booting and destroy every sandbox, running ones too; returns when no container is left."""
        self._closing.set()
        with self._queue.wanted:
            self._queue.wanted.notify_all()
        self._jails.close()
        for loop in self._others:
            loop.join(BOOT_S)
        self._asker.shutdown(wait=False, cancel_futures=True)
        for sandbox in self._queue.idle():
            sandbox.close()  # stdin ends, PID 1 goes, the Engine removes the container
        for _ in self._removers:
            self._doomed.put(None)
        for loop in self._removers:
            loop.join(CLEAR_S)
        self._known.clear()
        end = time.monotonic() + CLEAR_S
        while time.monotonic() < end and self.sweep():
            time.sleep(0.05)

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until a sandbox is ready; returns whether one is."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end and not self._queue.counts().idle:
            time.sleep(0.01)
        return self._queue.counts().idle > 0

    def _loop(self, name: str, turn: Callable[[], bool]) -> ThreadLoop:
        return ThreadLoop(name, turn, stopping=self._closing)

    # Runs ---------------------------------------------------------------------------------------------------------

    def run(self, job: SandboxJob) -> RunReport:
        """Wait for a sandbox, run in it, report; the sandbox is never used again.

        A run that asks for a jail is made in a container where there is none, and its report says why.
        Returns by `job.deadline` (monotonic) plus a few milliseconds. Raises SandboxBusy where no sandbox became free
        before it (or before `job.wait_until`, and then the deadline moves on by what was waited), CallerGone where the
        caller hung up, PoolClosed where the pool was closed under the run.
        """
        note = ""
        if job.isolation is Isolation.JAIL:
            try:
                report = self._jails.run(job)
            except NoJail as reason:
                note = reason.message
            else:
                self._runs += 1
                return report
        return replace(self._run_in_container(job), isolation_note=note)

    def _run_in_container(self, job: SandboxJob) -> RunReport:
        asked_at = time.monotonic()
        sandbox = self._take(job.sandbox_until, job.owner)
        try:
            made = sandbox.make(job, sandbox.container, asked_at)
            if made.evidence.ended is SandboxEnd.LOST:
                if self._closing.is_set():
                    raise PoolClosed
                made = replace(made, evidence=self._ask_engine(sandbox, made.evidence))
            if made.evidence.ended is SandboxEnd.OUTCOME:
                sandbox.spare_until = made.ended_at + SPARE_S
        finally:
            self._give_up(sandbox, job.owner)
        self._runs += 1
        return made.report(job.limits, Isolation.CONTAINER)

    def _take(self, deadline: float, owner: str) -> ThrowawayContainer:
        """Return a live sandbox; one that died while it waited is thrown away."""
        while True:
            sandbox = self._queue.take(deadline, owner)
            if sandbox.alive:
                return sandbox
            self._give_up(sandbox, owner)

    def _ask_engine(self, sandbox: ThrowawayContainer, evidence: Evidence) -> Evidence:
        """Add what the Engine knows of a container whose PID 1 said nothing; it may know nothing any more."""
        with suppress(EngineFailed, TimeoutError):
            # In a thread: the Engine may take longer to answer than the run may take to end.
            state = self._asker.submit(self._engine.state, sandbox.container).result(ASK_S)
            if state is not None and state.oom_killed:
                return replace(evidence, oom_killed=True)
        return evidence

    def _give_up(self, sandbox: ThrowawayContainer, owner: str) -> None:
        """Discard a sandbox that was handed out."""
        try:
            self._discard(sandbox)
        finally:
            self._queue.done(owner)

    def _discard(self, sandbox: ThrowawayContainer) -> None:
        """Have a sandbox removed in the background; one that did not end well loses its streams, and its life, now."""
        try:
            if not sandbox.spare_until:
                sandbox.close()
        finally:
            self._doomed.put(sandbox)

    def status(self) -> PoolStatus:
        """Return how the pool stands."""
        counts: QueueCounts = self._queue.counts()
        loops = health((*self._removers, *self._others))
        boots = counts.idle > 0 or self.boot_error is None
        return PoolStatus(
            pool_id=self._config.pool_id,
            image=self._image,
            ready=boots and not loops.gone and not self._closing.is_set(),
            size=self._config.size,
            max_concurrent=self._config.max_concurrent,
            idle=counts.idle,
            busy=counts.busy,
            waiting=counts.waiting,
            booting=self._booting,
            runs=self._runs,
            removing=self._doomed.qsize(),
            jail_containers=self._jails.count,
            jails_fault=self._jails.fault,
            loops_gone=loops.gone,
            failed_turns=loops.failed_turns,
        )

    # Boots --------------------------------------------------------------------------------------------------------

    def _boot_next(self) -> bool:
        """Boot the next sandbox that is wanted; False at the end."""
        slot = self._next_slot()
        if slot is None:
            return False
        name = f"midcall-{self._config.pool_id}-{secrets.token_hex(6)}"
        self._known.add(name)
        sandbox: ThrowawayContainer | None = None
        fault = "a boot failed for an unexpected reason; see the pool's log"
        try:
            sandbox = self.boot(name, slot)
        except EngineFailed as error:
            fault = error.message
            log.warning("sandbox_boot_failed", reason=str(error))
        finally:
            self._booted(sandbox, name, slot, fault)
        if sandbox is None:
            self._closing.wait(RETRY_S)
        return True

    def _booted(self, sandbox: ThrowawayContainer | None, name: str, slot: int, fault: str) -> None:
        """Take a boot for ended, however that came about: one that failed keeps neither its slot nor its name."""
        if sandbox is None:
            self.boot_error = fault
            self._release(name, slot)
        else:
            self._queue.give(sandbox)
            self.boot_error = None
        with self._queue.wanted:
            self._booting -= 1
            self._booted_at = time.monotonic()
            self._queue.wanted.notify_all()

    def boot(self, name: str, slot: int) -> ThrowawayContainer:
        """Boot one sandbox that belongs to this pool; raises EngineFailed."""
        return ThrowawayContainer.boot(self._engine, self.container(slot), name=name, slot=slot, timeout_s=BOOT_S)

    def container(self, slot: int) -> dict[str, Any]:
        """Return how the container of a slot is made."""
        return container_config(
            image=self._image,
            pool_id=self._config.pool_id,
            uid=self._uid(slot),
            limits=self._config.limits,
            seccomp=self._seccomp,
            runtime=self._config.runtime,
        )

    def _boot_jails(self, slot: int) -> JailContainer:
        """Boot a container of jails; raises EngineFailed."""
        name = f"midcall-{self._config.pool_id}-jails-{secrets.token_hex(6)}"
        self._known.add(name)
        try:
            return JailContainer.boot(
                self._engine,
                self.container_of_jails(slot),
                name=name,
                slot=slot,
                jails=self._config.jails_each,
                timeout_s=BOOT_S,
            )
        except BaseException:
            self._known.discard(name)
            raise

    def _remove_jails(self, jails: JailContainer) -> None:
        """End a container of jails, and whatever still runs in it."""
        jails.close()
        try:
            self._engine.remove(jails.container)
        except EngineFailed as error:
            log.warning("sandbox_remove_failed", container=jails.container, reason=str(error))
        finally:
            self._known.discard(jails.name)

    def container_of_jails(self, slot: int) -> dict[str, Any]:
        """Return how the container of so many jails is made; its slots come after those of throwaway containers."""
        return jails_config(
            image=self._image,
            pool_id=self._config.pool_id,
            uid=self._uid(self._config.size + self._config.max_concurrent + SPARE_SLOTS + slot),
            limits=self._config.limits,
            jails=self._config.jails_each,
            seccomp=with_jails(self._seccomp),
            runtime=self._config.runtime,
        )

    def _uid(self, slot: int) -> int:
        return self._config.uid_base + zlib.crc32(self._config.pool_id.encode()) % UID_BLOCKS * UID_BLOCK + slot

    def _next_slot(self) -> int | None:
        """Wait until another sandbox is wanted and return a slot for it; None at the end."""
        with self._queue.wanted:
            while not self._closing.is_set():
                if not self._wants_more() or not self._slots or (self._booting and not self._hurries()):
                    self._queue.wanted.wait()
                elif (pause := self._pause_s()) > 0:
                    self._queue.wanted.wait(pause)
                else:
                    self._booting += 1
                    return self._slots.pop()
        return None

    def _pause_s(self) -> float:
        """Return how long to leave the processors to the call that just took a sandbox; the lock is held.

        A boot takes a tenth of a second of every core it can get, a call a few milliseconds in five processes.
        """
        return 0.0 if self._hurries() else self._queue.handed_out_at + REFILL_PAUSE_S - time.monotonic()

    def _hurries(self) -> bool:
        """Tell whether warm ones are short; the lock is held.

        While half of them are left, a boot can wait until the call is answered that took one, and the next boot until
        this one is over: several at a time would take all cores from the calls that go on.
        """
        counts = self._queue.counts_locked()
        return counts.urgent or 2 * (counts.idle + self._booting) < self._config.size

    def _wants_more(self) -> bool:
        """Tell whether to boot: enough warm ones, plus one per waiting call, within the total; the lock is held."""
        counts = self._queue.counts_locked()
        alive = counts.idle + counts.busy + self._booting
        if alive >= self._config.size + self._config.max_concurrent:
            return False
        return counts.idle + self._booting < self._config.size + counts.waiting

    def _prepare_next(self) -> bool:
        """Have one more sandbox prepare if the machine seems to have nothing better to do; False at the end."""
        if self._closing.wait(self._config.prepare_after_s):
            return False
        used_at = max(self._queue.handed_out_at, self._booted_at)
        if not self._booting and time.monotonic() - used_at >= self._config.prepare_after_s:
            self._queue.tell_one(_prepare)
        return True

    def _release(self, name: str, slot: int) -> None:
        with self._queue.wanted:
            self._known.discard(name)
            self._slots.append(slot)
            self._queue.wanted.notify_all()

    # Ends ---------------------------------------------------------------------------------------------------------

    def _remove_next(self) -> bool:
        """Remove the next sandbox that is done with; False at the end."""
        sandbox = self._doomed.get()
        if sandbox is None:
            return False
        # All but its PID 1 is dead, and that one idle: its end can wait until the processors have nothing better.
        self._closing.wait(max(0.0, sandbox.spare_until - time.monotonic()))
        try:
            sandbox.close()
            self._engine.remove(sandbox.container)
        except EngineFailed as error:
            log.warning("sandbox_remove_failed", container=sandbox.container, reason=str(error))
        finally:
            # What could not be removed is the sweep's: nobody knows it any longer.
            self._release(sandbox.name, sandbox.slot)
        return True

    def _sweep_next(self) -> bool:
        """Sweep once more, after a while; False at the end."""
        if self._closing.wait(self._config.sweep_every_s):
            return False
        for sandbox in self._queue.idle():
            if not sandbox.alive and self._queue.drop(sandbox):
                self._discard(sandbox)
        try:
            self.sweep()
        except EngineFailed as error:
            log.warning("sweep_failed", reason=str(error))
        return True

    def sweep(self) -> int:
        """Remove the containers that carry this pool's id and are not its own; returns how many there were."""
        strays = [id_ for id_, name in self._engine.containers(self._config.pool_id).items() if name not in self._known]
        for container in strays:
            log.info("sandbox_swept", container=container)
            self._engine.remove(container)
        return len(strays)


def _prepare(sandbox: ThrowawayContainer) -> bool:
    """Have a sandbox prepare; returns whether it had not yet."""
    if sandbox.prepared:
        return False
    sandbox.prepare()
    return True

"""The lane of runs that ask for a jail: a container of jails for each workspace, booted when it is first asked for.

No call waits for such a container: while there is none, runs are made in throwaway containers, which hold more.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from midcall.domain.errors import MidcallError, SandboxBusy
from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.errors import EngineFailed, PoolClosed
from midcall.sandbox.jail import Jail
from midcall.sandbox.jail_container import JailContainer
from midcall.sandbox.jail_probe import ProbeFailed, probe_jail
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.outcome import SandboxEnd

log = structlog.get_logger(__name__)

#: Seconds between two looks at all containers.
LOOK_S = 1.0
#: Seconds for which a workspace that could have no container of jails is not tried again.
AGAIN_S = 30.0
#: A container that was used within so many seconds is not closed for another workspace's.
IN_USE_S = 10.0


class NoJail(MidcallError):
    """There is no jail for this run, and nothing of it was told to one."""

    code = "no_jail"


class JailLane:
    """Containers of jails by owner. `look_after_next` is the turn of a thread that boots, replaces and closes them.

    `boot` makes the container of a slot, `remove` ends one.
    """

    def __init__(
        self,
        config: PoolConfig,
        boot: Callable[[int], JailContainer],
        remove: Callable[[JailContainer], None],
        closing: threading.Event,
    ) -> None:
        self._config = config
        self._boot = boot
        self._remove = remove
        self._closing = closing
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._containers: dict[str, JailContainer] = {}
        #: Owners that want one, and until when those that could have none are not tried again.
        self._wanted: dict[str, None] = {}
        self._failed: dict[str, float] = {}
        #: Replaced, with runs that go on.
        self._retired: list[JailContainer] = []
        self._waits: Counter[str] = Counter()
        self._slots = list(range(2 * config.jail_containers))
        #: What a jail of this host was found not to keep: there are none from then on. Empty: they hold.
        self.fault = ""

    @property
    def count(self) -> int:
        """How many containers of jails there are."""
        return len(self._containers) + len(self._retired)

    # Runs ---------------------------------------------------------------------------------------------------------

    def run(self, job: SandboxJob) -> RunReport:
        """Make a run in a jail of its owner's container, and report.

        Raises NoJail where none was told anything; SandboxBusy, CallerGone and PoolClosed as `Pool.run` does.
        """
        asked_at = time.monotonic()
        with self._waiting(job.owner):
            jails, jail = self._take(job.owner, job.sandbox_until)
        jails.used_at = time.monotonic()
        try:
            made = jail.make(job, jail.name, asked_at)
        finally:
            jails.give_up(jail)
            jails.used_at = time.monotonic()
        if made.evidence.ended is SandboxEnd.LOST:
            raise PoolClosed  # the jail's end is told of by PID 1: it is the container that has gone, with all its runs
        return made.report(job.limits, Isolation.JAIL)

    def _take(self, owner: str, deadline: float) -> tuple[JailContainer, Jail]:
        """Return a jail of the owner's container, and that; raises NoJail and SandboxBusy."""
        while True:
            jails = self._container_of(owner)
            try:
                return jails, jails.take(deadline)
            except EngineFailed as error:
                # One that was replaced in this moment is closed as soon as nothing runs in it: there is another.
                if self._containers.get(owner) in {jails, None}:
                    raise NoJail(error.message) from error

    @contextmanager
    def _waiting(self, owner: str) -> Iterator[None]:
        """Count a call that waits for a jail; raises SandboxBusy where too many do, of one owner or in all."""
        with self._lock:
            most = self._config.max_waiting
            if self._waits.total() >= most or self._waits[owner] >= max(1, most // 2):
                raise SandboxBusy("too many calls wait for a sandbox already; nothing was run")
            self._waits[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waits[owner] -= 1
                self._waits += Counter()  # drops those of whom none waits

    def _container_of(self, owner: str) -> JailContainer:
        """Return the owner's container; raises NoJail, and has one booted, where there is none."""
        if not self._config.jails:
            raise NoJail("the operator of this installation forbids jails (MIDCALL_JAIL)")
        if not owner:
            raise NoJail("a run that is no workspace's has no container of jails")
        if self.fault:
            raise NoJail(f"jails do not hold on this host: {self.fault}")
        jails = self._containers.get(owner)
        if jails is not None and jails.serves:
            return jails
        if time.monotonic() < self._failed.get(owner, 0.0):
            raise NoJail("there is no room or no way for another container of jails on this host at present")
        with self._lock:
            self._wanted[owner] = None
        self._wake.set()
        raise NoJail("the workspace's container of jails is starting")

    # Containers ---------------------------------------------------------------------------------------------------

    def look_after_next(self) -> bool:
        """Boot what is wanted and look at what there is, once; False at the end."""
        self._wake.wait(LOOK_S)
        self._wake.clear()
        if self._closing.is_set():
            return False
        with self._lock:
            wanted, self._wanted = self._wanted, {}
        for owner in wanted:
            if owner not in self._containers or not self._containers[owner].serves:
                self._provide(owner)
        for owner, jails in list(self._containers.items()):
            self._look_at(owner, jails)
        for jails in list(self._retired):
            jails.look()
        with self._lock:
            ending = [each for each in self._retired if not each.busy or not each.alive]
            self._retired = [each for each in self._retired if each not in ending]
        for jails in ending:
            self._end(jails)
        now = time.monotonic()
        self._failed = {owner: until for owner, until in self._failed.items() if now < until}
        return True

    def close(self) -> None:
        """End every container, and what runs in it."""
        self._wake.set()
        with self._lock:
            ending = [*self._containers.values(), *self._retired]
            self._containers.clear()
            self._retired.clear()
        for jails in ending:
            self._end(jails)

    def _provide(self, owner: str) -> None:
        """Boot a container for an owner, in place of one that it has; remember where that cannot be done."""
        if time.monotonic() < self._failed.get(owner, 0.0):
            return
        if owner not in self._containers and not self._make_room():
            self._failed[owner] = time.monotonic() + AGAIN_S
            return
        if not self._slots:
            return  # replaced ones still run: later
        slot = self._slots.pop()
        try:
            jails = self._boot(slot)
        except EngineFailed as error:
            log.warning("jails_boot_failed", reason=str(error))
            self._slots.append(slot)
            self._failed[owner] = time.monotonic() + AGAIN_S
            return
        if not self._holds(jails):
            self._failed[owner] = time.monotonic() + AGAIN_S
            self._end(jails)
            return
        before = self._containers.get(owner)
        with self._lock:
            closing = self._closing.is_set()
            if not closing:
                self._containers[owner] = jails
                if before is not None:
                    self._retired.append(before)
        self._failed.pop(owner, None)
        if closing:
            self._end(jails)

    def _look_at(self, owner: str, jails: JailContainer) -> None:
        """Replace a container that is gone or has served long, close one that is idle, look whether its jails hold."""
        now = time.monotonic()
        jails.look()
        if not jails.serves or now - jails.used_at > self._config.jail_idle_s:
            with self._lock:
                if self._containers.get(owner) is jails:
                    del self._containers[owner]
                    self._retired.append(jails)
        elif jails.runs >= self._config.jail_runs or now - jails.booted_at > self._config.jail_age_s:
            self._provide(owner)
        elif now - jails.probed_at > self._config.jail_probe_every_s and not jails.busy and not self._holds(jails):
            with self._lock:
                gone = list(self._containers) if self.fault else [owner]
                self._retired += [self._containers.pop(each) for each in gone if each in self._containers]

    def _make_room(self) -> bool:
        """Close the container that was used longest ago if there are as many as may be; False if all are in use."""
        if len(self._containers) < self._config.jail_containers:
            return True
        owner, jails = min(self._containers.items(), key=lambda item: item[1].used_at)
        if jails.busy or time.monotonic() - jails.used_at < IN_USE_S:
            return False
        with self._lock:
            del self._containers[owner]
            self._retired.append(jails)
        return True

    def _holds(self, jails: JailContainer) -> bool:
        """Attack one jail of a container. What is found ends the lane for good; a probe that fails, the container."""
        try:
            faults = probe_jail(jails, self._config.limits)
        except ProbeFailed as error:
            log.warning("jail_probe_failed", container=jails.container, reason=str(error))
            return False
        jails.probed_at = time.monotonic()
        if faults:
            self.fault = "; ".join(faults)
            log.error("jails_do_not_hold", faults=faults)
        return not faults

    def _end(self, jails: JailContainer) -> None:
        try:
            self._remove(jails)
        finally:
            self._slots.append(jails.slot)

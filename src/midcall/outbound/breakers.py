"""Circuit breakers: a target that keeps failing is left alone for a while, so that nobody waits for it."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from time import monotonic

#: Failures one after the other that open a circuit, and seconds until one caller probes again.
FAILURES = 5
RECOVERY_S = 10
#: Targets that are remembered, of each process.
MAX_TARGETS = 10_000


@dataclass(slots=True)
class _Circuit:
    """What is known of a target that failed last; `open_until` by the monotonic clock."""

    failures: int = 0
    open_until: float = 0.0
    probing: bool = False

    @property
    def closed(self) -> bool:
        return self.failures < FAILURES

    def count_failure(self) -> None:
        self.failures += 1
        if not self.closed:
            self.open_until = monotonic() + RECOVERY_S


@dataclass(frozen=True, slots=True)
class BreakerPermit:
    """One call's leave to go to a target; it tells once how that went."""

    breakers: "CircuitBreakers"
    target: Hashable
    #: Whether this call finds out for all others.
    probing: bool = False

    def tell(self, healthy: bool | None) -> None:  # noqa: FBT001 (one word says all)
        """Note how the call went; None where nothing reached the target, so that nothing is known of it."""
        self.breakers.note(self, healthy)


class CircuitBreakers:
    """`midcall.service.ports.Breakers`, in memory: each process finds out for itself. For many threads at once.

    What is counted are calls, each once, however many attempts it takes: a circuit cannot open inside of a call.
    """

    def __init__(self) -> None:
        self._circuits: OrderedDict[Hashable, _Circuit] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, target: Hashable, *, begun: bool = False) -> BreakerPermit | None:
        """Let a call go to a target, or return None where that is to be left alone now.

        Whoever is let through has to tell how it went. While a circuit is half open, one call is let through at a time.
        A call that has `begun`, whose earlier attempts were made elsewhere, is never stopped.
        """
        with self._lock:
            circuit = self._circuits.get(target)
            if begun or circuit is None or circuit.closed:
                return BreakerPermit(self, target)
            if monotonic() < circuit.open_until or circuit.probing:
                return None
            circuit.probing = True
            return BreakerPermit(self, target, probing=True)

    def note(self, permit: BreakerPermit, healthy: bool | None) -> None:  # noqa: FBT001 (as `BreakerPermit.tell`)
        """Note how a call went: an answer makes earlier failures count no more."""
        with self._lock:
            if healthy:
                self._circuits.pop(permit.target, None)
                return
            circuit = self._circuits.get(permit.target)
            if permit.probing and circuit is not None:
                circuit.probing = False
            if healthy is None:
                return
            circuit = self._circuits.setdefault(permit.target, circuit or _Circuit())
            self._circuits.move_to_end(permit.target)
            # A call that began before the circuit opened tells nothing new, and is not to keep it open for longer.
            if permit.probing or circuit.closed:
                circuit.count_failure()
            if len(self._circuits) > MAX_TARGETS:
                self._circuits.popitem(last=False)

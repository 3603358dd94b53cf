"""Circuit breakers: a target that keeps failing is left alone for a while, so that nobody waits for it."""

import contextlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NoReturn

from circuitbreaker import CircuitBreaker

#: Failures one after the other that open a circuit, and seconds until one caller probes again.
FAILURES = 5
RECOVERY_S = 10
#: Targets that are remembered, of each process.
MAX_TARGETS = 10_000


class _Failure(Exception):
    """What a breaker counts."""


def _fail() -> NoReturn:
    raise _Failure


@dataclass(slots=True)
class _Circuit:
    breaker: CircuitBreaker = field(
        default_factory=lambda: CircuitBreaker(
            failure_threshold=FAILURES, recovery_timeout=RECOVERY_S, expected_exception=_Failure
        )
    )
    probing: bool = False


class CircuitBreakers:
    """`midcall.service.ports.Breakers`, in memory: each process finds out for itself. For many threads at once."""

    def __init__(self) -> None:
        self._circuits: OrderedDict[str, _Circuit] = OrderedDict()
        self._lock = threading.Lock()

    def open_for(self, target: str) -> bool:
        """Tell whether a target is to be left alone now; a caller that gets False has to tell how it went."""
        with self._lock:
            circuit = self._circuits.get(target)
            if circuit is None or circuit.breaker.closed:
                return False
            if circuit.breaker.opened or circuit.probing:
                return True
            circuit.probing = True  # half-open: this caller finds out for all
            return False

    def succeeded(self, target: str) -> None:
        """Note an answer: failures before it count no more."""
        with self._lock:
            self._circuits.pop(target, None)

    def failed(self, target: str) -> None:
        """Note a failure."""
        with self._lock:
            circuit = self._circuits.setdefault(target, _Circuit())
            self._circuits.move_to_end(target)
            circuit.probing = False
            with contextlib.suppress(_Failure):
                circuit.breaker.call(_fail)
            if len(self._circuits) > MAX_TARGETS:
                self._circuits.popitem(last=False)

"""Series of seconds, and how they are printed."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Series:
    """Measured seconds of one kind of call."""

    seconds: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        """Add one measurement."""
        self.seconds.append(seconds)

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]


def row(name: str, *cells: str) -> str:
    """Write one row of a table."""
    return f"{name:<34}" + "".join(f"{cell:>18}" for cell in cells)

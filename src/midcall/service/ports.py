"""What the use cases need from the world, as Protocols; the adapters implement them.

Every method that can fail says how with an error of `midcall.domain.errors`.
"""

from typing import Protocol

from midcall.domain.review import Findings, Subject
from midcall.domain.run import RunReport, RunRequest


class Sandbox(Protocol):
    """Runs code in a throwaway container."""

    def run(self, request: RunRequest) -> RunReport:
        """Run once and report; returns within `deadline_ms` and a little more.

        Raises SandboxUnavailable or SandboxBusy (nothing was run), or SandboxLost (unknown what ran).
        """
        ...


class Reviewer(Protocol):
    """Reviews code in a place that can be killed."""

    def review(self, subject: Subject) -> Findings:
        """Review one source; raises ReviewUnavailable when the review itself could not be carried out."""
        ...

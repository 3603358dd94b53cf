"""The worker process group's main."""

from midcall.bootstrap.logs import set_up_logs
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.worker import wire_workers


def main(settings: Settings, *, live_only: bool, count: int) -> None:
    """Run a group of workers until SIGTERM or SIGINT; runs under way are finished first."""
    set_up_logs(settings, "worker")
    wire_workers(settings, live_only=live_only, count=count).start(logging_level="WARNING")

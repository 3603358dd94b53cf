"""Health, live: whether each part answers, how full pool and queues are, and how the last hour's runs went."""

from collections.abc import Callable
from typing import Any

from nicegui import events, ui

from midcall.domain.activity import HOUR, MINUTE_MS, Activity
from midcall.domain.run_status import Group
from midcall.domain.times import now_ms
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.ui.admin.part_cards import PartCard
from midcall.ui.admin.plots import draw_latency, draw_status, latency_text, status_text
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import named
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.header import page_header
from midcall.ui.parts.times import exactly

#: Keys of the legend, in the order of Group.
_KEYS = ("mc-key mc-key-0", "mc-key mc-key-1", "mc-key mc-key-2", "mc-key mc-key-3")
EVERY_S = 2.0
#: What ended so long ago is looked at again: a run's end is written a little after the time that it bears.
AGAIN_MS = 15_000

PARTS = (
    ("database", "Database", "Where all is kept.", ()),
    ("redis", "Redis", "Runs that wait for a worker:", ("live", "test", "background")),
    ("pool", "Pool", "Sandboxes that run code:", ("idle", "busy", "waiting", "booting")),
)


async def build(context: PageContext) -> None:
    """Show it, and keep it fresh while somebody looks."""
    with page_header("Health", about="Whether everything answers, and how the last hour's runs went."):
        shown_at = ui.label().classes("mc-quiet")
    errors = ErrorBanner()
    with ui.element("div").classes("mc-health"):
        cards = {name: PartCard(title, about, figures) for name, title, about, figures in PARTS}
    ui.label(
        "Parts and queues are the whole installation's, asked from this page's server just now. "
        "The plots are this workspace's runs alone."
    ).classes("mc-quiet mc-note-line")
    plots = _Plots()

    async def tick() -> None:
        if await context.run(Scope.READ, lambda _: None, errors=errors, passive=True) is None:
            return
        found = await context.services.readiness.look()
        for name, card in cards.items():
            card.show(_with_queues(found.get(name, {"ok": False})))
        shown_at.set_text(f"Asked every 2 s; last at {exactly(now_ms())[11:]}")
        # Without a database there is nothing to plot, and its card says so.
        if found.get("database", {}).get("ok"):
            more = await context.run(
                Scope.READ, lambda caller: plots.wanted(context, caller), errors=errors, passive=True
            )
            if more is not None:
                plots.add(more.value)

    timer = ui.timer(EVERY_S, tick)

    def seen(event: events.GenericEventArguments) -> None:
        timer.active = event.args is not False

    ui.on("mc-visible", seen)


class _Plots:
    """The hour that is shown."""

    def __init__(self) -> None:
        self._activity: Activity | None = None
        with ui.element("div").classes("mc-plots"):
            with _figure("How long live calls took", "From a call's arrival to its end, waiting included; per minute."):
                with ui.element("div").classes("mc-legend"):
                    ui.label("p50: half took at most this").classes("mc-key mc-key-p50")
                    ui.label("p95: 95 in 100 took at most this").classes("mc-key mc-key-p95")
                self._latency = ui.element("div")
                self._latency_text = ui.label().mark("latency-text")
            with _figure("How runs ended", "Live, test and background runs that ended; per minute."):
                with ui.element("div").classes("mc-legend"):
                    for number, group in enumerate(Group):
                        ui.label(group).classes(_KEYS[number])
                self._status = ui.element("div")
                self._status_text = ui.label().mark("status-text")
        self._since = ui.label().classes("mc-quiet mc-note-line")

    def wanted(self, context: PageContext, caller: Caller) -> Activity:
        """Read the whole hour at first, later the minutes that may have changed."""
        now = now_ms()
        since = now - (HOUR - 1) * MINUTE_MS
        if self._activity is not None:
            since = max(since, min(now - AGAIN_MS, self._activity.minutes[-1].at))
        return context.services.overview.activity(caller, since=since, until=now)

    def add(self, later: Activity) -> None:
        """Draw what is known by now, if it is anything new."""
        activity = later if self._activity is None else self._activity.followed_by(later)
        if activity == self._activity:
            return
        self._activity = activity
        _redraw(self._latency, lambda: draw_latency(activity))
        self._latency_text.set_text(latency_text(activity))
        _redraw(self._status, lambda: draw_status(activity))
        self._status_text.set_text(status_text(activity))
        cut = "" if len(activity.minutes) >= HOUR else " There were too many runs to show a whole hour."
        self._since.set_text(f"Counted over runs that ended since {exactly(activity.minutes[0].at)}.{cut}")


def _redraw(box: ui.element, draw: Callable[[], None]) -> None:
    box.clear()
    with box:
        draw()


def _figure(title: str, about: str) -> Any:
    figure = named(ui.element("figure").classes("mc-card mc-figure"), title)
    with figure:
        ui.label(title).classes("mc-card-title").props('role="heading" aria-level=2')
        ui.label(about).classes("mc-quiet")
    return figure


def _with_queues(check: dict[str, Any]) -> dict[str, Any]:
    return {**check, **check.get("queues", {})}


PAGES = (Page("/health", "Health", build, needs=(Scope.READ,)),)

"""All versions of a function: who wrote which when, what changed between two, which one runs where."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from midcall.domain.function import Version, VersionStatus
from midcall.domain.workspace import Scope
from midcall.service.functions.catalog import MOST_SHOWN, SavedFunction
from midcall.service.functions.compare import DiffPart, compare
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import attributed, named
from midcall.ui.parts.buttons import quiet
from midcall.ui.parts.empty import empty
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import time_label

#: Versions that are listed at first; the newest.
FIRST = 15
_FLAGS = {"older_policy": "approved under older rules", "fails_current_policy": "today's rules would refuse it"}
_TONES = {"+": "mc-fn-diff-new", "-": "mc-fn-diff-old", "@": "mc-fn-diff-at"}

VersionHandler = Callable[[int], Awaitable[None]]


class Versions:
    """The list, and a comparison below it."""

    def __init__(self, context: PageContext, *, open_version: VersionHandler, publish: VersionHandler) -> None:
        self._context, self._open, self._publish = context, open_version, publish
        self._saved: SavedFunction | None = None
        self._shown = FIRST
        with ui.element("section").classes("mc-fn-form-one").props('aria-label="Versions"'):
            self._list = ui.element("ol").classes("mc-versions")
            self._more = quiet("Show more", self._show_more)
            self._older = ui.label().classes("mc-quiet")
            self._compare = ui.element("div").classes("mc-fn-bar mc-compare")
            self._diff = ui.element("div").classes("mc-fn-form-one").props('aria-live="polite"')

    def show(self, saved: SavedFunction) -> None:
        """Show what is saved."""
        self._saved = saved
        versions = list(reversed(saved.view.versions))
        self._list.clear()
        with self._list:
            for version in versions[: self._shown]:
                self._row(version, saved)
        self._more.set_visibility(len(versions) > self._shown)
        self._older.set_visibility(saved.view.function.latest > MOST_SHOWN)
        name = saved.view.function.name
        self._older.set_text(
            f"The latest {MOST_SHOWN} and those that are published. GET /v1/functions/{name}/versions lists all."
        )
        self._compare.clear()
        if len(versions) > 1:
            self._choose([version.number for version in versions])

    def _row(self, version: Version, saved: SavedFunction) -> None:
        number, function = version.number, saved.view.function
        places = sorted(name for name, runs in function.published.items() if runs == number)
        with named(ui.element("li").classes("mc-version"), f"Version {number}"):
            with ui.element("div").classes("mc-version-text"):
                with ui.element("div").classes("mc-fn-bar"):
                    ui.label(f"Version {number}").classes("mc-strong")
                    badge(version.status.value)
                    for place in places:
                        badge(f"in {place}", tone="good")
                    for flag in saved.view.flags.get(number, ()):
                        badge(_FLAGS.get(flag.value, flag.value), tone="warn")
                    if number == saved.open.version.number:
                        badge("open", tone="busy")
                with ui.element("div").classes("mc-fn-bar mc-quiet"):
                    ui.label(version.author)
                    time_label(version.created_at)
                    digest = ui.label(version.sha256[:12]).classes("mc-code-word")
                    attributed(digest, title=f"SHA-256 {version.sha256}")
            with ui.element("div").classes("mc-actions"):
                if number != saved.open.version.number:
                    quiet("Open", lambda: self._open(number)).props("dense")
                if number > 1:
                    quiet("Changes", lambda: self._show_diff(number - 1, number)).props("dense")
                if version.status is VersionStatus.APPROVED and self._context.may(Scope.WRITE):
                    back = number < max(function.published.values(), default=0)
                    quiet("Roll back to it" if back else "Publish", lambda: self._publish(number)).props("dense")

    def _choose(self, numbers: list[int]) -> None:
        options = {number: f"version {number}" for number in numbers}
        with self._compare:
            before = ui.select(options, label="Compare", value=numbers[1]).props("outlined dense options-dense")
            after = ui.select(options, label="with", value=numbers[0]).props("outlined dense options-dense")

            async def compare_both() -> None:
                await self._show_diff(int(before.value or 1), int(after.value or 1))

            quiet("Compare", compare_both, icon="difference")

    async def _show_diff(self, before: int, after: int) -> None:
        assert self._saved is not None  # noqa: S101 (rows are shown of something saved alone)
        name = self._saved.view.function.name
        catalog = self._context.services.catalog
        done = await self._context.run(
            Scope.READ,
            lambda caller: compare(
                catalog.version(caller, name, before).version.stored,
                catalog.version(caller, name, after).version.stored,
            ),
        )
        if done is None:
            return
        self._diff.clear()
        with self._diff:
            ui.label(f"From version {before} to {after}").classes("mc-section-title").props(
                'role="heading" aria-level=2'
            )
            if not done.value:
                empty("No difference", "Both versions say the same.", icon="difference")
            for part in done.value:
                show_part(part)
        self._diff.run_method("scrollIntoView", {"block": "nearest"})

    def _show_more(self) -> None:
        self._shown += FIRST * 4
        if self._saved is not None:
            self.show(self._saved)


def show_part(part: DiffPart) -> None:
    """Show the changes of one part."""
    ui.label(part.title).classes("mc-strong")
    if part.note:
        ui.label(part.note).classes("mc-quiet")
    if not part.lines:
        return
    box = ui.element("div").classes("mc-fn-diff").props("tabindex=0 role=region")
    with named(box, f"Changes: {part.title}"):
        # One element a kind of line in a row, not one a line: a long difference has thousands.
        run: list[str] = []
        mark = ""
        for line in (*part.lines, None):
            if line is None or line.mark != mark:
                if run:
                    ui.label("\n".join(run)).classes("mc-fn-diff-run").classes(_TONES.get(mark, ""))
                run, mark = [], line.mark if line else ""
            if line is not None:
                run.append(line.text if line.mark == "@" else f"{line.mark} {line.text}")

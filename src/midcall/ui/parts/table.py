"""A list from a use case, page by page: loading, empty, failed, and more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from nicegui import background_tasks, ui

from midcall.domain.errors import MidcallError, Unauthenticated
from midcall.storage.listings import PageRequest
from midcall.ui.page_context import UNEXPECTED, PageContext
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import quiet
from midcall.ui.parts.empty import empty
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.status import tone_of, words
from midcall.ui.parts.times import ago, exactly

log = structlog.get_logger()

T = TypeVar("T")

PAGE_SIZE = 50
#: A page's first rows come with the page itself if they are there within this time; else they follow.
FIRST_S = 0.5

#: One cell for every kind of column; texts are bound, never markup.
CELL = """
<q-td :props="props" :data-label="props.col.label">
  <template v-if="props.value === null || props.value === undefined">
    <span class="mc-quiet">{{ props.col.none }}</span>
  </template>
  <template v-else-if="typeof props.value !== 'object'">{{ props.value }}</template>
  <template v-else>
    <a v-if="props.value.href" :href="props.value.href" class="mc-cell-link">{{ props.value.text }}</a>
    <span v-else-if="props.value.tone" class="mc-badge" :class="'mc-' + props.value.tone">{{ props.value.text }}</span>
    <time v-else-if="props.value.at" :datetime="props.value.at" :title="props.value.exact" class="mc-time">{{
      props.value.text }}</time>
    <span v-else :title="props.value.exact">{{ props.value.text }}</span>
    <span v-if="props.value.more" class="mc-quiet mc-more">{{ props.value.more }}</span>
  </template>
</q-td>
"""

Cell = str | int | dict[str, str | None] | None


def link_cell(text: str, href: str, *, more: str = "") -> Cell:
    """Make a cell that links (`context.href(path)`), with a quiet line below."""
    return {"text": text, "href": href, "more": more}


def status_cell(status: str | None, *, more: str = "") -> Cell:
    """Make a cell with a badge."""
    return None if status is None else {"text": words(status), "tone": tone_of(status), "more": more}


def time_cell(at: int | None) -> Cell:
    """Make a cell with a time."""
    return None if at is None else {"text": ago(at), "exact": exactly(at), "at": exactly(at)}


def text_cell(text: str, *, more: str = "", exact: str | None = None) -> Cell:
    """Make a cell with a text, a quiet line below, and a longer text on hover."""
    return {"text": text, "more": more, "exact": exact}


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `name` is the key of its cell in a row."""

    name: str
    label: str
    #: Shown where a cell is None.
    none: str = "none"
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class EmptyState:
    """A title and a text for a list without lines, and what to do next. `actions` makes buttons."""

    title: str
    text: str
    actions: Callable[[], None] = lambda: None
    icon: str = "inbox"


#: What gives the items of a page: `context.call(Scope.READ, …)` around a use case.
PageSource = Callable[[PageRequest], Awaitable[Sequence[T]]]


@dataclass
class PagedTable(Generic[T]):
    """A table over a use case that lists page by page.

    `row` makes an item's cells (`link_cell` and the like) by the columns' names, `cursor` the word that the next page
    begins after, as the API's `next_cursor`. `reload()` after whatever changes the list; `empty` may be replaced first.
    """

    context: PageContext
    columns: Sequence[Column]
    source: PageSource[T]
    row: Callable[[T], dict[str, Cell]]
    cursor: Callable[[T], str]
    empty: EmptyState
    label: str
    size: int = PAGE_SIZE
    _turn: int = 0
    _next: str | None = None
    _rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the elements, without any line yet."""
        with named(ui.element("section").classes("mc-list"), self.label):
            self._errors = ErrorBanner()
            self._progress = ui.linear_progress(show_value=False).props("indeterminate size=2px").classes("mc-progress")
            self._table = ui.table(
                columns=[
                    {
                        "name": column.name,
                        "label": column.label,
                        "field": column.name,
                        "align": "right" if column.numeric else "left",
                        "none": column.none,
                    }
                    for column in self.columns
                ],
                rows=[],
                row_key="_key",
            )
            self._table.add_slot("body-cell", CELL)
            self._table.props("flat hide-bottom").classes("mc-table").props["rows-per-page-options"] = [0]
            self._nothing = ui.element("div")
            self._more = quiet("Show more", self.more)
        self._show(loading=True)

    async def open(self) -> None:
        """Load the first rows while the page is built; if that takes longer, the page opens and they follow."""
        task = background_tasks.create(self.reload(), name=f"first rows of {self.label}")
        await asyncio.wait({task}, timeout=FIRST_S)

    async def reload(self) -> None:
        """Load from the beginning again."""
        await self._load(None)

    async def more(self) -> None:
        """Load the next page, below what is there."""
        await self._load(self._next)

    async def _load(self, cursor: str | None) -> None:
        # Of two loads under way at once the later one counts: typing in a search box starts many.
        self._turn += 1
        turn = self._turn
        self._errors.clear()
        self._show(loading=True)
        error: MidcallError | None = None
        found: Sequence[T] = ()
        try:
            found = await self.source(PageRequest(limit=self.size, cursor=cursor))
        except Unauthenticated:
            return
        except MidcallError as raised:
            error = raised
        except Exception:  # the edge of a page's event: its person must be told
            log.exception("ui_failed")
            error = MidcallError(UNEXPECTED)
        if turn != self._turn or self.context.client.is_deleted:
            return
        if error is not None:
            self._errors.show(error)
        else:
            rows = [{**self.row(item), "_key": self.cursor(item)} for item in found]
            self._rows = [*(self._rows if cursor else []), *rows]
            self._next = self.cursor(found[-1]) if len(found) == self.size else None
            self._table.rows = list(self._rows)
        self._show(loading=False, failed=error is not None)

    def _show(self, *, loading: bool, failed: bool = False) -> None:
        self._progress.set_visibility(loading)
        self._table.set_visibility(bool(self._rows) or loading)
        self._more.set_visibility(self._next is not None and not failed)
        self._more.set_busy(busy=loading)
        self._nothing.clear()
        if not (self._rows or loading or failed):
            with self._nothing, empty(self.empty.title, self.empty.text, icon=self.empty.icon):
                self.empty.actions()

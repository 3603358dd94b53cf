"""The functions of a workspace: what each is for, how far it has come, how its runs go."""

from collections.abc import Sequence

from midcall.domain.function import DEFAULT_ENVIRONMENT
from midcall.domain.workspace import Scope
from midcall.service.runs.overview import FunctionLine
from midcall.storage.listings import PageRequest
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import link_button
from midcall.ui.parts.header import page_header
from midcall.ui.parts.search import search_box
from midcall.ui.parts.status import tone_of, words
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell, status_cell, text_cell
from midcall.ui.parts.times import ago, duration, exactly

NEW = "/new-function"

COLUMNS = (
    Column("name", "Function"),
    Column("latest", "Latest version"),
    Column("published", "Published", none="not published"),
    Column("last", "Last run", none="never"),
    Column("p50", "Half take at most", none="no runs yet", numeric=True),
)


async def build(context: PageContext) -> None:
    """Show the list of functions."""
    with page_header("Functions", about="What your agents can do: write, review, publish."):
        if context.may(Scope.WRITE):
            link_button("New function", NEW, icon="add")
    wanted = ""

    async def page(part: PageRequest) -> Sequence[FunctionLine]:
        return await context.call(
            Scope.READ, lambda caller: context.services.overview.functions(caller, part, search=wanted)
        )

    async def search(text: str) -> None:
        nonlocal wanted
        wanted = text
        table.empty = _no_match(text) if text else _none_yet(context)
        await table.reload()

    search_box("Search functions", search)
    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda line: _row(context, line),
        cursor=lambda line: line.function.name,
        empty=_none_yet(context),
        label="Functions",
    )
    await table.open()


def _none_yet(context: PageContext) -> EmptyState:
    def actions() -> None:
        if context.may(Scope.WRITE):
            link_button("Write the first one", NEW, icon="add")

    return EmptyState(
        "No functions yet",
        "A function is something an agent can do in a conversation: look an order up, book a slot, call your system.",
        actions,
        icon="code",
    )


def _no_match(text: str) -> EmptyState:
    return EmptyState(
        f"Nothing matches “{text}”", "The search looks at names and display names. Try fewer letters.", icon="search"
    )


def _row(context: PageContext, line: FunctionLine) -> dict[str, Cell]:
    function, runs = line.function, line.runs
    published = function.published.get(DEFAULT_ENVIRONMENT)
    others = ", ".join(f"{name}: {number}" for name, number in sorted(function.published.items()))
    last: Cell = None
    if runs.last_at is not None and runs.last_status is not None:
        status = runs.last_status.value
        last = {
            "text": words(status),
            "tone": tone_of(status),
            "more": ago(runs.last_at),
            "exact": exactly(runs.last_at),
        }
    more = function.name if function.display_name != function.name else line.description
    return {
        "name": link_cell(function.display_name, context.href(f"/functions/{function.name}"), more=more),
        "latest": status_cell(line.status.value, more=f"version {function.latest}"),
        "published": None if not function.published else text_cell(_published(published, others), exact=others),
        "last": last,
        "p50": None if runs.p50_ms is None else text_cell(duration(runs.p50_ms), exact=f"of {runs.counted} runs"),
    }


def _published(production: int | None, others: str) -> str:
    return f"version {production}" if production is not None else others


PAGES = (Page("/functions", "Functions", build),)

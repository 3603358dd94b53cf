"""What is attached to an agent: a card each, by phase, to be dragged or moved by its buttons."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from nicegui import ui

from midcall.domain.agent import OnFailure
from midcall.domain.phases import Phase
from midcall.ui.agent.adder import choose_function
from midcall.ui.agent.draft import AgentDraft, AttachmentDraft
from midcall.ui.agent.options import AttachmentOptions, versions_of
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import quiet

#: Heading, and what it means, of each phase.
PHASES: Mapping[Phase, tuple[str, str]] = {
    Phase.PRE_SESSION: (
        "Before the session",
        "Run in this order before the agent says a word; each sees what those before it have set.",
    ),
    Phase.DURING_SESSION: ("During the session", "Tools: the agent calls them when the conversation needs them."),
    Phase.POST_SESSION: (
        "After the session",
        "Run in this order once the session is over, again and again if they fail.",
    ),
}


@dataclass(eq=False)
class _Card:
    row: AttachmentDraft
    element: ui.element
    summary: ui.label
    up: ui.button
    down: ui.button
    #: Its options are made when they are first asked for.
    panel: ui.element
    toggle: ui.button
    options: AttachmentOptions | None = None


class Attached:
    """The three phases with their cards; it keeps the draft in the order that is shown."""

    def __init__(
        self, context: PageContext, draft: AgentDraft, *, changed: Callable[[], None], may_write: bool
    ) -> None:
        self._context = context
        self._draft = draft
        self._changed = changed
        self._may_write = may_write
        self._cards: dict[int, _Card] = {}
        self._lists: dict[Phase, ui.column] = {}
        self._nothing: dict[Phase, ui.label] = {}
        for phase, (heading, about) in PHASES.items():
            self._section(phase, heading, about)
        self._mark()

    def _section(self, phase: Phase, heading: str, about: str) -> None:
        with named(ui.element("section").classes("mc-phase"), heading):
            with ui.element("div").classes("mc-phase-head"):
                with ui.element("div"):
                    ui.label(heading).classes("mc-phase-title").props('role="heading" aria-level=2')
                    ui.label(about).classes("mc-quiet")
                if self._may_write:
                    add = quiet("Add function", lambda: self._add(phase, heading), icon="add")
                    named(add, f"Add function: {heading.lower()}")
            self._lists[phase] = column = ui.column().classes("mc-cards")
            self._nothing[phase] = ui.label("Nothing attached.").classes("mc-quiet mc-nothing")
            with column:
                for row in self._draft.of_phase(phase):
                    self._card(row)
            if self._may_write:
                column.make_sortable(group="attachments", handle=".mc-drag", on_end=lambda _: self._moved())

    def _card(self, row: AttachmentDraft) -> _Card:
        name = row.function
        with ui.element("div").classes("mc-attached") as element:
            with ui.element("div").classes("mc-attached-line"):
                if self._may_write:
                    ui.icon("drag_indicator").classes("mc-drag").props("aria-hidden=true").tooltip("Drag to order")
                with ui.element("div").classes("mc-grow mc-attached-text"):
                    ui.link(name, f"/functions/{name}").classes("mc-cell-link")
                    summary = ui.label().classes("mc-quiet")
                up = _icon("arrow_upward", f"Move {name} up", lambda: self._step(card, -1))
                down = _icon("arrow_downward", f"Move {name} down", lambda: self._step(card, 1))
                toggle = _icon("tune", f"Options of {name}", lambda: self._open(card))
                remove = _icon("close", f"Remove {name}", lambda: self._remove(card))
            panel = ui.element("div")
        panel.set_visibility(False)
        toggle.props("aria-expanded=false")
        for button in (up, down, remove):
            button.set_visibility(self._may_write)
        card = _Card(row, element, summary, up, down, panel, toggle)
        self._cards[element.id] = card
        return card

    async def _add(self, phase: Phase, heading: str) -> None:
        name = await choose_function(self._context, phase, f"Add function: {heading.lower()}", taken=self._draft.has)
        if name is None:
            return
        with self._lists[phase]:
            self._card(AttachmentDraft(name, phase))
        self._moved()

    async def _open(self, card: _Card) -> None:
        if card.options is None:
            versions = await versions_of(self._context, card.row)
            if card.options is None and not card.panel.is_deleted:
                with card.panel:
                    card.options = AttachmentOptions(card.row, versions, changed=self._told, may_write=self._may_write)
        shown = not card.panel.visible
        card.panel.set_visibility(shown)
        card.toggle.props("aria-expanded=true" if shown else "aria-expanded=false")

    def _step(self, card: _Card, by: int) -> None:
        """Move a card up or down, into the next phase at an end; the button keeps the focus."""
        phases = list(PHASES)
        here = phases.index(card.row.phase)
        place = self._elements(card.row.phase).index(card.element) + by
        if 0 <= place < len(self._elements(card.row.phase)):
            card.element.move(target_index=place)
        else:
            target = phases[here + by]
            card.element.move(self._lists[target], target_index=0 if by > 0 else len(self._elements(target)))
        self._moved()
        button = card.up if by < 0 else card.down
        scripts.run(self._context.client, "mcFocus", button.id)

    def _remove(self, card: _Card) -> None:
        del self._cards[card.element.id]
        card.element.delete()
        self._moved()

    def _elements(self, phase: Phase) -> list[ui.element]:
        return list(self._lists[phase].default_slot.children)

    def _moved(self) -> None:
        """Read the order from what is shown."""
        before = {id(row): row.phase for row in self._draft.rows}
        self._draft.arrange(
            (phase, [self._cards[element.id].row for element in self._elements(phase)]) for phase in PHASES
        )
        for card in self._cards.values():
            if before.get(id(card.row), card.row.phase) is not card.row.phase and card.options is not None:
                # Another phase has other options.
                card.options = None
                card.panel.clear()
                card.panel.set_visibility(False)
        self._told()

    def _told(self) -> None:
        self._mark()
        self._changed()

    def _mark(self) -> None:
        first, last = next(iter(PHASES)), list(PHASES)[-1]
        for phase in PHASES:
            elements = self._elements(phase)
            self._nothing[phase].set_visibility(not elements)
            for place, element in enumerate(elements):
                card = self._cards[element.id]
                card.summary.set_text(_summary(card.row))
                card.up.set_enabled(place > 0 or phase is not first)
                card.down.set_enabled(place < len(elements) - 1 or phase is not last)

    async def show_faults(self, faults: Mapping[str, str]) -> dict[str, str]:
        """Show faults (`functions.2.timeout` -> text) beside their fields; returns those without one, told by name."""
        left: dict[str, str] = {}
        cards = [self._cards[element.id] for phase in PHASES for element in self._elements(phase)]
        for loc, text in faults.items():
            head, _, rest = loc.partition(".")
            place, _, path = rest.partition(".")
            if head != "functions" or not place.isdigit() or int(place) >= len(cards):
                left[loc] = text
                continue
            card = cards[int(place)]
            if not card.panel.visible:
                await self._open(card)
            if card.options is None or not card.options.show_fault(path, text):
                left[f"{card.row.function} {path}".strip()] = text
        return left

    def clear_faults(self) -> None:
        """Take the faults away from all cards."""
        for card in self._cards.values():
            if card.options is not None:
                card.options.clear_faults()


def _icon(icon: str, label: str, on_click: Callable[[], Awaitable[None] | None]) -> ui.button:
    button = ui.button(icon=icon, on_click=on_click).props("flat round dense size=sm").tooltip(label)
    return named(button, label)


def _summary(row: AttachmentDraft) -> str:
    texts = ["follows what is published" if row.version is None else f"always version {row.version}"]
    if row.phase is Phase.PRE_SESSION and row.on_failure is OnFailure.TERMINATE:
        texts.append("ends the session if it fails")
    if row.timeout:
        texts.append(f"{row.timeout:g} s")
    if row.started.strip() or row.error.strip() or row.returned.strip():
        texts.append("own messages")
    return " · ".join(texts)

"""Choices above a list that say which of its lines are shown; they are kept in the page's address."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from nicegui import ui

from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts

#: What stands for "all" in a choice.
ALL = ""


class Filters:
    """The values of some choices by name; `on_change` is called after each change."""

    def __init__(
        self, context: PageContext, path: str, values: Mapping[str, str], *, on_change: Callable[[], Awaitable[None]]
    ) -> None:
        self._context = context
        self._path = path
        self._on_change = on_change
        self._values = dict(values)

    def __getitem__(self, name: str) -> str | None:
        """Return what is chosen, or None for all."""
        return self._values.get(name) or None

    @property
    def any(self) -> bool:
        """Tell whether something is left out."""
        return any(self._values.values())

    async def set(self, name: str, value: str | None) -> None:
        """Choose a value, or all for None, and have the list shown anew."""
        self._values[name] = (value or "").strip()
        chosen = urlencode({key: text for key, text in self._values.items() if text})
        address = self._context.href(self._path) + (f"?{chosen}" if chosen else "")
        scripts.run(self._context.client, "mcAddress", address)
        await self._on_change()

    def choice(self, name: str, label: str, options: Mapping[str, str]) -> ui.select:
        """Make a choice of few."""
        known = {ALL: "all", **options}
        value = self._values.get(name, ALL)
        box = ui.select(known if value in known else {**known, value: value}, label=label, value=value)
        return self._bound(box.props("outlined dense options-dense"), name)

    def text(self, name: str, label: str, *, options: list[str]) -> ui.select:
        """Make a choice of many: known ones are offered, any other may be typed."""
        value = self._values.get(name) or None
        known = [*options, *([value] if value and value not in options else [])]
        box = ui.select(known, label=label, value=value, with_input=True, new_value_mode="add-unique", clearable=True)
        return self._bound(box.props("outlined dense options-dense"), name)

    def _bound(self, box: ui.select, name: str) -> ui.select:
        async def changed() -> None:
            await self.set(name, box.value)

        box.on_value_change(changed)
        return box.classes("mc-filter")

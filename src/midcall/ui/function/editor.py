"""The editor of one function: its parts put together, and what its buttons do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from midcall.domain.errors import MidcallError
from midcall.domain.function_config import Kind
from midcall.domain.jsonvalue import Json, merge_patch
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.functions.catalog import FunctionView, SavedFunction
from midcall.service.functions.form import parse_function
from midcall.ui.function.comments import Comments
from midcall.ui.function.decision_panel import DecisionPanel
from midcall.ui.function.faults import Faults
from midcall.ui.function.form import SourceSection, changes, document_of, read_all, reviewable
from midcall.ui.function.function_header import FunctionHeader
from midcall.ui.function.inputs import Section
from midcall.ui.function.opened import OpenFunction
from midcall.ui.function.publish import publish
from midcall.ui.function.saving import SAID, store
from midcall.ui.function.stale import Choice, StaleVersionFilter, choose
from midcall.ui.function.tabs import Tabs
from midcall.ui.function.versions import Versions
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.confirm import confirmed


class Editor:
    """The connections between the page's parts; `pages/function.py` makes the parts."""

    sections: list[Section]
    source: SourceSection | None
    faults: Faults
    tabs: Tabs
    head: FunctionHeader
    comments: Comments
    decision: DecisionPanel | None = None
    versions: Versions | None = None

    def __init__(self, context: PageContext, kind: Kind, saved: SavedFunction | None) -> None:
        self.context, self.kind, self.saved = context, kind, saved
        self.sections, self.source = [], None
        self._changed = False
        #: What sections are given comes back as changes that nobody made.
        self._writing = False
        #: Counts reviews: of two under way at once the later one counts.
        self._turn = 0
        self.handle = OpenFunction(
            name=None if saved is None else saved.view.function.name,
            kind=kind,
            saved=lambda: self.saved,
            is_changed=lambda: self._changed,
            draft=self.draft,
            apply=self.apply,
            save=self.save,
            reload=self.reload,
            show_line=self.show_line,
        )

    # What the editor holds.

    async def draft(self) -> Json:
        """Read the whole document; raises InvalidInput."""
        start = {"kind": self.kind.value} if self.saved is None else document_of(self.saved)
        return await read_all(self.sections, start)

    async def apply(self, patch: Mapping[str, Any]) -> None:
        """Put changes into the editor."""
        wanted = {name: value for name, value in patch.items() if name not in {"name", "kind"}}
        document = merge_patch(await self.draft(), wanted)
        if "parameters" in wanted:
            document["parameters"] = wanted["parameters"]
        self.write(document)
        self.touched()
        await self.review_quietly()

    def write(self, document: Json) -> None:
        """Show a document in all sections of the editor."""
        self._write(self.sections, document)

    def _write(self, sections: Sequence[Section], document: Json) -> None:
        self._writing = True
        try:
            for section in sections:
                section.write(document)
        finally:
            self._writing = False

    def touched(self) -> None:
        """Note that somebody changed something."""
        if not self._changed and not self._writing:
            self._changed = True
            scripts.run(self.context.client, "mcUnsaved", True)  # noqa: FBT003 (an argument of the script)
            self.head.show(self.saved, changed=True)

    async def source_edited(self) -> None:
        """Note that typing in the source has paused; look at what it says by now."""
        self.touched()
        await self.review_quietly()

    def reveal(self, tab: str) -> None:
        """Bring a tab to the front."""
        self.tabs.reveal(tab)

    def show_line(self, line: int) -> None:
        """Bring a line of the source to the front."""
        if self.source is not None:
            self.tabs.reveal("main")
            self.source.editor.show_line(line)

    async def put_source(self, text: str) -> None:
        """Replace the source, as a suggestion wants it."""
        await self.apply({"code": {"source": text}})

    # Review.

    async def review(self) -> None:
        """Review what stands in the editor; nothing is saved."""
        document = await self._told_draft()
        if document is None:
            return
        done = await self.context.run(
            Scope.WRITE,
            lambda caller: self._preview(caller, document),
            busy=self.head.review,
            errors=self.faults,
        )
        if done is not None:
            self._turn += 1
            self._show_review(done.value, document, preview=True)
            self.tabs.reveal("main")

    async def review_quietly(self) -> None:
        """Do the same while somebody writes: what cannot be reviewed yet is no error."""
        if self.source is None or not self.context.may(Scope.WRITE):
            return
        self._turn += 1
        turn = self._turn
        try:
            document = await self.draft()
            review = await self.context.call(Scope.WRITE, lambda caller: self._preview(caller, document))
        except MidcallError:
            return
        if turn == self._turn and not self.context.client.is_deleted:
            self._show_review(review, document, preview=True)

    def _preview(self, caller: Caller, document: Json) -> dict[str, Any]:
        return self.context.services.reviews.preview(caller, parse_function(reviewable(document)))

    def _show_review(self, review: Mapping[str, Any], document: Json, *, preview: bool) -> None:
        source = (document.get("code") or {}).get("source")
        self.comments.show(review, source, preview=preview)

    async def submit(self) -> None:
        """Save what is changed, then have the version reviewed."""
        number = await self.save()
        if number is None or self.saved is None:
            return
        name = self.saved.view.function.name
        done = await self.context.run(
            Scope.WRITE,
            lambda caller: self.context.services.reviews.submit(caller, name, number),
            busy=self.head.submit,
            errors=self.faults,
        )
        if done is not None:
            await self.reload()
            self.context.say(SAID.get(str(done.value.get("status")), "Reviewed"))

    # Saving.

    async def save_only(self) -> None:
        """Save, for a button or key."""
        await self.save()

    async def save(self) -> int | None:
        """Save what is changed as the next version; return the number of the version that is open then."""
        document = await self._told_draft()
        if document is None:
            return None
        if self.saved is None:
            await self._create(document)
            return None
        return await self._add_version(self.saved, document)

    async def _create(self, document: Json) -> None:
        done = await self.context.run(
            Scope.WRITE,
            lambda caller: self.context.services.catalog.create(caller, parse_function(document)),
            busy=self.head.save,
            errors=self.faults,
        )
        if done is not None:
            scripts.run(self.context.client, "mcUnsaved", False)  # noqa: FBT003 (an argument of the script)
            self.context.go(f"/functions/{done.value.function.name}")

    async def _add_version(self, saved: SavedFunction, document: Json, *, over: int | None = None) -> int | None:
        """Save onto the version that is open; `over` is the latest one that its person knows of."""
        latest = saved.view.function.latest if over is None else over
        aside = StaleVersionFilter(self.faults)
        done = await self.context.run(
            Scope.WRITE,
            lambda caller: store(self.context, caller, saved, document, latest),
            busy=self.head.save,
            errors=aside,
        )
        if done is not None:
            self._now(done.value, said=bool(changes(saved, document)))
            await self.handle.tell()
            return done.value.open.version.number
        return await self._ask(saved, document) if aside.is_stale else None

    async def _ask(self, saved: SavedFunction, document: Json) -> int | None:
        name = saved.view.function.name
        found = await self.context.run(
            Scope.READ, lambda caller: self.context.services.catalog.get(caller, name), errors=self.faults
        )
        if found is None:
            return None
        theirs = found.value.version
        match await choose(theirs.author, theirs.number, saved.open.version.number):
            case Choice.MINE:
                return await self._add_version(saved, document, over=theirs.number)
            case Choice.THEIRS:
                self._changed = False
                await self.open_version(theirs.number)
        return None

    def _now(self, saved: SavedFunction, *, said: bool) -> None:
        """Show what is saved by now. The source is left alone: somebody may be typing in it."""
        self.saved, self._changed = saved, False
        scripts.run(self.context.client, "mcUnsaved", False)  # noqa: FBT003 (an argument of the script)
        self._write([each for each in self.sections if not isinstance(each, SourceSection)], document_of(saved))
        self.show_saved()
        self.context.say(f"Saved as version {saved.open.version.number}" if said else "Nothing had changed")

    # What is saved.

    async def reload(self) -> None:
        """Read anew what is saved of the open version, and show it; what was changed stays."""
        if self.saved is not None:
            await self._open(self.saved.open.version.number)

    async def open_version(self, number: int) -> None:
        """Put another version into the editor."""
        if self._changed and not await confirmed(
            "Drop your changes?", "What you have not saved is lost.", act="Drop them"
        ):
            return
        self._changed = False
        await self._open(number)

    async def _open(self, number: int) -> None:
        if self.saved is None:
            return
        name = self.saved.view.function.name
        done = await self.context.run(
            Scope.READ, lambda caller: self.context.services.catalog.opened(caller, name, number), errors=self.faults
        )
        if done is None:
            return
        self.saved = done.value
        if not self._changed:
            self.write(document_of(self.saved))
            scripts.run(self.context.client, "mcUnsaved", False)  # noqa: FBT003 (an argument of the script)
        self.show_saved()
        await self.handle.tell()

    def show_saved(self) -> None:
        """Show how far the open version has come."""
        saved = self.saved
        self.head.show(saved, changed=self._changed)
        if saved is None:
            return
        if self.versions is not None:
            self.versions.show(saved)
        if self.decision is not None:
            self.decision.show(saved)
        review = saved.open.version.review
        if review and not self._changed:
            self._show_review(review, document_of(saved), preview=False)

    async def publish(self, number: int | None = None) -> None:
        """Publish the open version, or another one."""
        if self.saved is None:
            return
        wanted = self.saved.open.version.number if number is None else number
        view: FunctionView | None = await publish(self.context, self.saved.view.function, wanted)
        if view is not None:
            self.saved = replace(self.saved, view=view)
            self.show_saved()
            await self.handle.tell()

    async def archive(self) -> None:
        """Take the function out of use."""
        if self.saved is None:
            return
        name = self.saved.view.function.name
        text = "Agents can no longer call it, and its name is free again. What it did stays on record."
        if not await confirmed(f"Archive {name}?", text, act="Archive", typed=name):
            return
        done = await self.context.run(
            Scope.WRITE, lambda caller: self.context.services.catalog.archive(caller, name), errors=self.faults
        )
        if done is not None:
            scripts.run(self.context.client, "mcUnsaved", False)  # noqa: FBT003 (an argument of the script)
            self.context.go("/functions")

    async def _told_draft(self) -> Json | None:
        try:
            return await self.draft()
        except MidcallError as error:
            self.faults.show(error)
            return None

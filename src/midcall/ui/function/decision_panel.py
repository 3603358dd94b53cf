"""The human gate: who may judge approves or rejects a version that waits for a person."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from midcall.domain.function import Version, VersionStatus
from midcall.domain.workspace import Scope
from midcall.service.fields import Message
from midcall.service.functions.catalog import SavedFunction
from midcall.ui.confirmations import Confirmation, each_fact
from midcall.ui.function.inputs import checked
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import danger, primary
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.errors import ErrorBanner


def _new_hosts(version: Version) -> list[str]:
    """Say which credentials would go to which hosts from the approval on."""
    pairs = (version.review or {}).get("new_hosts", [])
    return [f"{pair['host']} gets {pair['credential']}" for pair in pairs]


class DecisionPanel:
    """Shown while the open version waits for a person."""

    def __init__(self, context: PageContext, decided: Callable[[], Awaitable[None]]) -> None:
        self._context, self._decided = context, decided
        self._box = ui.element("section").classes("mc-decision").props('aria-label="Decision"')
        self._box.set_visibility(False)

    def show(self, saved: SavedFunction) -> None:
        """Show what can be decided about the open version."""
        self._box.clear()
        version = saved.open.version
        waits = version.status is VersionStatus.PENDING_APPROVAL
        self._box.set_visibility(waits)
        if not waits:
            return
        with self._box:
            ui.label(f"Version {version.number} waits for a person").classes("mc-strong")
            if not self._context.may(Scope.REVIEW):
                ui.label("Somebody whose key may review has to approve it.").classes("mc-quiet")
                return
            if version.author == self._context.caller.principal:
                ui.label("You wrote it, so somebody else has to approve it.").classes("mc-quiet")
                return
            ui.label("Read what it does, then decide. What you approve may be published.").classes("mc-quiet")
            for text in _new_hosts(version):
                ui.label(f"Approving sends a credential to a new host: {text}").classes("mc-strong")
            self._errors = ErrorBanner()
            self._comment = ui.input("Comment, for its author").props("outlined dense maxlength=1000")
            with ui.element("div").classes("mc-actions"):
                reviews = self._context.services.reviews
                yes = primary("Approve", lambda: self._decide(saved, reviews.approve, "Approve"), icon="check")
                danger("Reject", lambda: self._decide(saved, reviews.reject, "Reject"), icon="close")
                yes.mark("approve")

    async def _decide(self, saved: SavedFunction, act: Any, word: str) -> None:
        comment, version = str(self._comment.value or "").strip(), saved.open.version
        name, number = saved.view.function.name, version.number
        facts = {"Function": name, "Version": str(number), "By": version.author, "SHA-256": version.sha256}
        if word == "Approve" and (new := _new_hosts(version)):
            facts |= each_fact("New host", new)
        if not await confirmed_on_page(
            self._context, Confirmation(f"{word} a version", word, facts | {"Comment": comment})
        ):
            return
        done = await self._context.run(
            Scope.REVIEW,
            lambda caller: act(caller, name, number, checked(Message, comment, "comment")),
            errors=self._errors,
            said=f"{word}: version {number}",
        )
        if done is not None:
            await self._decided()

"""Write, review and publish in one step, for whoever knows no versions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import DEFAULT_ENVIRONMENT, Version, VersionStatus
from midcall.domain.jsonvalue import merge_patch
from midcall.domain.review import Severity
from midcall.service.access.access import Caller
from midcall.service.credentials.inline_secrets import shown
from midcall.service.functions.catalog import Catalog, FunctionView
from midcall.service.functions.form import FunctionForm, parse_function
from midcall.service.functions.review_version import Reviews
from midcall.service.releases.publish import Publication, Publishing
from midcall.service.runs.wait import InThread


@dataclass(frozen=True, slots=True)
class Releases:
    """Use cases of functions that are published as soon as they are written."""

    catalog: Catalog
    reviews: Reviews
    publishing: Publishing

    def create(self, caller: Caller, form: FunctionForm) -> FunctionView:
        """Create a function and publish it; where a person has to approve it, it waits unpublished.

        Raises InvalidInput, with nothing stored, if the review refuses it; NameTaken.
        """
        self._check(caller, form)
        view = self.catalog.create(caller, form)
        name, number = view.function.name, view.version.number
        if self._approved(caller, view):
            # It is new, so it has no test cases.
            self.catalog.publish(caller, name, number, DEFAULT_ENVIRONMENT)
        return self.catalog.get(caller, name)

    async def change(
        self,
        caller: Caller,
        function_id: str,
        patch_of: Callable[[Version], Mapping[str, Any]],
        in_thread: InThread,
    ) -> FunctionView:
        """Change a function and publish the new version; `patch_of` makes the changes from the latest one.

        Raises InvalidInput, with nothing stored, if the review refuses it; StaleVersion if somebody else changed the
        function meanwhile; NotFound. Where test cases fail it raises CasesFailed: the version is stored, the one that
        ran before it runs on.
        """
        view: FunctionView
        view, approved = await in_thread(self._changed, caller, function_id, patch_of)
        if approved:
            wanted = Publication(view.function.name, view.version.number)
            await self.publishing.publish(caller, wanted, in_thread)
        view = await in_thread(self.catalog.get, caller, view.function.name)
        return view

    def _changed(
        self, caller: Caller, function_id: str, patch_of: Callable[[Version], Mapping[str, Any]]
    ) -> tuple[FunctionView, bool]:
        """Store the changes as a new version; also tells whether it is approved."""
        view = self.catalog.by_id(caller, function_id)
        patch = patch_of(view.version)
        self._check(caller, parse_function(merge_patch(shown(view.version.stored), patch)))
        name, latest = view.function.name, view.version.number
        view = self.catalog.add_version(caller, name, patch, base=None, if_match=latest)
        return view, self._approved(caller, view)

    def _check(self, caller: Caller, form: FunctionForm) -> None:
        _raise_if_refused(self.reviews.preview(caller, form))

    def _approved(self, caller: Caller, view: FunctionView) -> bool:
        """Submit a version; tells whether it is approved, or waits for a person."""
        review = self.reviews.submit(caller, view.function.name, view.version.number)
        _raise_if_refused(review)
        return bool(review["status"] == VersionStatus.APPROVED)


def _raise_if_refused(review: Mapping[str, Any]) -> None:
    if review["status"] != VersionStatus.CHANGES_REQUESTED:
        return
    comments = [each for each in review["comments"] if each["severity"] == Severity.ERROR]
    faults = [Fault(each["rule"], f"{each['message']} {each['suggestion']}".strip()) for each in comments]
    raise InvalidInput("the review refuses this function", faults=faults)

"""Use cases of functions: write, version, publish, archive."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.domain.errors import (
    CasesChanged,
    CasesFailed,
    CasesUntested,
    Fault,
    InvalidInput,
    NotApproved,
    NotFound,
    StaleVersion,
)
from midcall.domain.function import Function, Version, VersionId, VersionStatus
from midcall.domain.function_config import FunctionConfig
from midcall.domain.ids import new_id
from midcall.domain.isolation import Isolation
from midcall.domain.jsonvalue import digest
from midcall.domain.rereview import Rereview, VersionFlag, flags_of
from midcall.domain.secret_reference import SecretPlace
from midcall.domain.test_case import Tested
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.credentials.hosts import bind_written, note_bound
from midcall.service.credentials.inline_secrets import kept, restored, unmarked
from midcall.service.credentials.secret_places import places_of
from midcall.service.credentials.secrets import Secrets
from midcall.service.functions.form import NO_PART, FunctionForm
from midcall.service.functions.next_document import check_webhook, merged, replaced
from midcall.service.ports import Outbound
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import BriefVersion, PageRequest

_NUMBER = re.compile("[0-9]{1,9}")

#: Versions of each function that a list of functions tells of, besides those that are published.
MOST_LISTED = 5
#: And those that a single function tells of; `versions` pages through all.
MOST_SHOWN = 100

JAIL_NOT_ALLOWED = (
    'this workspace allows no jails; have one of its admins set allow_jail (PATCH /v1/workspace), or write "container"'
)

#: By the numbers of those versions that have any.
Flags = Mapping[int, tuple[VersionFlag, ...]]


@dataclass(frozen=True, slots=True)
class FunctionView:
    """A function with one version in full, and its latest versions and those that are published in brief."""

    function: Function
    version: Version
    versions: Sequence[Version]
    flags: Flags
    #: In lists: fields that the version's document lacks here, and how they begin.
    cut: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version in full, and what today's policy says of it where that is another than it was approved under."""

    function: Function
    version: Version
    rereview: Rereview | None
    flags: tuple[VersionFlag, ...]


@dataclass(frozen=True, slots=True)
class SavedFunction:
    """A function with its latest version in full and others in brief, and the one of them that is open."""

    view: FunctionView
    open: VersionView


@dataclass(frozen=True, slots=True)
class Catalog:
    """Use cases of functions."""

    storage: Storage
    secrets: Secrets
    outbound: Outbound
    clock: Callable[[], int]
    #: Version of the review policy of this release.
    policy: str

    def create(self, caller: Caller, form: FunctionForm, *, own_words: bool = True) -> FunctionView:
        """Store a new function with its version 1, a draft; raises NameTaken.

        Where it is not in the caller's own words (a file of somebody's), an admin lets no credential go to its hosts.
        """
        now = self.clock()
        function = Function(
            id=new_id("fn"),
            workspace_id=caller.workspace_id,
            name=form.name,
            display_name=form.display_name or form.name,
            tags=tuple(form.tags),
            latest=1,
            created_at=now,
            updated_at=now,
        )
        document = restored(form.config().to_stored(), {})
        check_webhook(document, self.outbound)
        with self.storage.write() as tx:
            version = self._draft(tx, function, document, number=1, author=caller.principal, now=now)
            tx.functions.add(function)
            tx.functions.add_version(version)
            self._note(tx, caller, "function.create", function, {"version": 1, "sha256": version.sha256})
            if own_words:
                self._bind_written(tx, caller, version, None)
        return FunctionView(function, version, [version], {})

    def get(self, caller: Caller, name: str) -> FunctionView:
        """Read a function with its latest version."""
        with self.storage.read() as tx:
            function = tx.functions.get(caller.workspace_id, name)
            return self._view(tx, function, function.latest)

    def by_id(self, caller: Caller, function_id: str) -> FunctionView:
        """Read a function by its id, with its latest version; raises NotFound for one that is archived too."""
        with self.storage.read() as tx:
            known = tx.functions.by_id(function_id)
            if known.workspace_id == caller.workspace_id:
                function = tx.functions.get(caller.workspace_id, known.name)
                # Of one that is archived the name may be another function's by now.
                if function.id == function_id:
                    return self._view(tx, function, function.latest)
            raise NotFound("there is no such function")

    def page(self, caller: Caller, page: PageRequest, *, whole: bool = False) -> list[FunctionView]:
        """List functions by name, each with its latest version in brief; `whole` for a few alone.

        Of their versions the MOST_LISTED latest, and those that are published.
        """
        with self.storage.read() as tx:
            found = tx.functions.page(caller.workspace_id, page)
            ids = [function.id for function in found]
            wanted = [(function.id, function.latest) for function in found]
            latest = (
                {key: BriefVersion(version, {}) for key, version in tx.functions.numbered(wanted).items()}
                if whole
                else tx.functions.brief(wanted)
            )
            versions = tx.functions.versions_of(ids, latest=MOST_LISTED)
            statuses = self._statuses(tx, versions)
        return [
            FunctionView(
                function,
                latest[function.id, function.latest].version,
                versions[function.id],
                self._flagged(versions[function.id], statuses.get(function.id, {})),
                latest[function.id, function.latest].cut,
            )
            for function in found
        ]

    def version(self, caller: Caller, name: str, number: int) -> VersionView:
        """Read one version of a function in full; raises NotFound."""
        with self.storage.read() as tx:
            return self._version_view(tx, tx.functions.get(caller.workspace_id, name), number)

    def opened(self, caller: Caller, name: str, number: int | None = None) -> SavedFunction:
        """Read a function and one of its versions (the latest), of the same moment; raises NotFound."""
        with self.storage.read() as tx:
            return self._opened(tx, tx.functions.get(caller.workspace_id, name), number)

    def versions(self, caller: Caller, name: str, page: PageRequest) -> tuple[Sequence[Version], Flags]:
        """List the versions, oldest first, in brief; raises InvalidInput for a cursor that is no number."""
        if page.cursor is not None and not _NUMBER.fullmatch(page.cursor):
            raise InvalidInput(faults=[Fault("cursor", "give the next_cursor of the page before")])
        with self.storage.read() as tx:
            function = tx.functions.get(caller.workspace_id, name)
            versions = tx.functions.versions_page(function.id, page)
            statuses = self._statuses(tx, {function.id: versions})
        return versions, self._flagged(versions, statuses.get(function.id, {}))

    def describe(
        self, caller: Caller, name: str, *, display_name: str | None, tags: Sequence[str] | None
    ) -> FunctionView:
        """Change what is no part of a version."""
        with self.storage.write() as tx:
            function = tx.functions.get(caller.workspace_id, name, lock=True)
            function = self._described(tx, caller, function, display_name=display_name, tags=tags)
            return self._view(tx, function, function.latest)

    def add_version(
        self, caller: Caller, name: str, patch: Mapping[str, Any], *, base: int | None, if_match: int | None
    ) -> FunctionView:
        """Merge changed fields onto a version (the latest, unless `base` names one) and store the sum as the next.

        Raises StaleVersion if `if_match` is not the latest number, InvalidInput if the sum is no valid function.
        """
        with self.storage.write() as tx:
            function = tx.functions.get(caller.workspace_id, name, lock=True)
            _check_latest(function, if_match)
            before = tx.functions.version(function.id, function.latest if base is None else base)
            function = self._extended(tx, caller, function, merged(before.stored, patch), before)
            return self._view(tx, function, function.latest)

    def save(
        self, caller: Caller, name: str, form: FunctionForm, changed: Collection[str], *, base: int, if_match: int
    ) -> SavedFunction:
        """Store what is changed of a whole function, all of it or nothing; masks in it keep the secrets of `base`.

        Where a field of its document is among the `changed` ones, that is the next version, which is returned open;
        otherwise `base` is. Raises StaleVersion if there is a version to be written and `if_match` is not the latest
        number, InvalidInput for what a function keeps.
        """
        with self.storage.write() as tx:
            function, number = tx.functions.get(caller.workspace_id, name, lock=True), base
            if set(changed) - NO_PART:
                _check_latest(function, if_match)
                before = tx.functions.version(function.id, base)
                document = replaced(before.stored, form.config().to_stored())
                function = self._extended(tx, caller, function, document, before)
                number = function.latest
            if NO_PART.intersection(changed):
                display_name = form.display_name or function.name
                function = self._described(tx, caller, function, display_name=display_name, tags=form.tags)
            return self._opened(tx, function, number)

    def _extended(
        self, tx: Transaction, caller: Caller, function: Function, document: Mapping[str, Any], before: Version
    ) -> Function:
        """Store a document that came of an earlier version as the next one."""
        check_webhook(document, self.outbound)
        now = self.clock()
        version = self._draft(tx, function, document, number=function.latest + 1, author=caller.principal, now=now)
        function = replace(function, latest=version.number, updated_at=now)
        tx.functions.add_version(version)
        tx.functions.replace(function)
        detail = {"version": version.number, "sha256": version.sha256}
        self._note(tx, caller, "version.create", function, detail)
        self._bind_written(tx, caller, version, before.config)
        return function

    def _described(
        self,
        tx: Transaction,
        caller: Caller,
        function: Function,
        *,
        display_name: str | None,
        tags: Sequence[str] | None,
    ) -> Function:
        """Store what is no part of a version; None leaves it as it is."""
        function = replace(
            function,
            display_name=function.display_name if display_name is None else display_name,
            tags=function.tags if tags is None else tuple(tags),
            updated_at=self.clock(),
        )
        tx.functions.replace(function)
        detail = {"display_name": function.display_name, "tags": list(function.tags)}
        self._note(tx, caller, "function.describe", function, detail)
        return function

    def publish(
        self, caller: Caller, name: str, number: int, environment: str, *, tested: Tested | None = None
    ) -> FunctionView:
        """Make an approved version the one that runs in an environment; an older one again is a roll-back.

        A function with test cases is published by `midcall.service.releases.publish`, which says what was `tested`.
        Raises NotApproved, CasesUntested, CasesFailed, and CasesChanged where not this was tested, or not by these
        cases.
        """
        with self.storage.write() as tx:
            function = tx.functions.get(caller.workspace_id, name, lock=True)
            version = tx.functions.version(function.id, number)
            if version.status is not VersionStatus.APPROVED:
                raise NotApproved(f"version {number} is {version.status}; only an approved version can be published")
            _check_tested(version, tx.test_cases.fingerprint(function.id), tested)
            now = self.clock()
            tx.functions.publish(function.id, environment, number, principal=caller.principal, at=now)
            before = function.published.get(environment)
            act = "function.publish" if before is None or before <= number else "function.roll_back"
            detail = {"version": number, "sha256": version.sha256, "environment": environment, "before": before}
            detail |= _tests(tested)
            self._note(tx, caller, act, function, detail)
            tx.functions.replace(replace(function, updated_at=now))
            return self._view(tx, tx.functions.get(caller.workspace_id, name), function.latest)

    def archive(self, caller: Caller, name: str) -> None:
        """Take a function out of use; its versions and invocations stay on record."""
        with self.storage.write() as tx:
            function = tx.functions.get(caller.workspace_id, name, lock=True)
            tx.functions.archive(function.id, self.clock())
            tx.test_cases.clear(function.id)
            self._note(tx, caller, "function.archive", function, {"published": dict(function.published)})

    def _opened(self, tx: Transaction, function: Function, number: int | None) -> SavedFunction:
        shown = self._version_view(tx, function, function.latest if number is None else number)
        return SavedFunction(self._view(tx, function, function.latest), shown)

    def _version_view(self, tx: Transaction, function: Function, number: int) -> VersionView:
        version = tx.functions.version(function.id, number)
        rereview = tx.rereviews.find(VersionId(function.id, number), self.policy)
        flags = flags_of(version, rereview.status if rereview else None, policy=self.policy)
        return VersionView(function, version, rereview if flags else None, flags)

    def _view(self, tx: Transaction, function: Function, number: int) -> FunctionView:
        found = tx.functions.versions_of([function.id], latest=MOST_SHOWN)
        version, versions = tx.functions.version(function.id, number), found[function.id]
        flags = self._flagged(versions, self._statuses(tx, found).get(function.id, {}))
        return FunctionView(function, version, versions, flags)

    def _statuses(
        self, tx: Transaction, versions: Mapping[str, Sequence[Version]]
    ) -> Mapping[str, Mapping[int, VersionStatus]]:
        """Ask for what came of versions that were approved under another policy; mostly there are none."""
        older = [
            VersionId(function_id, each.number)
            for function_id, some in versions.items()
            for each in some
            if flags_of(each, None, policy=self.policy)
        ]
        return tx.rereviews.statuses_of(older, self.policy) if older else {}

    def _flagged(self, versions: Sequence[Version], statuses: Mapping[int, VersionStatus]) -> Flags:
        flags = {each.number: flags_of(each, statuses.get(each.number), policy=self.policy) for each in versions}
        return {number: some for number, some in flags.items() if some}

    def _draft(
        self, tx: Transaction, function: Function, document: Mapping[str, Any], *, number: int, author: str, now: int
    ) -> Version:
        """Make a version; secrets of a webhook become the workspace's, for where they go to now.

        Raises InvalidInput for one that is kept from a version before and would go elsewhere, and for a jail where the
        workspace allows none.
        """
        workspace_id, config = function.workspace_id, FunctionConfig.from_stored(unmarked(document))
        if config.isolation is Isolation.JAIL and not tx.workspaces.get(workspace_id).settings.allow_jail:
            raise InvalidInput(faults=[Fault("isolation", JAIL_NOT_ALLOWED)])
        webhook = config.webhook
        problems = {
            place: self.secrets.elsewhere(tx, workspace_id, reference.id, to=places_of(webhook, in_auth=place.in_auth))
            for place, reference in webhook.secrets.items()
        }
        if any(problems.values()):
            raise InvalidInput(faults=[Fault(str(place), text) for place, text in problems.items() if text])

        def keep(value: str, place: SecretPlace) -> str:
            to = places_of(webhook, in_auth=place.in_auth)
            return self.secrets.keep(tx, workspace_id, value, to=to, loc=str(place))

        stored = kept(document, keep)
        return Version(
            function_id=function.id,
            number=number,
            stored=stored,
            sha256=digest(stored),
            status=VersionStatus.DRAFT,
            author=author,
            created_at=now,
        )

    def _bind_written(self, tx: Transaction, caller: Caller, version: Version, base: FunctionConfig | None) -> None:
        """Let credentials go to the hosts that an admin has written; others have to ask one, or a reviewer."""
        if not caller.key.may(Scope.ADMIN):
            return
        bound = bind_written(tx, caller, version.config, base)
        note_bound(tx, caller, bound, version, at=self.clock())

    def _note(self, tx: Transaction, caller: Caller, act: str, function: Function, detail: Mapping[str, Any]) -> None:
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=self.clock(),
            principal=caller.principal,
            key_id=caller.key.id,
            act=act,
            subject=function.id,
            function_id=function.id,
            detail=detail,
        )


def _check_latest(function: Function, if_match: int | None) -> None:
    if if_match is not None and if_match != function.latest:
        raise StaleVersion(f"the latest version is {function.latest}, not {if_match}; read it and repeat")


def _check_tested(version: Version, fingerprint: str, tested: Tested | None) -> None:
    """Raise a Conflict unless these very bytes were tested by all the cases that there are now."""
    if tested is None:
        if fingerprint:
            raise CasesUntested
        return
    if (tested.function_id, tested.sha256, tested.fingerprint) != (version.function_id, version.sha256, fingerprint):
        raise CasesChanged
    if tested.failed and not tested.reason:
        raise CasesFailed


def _tests(tested: Tested | None) -> dict[str, Any]:
    """Tell what came of the test cases; of a version that was forced, also why."""
    if tested is None:
        return {}
    forced = {"forced": tested.reason} if tested.failed else {}
    return {"tests": {"passed": tested.passed, "failed": list(tested.failed)}, **forced}

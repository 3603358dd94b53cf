"""Functions, their versions, and what is published."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from midcall.domain.errors import NameTaken, NotFound
from midcall.domain.function import Function, Version, VersionStatus
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.preview import config_preview
from midcall.domain.workspace import WorkspaceSettings
from midcall.storage.listings import BriefVersion, PageRequest
from midcall.storage.rows import decision_columns, function_of, settings_of, version_of
from midcall.storage.schema import agent_pins, credential_uses, functions, publications, versions, workspaces

#: Words of a search that are looked for.
MAX_WORDS = 10

_LARGE = {"config", "review", "preview", "may_terminate"}
_SUMMARY = [column for column in versions.c if column.name not in _LARGE]

# Built once, as in midcall.storage.invocations.
_BY_NAME = select(functions).where(
    functions.c.workspace_id == bindparam("p_workspace"),
    functions.c.name == bindparam("p_name"),
    functions.c.archived.is_(False),
)
_BY_NAME_LOCKED = _BY_NAME.with_for_update(key_share=True)
_BY_ID = select(functions).where(functions.c.id == bindparam("p_id"))
_VERSION = select(versions).where(
    versions.c.function_id == bindparam("p_function"), versions.c.number == bindparam("p_number")
)
_BY_NAMES = select(functions).where(
    functions.c.workspace_id == bindparam("p_workspace"),
    functions.c.name.in_(bindparam("p_names", expanding=True)),
    functions.c.archived.is_(False),
)
# The functions alone lead into the index: for pairs SQLite reads every version there is, documents and all.
_WANTED = (
    versions.c.function_id.in_(bindparam("p_functions", expanding=True)),
    tuple_(versions.c.function_id, versions.c.number).in_(bindparam("p_wanted", expanding=True)),
)
_NUMBERED = select(*_SUMMARY, versions.c.config).where(*_WANTED)
_BRIEF = select(*_SUMMARY, versions.c.preview).where(*_WANTED)
_TRAITS = select(versions.c.function_id, versions.c.number, versions.c.may_terminate, versions.c.preview).where(
    *_WANTED
)
#: What a call needs, in one statement.
_CALLED = (
    select(
        *_SUMMARY,
        versions.c.config,
        workspaces.c.settings,
        *(column.label(f"of_function_{column.name}") for column in functions.c),
    )
    .join_from(versions, functions, functions.c.id == versions.c.function_id)
    .join(workspaces, workspaces.c.id == functions.c.workspace_id)
)
_CALLED_BY_NUMBER = _CALLED.where(
    versions.c.function_id == bindparam("p_function"), versions.c.number == bindparam("p_number")
)
_CALLED_BY_NAME = _CALLED.join(
    publications,
    and_(publications.c.function_id == versions.c.function_id, publications.c.number == versions.c.number),
).where(
    functions.c.workspace_id == bindparam("p_workspace"),
    functions.c.name == bindparam("p_name"),
    functions.c.archived.is_(False),
    publications.c.environment == bindparam("p_environment"),
)
_PUBLISHED = select(publications.c.function_id, publications.c.environment, publications.c.number).where(
    publications.c.function_id.in_(bindparam("p_functions", expanding=True))
)


class CredentialUse(NamedTuple):
    """A function that names a credential in its latest version, or in one that runs: published, or an agent's pin."""

    credential: str
    function: str
    runs: bool


@dataclass(frozen=True, slots=True)
class Traits:
    """The features of a version that matter where it is attached; `timeout` in seconds."""

    kind: Kind
    #: Whether what it returns may end a session, as far as its document says.
    may_terminate: bool
    timeout: int
    background: bool


@dataclass(frozen=True, slots=True)
class Called:
    """What a call needs: a function, without where it is published; a version, without its review; the settings."""

    function: Function
    version: Version
    settings: WorkspaceSettings


@dataclass(frozen=True, slots=True)
class FunctionStore:
    """Functions, their versions, and what is published."""

    connection: Connection

    def add(self, function: Function) -> None:
        """Store a new function; raises NameTaken."""
        row = {
            "id": function.id,
            "workspace_id": function.workspace_id,
            "name": function.name,
            "archived": False,
            "created_at": function.created_at,
            **_changing_columns(function),
        }
        try:
            self.connection.execute(insert(functions).values(row))
        except IntegrityError as error:
            raise NameTaken(
                f"a function named {function.name} exists already; choose another name or make a new version of it"
            ) from error

    def get(self, workspace_id: str, name: str, *, lock: bool = False) -> Function:
        """Read one that is not archived; raises NotFound."""
        query = _BY_NAME_LOCKED if lock else _BY_NAME
        row = self.connection.execute(query, {"p_workspace": workspace_id, "p_name": name}).one_or_none()
        if row is None:
            raise NotFound(f"there is no function named {name!r:.80} in this workspace")
        return function_of(row, self._published([row.id]).get(row.id, {}))

    def named(self, workspace_id: str, names: Collection[str]) -> Mapping[str, Function]:
        """Read those of some names that are there and not archived, by name."""
        rows = self.connection.execute(_BY_NAMES, {"p_workspace": workspace_id, "p_names": list(names)}).all()
        published = self._published(row.id for row in rows)
        return {row.name: function_of(row, published.get(row.id, {})) for row in rows}

    def by_id(self, function_id: str) -> Function:
        """Read one by id, archived or not; raises NotFound."""
        row = self.connection.execute(_BY_ID, {"p_id": function_id}).one_or_none()
        if row is None:
            raise NotFound("there is no such function")
        return function_of(row, self._published([row.id]).get(row.id, {}))

    def page(self, workspace_id: str, page: PageRequest, *, search: str = "") -> Sequence[Function]:
        """List a workspace's functions by name, those whose name or display name has all words of `search`."""
        query = select(functions).where(functions.c.workspace_id == workspace_id, functions.c.archived.is_(False))
        for word in search.split()[:MAX_WORDS]:
            named = (functions.c.name, functions.c.display_name)
            query = query.where(or_(*(column.icontains(word, autoescape=True) for column in named)))
        if page.cursor is not None:
            query = query.where(functions.c.name > page.cursor)
        rows = self.connection.execute(query.order_by(functions.c.name).limit(page.limit)).all()
        published = self._published(row.id for row in rows)
        return [function_of(row, published.get(row.id, {})) for row in rows]

    def replace(self, function: Function) -> None:
        """Write display name, tags, latest version number and time of update."""
        self.connection.execute(
            update(functions).where(functions.c.id == function.id).values(_changing_columns(function))
        )

    def archive(self, function_id: str, at: int) -> None:
        """Take the function out of every list and every environment; its versions and invocations stay."""
        self.connection.execute(
            update(functions).where(functions.c.id == function_id).values(archived=True, updated_at=at)
        )
        self.connection.execute(delete(publications).where(publications.c.function_id == function_id))

    def add_version(self, version: Version) -> None:
        """Store a new version."""
        row = {
            "function_id": version.function_id,
            "number": version.number,
            "config": dict(version.stored),
            "preview": config_preview(version.stored),
            "may_terminate": version.config.may_terminate,
            "sha256": version.sha256,
            "author": version.author,
            "created_at": version.created_at,
            **decision_columns(version),
        }
        self.connection.execute(insert(versions).values(row))
        key = {"function_id": version.function_id, "number": version.number}
        if named := [{**key, "credential": name} for name in sorted(version.config.credentials_named())]:
            self.connection.execute(insert(credential_uses), named)

    def version(self, function_id: str, number: int) -> Version:
        """Read one version; raises NotFound."""
        row = self.connection.execute(_VERSION, {"p_function": function_id, "p_number": number}).one_or_none()
        if row is None:
            raise NotFound(f"this function has no version {number}")
        return version_of(row, stored=row.config, review=row.review)

    def called(self, function_id: str, number: int) -> Called:
        """Read what a call of one version needs; raises NotFound."""
        wanted = {"p_function": function_id, "p_number": number}
        row: Any = self.connection.execute(_CALLED_BY_NUMBER, wanted).one_or_none()
        if row is None:
            raise NotFound(f"this function has no version {number}")
        return _called(row)

    def called_by_name(self, workspace_id: str, name: str, environment: str) -> Called | None:
        """Read what a call of the version published in an environment needs; None where there is none."""
        wanted = {"p_workspace": workspace_id, "p_name": name, "p_environment": environment}
        row: Any = self.connection.execute(_CALLED_BY_NAME, wanted).one_or_none()
        return None if row is None else _called(row)

    def numbered(self, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Version]:
        """Read some versions, each wanted by function id and number, by the same two; whole but for their reviews."""
        rows = self._of(_NUMBERED, wanted)
        return {(row.function_id, row.number): version_of(row, stored=row.config, review=None) for row in rows}

    def brief(self, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], BriefVersion]:
        """Read some versions, with the small fields of their documents alone."""
        rows = self._of(_BRIEF, wanted)
        return {
            (row.function_id, row.number): BriefVersion(
                version_of(row, stored=row.preview["whole"], review=None), row.preview["cut"]
            )
            for row in rows
        }

    def versions_page(self, function_id: str, page: PageRequest) -> Sequence[Version]:
        """List versions, oldest first, without their `config` and `review`; the cursor is a number."""
        query = select(*_SUMMARY).where(versions.c.function_id == function_id).order_by(versions.c.number)
        if page.cursor is not None:
            query = query.where(versions.c.number > int(page.cursor))
        return [version_of(row, stored={}, review=None) for row in self.connection.execute(query.limit(page.limit))]

    def versions_of(self, function_ids: Collection[str], *, latest: int) -> Mapping[str, Sequence[Version]]:
        """Read the `latest` versions of some functions, and those that are published somewhere.

        By function; each oldest first, without `config` and `review`.
        """
        found: dict[str, list[Version]] = {function_id: [] for function_id in function_ids}
        runs = (publications.c.function_id == versions.c.function_id, publications.c.number == versions.c.number)
        query = select(*_SUMMARY).join(functions, functions.c.id == versions.c.function_id)
        query = query.where(
            versions.c.function_id.in_(list(found)),
            or_(versions.c.number > functions.c.latest - latest, select(publications.c.number).where(*runs).exists()),
        )
        ordered = query.order_by(versions.c.function_id, versions.c.number)
        for row in self.connection.execute(ordered):
            found[row.function_id].append(version_of(row, stored={}, review=None))
        return found

    def decide(self, version: Version) -> None:
        """Write a version's status, review and approval; never its config."""
        self.connection.execute(
            update(versions)
            .where(versions.c.function_id == version.function_id, versions.c.number == version.number)
            .values(decision_columns(version))
        )

    def latest_approved(self, function_id: str) -> int | None:
        """Return the highest approved version number."""
        query = select(func.max(versions.c.number)).where(
            versions.c.function_id == function_id, versions.c.status == VersionStatus.APPROVED.value
        )
        number: int | None = self.connection.execute(query).scalar_one()
        return number

    def traits(self, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Traits]:
        """Return what is to be known of some versions, by function id and number, where they are attached."""
        rows = self._of(_TRAITS, wanted)
        return {(row.function_id, row.number): _traits_of(row) for row in rows}

    def uses_of(self, workspace_id: str, credentials: Collection[str], *, most: int) -> Sequence[CredentialUse]:
        """Return which functions name some credentials, by name: at most so many of each, those that run first."""
        columns = credential_uses.c
        here = (columns.function_id == functions.c.id, functions.c.workspace_id == workspace_id)
        published = exists().where(
            publications.c.function_id == columns.function_id, publications.c.number == columns.number
        )
        pinned = exists().where(
            agent_pins.c.workspace_id == workspace_id,
            agent_pins.c.function == functions.c.name,
            agent_pins.c.version == columns.number,
        )
        runs = func.max(case((or_(published, pinned), 1), else_=0))
        place = func.row_number().over(partition_by=columns.credential, order_by=(runs.desc(), functions.c.name))
        counted = (
            select(columns.credential, functions.c.name, runs.label("runs"), place.label("place"))
            .join(functions, and_(*here))
            .where(columns.credential.in_(credentials), functions.c.archived.is_(False))
            .where(or_(columns.number == functions.c.latest, published, pinned))
            .group_by(columns.credential, functions.c.name)
            .subquery()
        )
        query = select(counted).where(counted.c.place <= most).order_by(counted.c.credential, counted.c.name)
        return [CredentialUse(row.credential, row.name, runs=bool(row.runs)) for row in self.connection.execute(query)]

    def publish(self, function_id: str, environment: str, number: int, *, principal: str, at: int) -> None:
        """Make one version the one that runs in an environment, and keep who did it when."""
        here = (publications.c.function_id == function_id, publications.c.environment == environment)
        row = {"number": number, "principal": principal, "at": at}
        if self.connection.execute(update(publications).where(*here).values(row)).rowcount == 0:
            new = {"function_id": function_id, "environment": environment, **row}
            self.connection.execute(insert(publications).values(new))

    def _of(self, query: Select[Any], wanted: Collection[tuple[str, int]]) -> Iterable[Row[Any]]:
        pairs = list(wanted)
        return self.connection.execute(query, {"p_wanted": pairs, "p_functions": [each for each, _ in pairs]})

    def _published(self, function_ids: Iterable[str]) -> Mapping[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in self.connection.execute(_PUBLISHED, {"p_functions": list(function_ids)}):
            found.setdefault(row.function_id, {})[row.environment] = row.number
        return found


def _called(row: Row[Any]) -> Called:
    function = function_of(row, {}, prefix="of_function_")
    return Called(function, version_of(row, stored=row.config, review=None), settings_of(row.settings))


def _traits_of(row: Row[Any]) -> Traits:
    config = FunctionConfig.from_stored(row.preview.get("whole", {}))
    return Traits(config.kind, row.may_terminate, config.timeout, config.background)


def _changing_columns(function: Function) -> dict[str, object]:
    return {
        "display_name": function.display_name,
        "tags": list(function.tags),
        "latest": function.latest,
        "updated_at": function.updated_at,
    }

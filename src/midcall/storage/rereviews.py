"""Reviews of approved versions under later policies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, exists, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.function import VersionId, VersionStatus
from midcall.domain.rereview import Rereview
from midcall.domain.session import SessionStatus
from midcall.storage.schema import (
    APART,
    agent_pins,
    functions,
    large_values,
    publications,
    read_json,
    rereviews,
    sessions,
    versions,
)

# On the way of each run of an older version, so it is built once, as in midcall.storage.invocations.
_FIND = select(rereviews).where(
    rereviews.c.function_id == bindparam("p_function"),
    rereviews.c.number == bindparam("p_number"),
    rereviews.c.policy == bindparam("p_policy"),
    rereviews.c.reviewed_at.is_not(None),
)


@dataclass(frozen=True, slots=True)
class RereviewStore:
    """Reviews of approved versions under later policies; one for each version and policy, never changed once made."""

    connection: Connection

    def outdated(self, policy: str, *, now: int, limit: int) -> Sequence[VersionId]:
        """Return approved versions of another policy that are still to be reviewed under this one, and that nobody has.

        First those that are published somewhere, then those that an agent or a session that is not over holds on to,
        then the rest; the newest of each first. Functions that were archived are left out.
        """
        here = (rereviews.c.function_id == versions.c.function_id, rereviews.c.number == versions.c.number)
        done_or_taken = or_(rereviews.c.reviewed_at.is_not(None), rereviews.c.taken_until >= now)
        published = exists().where(
            publications.c.function_id == versions.c.function_id, publications.c.number == versions.c.number
        )
        query = (
            select(
                versions.c.function_id,
                versions.c.number,
                functions.c.workspace_id,
                functions.c.name,
                published.label("published"),
            )
            .join(functions, functions.c.id == versions.c.function_id)
            .where(
                functions.c.archived.is_(False),
                versions.c.status == VersionStatus.APPROVED.value,
                versions.c.approval_policy != policy,
                ~exists().where(*here, rereviews.c.policy == policy, done_or_taken),
            )
            .order_by(published.desc(), versions.c.created_at.desc(), versions.c.function_id, versions.c.number)
        )
        rows = self.connection.execute(query.limit(limit)).all()
        if not all(row.published for row in rows):
            pinned = self._pinned()
            # Sorting is stable: within each kind the newest stay first.
            rows = sorted(rows, key=lambda row: (not row.published, not pinned.has(row)))
        return [VersionId(row.function_id, row.number) for row in rows]

    def take(self, version: VersionId, policy: str, *, now: int, until: int) -> int | None:
        """Take one to be reviewed; nobody else does before `until`. Returns the attempt's number, None if not free."""
        free = (*_one(version, policy), rereviews.c.reviewed_at.is_(None), rereviews.c.taken_until < now)
        again = update(rereviews).where(*free).values(taken_until=until, attempt=rereviews.c.attempt + 1)
        taken = self.connection.execute(again.returning(rereviews.c.attempt)).scalar_one_or_none()
        if taken is not None:
            return int(taken)
        row = {**version._asdict(), "policy": policy, "attempt": 1, "taken_until": until}
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(rereviews).values(row))
        except IntegrityError:
            return None
        return 1

    def postpone(self, version: VersionId, policy: str, *, attempt: int, until: int) -> None:
        """Leave one that was taken until later."""
        held = (*_one(version, policy), rereviews.c.attempt == attempt, rereviews.c.reviewed_at.is_(None))
        self.connection.execute(update(rereviews).where(*held).values(taken_until=until))

    def record(self, version: VersionId, rereview: Rereview, *, attempt: int) -> bool:
        """Record what came of an attempt; False (and nothing changed) if it is not this attempt's any more."""
        held = (*_one(version, rereview.policy), rereviews.c.attempt == attempt, rereviews.c.reviewed_at.is_(None))
        row = {
            "status": rereview.status.value,
            "comments": [dict(comment) for comment in rereview.comments],
            "reviewed_at": rereview.reviewed_at,
            "seal": rereview.seal,
        }
        return self.connection.execute(update(rereviews).where(*held).values(row)).rowcount == 1

    def find(self, version: VersionId, policy: str) -> Rereview | None:
        """Read the one of a version under a policy."""
        key = {"p_function": version.function_id, "p_number": version.number, "p_policy": policy}
        row = self.connection.execute(_FIND, key).one_or_none()
        return None if row is None else _rereview_of(row)

    def statuses_of(self, wanted: Collection[VersionId], policy: str) -> Mapping[str, Mapping[int, VersionStatus]]:
        """Return what came of some versions under a policy, by function and number; those without any are left out."""
        among = tuple_(rereviews.c.function_id, rereviews.c.number).in_(list(wanted))
        query = select(rereviews.c.function_id, rereviews.c.number, rereviews.c.status).where(
            among, rereviews.c.policy == policy, rereviews.c.reviewed_at.is_not(None)
        )
        found: dict[str, dict[int, VersionStatus]] = {}
        for row in self.connection.execute(query):
            found.setdefault(row.function_id, {})[row.number] = VersionStatus(row.status)
        return found

    def _pinned(self) -> "PinnedVersions":
        by_agents = select(agent_pins.c.workspace_id, agent_pins.c.function, agent_pins.c.version)
        active = sessions.c.status == SessionStatus.ACTIVE.value
        # Those of an agent with many functions stand apart.
        apart = select(large_values.c.value).join(sessions, sessions.c.id == large_values.c.owner)
        large = self.connection.execute(apart.where(active, large_values.c.name == sessions.c.pins.name)).scalars()
        small = self.connection.execute(select(sessions.c.pins).where(active)).scalars()
        pins = [pins for pins in small if pins is not APART] + [read_json(pins) for pins in large]
        return PinnedVersions(
            by_agents=frozenset(tuple(row) for row in self.connection.execute(by_agents)),
            by_sessions=frozenset((pin["function_id"], pin["version"]) for some in pins for pin in some),
        )


@dataclass(frozen=True, slots=True)
class PinnedVersions:
    """Versions that agents name, by workspace, function and number, and sessions, by function id and number."""

    by_agents: frozenset[tuple[str, str, int]]
    by_sessions: frozenset[tuple[str, int]]

    def has(self, row: Row[Any]) -> bool:
        """Tell whether one of them is the version of a row."""
        named = (row.workspace_id, row.name, row.number)
        return named in self.by_agents or (row.function_id, row.number) in self.by_sessions


def _one(version: VersionId, policy: str) -> tuple[ColumnElement[bool], ...]:
    return (
        rereviews.c.function_id == version.function_id,
        rereviews.c.number == version.number,
        rereviews.c.policy == policy,
    )


def _rereview_of(row: Row[Any]) -> Rereview:
    return Rereview(
        policy=row.policy,
        status=VersionStatus(row.status),
        comments=tuple(row.comments),
        reviewed_at=row.reviewed_at,
        seal=row.seal,
    )

"""Flows found: pages of those that match a filter, counts of them, and one with its jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.search.job_filters.control_criteria import HasMetadata
from pandadb.core.jobs.search.job_filters.globs import is_like
from pandadb.core.queue.flows.flow_rows import FlowNotFound
from pandadb.core.queue.verbs import lock_holders
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.validation import InvalidValue, check_number, check_text, ids, near, words
from pandadb.models import JediTaskParams, JobDependency
from pandadb.models.views import FlowJobs, Flows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from pandadb.core.sql.transaction import Transaction

FLOW, MEMBER, EDGE = (one.__table__.c for one in (Flows, FlowJobs, JobDependency))
PARAMS = JediTaskParams.__table__.c
STATES = ("waiting", "ready", "running", "completed", "failed", "stopped", "paused")
SORTS = {
    "created": FLOW.jeditaskid,
    "updated": FLOW.changed_at,
    "name": func.coalesce(FLOW.name, "").collate("C"),
}
"""Sort orders; each is followed by the number of the flow."""
MAX_PAGE = 100_000


@dataclass(frozen=True)
class FlowFilter:
    """Conditions on flows; all have to hold, and None matches all.

    Raises:
        InvalidValue: A value is malformed.
    """

    flows: int | Sequence[int] | None = None
    jobs: int | Sequence[int] | None = None
    """PandaIDs: flows with one of these jobs."""
    states: str | Sequence[str] | None = None
    name: str | None = None
    """A pattern as of a shell: `*`, `?`, `[abc]`, of the whole name."""
    username: str | None = None
    metadata: Mapping[str, Any] | None = None
    """Values of the metadata: see `HasMetadata`."""
    since: datetime | None = None
    """Of the last change, naive UTC, inclusive."""
    until: datetime | None = None
    locked: bool | None = None
    """Whether a session has locked them."""

    def __post_init__(self) -> None:
        for state in words(self.states or ()):
            if state not in STATES:
                known = near(state, STATES)
                raise InvalidValue(f"{state!r} is no state of a flow{known}")
        for name in ("name", "username"):
            for text in words(getattr(self, name) or ()):
                check_text(name, text)
        for name in ("flows", "jobs"):
            if (given := getattr(self, name)) is not None:
                ids(given, name)
        for name in ("since", "until"):
            if (time := getattr(self, name)) is not None and not isinstance(time, datetime):
                raise InvalidValue(f"{name} has to be a time, not {time!r}")

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions."""
        if self.flows is not None:
            yield is_among(FLOW.jeditaskid, ids(self.flows, "flow"))
        if self.jobs is not None:
            mine = select(MEMBER.jeditaskid).where(is_among(MEMBER.pandaid, ids(self.jobs)))
            yield FLOW.jeditaskid.in_(mine)
        if self.states is not None:
            yield FLOW.state.in_(words(self.states))
        if self.name is not None:
            yield is_like(FLOW.name, words(self.name))
        if self.username is not None:
            yield FLOW.username == self.username
        if self.since is not None:
            yield FLOW.changed_at >= self.since
        if self.until is not None:
            yield FLOW.changed_at <= self.until
        if self.locked is not None:
            held = FLOW.jeditaskid.in_(lock_holders.locked_flows())
            yield held if self.locked else ~held
        if self.metadata:
            given = cast(PARAMS.taskparams, JSONB)["metadata"]
            mine = select(PARAMS.jeditaskid).where(PARAMS.jeditaskid == FLOW.jeditaskid)
            yield mine.where(HasMetadata.of(self.metadata).match(given)).exists()


@dataclass(frozen=True)
class FlowPage:
    """Some flows, in their order."""

    flows: list[dict[str, Any]]
    next: tuple[Any, int] | None
    """The value of `after` for the next page; None if this is the last."""


@dataclass(frozen=True)
class FlowGraph:
    """A flow with its jobs and their dependencies."""

    flow: dict[str, Any]
    jobs: list[dict[str, Any]]
    edges: list[tuple[int, int, str]] = field(default_factory=list)
    """Parent, child, and `on_failure` of the dependency."""
    metadata: Any = None
    """The metadata of its submission."""


def find(
    session: Transaction,
    chosen: FlowFilter,
    *,
    sort: str = "created",
    descending: bool = True,
    limit: int = 100,
    after: tuple[Any, int] | None = None,
) -> FlowPage:
    """Return a page of the flows that match (keyset pagination).

    Raises:
        InvalidValue: The sort order is unknown, or `limit` is not from 1 to 100,000.
    """
    check_number("limit", limit, 1, MAX_PAGE)
    if sort not in SORTS:
        raise InvalidValue(f"Flows are sorted by {', '.join(SORTS)}, not by {sort!r}")
    key, number = SORTS[sort].label("sort_key"), FLOW.jeditaskid
    order = [one.desc() if descending else one.asc() for one in (SORTS[sort], number)]
    rows = select(Flows.__table__, key).where(*chosen.conditions()).order_by(*order)
    if after is not None:
        place = tuple_(SORTS[sort], number)
        rows = rows.where(place < after if descending else place > after)
    found = [dict(row) for row in session.execute(rows.limit(limit + 1)).mappings()]
    keys = [row.pop("sort_key") for row in found]
    more = found[limit:]
    return FlowPage(
        found[:limit], (keys[limit - 1], found[limit - 1]["jeditaskid"]) if more else None
    )


def count(session: Transaction, chosen: FlowFilter) -> dict[str, int]:
    """Return the numbers of the flows that match, by state."""
    rows = select(FLOW.state, func.count()).where(*chosen.conditions()).group_by(FLOW.state)
    return dict(session.execute(rows.order_by(FLOW.state)).all())


def get(session: Transaction, flow: int) -> FlowGraph:
    """Return a flow with its jobs, in the order of their PandaIDs, and their dependencies.

    Raises:
        FlowNotFound: There is none.
    """
    rows = session.execute(select(Flows.__table__).where(FLOW.jeditaskid == flow)).mappings()
    found = rows.one_or_none()
    if found is None:
        raise FlowNotFound(f"There is no flow {flow}")
    jobs = select(FlowJobs.__table__).where(MEMBER.jeditaskid == flow).order_by(MEMBER.pandaid)
    members = [dict(row) for row in session.execute(jobs).mappings()]
    edges = (
        select(EDGE.parent, EDGE.child, EDGE.on_failure)
        .where(is_among(EDGE.child, [one["pandaid"] for one in members]))
        .order_by(EDGE.child, EDGE.parent)
    )
    own = select(PARAMS.taskparams).where(PARAMS.jeditaskid == flow)
    given = json.loads(session.execute(own).scalar() or "{}")
    return FlowGraph(
        dict(found),
        members,
        [(one.parent, one.child, one.on_failure) for one in session.execute(edges)],
        given.get("metadata"),
    )


def of_job(session: Transaction, pandaid: int) -> int | None:
    """Return the flow of a job; None if it has none."""
    found = lookup.rows(session, [pandaid], lambda job: select(job.pandaid, job.jeditaskid))
    task = found[pandaid].jeditaskid if found else None
    mine = select(FLOW.jeditaskid).where(FLOW.jeditaskid == task)
    return None if task is None else session.execute(mine).scalar_one_or_none()

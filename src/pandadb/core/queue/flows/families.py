"""A job with all that it waits for and all that waits for it, whether it is of a flow or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.jobs.search import lookup
from pandadb.core.queue.verbs.standings import standing
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobDependency

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE = JobControl.__table__.c, JobDependency.__table__.c


@dataclass(frozen=True)
class JobGraph:
    """Jobs and their dependencies."""

    jobs: list[dict[str, Any]]
    """Each with pandaid, name, state and jobstatus, in the order of the PandaIDs."""
    edges: list[tuple[int, int, str]]
    """Parent, child, and `on_failure` of the dependency."""


def around(session: Transaction, pandaid: int) -> JobGraph:
    """Return a job of a queue with its ancestors and descendants; empty if it is none."""
    found = {pandaid}
    for near, far in ((EDGE.parent, EDGE.child), (EDGE.child, EDGE.parent)):
        found |= _reached(session, pandaid, near, far)
    jobs = _described(session, found)
    known = {job["pandaid"] for job in jobs}
    edges = (
        select(EDGE.parent, EDGE.child, EDGE.on_failure)
        .where(is_among(EDGE.parent, known), is_among(EDGE.child, known))
        .order_by(EDGE.child, EDGE.parent)
    )
    return JobGraph(
        jobs, [(one.parent, one.child, one.on_failure) for one in session.execute(edges)]
    )


def _reached(session: Transaction, start: int, near: Any, far: Any) -> set[int]:
    """Return the jobs that one reaches by dependencies in one direction."""
    first = select(far.label("pandaid")).where(near == start)
    found = first.cte("found", recursive=True)
    further = select(far).join(found, near == found.c.pandaid)
    return {*session.scalars(select(found.union(further).c.pandaid))}


def _described(session: Transaction, jobs: Collection[int]) -> list[dict[str, Any]]:
    rows = lookup.rows(
        session,
        jobs,
        lambda job: select(job.pandaid, job.jobstatus, job.jobsubstatus, job.jobname),
    )
    control = select(
        CONTROL.pandaid, CONTROL.name, CONTROL.index_number, CONTROL.held, CONTROL.suspended
    ).where(is_among(CONTROL.pandaid, rows))
    return [
        {
            "pandaid": row.pandaid,
            "name": row.name,
            "index_number": row.index_number,
            "state": str(
                standing(
                    rows[row.pandaid].jobstatus,
                    rows[row.pandaid].jobsubstatus,
                    held=row.held,
                    suspended=row.suspended,
                )
            ),
            "jobstatus": rows[row.pandaid].jobstatus,
        }
        for row in session.execute(control.order_by(CONTROL.pandaid))
    ]

"""Jobs of applications: one by its public id, and pages of those of a submitter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, literal_column, select, union_all

from pandadb.core.jobs.search import lookup
from pandadb.models import JobControl, JobControlArch

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

PLACES = (JobControl, JobControlArch)
APPLICATION = "application"
"""The key of the metadata of a job of an application."""


@dataclass(frozen=True)
class ApplicationJob:
    """A job of an application; times are naive UTC."""

    pandaid: int
    public_id: str
    metadata: dict[str, Any]
    """With the key `application`."""
    jobstatus: str | None = None
    """None: no table of this database has the job any more, only its control row."""
    submitted: datetime | None = None
    ended: datetime | None = None


def find(session: Transaction, public_id: str) -> ApplicationJob | None:
    """Return a job of an application by its public id, live or archived; None for others."""
    parts = (_rows(place).where(place.public_id == public_id) for place in PLACES)
    found = _with_states(session, session.execute(union_all(*parts)).all())
    return found[0] if found and APPLICATION in found[0].metadata else None


def page(
    session: Transaction,
    submitter: str,
    *,
    limit: int,
    before: int | None = None,
    application: str | None = None,
) -> list[ApplicationJob]:
    """Return jobs of a submitter, the newest first: those with PandaIDs below `before`, if given.

    The statement reads `limit` entries of an index, however many jobs there are; with the name of
    an application more of them, but only this submitter's.
    """
    parts = []
    for place in PLACES:
        rows = _rows(place).where(_submitter(place) == submitter)
        if before is not None:
            rows = rows.where(place.pandaid < before)
        if application is not None:
            name = place.details[("metadata", APPLICATION, "name")].astext
            rows = rows.where(name == application)
        parts.append(rows.order_by(place.pandaid.desc()).limit(limit).subquery())
    both = union_all(*(select(part) for part in parts)).subquery()
    newest = select(both).order_by(both.c.pandaid.desc()).limit(limit)
    return _with_states(session, session.execute(newest).all())


def _rows(place: type[JobControl | JobControlArch]) -> Select[Any]:
    return select(place.pandaid, place.public_id, place.details["metadata"].label("metadata"))


def _submitter(place: type[JobControl | JobControlArch]) -> Any:
    """Return the submitter as the index has it: with a constant, not a parameter."""
    path = literal_column("'{metadata,application,submitter}'", String())
    return place.details.op("#>>", return_type=String())(path)


def _with_states(session: Transaction, rows: Collection[Any]) -> list[ApplicationJob]:
    jobs = lookup.rows(session, [row.pandaid for row in rows], _look) if rows else {}
    return [
        ApplicationJob(row.pandaid, row.public_id, row.metadata or {}, *_state(jobs, row.pandaid))
        for row in rows
    ]


def _state(jobs: dict[int, Any], pandaid: int) -> tuple[Any, ...]:
    job = jobs.get(pandaid)
    return (job.jobstatus, job.creationtime, job.endtime) if job else ()


def _look(job: JobTable) -> Select[*tuple[Any, ...]]:
    return select(job.pandaid, job.jobstatus, job.creationtime, job.endtime)

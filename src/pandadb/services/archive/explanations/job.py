"""A job: its table or file, its deferrals, and the proofs of its day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, column, literal, select, text

from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.holds import held as held_by_task
from pandadb.core.archive.lookup.archived_jobs import search
from pandadb.core.jobs.search import lookup
from pandadb.core.partitions import catalog
from pandadb.core.partitions.policies import POLICIES
from pandadb.core.sql.timestamps import is_beyond
from pandadb.core.sql.validation import check_columns
from pandadb.database import session_of
from pandadb.models import JobsActive4, JobsArchived, JobsArchived4, JobsWaiting4
from pandadb.services.archive.copies.copy_schedule import GRACE_PERIODS
from pandadb.services.archive.explanations import places
from pandadb.services.archive.explanations.day import explain_day
from pandadb.services.archive.explanations.places import ExplainedPlace, Kind
from pandadb.services.archive.explanations.proofs import HeldTask
from pandadb.services.archive.months.exported_jobs import exported
from pandadb.services.archive.rows.row_batches import both_have

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.models.jobs.all_tables import JobTable
    from pandadb.services.archive.copies.copy_schedule import GracePeriods
    from pandadb.services.archive.explanations.day import ExplainedDay, NextAction
    from pandadb.services.archive.explanations.proofs import Proven

    Found = Row[*tuple[Any, ...]]

NAME = text("SELECT relname FROM pg_class WHERE oid = CAST(CAST(:oid AS text) AS oid)")


@dataclass(frozen=True)
class ExplainedJob:
    """The explanation of a job."""

    pandaid: int
    where: ExplainedPlace | None
    """None if no table and no exported month has it."""
    jobstatus: str | None = None
    modificationtime: datetime | None = None
    """Of a job that has ended, when it did."""
    jeditaskid: int | None = None
    day: date | None = None
    """Its day in the archive, or the one it will be archived with; None if it has not ended."""
    due_from: datetime | None = None
    """When that day is old enough."""
    next: NextAction | None = None
    """The action of the next run; None if there is none."""
    waits: list[Deferral] = field(default_factory=list)
    """Reasons for which it stays in place."""
    proofs: list[Proven] = field(default_factory=list)
    """Of its day."""
    holds: list[HeldTask] = field(default_factory=list)
    """Its task, if that is held."""


def explain_job(
    database: Database,
    pandaid: int,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    archive: Database | None = None,
    exports: Path | None = None,
    waits: GracePeriods = GRACE_PERIODS,
) -> ExplainedJob:
    """Return the place of a job, its deferrals, and the proofs of its day.

    A job that this database lacks is searched in `archive`, another one, and in `exports`, a folder
    of exported months. The search is read-only.

    Raises:
        InvalidValue: No job can have the number.
        InvalidManifest, UnreadableExport: An export cannot be read.
        DatabaseUnreachable: The other database does not answer.
        ParquetMissing: A file can have the job, but the extra `parquet` is not installed.
    """
    check_columns(JobsActive4, {"pandaid": pandaid})
    with database.session() as session, session_of(archive) as other:
        job = _here(session, pandaid) or _there(other, pandaid) or _exported(exports, pandaid)
        if job is None:
            return ExplainedJob(pandaid, None)
        held = held_by_task(session).get(job.jeditaskid or 0)
    holds = [HeldTask.of(held)] if held else []
    if job.where.kind in (Kind.LIVE, Kind.WAITING):
        why = Deferral.of(Reason.NOT_ENDED, jobstatus=job.jobstatus)
        return _told(pandaid, job, holds, waits=[why])
    if job.modificationtime is None or is_beyond(job.modificationtime):
        why = Deferral.of(Reason.NO_DAY, time=job.modificationtime)
        return _told(pandaid, job, holds, waits=[why])
    elsewhere: dict[str, Any] = {"archive": archive, "exports": exports, "waits": waits}
    day = explain_day(database, job.modificationtime.date(), policies, **elsewhere)
    return _told(pandaid, job, holds, **_of_day(job, day))


@dataclass(frozen=True)
class _Job:
    """A job where it was found."""

    where: ExplainedPlace
    jobstatus: str | None
    modificationtime: datetime | None
    jeditaskid: int | None
    also: Deferral | None = None
    """A deferral because the job is in a second place, too."""


def _told(pandaid: int, job: _Job, holds: list[HeldTask], **words: Any) -> ExplainedJob:
    known = (job.where, job.jobstatus, job.modificationtime, job.jeditaskid)
    return ExplainedJob(pandaid, *known, holds=holds, **words)


def _of_day(job: _Job, day: ExplainedDay) -> dict[str, Any]:
    """Return the part of a day's explanation that applies to a job, depending on its place."""
    known = {"day": day.day, "due_from": day.due_from, "proofs": day.proofs}
    also = [job.also] if job.also else []
    match job.where.kind:
        case Kind.ENDED:
            return known | {"next": None if also else day.next, "waits": [*also, *day.waits]}
        case Kind.DEFAULT if job.where.table == JobsArchived4.__tablename__:
            mine = (Reason.IN_DEFAULT, Reason.PAUSED)
            waits = [why for why in day.waits if why.reason in mine]
            return known | {"waits": [*also, *waits]}
        case _:
            return known


def _here(session: Session, pandaid: int) -> _Job | None:
    found = lookup.copies(session, [pandaid], _look)
    if not found:
        return None
    first = found[0]
    job = _job(session, first)
    if job.where.table != JobsArchived4.__tablename__:
        return job
    rows = [*search(session, JobsArchived, [pandaid], _look(JobsArchived), [pandaid]), *found[1:]]
    others = [row.place for row in rows]
    also = both_have(pandaid, job.where.table, others[0]) if others else None
    return _Job(job.where, job.jobstatus, job.modificationtime, job.jeditaskid, also)


def _there(other: Session | None, pandaid: int) -> _Job | None:
    found = lookup.copies(other, [pandaid], _look) if other else []
    return _job(other, found[0], is_other=True) if other and found else None


def _look(job: JobTable) -> Select[*tuple[Any, ...]]:
    partition = cast(column("tableoid"), BigInteger).label("partition")
    place = literal(job.__tablename__).label("place")
    known = (job.pandaid, job.jobstatus, job.modificationtime, job.jeditaskid)
    return select(*known, place, partition).select_from(job)


def _job(session: Session, row: Found, *, is_other: bool = False) -> _Job:
    known = (row.jobstatus, row.modificationtime, row.jeditaskid)
    return _Job(_place(session, row, is_other), *known)


def _place(session: Session, row: Found, is_other: bool) -> ExplainedPlace:
    for job in (JobsArchived4, JobsArchived):
        if row.place == job.__tablename__:
            table = str(job.__table__)
            name = session.scalar(NAME, {"oid": row.partition})
            for one in catalog.partitions(session, [table])[table]:
                if one.name == name:
                    return places.place_of(table, one, is_other=is_other)
    is_waiting = row.place == JobsWaiting4.__tablename__
    return ExplainedPlace(Kind.WAITING if is_waiting else Kind.LIVE, row.place, is_other=is_other)


def _exported(exports: Path | None, pandaid: int) -> _Job | None:
    found = exported(exports, pandaid=pandaid) if exports else None
    if found is None:
        return None
    job = found.job
    when = job.get("modificationtime")
    month = next(places.exports_of(exports, when), None) if when and not is_beyond(when) else None
    where = month or ExplainedPlace(Kind.EXPORT, "parquet", folder=exports)
    return _Job(where, job.get("jobstatus"), when, job.get("jeditaskid"))

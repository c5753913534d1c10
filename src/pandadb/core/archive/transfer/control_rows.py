"""The job queue's rows of archived jobs: control rows, dependencies, events that have left.

They follow their jobs from the live tables, whichever way these go: swapped, by rows, copied to
another database, dropped after an export. They stay in this database, since the public ids of jobs
are known outside. Each function is idempotent: rows of jobs that are where they should be stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Insert, and_, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.spool import in_batches
from pandadb.models import (
    JobControl,
    JobControlArch,
    JobDependency,
    JobDependencyArch,
    JobsArchived,
    JobsDebug,
    Outbox,
    OutboxArch,
)
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Exists, FromClause
    from sqlalchemy.orm import Session

    from pandadb.core.sql.time_range import TimeRange
    from pandadb.models import Base

    Columns = Any

Numbers = dict[str, int]
"""How many rows came to each table."""
BATCH = 10_000
"""Jobs of one statement."""


def to_archive(session: Session, pandaids: Collection[int]) -> Numbers:
    """Take rows of jobs that are not live to the archive; return how many came to each table.

    A dependency goes when neither of its jobs is live, so a child that waits keeps its own. Events
    go when they were sent or given up. The last output of a payload in JOBSDEBUG, for which the
    archive has no table, is deleted: that of a program is in its metadata, too.
    """
    if not pandaids:
        return {}
    control = JobControl.__table__.c
    chosen = is_among(control.pandaid, pandaids), *has_gone(control.pandaid)
    ids = [*session.scalars(select(control.pandaid).where(*chosen))]
    of_jobs = is_among(control.pandaid, ids)
    moved = {"job_control_arch": _take(session, JobControl, JobControlArch, of_jobs)}
    edge = JobDependency.__table__.c
    alone = (~exists().where(control.pandaid == one) for one in (edge.parent, edge.child))
    moved["job_dependency_arch"] = _take(
        session, JobDependency, JobDependencyArch, and_(_touches(edge, ids), *alone)
    )
    output = JobsDebug.__table__
    session.execute(delete(output).where(is_among(output.c.pandaid, ids)))
    event = Outbox.__table__.c
    has_left = or_(event.sent_at.is_not(None), event.given_up_at.is_not(None))
    moved["outbox_arch"] = _take(
        session, Outbox, OutboxArch, and_(is_among(event.pandaid, ids), has_left)
    )
    return moved


def to_live(session: Session, pandaids: Collection[int]) -> Numbers:
    """Take rows of jobs that are live again back; return how many came to each table."""
    if not pandaids:
        return {}
    control = JobControlArch.__table__.c
    is_here = and_(is_among(control.pandaid, pandaids), or_(*_is_live(control.pandaid)))
    return _bring_back(session, [*session.scalars(select(control.pandaid).where(is_here))])


def restore_day(session: Session, archive: Session, times: TimeRange) -> None:
    """Take rows of jobs back that are about to leave the archive, which may be another database.

    So they are back before tables are locked against readers. All is one transaction.
    """
    control, job = JobControlArch.__table__.c, JobsArchived.__table__.c
    if not session.scalar(select(exists(select(control.pandaid)))):
        return
    moment = job.modificationtime
    within = [moment >= times.lower] if times.lower else []
    within += [moment < times.upper] if times.upper else []
    jobs = [*archive.scalars(select(job.pandaid).where(*within))]
    for batch in in_batches(jobs, BATCH):
        _bring_back(session, batch)


def _bring_back(session: Session, ids: Collection[int]) -> Numbers:
    edge, event = JobDependencyArch.__table__.c, OutboxArch.__table__.c
    of_jobs = is_among(JobControlArch.__table__.c.pandaid, ids)
    return {
        "job_control": _take(session, JobControlArch, JobControl, of_jobs),
        "job_dependency": _take(session, JobDependencyArch, JobDependency, _touches(edge, ids)),
        "outbox": _take(session, OutboxArch, Outbox, is_among(event.pandaid, ids)),
    }


def left_behind(session: Session) -> list[int]:
    """Return the jobs whose control rows are live, and which are not themselves."""
    control = JobControl.__table__.c.pandaid
    return sorted(session.scalars(select(control).where(*has_gone(control))))


def _is_live(pandaid: ColumnElement[int]) -> list[Exists]:
    """Return a condition for each live table: it has the job."""
    return [exists().where(job.__table__.c.pandaid == pandaid) for job in UNARCHIVED_TABLES]


def has_gone(pandaid: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Match jobs that no live table has; of conditions joined by AND the planner makes joins."""
    return [~is_there for is_there in _is_live(pandaid)]


def _touches(edge: Columns, ids: Collection[int]) -> ColumnElement[bool]:
    return or_(is_among(edge.parent, ids), is_among(edge.child, ids))


def _take(
    session: Session, source: type[Base], target: type[Base], which: ColumnElement[bool]
) -> int:
    """Move rows from one table to another in one statement; return how many there were."""
    gone = delete(source.__table__).where(which).returning(*source.__table__.c).cte("gone")
    put = _put(target, gone).execution_options(preserve_rowcount=True)
    return session.connection().execute(put).rowcount


def _put(target: type[Base], gone: FromClause) -> Insert:
    """Return the statement that inserts rows; one that is there already gets their values."""
    table: Any = target.__table__
    names = [column.name for column in table.c if column.name in gone.c]
    key = [column.name for column in table.primary_key]
    new = insert(table).from_select(names, select(*(gone.c[name] for name in names)))
    values = {name: new.excluded[name] for name in names if name not in key}
    return new.on_conflict_do_update(index_elements=key, set_=values)

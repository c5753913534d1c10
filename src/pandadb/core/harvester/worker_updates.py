"""Workers as Harvester reports them, in one statement for one or for ten thousand: semantics 9.

A worker has one row, though the partition key is part of the table's primary key: LASTUPDATE, the
time at which the server last heard of the worker. A report that is older than the newest one, in
the worker's own time, changes nothing but that. A worker that has ended keeps its state for three
hours after its last update.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB, insert

from pandadb.core.harvester import job_relations, worker_jobs
from pandadb.core.harvester.worker_locks import take_turns
from pandadb.core.harvester.worker_reports import COLUMNS
from pandadb.core.harvester.worker_states import FINAL_STATES, KEPT
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import array, written
from pandadb.models import HarvesterWorkers, HarvesterWorkerTime
from pandadb.models.types import Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, ColumnClause, Select, TableValuedAlias
    from sqlalchemy.types import TypeEngine

    from pandadb.core.harvester.worker_reports import ReadReports, WorkerReport
    from pandadb.core.sql.transaction import Transaction

WORKER = HarvesterWorkers.__table__.c
TIME = HarvesterWorkerTime.__table__.c
HARVESTER = bindparam("harvester", type_=String)
NO_JIT = text("SET LOCAL jit = off")
"""With a partition for each day, compiling takes longer than ten thousand workers."""
NO_STATUS = "status has to have a value: the worker is new"


@dataclass
class WorkerUpdates:
    """The result of a call, by position in it."""

    new: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    """Older than the newest report on the worker: it changed nothing."""
    refused: dict[int, str] = field(default_factory=dict)
    """Not written, with the reason."""
    failed_jobs: list[int] = field(default_factory=list)
    """Jobs that ran, or were to run, on a worker that has ended."""


def write(session: Transaction, harvester: str, given: ReadReports) -> WorkerUpdates:
    """Write the reports of a call by one Harvester instance, with jobs and their errors.

    Locks: jobs by PandaID, the turn of the instance, workers by number, relations.
    """
    done = WorkerUpdates(refused=dict(given.refused))
    if not given.reports:
        return done
    session.execute(NO_JIT)
    worker_jobs.lock_jobs(session, harvester, given.reports)
    take_turns(session, f"workers of {harvester}")
    for reports in given.rounds():
        heard = _write(session, harvester, reports, done)
        job_relations.write(session, harvester, [report for report, _ in heard])
        done.failed_jobs += worker_jobs.end_jobs(session, harvester, heard)
    for places in (done.new, done.updated, done.late):
        places.sort()
    return done


def _write(
    session: Transaction, harvester: str, reports: Sequence[WorkerReport], done: WorkerUpdates
) -> list[tuple[WorkerReport, Any]]:
    """Write one report for each worker; return those that count, with the rows they left.

    A row that another server has changed meanwhile is locked by the first attempt, and written by
    the next.
    """
    by_place = {one.place: one for one in reports}
    heard = []
    while by_place:
        rows = session.execute(_statement(), _parameters(harvester, by_place.values())).all()
        for row in rows:
            if not (row.is_refused or row.is_written):
                continue
            report = by_place.pop(row.place)
            if row.is_refused:
                done.refused[row.place] = NO_STATUS
            elif row.is_late:
                done.late.append(row.place)
            else:
                (done.new if row.is_new else done.updated).append(row.place)
                heard.append((report, row))
    return heard


def _parameters(harvester: str, reports: Iterable[WorkerReport]) -> dict[str, Any]:
    rows = [
        {
            **one.values,
            "place": one.place,
            "workerid": one.workerid,
            "reported_at": one.reported_at,
            "given": [*one.values],
        }
        for one in reports
    ]
    return {
        "harvester": harvester,
        "workerids": written(row["workerid"] for row in rows),
        "reports": json.dumps(rows, default=str),
    }


@cache
def _statement() -> Select[Any]:
    reports = select(_reports()).cte("reports").prefix_with("MATERIALIZED")
    stored = _stored()
    after = _after(reports, stored)
    seen = _seen(after)
    begun = _begun(after)
    is_refused = and_(after.c.is_new, after.c.status.is_(None))
    changed = or_(after.c.is_new, seen.c.workerid.is_not(None))
    return (
        select(
            after.c.place,
            after.c.status,
            after.c.errorcode,
            after.c.diagmessage,
            after.c.is_new,
            after.c.is_late,
            is_refused.label("is_refused"),
            changed.label("is_written"),
        )
        .select_from(after.outerjoin(seen, seen.c.workerid == after.c.workerid))
        .add_cte(begun, _merged(stored), _timed(after))
    )


def _reports() -> TableValuedAlias:
    """Return the reports as rows; `given` has the names of the values that they have."""
    given = cast(bindparam("reports", type_=String), JSON)
    kinds: dict[str, TypeEngine[Any]] = {
        "place": Integer(),
        "workerid": BigInteger(),
        "reported_at": Timestamp(),
        "given": JSONB(),
        **{name: one.type for name, one in COLUMNS.items()},
    }
    columns: list[ColumnClause[Any]] = [column(name, kind) for name, kind in kinds.items()]
    rows = func.json_to_recordset(given).table_valued(*columns)
    return rows.render_derived(name="report", with_types=True)


def _stored() -> CTE:
    """Return the rows of the workers, locked; the first of each is its newest."""
    locked = (
        select(HarvesterWorkers.__table__)
        .where(WORKER.harvesterid == HARVESTER, WORKER.workerid == func.any(array("workerids")))
        .order_by(WORKER.workerid, WORKER.lastupdate)
        .with_for_update()
        .cte("locked")
        .prefix_with("MATERIALIZED")
    )
    age = func.row_number().over(
        partition_by=locked.c.workerid, order_by=locked.c.lastupdate.desc()
    )
    return select(locked, age.label("age")).cte("stored").prefix_with("MATERIALIZED")


def _after(reports: CTE, stored: CTE) -> CTE:
    """Return the workers as the reports leave them."""
    is_new = stored.c.workerid.is_(None)
    is_of_row = TIME.lastupdate == stored.c.lastupdate
    own = case((is_of_row, TIME.reported_at), else_=stored.c.lastupdate)
    given_time = func.least(reports.c.reported_at, now())  # a clock that is ahead
    is_late = func.coalesce(given_time < own, false())
    values: dict[str, ColumnElement[Any]] = {
        name: case(
            (and_(not_(is_late), reports.c.given.has_key(name)), reports.c[name]),
            else_=stored.c[name],
        )
        for name in COLUMNS
    }
    has_ended = and_(
        stored.c.status.in_(constants(FINAL_STATES)), stored.c.lastupdate > now() - KEPT
    )
    values["status"] = case((has_ended, stored.c.status), else_=values["status"])
    joined = reports.outerjoin(
        stored, and_(stored.c.workerid == reports.c.workerid, stored.c.age == 1)
    ).outerjoin(
        HarvesterWorkerTime.__table__,
        and_(TIME.harvesterid == HARVESTER, TIME.workerid == reports.c.workerid),
    )
    rows = select(
        reports.c.place,
        reports.c.workerid,
        reports.c.reported_at.is_not(None).label("is_timed"),
        func.greatest(own, given_time).label("reported_at"),
        is_new.label("is_new"),
        is_late.label("is_late"),
        stored.c.lastupdate.label("was_updated"),
        *(value.label(name) for name, value in values.items()),
    ).select_from(joined)
    return rows.cte("after").prefix_with("MATERIALIZED")


def _seen(after: CTE) -> CTE:
    return (
        update(HarvesterWorkers.__table__)
        .where(
            WORKER.harvesterid == HARVESTER,
            WORKER.workerid == after.c.workerid,
            WORKER.lastupdate == after.c.was_updated,
        )
        .values(lastupdate=now(), **{name: after.c[name] for name in COLUMNS})
        .returning(WORKER.workerid)
        .cte("seen")
    )


def _begun(after: CTE) -> CTE:
    rows = select(HARVESTER, after.c.workerid, now(), *(after.c[name] for name in COLUMNS))
    rows = rows.where(after.c.is_new, after.c.status.is_not(None))
    names = ["harvesterid", "workerid", "lastupdate", *COLUMNS]
    return insert(HarvesterWorkers.__table__).from_select(names, rows).cte("begun")


def _merged(stored: CTE) -> CTE:
    """Delete further rows of a worker, which a server or a dispatch beside ours has inserted."""
    return (
        delete(HarvesterWorkers.__table__)
        .where(
            WORKER.harvesterid == HARVESTER,
            WORKER.workerid == stored.c.workerid,
            WORKER.lastupdate == stored.c.lastupdate,
            stored.c.age > 1,
        )
        .cte("merged")
    )


def _timed(after: CTE) -> CTE:
    """Keep the worker's own time of its newest report, where Harvester gives one."""
    is_kept = or_(not_(after.c.is_new), after.c.status.is_not(None))
    rows = select(HARVESTER, after.c.workerid, now(), after.c.reported_at)
    rows = rows.where(after.c.is_timed, is_kept).order_by(after.c.workerid)
    names = ["harvesterid", "workerid", "lastupdate", "reported_at"]
    timed = insert(HarvesterWorkerTime.__table__).from_select(names, rows)
    news = {name: timed.excluded[name] for name in names[2:]}
    return timed.on_conflict_do_update(index_elements=names[:2], set_=news).cte("timed")

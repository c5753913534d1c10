"""Jobs of workers that have ended before them: their errors, and their end; semantics 9."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Integer,
    Interval,
    String,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert

from pandadb.core.harvester.worker_states import FINAL_STATES
from pandadb.core.sql.expressions import constant, constants, now
from pandadb.core.sql.id_arrays import array, unnested, written
from pandadb.models import HarvesterRelJobsWorkers, JobOutputReport, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import CTE, Select, Update

    from pandadb.core.harvester.worker_reports import WorkerReport
    from pandadb.core.sql.transaction import Transaction

JOB = JobsActive4.__table__.c
RELATION = HarvesterRelJobsWorkers.__table__.c
HARVESTER = bindparam("harvester", type_=String)
WORKER_ENDED = 300
"""The `taskbuffererrorcode` of a job that fails because its worker has ended."""
RUNS = ("running", "starting")
"""States in which a job fails with its worker."""
RECENT = literal_column("interval '30 days'", Interval())
"""Jobs that have not changed for longer get no error of their worker."""
LENGTHS = {
    name: getattr(JOB[name].type, "length", None)
    for name in ("taskbuffererrordiag", "superrordiag")
}
"""Characters that fit."""
TYPES = {
    "workerid": None,
    "place": Integer(),
    "status": String(),
    "errorcode": Integer(),
    "diag": String(),
    "fails": Boolean(),
}
"""The known facts on a worker that has ended."""


def lock_jobs(session: Transaction, harvester: str, reports: Sequence[WorkerReport]) -> None:
    """Lock the active jobs of workers that are reported to have ended, by PandaID.

    It comes first: heartbeats and dispatches lock jobs before their relations to workers.
    """
    ended = [one for one in reports if one.values.get("status") in FINAL_STATES]
    if ended:
        given = {
            "harvester": harvester,
            "workerids": written(one.workerid for one in ended),
            "pandaids": written(job for one in ended for job in one.pandaids),
        }
        session.execute(_lock(), given).all()


def end_jobs(
    session: Transaction, harvester: str, heard: Iterable[tuple[WorkerReport, Any]]
) -> list[int]:
    """Give the active jobs of workers that have ended the errors of these; return those that fail.

    `heard` has the reports with the rows of the workers that they left. Jobs that run fail with
    their worker if the report is in step with the server (syncLevel 1): the server's Adder ends
    them by the row of JOB_OUTPUT_REPORT. Jobs on hold wait for their pilot's report.
    """
    ended = [(report, row) for report, row in heard if row.status in FINAL_STATES]
    if not ended:
        return []
    given = {
        "harvester": harvester,
        "workerids": written(report.workerid for report, _ in ended),
        "places": [report.place for report, _ in ended],
        "statuss": [row.status for _, row in ended],
        "errorcodes": [row.errorcode for _, row in ended],
        "diags": [row.diagmessage for _, row in ended],
        "failss": [report.fails_jobs for report, _ in ended],
    }
    failed = sorted(session.scalars(_fail(), given))
    session.execute(_note_errors(), given)
    return failed


@cache
def _lock() -> Select[Any]:
    related = select(RELATION.pandaid).where(
        RELATION.harvesterid == HARVESTER, RELATION.workerid == func.any(array("workerids"))
    )
    listed = select(func.unnest(array("pandaids")))
    chosen = union(related, listed).cte("chosen")
    return (
        select(JOB.pandaid)
        .where(JOB.pandaid.in_(select(chosen.c.pandaid)))
        .order_by(JOB.pandaid)
        .with_for_update(key_share=True)
    )


def _ended() -> CTE:
    """Return active jobs with their workers that have ended; on hold they are left out."""
    kinds = {name: kind for name, kind in TYPES.items() if kind is not None}
    arrays = {name: bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in kinds.items()}
    ended = unnested("ended", workerid=array("workerids"), **arrays)
    columns = (JOB.pandaid, JOB.jobstatus, JOB.modificationtime)
    return (
        select(*columns, *(ended.c[name] for name in kinds))
        .join(RELATION.workerid.table, RELATION.pandaid == JOB.pandaid)
        .join(ended, ended.c.workerid == RELATION.workerid)
        .where(RELATION.harvesterid == HARVESTER, JOB.jobstatus != constant("holding"))
        .cte("of_ended")
    )


def _last(ended: CTE, *conditions: Any) -> CTE:
    """Choose the last report for each job."""
    return (
        select(ended)
        .where(*conditions)
        .ext(distinct_on(ended.c.pandaid))
        .order_by(ended.c.pandaid, ended.c.place.desc())
        .cte("last_report")
    )


@cache
def _fail() -> Select[Any]:
    ended = _ended()
    last = _last(ended, ended.c.fails, ended.c.jobstatus.in_(constants(RUNS)))
    diag = func.concat_ws(
        ": ",
        func.concat("The worker has ended as ", last.c.status, " under a ", JOB.jobstatus, " job"),
        last.c.diag,
    )
    failed = (
        update(JobsActive4.__table__)
        .where(JOB.pandaid == last.c.pandaid)
        .values(
            taskbuffererrorcode=WORKER_ENDED,
            taskbuffererrordiag=func.left(diag, LENGTHS["taskbuffererrordiag"]),
            starttime=case((JOB.jobstatus == constant("starting"), null()), else_=JOB.starttime),
        )
        .returning(JOB.pandaid, JOB.prodsourcelabel, JOB.attemptnr)
        .cte("failed")
    )
    rows = select(
        failed.c.pandaid,
        failed.c.prodsourcelabel,
        failed.c.attemptnr,
        literal("failed"),
        now(),
    )
    names = ["pandaid", "prodsourcelabel", "attemptnr", "jobstatus", "timestamp"]
    reported = insert(JobOutputReport.__table__).from_select(names, rows).on_conflict_do_nothing()
    return select(failed.c.pandaid).add_cte(reported.cte("reported"))


@cache
def _note_errors() -> Update:
    ended = _ended()
    last = _last(
        ended,
        ended.c.errorcode != 0,
        ended.c.jobstatus != constant("finished"),
        ended.c.modificationtime > now() - RECENT,
    )
    diag = func.concat_ws(": ", "Error of the worker", last.c.diag)
    return (
        update(JobsActive4.__table__)
        .where(JOB.pandaid == last.c.pandaid)
        .values(
            superrorcode=last.c.errorcode,
            superrordiag=func.left(diag, LENGTHS["superrordiag"]),
            statechangetime=now(),
        )
    )

"""Ranges of events of consumers that end: done, put back, tried again, failed for good."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)

from pandadb.core.events.states import EventStatus
from pandadb.core.jobs.event_service import given_jobs
from pandadb.core.jobs.event_service.consumer_outcomes import (
    ACCEPTS_PARTIAL,
    KEEPS_ATTEMPTS,
    Tally,
    has_tag,
)
from pandadb.core.sql import id_arrays
from pandadb.models import JediDatasetContents, JediEvents
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select, TableValuedAlias, Update

    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

EVENT, CONTENTS = JediEvents.__table__.c, JediDatasetContents.__table__.c
OVER = (EventStatus.DONE, EventStatus.DISCARDED, EventStatus.CANCELLED)
"""Ranges that the end of their consumer leaves as they are."""
NOT_WORKED_ON = (*OVER, EventStatus.FATAL, EventStatus.FAILED, EventStatus.CORRUPTED)
KEPT_BY_KILL = (
    EventStatus.FINISHED,
    *OVER,
    EventStatus.FAILED,
    EventStatus.FATAL,
    EventStatus.CORRUPTED,
)
"""Ranges that are not cancelled with their job."""
HAS_RESULT = (EventStatus.FINISHED, EventStatus.DONE)


def lock(session: Transaction, jobs: Rows) -> None:
    """Lock the input files of jobs: none of their ranges is taken until the transaction ends."""
    session.execute(_locked(), given_jobs.parameters(jobs))


@cache
def _locked() -> Select[Any]:
    file = given_jobs.inputs(given_jobs.table()).cte("files")
    key = (CONTENTS.jeditaskid, CONTENTS.datasetid, CONTENTS.fileid)
    is_input = and_(*(column == file.c[column.name] for column in key))
    return (
        select(CONTENTS.fileid)
        .where(exists().where(is_input))
        .order_by(*key)
        .with_for_update(of=JediDatasetContents.__table__)
    )


def put_back(session: Transaction, jobs: Rows) -> dict[int, int]:
    """Settle the ranges that jobs have; return for each job how many it has done.

    Finished ranges are done. Those that were not processed may be taken again, with an attempt less
    unless the job keeps them; of failed ones a copy may, with an attempt less.
    """
    given = {
        **given_jobs.parameters(jobs),
        "keeps": [has_tag(job, KEEPS_ATTEMPTS) for job in jobs],
    }
    done = dict(session.execute(_put_back(), given).all())
    if partial := [job for job in jobs if has_tag(job, ACCEPTS_PARTIAL)]:
        session.execute(_given_up(), given_jobs.parameters(partial))
    return {job: done.get(job, 0) for job in given["pandaids"]}


@cache
def _put_back() -> Select[Any]:
    given = _with_keeps()
    is_own = and_(EVENT.jeditaskid == given.c.jeditaskid, EVENT.pandaid == given.c.pandaid)
    finished, failed = (EVENT.status == s for s in (EventStatus.FINISHED, EventStatus.FAILED))
    settled = (
        update(JediEvents.__table__)
        .where(is_own, EVENT.status.not_in(OVER))
        .values(
            status=case(
                (finished, EventStatus.DONE),
                (failed, EventStatus.FAILED),
                else_=EventStatus.READY,
            ),
            pandaid=case((or_(finished, failed), EVENT.pandaid), else_=given.c.jobsetid),
            attemptnr=case(
                (or_(finished, failed, given.c.keeps), EVENT.attemptnr), else_=EVENT.attemptnr - 1
            ),
            processed_upto_eventid=case((failed, null()), else_=EVENT.processed_upto_eventid),
        )
        .returning(given.c.pandaid, EVENT.status)
        .cte("settled")
    )
    is_tried_again = and_(is_own, failed, EVENT.processed_upto_eventid.is_not(None))
    return (
        select(settled.c.pandaid, func.count())
        .where(settled.c.status == EventStatus.DONE)
        .group_by(settled.c.pandaid)
        .add_cte(copied(given, is_tried_again))
    )


def copied(given: TableValuedAlias, chosen: ColumnElement[bool]) -> Any:
    """Return the part that copies ranges to their job set, to be taken with an attempt less."""
    kept = ("jeditaskid", "datasetid", "fileid", "job_processid", "def_min_eventid")
    kept = (*kept, "def_max_eventid", "processed_upto_eventid", "event_offset")
    new = {
        **{name: EVENT[name] for name in kept},
        "pandaid": given.c.jobsetid,
        "attemptnr": EVENT.attemptnr - 1,
        "status": literal(int(EventStatus.READY)),
    }
    rows = select(*new.values()).select_from(given).join(EVENT.pandaid.table, chosen)
    return insert(JediEvents.__table__).from_select([*new], rows).cte("copied")


@cache
def _given_up() -> Update:
    """Fail the ranges without an attempt left for good, where some may."""
    given = given_jobs.table()
    return (
        update(JediEvents.__table__)
        .where(
            EVENT.jeditaskid == given.c.jeditaskid,
            EVENT.pandaid == given.c.jobsetid,
            EVENT.attemptnr == 0,
            EVENT.status.not_in((EventStatus.FATAL, EventStatus.DISCARDED, EventStatus.CANCELLED)),
        )
        .values(status=int(EventStatus.FATAL))
    )


def tallies(session: Transaction, jobs: Rows, done: Mapping[int, int]) -> dict[int, Tally]:
    """Count the ranges and the other jobs of the job sets; `done` is what `put_back` returned."""
    rows = session.execute(_tallies(), given_jobs.parameters(jobs))
    return {pandaid: Tally(done[pandaid], *counts) for pandaid, *counts in rows}


@cache
def _tallies() -> Select[Any]:
    given = given_jobs.table()
    files = given_jobs.inputs(given, ("input",)).cte("files")
    of_set = and_(EVENT.jeditaskid == given.c.jeditaskid, EVENT.pandaid == given.c.jobsetid)
    of_files = and_(files.c.pandaid == given.c.pandaid, given_jobs.is_of_file(EVENT, files.c))
    gone = (EventStatus.DISCARDED, EventStatus.CANCELLED)
    is_worked_on = or_(
        and_(EVENT.status.not_in(NOT_WORKED_ON), EVENT.attemptnr > 0),
        and_(EVENT.status == EventStatus.FAILED, EVENT.processed_upto_eventid.is_not(None)),
    )
    is_ready = and_(of_set, EVENT.status == EventStatus.READY, EVENT.attemptnr > 0)
    is_hopeless = and_(of_files, EVENT.attemptnr == 0, EVENT.status.not_in(gone))
    return select(
        given.c.pandaid,
        select(func.count()).select_from(EVENT.pandaid.table).where(is_ready).scalar_subquery(),
        exists().where(of_files, is_worked_on),
        exists().where(of_files, EVENT.status == EventStatus.DONE),
        select(func.count()).select_from(files).where(is_hopeless).scalar_subquery(),
        exists().where(of_set, EVENT.status == EventStatus.FATAL),
        _others(given),
    ).select_from(given)


def _others(given: TableValuedAlias) -> ColumnElement[int]:
    """Return the number of other jobs of a job set that live."""
    parts = []
    for table in LIVE_TABLES:
        job = table.__table__.c
        of_set = and_(job.jeditaskid == given.c.jeditaskid, job.jobsetid == given.c.jobsetid)
        other = select(job.pandaid).where(of_set, job.pandaid != given.c.pandaid)
        parts.append(other.correlate(given))
    return (
        select(func.count()).select_from(union_all(*parts).subquery().lateral()).scalar_subquery()
    )


def cancel_unused(session: Transaction, jobs: Rows) -> None:
    """Cancel the ranges of the job sets that nobody has taken."""
    session.execute(_cancelled(), given_jobs.parameters(jobs))


@cache
def _cancelled() -> Update:
    given = given_jobs.table()
    return (
        update(JediEvents.__table__)
        .where(
            EVENT.jeditaskid == given.c.jeditaskid,
            EVENT.pandaid == given.c.jobsetid,
            EVENT.status == EventStatus.READY,
        )
        .values(status=int(EventStatus.CANCELLED))
    )


def release_jumbo(session: Transaction, jobs: Rows) -> None:
    """Let others take the ranges that jumbo jobs have not processed."""
    given = {
        **given_jobs.parameters(jobs),
        "keeps": [has_tag(job, KEEPS_ATTEMPTS) for job in jobs],
    }
    session.execute(_released(), given)


@cache
def _released() -> Update:
    given = _with_keeps()
    return (
        update(JediEvents.__table__)
        .where(
            EVENT.jeditaskid == given.c.jeditaskid,
            EVENT.pandaid == given.c.pandaid,
            EVENT.status.in_((EventStatus.SENT, EventStatus.RUNNING)),
        )
        .values(
            status=int(EventStatus.READY),
            pandaid=EVENT.event_offset,
            is_jumbo=null(),
            attemptnr=case((given.c.keeps, EVENT.attemptnr), else_=EVENT.attemptnr - 1),
        )
    )


def _with_keeps() -> TableValuedAlias:
    """Return the jobs as a table, with whether their ranges keep their attempts."""
    return id_arrays.unnested(
        "given",
        pandaid=id_arrays.array("pandaids"),
        jeditaskid=id_arrays.array("tasks"),
        jobsetid=id_arrays.array("jobsets"),
        keeps=bindparam("keeps", type_=ARRAY(Boolean)),
    )


def drop(session: Transaction, owners: Sequence[tuple[int, int]], *, keeps_results: bool) -> None:
    """Cancel the ranges of (task, job), and discard the results of the others unless kept."""
    if owners:
        tasks, pandaids = (list(ids) for ids in zip(*owners, strict=True))
        given = {"pandaids": pandaids, "tasks": tasks, "keeps_results": keeps_results}
        session.execute(_dropped(), given)


@cache
def _dropped() -> Update:
    given = id_arrays.unnested(
        "given", pandaid=id_arrays.array("pandaids"), jeditaskid=id_arrays.array("tasks")
    )
    has_result = EVENT.status.in_(HAS_RESULT)
    goes = and_(has_result, ~bindparam("keeps_results", type_=Boolean))
    return (
        update(JediEvents.__table__)
        .where(
            EVENT.jeditaskid == given.c.jeditaskid,
            EVENT.pandaid == given.c.pandaid,
            or_(goes, EVENT.status.not_in(KEPT_BY_KILL)),
        )
        .values(
            status=case((has_result, EventStatus.DISCARDED), else_=EventStatus.CANCELLED),
        )
    )


def mark_outputs(session: Transaction, jobs: Rows, target: str) -> None:
    """Mark the outputs of events of files whose job ends: they may be deleted from their store.

    When the job has finished, events that are done are merged. Files that JEDI has given to another
    attempt are left alone. To be called before the attempts of the files are counted.
    """
    given = {**given_jobs.parameters(jobs), "merged": target == "finished"}
    session.execute(_marked(), given)


@cache
def _marked() -> Update:
    file = given_jobs.inputs(given_jobs.table()).cte("files")
    current = (
        select(file.c.jeditaskid, file.c.datasetid, file.c.fileid)
        .join(
            CONTENTS.fileid.table,
            and_(
                *(CONTENTS[name] == file.c[name] for name in ("jeditaskid", "datasetid", "fileid"))
            ),
        )
        .where(CONTENTS.attemptnr == file.c.attemptnr)
        .distinct()
        .cte("current")
    )
    is_merged = and_(bindparam("merged", type_=Boolean), EVENT.status == EventStatus.DONE)
    return (
        update(JediEvents.__table__)
        .where(given_jobs.is_of_file(EVENT, current.c))
        .values(
            file_not_deleted=case((EVENT.objstore_id.is_(None), null()), else_="Y"),
            status=case((is_merged, EventStatus.MERGED), else_=EVENT.status),
        )
    )

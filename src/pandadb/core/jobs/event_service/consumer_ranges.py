"""Ranges of events of consumers that end: they are done, go back, or are given up."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, case, exists, func, null, or_, select, union_all, update

from pandadb.core.datasets.file_keys import KEY as FILE_KEY
from pandadb.core.events import changes
from pandadb.core.events.changes import EventFile
from pandadb.core.events.special_handling import Flag
from pandadb.core.events.states import EventStatus
from pandadb.core.jobs.event_service import given_jobs
from pandadb.core.jobs.event_service.consumer_outcomes import Tally
from pandadb.core.jobs.files.file_status import same_file
from pandadb.core.sql import id_arrays
from pandadb.models import JediDatasetContents, JediEvents
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select, TableValuedAlias, Update

    from pandadb.core.sql.transaction import Transaction

    Rows = Sequence[Mapping[str, Any]]

EVENT, CONTENTS = JediEvents.__table__.c, JediDatasetContents.__table__.c
GONE = (EventStatus.DISCARDED, EventStatus.CANCELLED)
NOT_WORKED_ON = (
    *GONE,
    EventStatus.DONE,
    EventStatus.FATAL,
    EventStatus.FAILED,
    EventStatus.CORRUPTED,
)


def lock(session: Transaction, jobs: Rows) -> None:
    """Lock the input files of jobs: none of their ranges is taken until the transaction ends."""
    session.execute(_locked(), given_jobs.parameters(jobs))


@cache
def _locked() -> Select[Any]:
    file = given_jobs.inputs(given_jobs.table()).cte("files")
    return (
        select(CONTENTS.fileid)
        .where(exists().where(same_file(CONTENTS, file.c)))
        .order_by(*(CONTENTS[name] for name in FILE_KEY))
        .with_for_update(of=JediDatasetContents.__table__)
    )


def settle(session: Transaction, jobs: Rows) -> dict[int, Tally]:
    """Settle the ranges that jobs have, and count those of their job sets.

    Finished ranges are done. Those that were not processed may be taken again, with an attempt less
    unless the job keeps them; of failed ones a copy may, with an attempt less. Ranges without an
    attempt left are given up where some may be.
    """
    mine = given_jobs.event_jobs(jobs)
    ended = changes.of_jobs(session, "end", mine)
    changes.copy_failed(session, mine)
    done = {job: ended.get(job, {}).get(EventStatus.DONE, 0) for job in given_jobs.ids(jobs)}
    rows = session.execute(_tallies(), given_jobs.parameters(jobs))
    tallies = {pandaid: Tally(done[pandaid], *counts) for pandaid, *counts in rows}
    spent = [
        job
        for job in jobs
        if tallies[job["pandaid"]].hopeless and given_jobs.has(job, Flag.ACCEPTS_PARTIAL)
    ]
    changes.of_jobs(session, "give up", given_jobs.event_sets(spent))
    return tallies


@cache
def _tallies() -> Select[Any]:
    given = given_jobs.table()
    files = given_jobs.inputs(given, ("input",)).cte("files")
    of_set = and_(EVENT.jeditaskid == given.c.jeditaskid, EVENT.pandaid == given.c.jobsetid)
    of_files = and_(files.c.pandaid == given.c.pandaid, is_of_file(files.c))
    is_worked_on = or_(
        and_(EVENT.status.not_in(NOT_WORKED_ON), EVENT.attemptnr > 0),
        and_(EVENT.status == EventStatus.FAILED, EVENT.processed_upto_eventid.is_not(None)),
    )
    is_ready = and_(of_set, EVENT.status == EventStatus.READY, EVENT.attemptnr > 0)
    is_hopeless = and_(of_files, EVENT.attemptnr == 0, EVENT.status.not_in(GONE))
    return select(
        given.c.pandaid,
        select(func.count()).select_from(EVENT.pandaid.table).where(is_ready).scalar_subquery(),
        exists().where(of_files, is_worked_on),
        exists().where(of_files, EVENT.status == EventStatus.DONE),
        select(func.count()).select_from(files).where(is_hopeless).scalar_subquery(),
        exists().where(of_set, EVENT.status == EventStatus.FATAL),
        _others(given),
    ).select_from(given)


def is_of_file(file: Any) -> ColumnElement[bool]:
    """Return whether a range of JEDI_EVENTS is one of a file."""
    return and_(*(EVENT[name] == file[name] for name in FILE_KEY))


def _others(given: TableValuedAlias) -> ColumnElement[int]:
    """Return the number of other jobs of a job set that live."""
    parts = []
    for table in LIVE_TABLES:
        job = table.__table__.c
        of_set = and_(job.jeditaskid == given.c.jeditaskid, job.jobsetid == given.c.jobsetid)
        other = select(job.pandaid).where(of_set, job.pandaid != given.c.pandaid)
        parts.append(other.correlate(given))
    others = union_all(*parts).subquery().lateral()
    return select(func.count()).select_from(others).scalar_subquery()


def cancel_unused(session: Transaction, jobs: Rows) -> None:
    """Cancel the ranges of job sets that no job has taken, unless the jobs keep events."""
    lost = [job for job in jobs if not given_jobs.has(job, Flag.KEEPS_EVENTS)]
    changes.of_jobs(session, "cancel", given_jobs.event_sets(lost))


def mark_outputs(session: Transaction, jobs: Rows, target: str) -> None:
    """Mark the outputs of events of files of jobs that end: they may be deleted from their store.

    When the job has finished, events that are done are merged. Files that JEDI has given to another
    attempt are left alone. To be called before the attempts of the files are counted.
    """
    files = [tuple(row) for row in session.execute(_current(), given_jobs.parameters(jobs))]
    if not files:
        return
    if target == "finished":
        changes.of_files(session, "merge", [EventFile(*file) for file in files])
    columns = zip(*files, strict=True)
    given = {f"{name}s": list(ids) for name, ids in zip(FILE_KEY, columns, strict=True)}
    session.execute(_marked(), given)


@cache
def _current() -> Select[Any]:
    file = given_jobs.inputs(given_jobs.table()).cte("files")
    return (
        select(*(file.c[name] for name in FILE_KEY))
        .join(CONTENTS.fileid.table, same_file(CONTENTS, file.c))
        .where(CONTENTS.attemptnr == file.c.attemptnr)
        .distinct()
    )


@cache
def _marked() -> Update:
    given = id_arrays.unnested("given", **{n: id_arrays.array(f"{n}s") for n in FILE_KEY})
    return (
        update(JediEvents.__table__)
        .where(is_of_file(given.c))
        .values(file_not_deleted=case((EVENT.objstore_id.is_(None), null()), else_="Y"))
    )

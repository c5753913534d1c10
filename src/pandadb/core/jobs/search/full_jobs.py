"""Jobs of a page with all that belongs to them: a few statements, however many jobs there are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from pandadb.core.archive.lookup.archived_jobs import day_of, search
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.time_range import within
from pandadb.models import (
    FilesTable4,
    JediJobRetryHistory,
    JobControl,
    JobDependency,
    JobLease,
    JobParamsTable,
    JobsArchived,
    JobsArchived4,
    JobsDebug,
    JobsStatusLog,
    MetaTable,
)
from pandadb.models.jobs.all_tables import ARCHIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import Satellite

    Job = dict[str, Any]
    Rows = dict[int, list[dict[str, Any]]]

TEXTS: dict[str, Satellite] = {"jobparameters": JobParamsTable, "metadata": MetaTable}
"""The columns of jobs that are in a table of their own."""
ENDED = (JobsArchived4.__tablename__, JobsArchived.__tablename__)


def complete(session: Transaction, jobs: Sequence[Job]) -> list[Job]:
    """Return jobs with their `files`, `jobparameters` and `metadata`, from wherever they are.

    The jobs have their `table`, `pandaid` and `modificationtime`.
    """
    files = _satellites(session, jobs, FilesTable4)
    found = [job | {"files": files.get(job["pandaid"], [])} for job in jobs]
    for name, table in TEXTS.items():
        rows = _satellites(session, jobs, table)
        for job in found:
            for row in rows.get(job["pandaid"], ()):  # in the order of their time
                job[name] = row[name]
    return found


def logs(session: Transaction, pandaids: Collection[int]) -> Rows:
    """Return the status log of each job, in the order of time."""
    log = JobsStatusLog.__table__
    query = select(log).where(is_among(log.c.pandaid, pandaids))
    return _by_job(_mappings(session, query.order_by(log.c.modificationtime)))


def relations(session: Transaction, jobs: Sequence[Job]) -> Rows:
    """Return for each job its relations to the job before and to the one after it."""
    table = JediJobRetryHistory.__table__
    link = table.c
    pandaids = [job["pandaid"] for job in jobs]
    tasks = {job["jeditaskid"] for job in jobs if job["jeditaskid"] is not None}
    later = and_(is_among(link.jeditaskid, tasks), is_among(link.newpandaid, pandaids))
    of_jobs = or_(link.relationtype.is_(None), ~link.relationtype.startswith("jobset"))
    query = select(table).where(or_(is_among(link.oldpandaid, pandaids), later), of_jobs)
    found: Rows = defaultdict(list)
    for row in _mappings(session, query.order_by(link.newpandaid, link.oldpandaid)):
        for pandaid in {row["oldpandaid"], row["newpandaid"]} & {*pandaids}:
            found[pandaid].append(row)
    return found


def output_tails(session: Transaction, pandaids: Collection[int]) -> dict[int, str]:
    """Return the last output of the payload of each job that has sent any."""
    query = select(JobsDebug.pandaid, JobsDebug.stdout).where(is_among(JobsDebug.pandaid, pandaids))
    return {pandaid: text for pandaid, text in session.execute(query) if text is not None}


def controls(session: Transaction, pandaids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the control row of each job that is of the job queue, with its lease and parents."""
    control, lease, edge = (m.__table__ for m in (JobControl, JobLease, JobDependency))
    found = {
        row["pandaid"]: row | {"lease": None, "parents": []}
        for row in _mappings(session, select(control).where(is_among(control.c.pandaid, pandaids)))
    }
    if found:
        for row in _mappings(session, select(lease).where(is_among(lease.c.pandaid, [*found]))):
            found[row["pandaid"]]["lease"] = row
        parents = select(edge).where(is_among(edge.c.child, [*found])).order_by(edge.c.parent)
        for row in _mappings(session, parents):
            found[row["child"]]["parents"].append(row)
    return found


def _satellites(session: Transaction, jobs: Sequence[Job], live: Satellite) -> Rows:
    """Return the satellites of each job from its own place, or else from the place before."""
    archived = [job for job in jobs if job["table"] == JobsArchived.__tablename__]
    found = _in_archive(session, archived, live)
    here = [job["pandaid"] for job in jobs if job["pandaid"] not in found]
    rows = live.__table__
    order = rows.c.get("row_id", rows.c.modificationtime)
    query = select(rows).where(is_among(rows.c.pandaid, here)).order_by(order)
    found |= _by_job(_mappings(session, query)) if here else {}
    on_their_way = [
        job for job in jobs if job["table"] in ENDED[:1] and job["pandaid"] not in found
    ]
    return found | _in_archive(session, on_their_way, live)


def _in_archive(session: Transaction, jobs: Sequence[Job], live: Satellite) -> Rows:
    """Return archived satellites: those of the days of the jobs, else from the likely places."""
    if not jobs:
        return {}
    table = ARCHIVE_TABLES[live]
    rows = table.__table__
    pandaids = {job["pandaid"] for job in jobs}
    query = select(rows).order_by(rows.c.get("row_id", rows.c.modificationtime))
    days = within(rows.c.modificationtime, {day_of(job["modificationtime"]) for job in jobs})
    there = query.where(is_among(rows.c.pandaid, pandaids), days)
    found = _by_job(_mappings(session, there))
    missing = pandaids - found.keys()
    others = search(session, table, missing, query, elsewhere=missing) if missing else []
    return found | _by_job(dict(row._mapping) for row in others)


def _mappings(session: Transaction, query: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(query).mappings()]


def _by_job(rows: Iterable[dict[str, Any]]) -> Rows:
    found: Rows = defaultdict(list)
    for row in rows:
        found[row["pandaid"]].append(row)
    return dict(found)

"""Stragglers: files, parameters and metadata at 1970-01-01 of jobs that have ended.

No look-up finds them there: they are not archived with their job, and a retry does not copy them. A
move leaves none behind, but rows that are inserted without a lock on the job may come after it.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Boolean, and_, bindparam, case, exists, func, literal, select, update

from pandadb.core.jobs.files.final_status import FATE_OF_FAILED
from pandadb.core.jobs.search import lookup
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JobsArchived4
from pandadb.models.jobs.all_tables import LIVE_TABLES, SATELLITES
from pandadb.models.types import EPOCH, Timestamp

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from sqlalchemy import Select, TableValuedAlias

    from pandadb.core.jobs.search.lookup import Found
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable, Satellite

Rows = dict[str, int]
"""How many rows of each table."""


def find(session: Transaction) -> dict[int, Rows]:
    """Return the jobs that have stragglers, each with the number of them by table.

    It reads all rows at 1970-01-01, and so those of the live jobs as well. Some of the jobs may be
    unknown.
    """
    found: dict[int, Rows] = defaultdict(dict)
    for table in SATELLITES:
        for pandaid, rows in session.execute(_left(table)):
            found[pandaid][table.__tablename__] = rows
    return dict(sorted(found.items()))


def _left(table: Satellite) -> Select[int, int]:
    ended = (~exists().where(job.pandaid == table.pandaid) for job in LIVE_TABLES)
    return (
        select(table.pandaid, func.count())
        .where(table.modificationtime == EPOCH, table.pandaid.is_not(None), *ended)
        .group_by(table.pandaid)
    )


def ends(session: Transaction, pandaids: Collection[int]) -> dict[int, Found]:
    """Return the time, the state and the table of those jobs that have ended."""
    live = {job.__tablename__ for job in LIVE_TABLES}
    found = lookup.rows(session, pandaids, _end)
    return {pandaid: row for pandaid, row in found.items() if row.place not in live}


def _end(job: JobTable) -> Select[*tuple[Any, ...]]:
    place = literal(job.__tablename__).label("place")
    return select(job.pandaid, job.modificationtime, job.jobstatus, place)


def stamp(session: Transaction, ended: Mapping[int, Found]) -> Rows:
    """Give the stragglers of jobs the times of these; return how many of each table have got them.

    The outputs of a job that has not succeeded fail, as they do with one that fails. A row stays if
    its table has the same one at the time of the job. The jobs of JOBSARCHIVED4 are locked before.
    """
    given = {
        "pandaids": [*ended],
        "times": [row.modificationtime for row in ended.values()],
        "lost": [row.jobstatus != "finished" for row in ended.values()],
    }
    job = JobsArchived4.__table__.c
    locked = select(job.pandaid).where(id_arrays.by_id(JobsArchived4)).order_by(job.pandaid)
    session.execute(locked.with_for_update(read=True), {"pandaids": given["pandaids"]})
    return {
        table.__tablename__: session.scalar(_stamped(table), given) or 0 for table in SATELLITES
    }


@cache
def _stamped(satellite: Satellite) -> Select[Any]:
    table = satellite.__table__
    given = _given()
    new: dict[str, Any] = {"modificationtime": given.c.time}
    if satellite is FilesTable4:
        lost = and_(given.c.lost, FATE_OF_FAILED.is_for(table.c))
        new["status"] = case((lost, "failed"), else_=table.c.status)
    changed = (
        update(table)
        .where(table.c.pandaid == given.c.pandaid, table.c.modificationtime == EPOCH)
        .where(~_has_twin(satellite, given))
        .values(new)
        .returning(table.c.pandaid)
        .cte("changed")
    )
    return select(func.count()).select_from(changed)


def _given() -> TableValuedAlias:
    """Return the jobs with their times, and whether their outputs are lost, as a table."""
    return id_arrays.unnested(
        "given",
        pandaid=id_arrays.array("pandaids"),
        time=bindparam("times", type_=ARRAY(Timestamp)),
        lost=bindparam("lost", type_=ARRAY(Boolean)),
    )


def _has_twin(satellite: Satellite, given: TableValuedAlias) -> Any:
    """Return whether a table has a row of the same key at the time of the job."""
    table, twin = satellite.__table__.c, satellite.__table__.alias("twin").c
    keys = [column.name for column in satellite.__table__.primary_key]
    same = [twin[key] == table[key] for key in keys if key != "modificationtime"]
    return exists().where(*same, twin.modificationtime == given.c.time)


def tally(found: Mapping[int, Rows], pandaids: Sequence[int]) -> Rows:
    """Return how many rows of each table belong to some of the jobs."""
    sums: Rows = defaultdict(int)
    for pandaid in pandaids:
        for table, rows in found[pandaid].items():
            sums[table] += rows
    return dict(sums)

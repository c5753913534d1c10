"""Jobs looked up by their PandaIDs, in whichever table they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, union_all

from pandadb.core.archive.lookup.archived_jobs import search
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobsArchived
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from sqlalchemy import Row, Select

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

    Found = Row[*tuple[Any, ...]]
    Look = Callable[[JobTable], Select[*tuple[Any, ...]]]


def rows(
    session: Transaction, pandaids: Collection[int], look: Look, archive: Transaction | None = None
) -> dict[int, Found]:
    """Return a row of each job that some table has: of copies, the first of `copies`."""
    return _first(copies(session, pandaids, look, archive))


def copies(
    session: Transaction, pandaids: Collection[int], look: Look, archive: Transaction | None = None
) -> list[Found]:
    """Return the rows of jobs as `look` selects them, with their `pandaid`; live ones come first.

    The archive is queried for jobs that no other table has. A job that it lacks may have been
    restored meanwhile, so it is looked up once more. Jobs that this database lacks are looked up in
    `archive`, another database, as days are there before they are dropped here.
    """
    found = _live(session, pandaids, look)
    if missing := {*pandaids} - _first(found).keys():
        found += search(session, JobsArchived, missing, look(JobsArchived))
    if missing := missing - _first(found).keys():
        found += _live(session, missing, look)
    if archive and (missing := missing - _first(found).keys()):
        found += copies(archive, missing, look)
    return found


def live(session: Transaction, pandaids: Collection[int], look: Look) -> dict[int, Found]:
    """Return jobs from the tables before the archive: at one moment, as they move.

    Of copies, the one in the table that is the earliest in a job's life.
    """
    return _first(_live(session, pandaids, look))


def _live(session: Transaction, pandaids: Collection[int], look: Look) -> list[Found]:
    each = (
        look(job).add_columns(literal(nth).label("nth")).where(is_among(job.pandaid, pandaids))
        for nth, job in enumerate(UNARCHIVED_TABLES)
    )
    return sorted(session.execute(union_all(*each)), key=lambda row: row.nth)


def _first(found: Iterable[Found]) -> dict[int, Found]:
    first: dict[int, Found] = {}
    for row in found:
        first.setdefault(row.pandaid, row)
    return first

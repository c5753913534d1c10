"""Ids that a sequence has given though a job or a file has them: the sequence is behind its tables.

A PandaID that is given twice is of two jobs, and no key of the database refuses that, since they
are in different tables. So each id is looked for when it is drawn. That costs a look into the index
of each partition, in the statement that draws: the first id that is there and not lower than the
first that was drawn. Almost always there is none, or one that was drawn later.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, Integer, bindparam, func, null, select

from pandadb.core.jobs.search import lookup
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.errors import PandaDBError
from pandadb.models import ArchiveRange, FilesTable4, JobsArchived
from pandadb.models.jobs.all_tables import UNARCHIVED_TABLES
from pandadb.models.jobs.columns import JOBSDEFINED4_PANDAID_SEQ
from pandadb.models.jobs.satellites import FILESTABLE4_ROW_SEQ

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import CTE, ColumnElement, Select
    from sqlalchemy import Sequence as DatabaseSequence

    from pandadb.core.sql.transaction import Transaction


class NumberTaken(PandaDBError):
    """A number that a sequence has given, though a table has it; nothing was changed."""


def draw(session: Transaction, njobs: int, nfiles: int) -> tuple[list[int], list[int], datetime]:
    """Draw the ids of jobs and of their files, and the time, in one round trip.

    Raises:
        NumberTaken: A job or a file has one of the ids already.
    """
    drawn = {"njobs": njobs, "nfiles": nfiles}
    pandaids, row_ids, when, job, file = session.execute(_draw(files=nfiles > 0), drawn).one()
    pandaids, row_ids = sorted(pandaids), sorted(row_ids)
    refuse(session, pandaids, job, row_ids, file)
    return pandaids, row_ids, when


@cache
def _draw(*, files: bool) -> Select[Any]:
    """Return the statement, with the first numbers that are taken: of jobs, and of files."""
    drawn = (
        select(
            _next(JOBSDEFINED4_PANDAID_SEQ, "njobs").label("pandaids"),
            _next(FILESTABLE4_ROW_SEQ, "nfiles").label("row_ids"),
        )
        .cte("drawn")
        .prefix_with("MATERIALIZED")
    )
    file = next_file(drawn) if files else null()
    return select(drawn.c.pandaids, drawn.c.row_ids, now(), next_job(drawn), file)


def _next(sequence: DatabaseSequence, name: str) -> ColumnElement[list[int]]:
    n = bindparam(name, type_=Integer)
    numbers = select(sequence.next_value()).select_from(func.generate_series(1, n).alias())
    return func.array(numbers.scalar_subquery(), type_=ARRAY(BigInteger))


def next_job(drawn: CTE) -> ColumnElement[int]:
    """Return the first PandaID that is not lower than the first drawn; NULL for none."""
    first = _first(drawn.c.pandaids)
    there = [_from(job.__table__.c.pandaid, first) for job in UNARCHIVED_TABLES]
    note = ArchiveRange.__table__.c  # columns, as mapping all models would take a second
    noted = select(func.min(func.greatest(note.least_pandaid, first))).where(
        note.table_name == JobsArchived.__tablename__, note.greatest_pandaid >= first
    )
    return func.least(*(one.scalar_subquery() for one in (*there, noted)))


def next_file(drawn: CTE) -> ColumnElement[int]:
    """Return the first `row_id` that is not lower than the first drawn; NULL for none."""
    return _from(FilesTable4.__table__.c.row_id, _first(drawn.c.row_ids)).scalar_subquery()


def _first(ids: ColumnElement[Any]) -> ColumnElement[int]:
    return select(ids[1]).correlate(None).scalar_subquery()


def _from(column: ColumnElement[int], first: ColumnElement[int]) -> Select[int]:
    return select(column).where(column >= first).order_by(column).limit(1)


def refuse(
    session: Transaction,
    pandaids: Sequence[int],
    job: int | None,
    row_ids: Sequence[int],
    file: int | None,
) -> None:
    """Refuse ids that are taken; they are sorted, with the first that is there from theirs on.

    Raises:
        NumberTaken: One of them is taken.
    """
    if job is not None and job <= pandaids[-1]:
        found = lookup.rows(session, pandaids, lambda table: select(table.pandaid))
        _refuse("PandaID", JOBSDEFINED4_PANDAID_SEQ, min(found, default=None))
    if file is not None and file <= row_ids[-1]:
        rows = select(func.min(FilesTable4.row_id)).where(is_among(FilesTable4.row_id, row_ids))
        _refuse("The row_id of a file,", FILESTABLE4_ROW_SEQ, session.scalar(rows))


def _refuse(words: str, sequence: DatabaseSequence, number: int | None) -> None:
    if number is not None:
        raise NumberTaken(
            f"{words} {number} is taken already: the sequence {sequence.name} is behind its tables."
            " Nothing was changed; let it go on above them: pandadb db fix-sequences"
        )

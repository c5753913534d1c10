"""New ranges of events of the files of a job set, in the place of older ones; semantics 2.1.

What became of the older ones is kept: finished and done ranges are discarded, or done with
`de` in `specialhandling`; what was not processed is cancelled.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    true,
    update,
)

from pandadb.core.datasets.file_keys import KEY as FILE_KEY
from pandadb.core.events import changes
from pandadb.core.events.changes import EventFile
from pandadb.core.events.effects import IS_JUMBO
from pandadb.core.events.states import KEY, EventStatus
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constants
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Select, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

EVENT = JediEvents.__table__.c
IN_WORK = constants((EventStatus.SENT.value, EventStatus.RUNNING.value))
NO_EVENT = -1
"""The `processed_upto_eventid` of records of files that a job has several times."""


class NewRanges(NamedTuple):
    """The ranges of a file to make."""

    jeditaskid: int
    datasetid: int
    fileid: int
    jobset: int
    before: int
    """Events before the first one: of the file, and of files before it in the job."""
    events: int
    range_length: int
    attempts: int
    keeps_events: bool
    """Whether ranges that are done already are left out."""


class RepeatedFile(NamedTuple):
    """A file that is an input of a job a second time, or more often."""

    jeditaskid: int
    datasetid: int
    fileid: int
    attemptnr: int
    pandaid: int
    row_id: int
    """The row of FILESTABLE4 with its name."""


def make(session: Transaction, new: Sequence[NewRanges]) -> dict[int, int]:
    """Make ranges of files; return the number of them of each job set.

    The caller has locked the files. A range is named by its first event (`job_processid`).
    """
    if not new:
        return {}
    for verb, keeps in (("discard", False), ("keep", True)):
        files = (EventFile(*one[:3]) for one in new if one.keeps_events is keeps)
        changes.of_files(session, verb, files)
    fields = zip(NewRanges._fields, zip(*new, strict=True), strict=True)
    given = {f"{name}s": [*values] for name, values in fields}
    session.execute(_reset(), given)
    made = {one.jobset: 0 for one in new}
    return made | dict(map(tuple, session.execute(_made(), given)))


def note_repeated(session: Transaction, files: Sequence[RepeatedFile]) -> None:
    """Note files that a job has several times: FILESTABLE4 has the first of them only.

    They are ranges without events, of the attempt after theirs, since that of a range is above 0.
    """
    if files:
        session.execute(
            insert(JediEvents.__table__),
            [
                {
                    "jeditaskid": one.jeditaskid,
                    "datasetid": one.datasetid,
                    "pandaid": one.pandaid,
                    "fileid": one.fileid,
                    "job_processid": one.row_id,
                    "attemptnr": one.attemptnr + 1,
                    "status": EventStatus.DISCARDED.value,
                    "def_min_eventid": 0,
                    "def_max_eventid": 0,
                    "processed_upto_eventid": NO_EVENT,
                }
                for one in files
            ],
        )


def _given() -> Columns:
    kinds = {name: BigInteger() for name in NewRanges._fields[:-1]}
    arrays = {name: bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in kinds.items()}
    keeps = bindparam("keeps_eventss", type_=ARRAY(Boolean))
    return id_arrays.unnested("given", **arrays, keeps_events=keeps).c


@cache
def _reset() -> Update:
    """Leave failed ranges of older job sets: they are not copied any more."""
    given = _given()
    failed = (
        select(*(EVENT[name] for name in KEY))
        .join(given.fileid.table, and_(*(EVENT[name] == given[name] for name in FILE_KEY)))
        .where(
            EVENT.status == constants([EventStatus.FAILED.value])[0],
            EVENT.processed_upto_eventid.is_not(None),
        )
        .order_by(*(EVENT[name] for name in KEY))
        .with_for_update(of=JediEvents.__table__)
        .cte("failed")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(JediEvents.__table__)
        .where(*(EVENT[name] == failed.c[name] for name in KEY))
        .values(processed_upto_eventid=None)
    )


@cache
def _made() -> Select[Any]:
    given = _given()
    first = func.generate_series(1, given.events, given.range_length)
    number = first.table_valued(column("first", BigInteger)).render_derived("number")
    least = given.before + number.c.first
    most = func.least(least + given.range_length - 1, given.before + given.events)
    values: dict[str, ColumnElement[Any]] = {
        **{name: given[name] for name in FILE_KEY},
        "pandaid": given.jobset,
        "attemptnr": given.attempts,
        "status": constants([EventStatus.READY.value])[0],
        "job_processid": least,
        "def_min_eventid": least,
        "def_max_eventid": most,
        "processed_upto_eventid": literal_column("0"),
        "event_offset": given.jobset,
    }
    ranges = (
        select(*(cast(value, EVENT[name].type).label(name) for name, value in values.items()))
        .select_from(given.fileid.table.join(number, true()))
        .where(or_(not_(given.keeps_events), ~_is_done(given, least)))
    )
    new = insert(JediEvents.__table__).from_select([*values], ranges).returning(EVENT.pandaid)
    made = new.cte("made")
    return select(made.c.pandaid, func.count()).group_by(made.c.pandaid)


def _is_done(given: Columns, first: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether a range of the file is done, or a jumbo job processes it."""
    other = JediEvents.__table__.alias("other").c
    by_jumbo = and_(other.is_jumbo == IS_JUMBO, other.status.in_(IN_WORK))
    return exists().where(
        *(other[name] == given[name] for name in FILE_KEY),
        other.job_processid == first,
        or_(other.status == constants([EventStatus.DONE.value])[0], by_jumbo),
    )

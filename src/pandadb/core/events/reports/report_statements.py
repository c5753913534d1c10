"""The statements that store reports on ranges of events, however many there are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    update,
)

from pandadb.core.events.states import KEY, SUCCESSFUL
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constant, constants
from pandadb.models import JediEvents, JediTasks, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Select, Update

    from pandadb.core.events.range_ids import RangeID
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns

EVENT, JOB, TASK = JediEvents.__table__.c, JobsActive4.__table__.c, JediTasks.__table__.c
EVENTS_PER_RANGE = r"(?:^|,)ES=([0-9]{1,9})(?:,|$)"
"""The entry of a task's `splitrule` with the number of events of a range."""


class ReportRow(NamedTuple):
    """The change of a report: the key of its range, and the new values."""

    jeditaskid: int
    pandaid: int
    fileid: int
    job_processid: int
    status: int
    attemptnr: int
    objstore_id: int | None
    error_code: int | None
    error_diag: str | None
    path_convention: int | None
    ziprow_id: int | None


def lock(session: Transaction, ids: Sequence[RangeID]) -> dict[tuple[int, ...], tuple[int, int]]:
    """Lock ranges; return status and attempt of those that there are, by their keys."""
    columns = zip(KEY, zip(*(one[:4] for one in ids), strict=True), strict=True)
    given = {f"{name}s": [*values] for name, values in columns}
    return {tuple(row[:4]): (row[4], row[5]) for row in session.execute(_locked(), given)}


def store(session: Transaction, rows: Sequence[ReportRow]) -> None:
    """Store reports on ranges that are locked."""
    columns = zip(ReportRow._fields, zip(*rows, strict=True), strict=True)
    session.execute(_stored(), {f"{name}s": [*values] for name, values in columns})


def count(session: Transaction, jobs: Collection[tuple[int, int]], *, fine_grained: bool) -> None:
    """Count the processed events of jobs (task, PandaID), or of job sets, in `nevents`.

    A range counts as many events as ranges of the task have, though the last may have fewer.
    """
    if jobs:
        tasks, pandaids = zip(*sorted(jobs), strict=True)
        given = {"tasks": [*tasks], "pandaids": [*pandaids]}
        session.execute(_counted(fine_grained=fine_grained), given)


@cache
def _locked() -> Select[Any]:
    given = id_arrays.unnested("given", **{n: id_arrays.array(f"{n}s") for n in KEY}).c
    key = [EVENT[name] for name in KEY]
    return (
        select(*key, EVENT.status, EVENT.attemptnr)
        .join(given.pandaid.table, and_(*(EVENT[name] == given[name] for name in KEY)))
        .order_by(*key)
        .with_for_update(of=JediEvents.__table__)
    )


def _given() -> Columns:
    kinds = dict.fromkeys(ReportRow._fields, BigInteger()) | {"error_diag": String()}
    arrays = {name: bindparam(f"{name}s", type_=ARRAY(kind)) for name, kind in kinds.items()}
    return id_arrays.unnested("given", **arrays).c


@cache
def _stored() -> Update:
    given = _given()
    values = {n: given[n] for n in ReportRow._fields if n not in (*KEY, "ziprow_id")}
    return (
        update(JediEvents.__table__)
        .where(*(EVENT[name] == given[name] for name in KEY))
        .values(**values, ziprow_id=func.coalesce(given.ziprow_id, EVENT.ziprow_id))
    )


@cache
def _counted(*, fine_grained: bool) -> Update:
    arrays = {"jeditaskid": id_arrays.array("tasks"), "pandaid": id_arrays.array("pandaids")}
    given = id_arrays.unnested("given", **arrays).c
    is_of: ColumnElement[bool] = JOB.pandaid == given.pandaid
    if fine_grained:
        is_of = or_(is_of, and_(JOB.jeditaskid == given.jeditaskid, JOB.jobsetid == given.pandaid))
    processed = select(func.count()).where(
        EVENT.jeditaskid == given.jeditaskid,
        EVENT.pandaid == given.pandaid,
        EVENT.status.in_(constants(status.value for status in SUCCESSFUL)),
    )
    number = cast(func.substring(TASK.splitrule, constant(EVENTS_PER_RANGE)), Integer)
    events = select(number).where(TASK.jeditaskid == given.jeditaskid).scalar_subquery()
    unit = func.coalesce(events, literal_column("1"))
    return (
        update(JobsActive4.__table__)
        .where(is_of)
        .values(nevents=processed.scalar_subquery() * unit)
    )

"""Ranges of events carried through transitions: those of jobs, of files, or of jobs' files.

A job is a task and a PandaID, or a job set in its place; `of_jobs(session, "end", jobs)` ends the
ranges of jobs that end. Ranges are locked in the order of their key. Rows of the jobs, and the file
or dataset that is the mutex of a job set, are locked before, by the caller.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Boolean,
    and_,
    bindparam,
    case,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from pandadb.core.datasets.file_keys import KEY as FILE_KEY
from pandadb.core.events.effects import IS_JUMBO
from pandadb.core.events.states import KEY, EventStatus
from pandadb.core.events.transitions import MACHINE
from pandadb.core.sql import id_arrays
from pandadb.core.sql.expressions import constants
from pandadb.models import JediEvents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import CTE, ColumnElement, Select, TableValuedAlias

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns
    from pandadb.core.statemachine.machine import Transition

    Changes = Mapping[int, Mapping[EventStatus, int]]
    """Numbers of ranges by the PandaID that they had, and their new state."""

EVENT = JediEvents.__table__.c
READ = (*KEY, "datasetid", "attemptnr", "event_offset", "is_jumbo")


class EventJob(NamedTuple):
    """A job, or a job set, as the ranges know it."""

    jeditaskid: int
    pandaid: int
    jobset: int | None = None
    """The job set that its ranges go back to; None for the one that they were made for."""
    is_free: bool = False
    """Whether ranges go back without the loss of an attempt (`df` in `specialhandling`)."""


class EventFile(NamedTuple):
    """An input file of a task; with a PandaID, the ranges of it that this job has."""

    jeditaskid: int
    datasetid: int
    fileid: int
    pandaid: int | None = None


def of_jobs(session: Transaction, verb: str, jobs: Iterable[EventJob]) -> Changes:
    """Carry the ranges of jobs through a transition; return the numbers of those that changed.

    Raises:
        UnknownVerb: No transition has that verb.
    """
    jobs = [*dict.fromkeys(jobs)]
    if not jobs:
        return {}
    return _changed(session.execute(_of_jobs(verb), _given(jobs)).all())


def of_files(
    session: Transaction, verb: str, files: Iterable[EventFile], *, jumbo_only: bool = False
) -> Changes:
    """Carry the ranges of files through a transition, or those that jumbo jobs have taken.

    `keep` and `discard` leave ranges alone that a jumbo job processes.

    Raises:
        UnknownVerb: No transition has that verb.
    """
    files = [*dict.fromkeys(files)]
    if not files:
        return {}
    return _changed(session.execute(_of_files(verb, jumbo_only), _given(files)).all())


def copy_failed(session: Transaction, jobs: Iterable[EventJob]) -> int:
    """Copy failed ranges of jobs to their job sets, with an attempt less; return how many.

    A range is copied once: `processed_upto_eventid` of the failed one becomes NULL.
    """
    jobs = [*dict.fromkeys(jobs)]
    return session.scalar(_copied(), _given(jobs)) or 0 if jobs else 0


def _given(rows: Sequence[EventJob] | Sequence[EventFile]) -> dict[str, list[Any]]:
    return {
        f"{name}s": list(values)
        for name, values in zip(rows[0]._fields, zip(*rows, strict=True), strict=True)
    }


def _changed(rows: Iterable[Any]) -> Changes:
    found: defaultdict[int, Counter[EventStatus]] = defaultdict(Counter)
    for pandaid, status, number in rows:
        found[pandaid][EventStatus(status)] += number
    return found


@cache
def _of_jobs(verb: str) -> Select[Any]:
    frees = bindparam("is_frees", type_=ARRAY(Boolean))
    given = id_arrays.unnested(
        "given",
        **{name: id_arrays.array(f"{name}s") for name in EventJob._fields[:3]},
        is_free=frees,
    )
    of_job = and_(EVENT.jeditaskid == given.c.jeditaskid, EVENT.pandaid == given.c.pandaid)
    jobset, is_free = given.c.jobset, given.c.is_free
    return _counted(_carried(verb, _picked(verb, given, of_job, jobset, is_free)))


@cache
def _of_files(verb: str, jumbo_only: bool) -> Select[Any]:
    given = id_arrays.unnested(
        "given", **{name: id_arrays.array(f"{name}s") for name in EventFile._fields}
    )
    is_taken = EVENT.status.in_(constants((EventStatus.SENT.value, EventStatus.RUNNING.value)))
    is_jumbo = func.coalesce(EVENT.is_jumbo, 0) == IS_JUMBO
    of_file = and_(
        *(EVENT[name] == given.c[name] for name in FILE_KEY),
        or_(given.c.pandaid.is_(None), EVENT.pandaid == given.c.pandaid),
        is_jumbo if jumbo_only else or_(given.c.pandaid.is_not(None), ~is_jumbo, ~is_taken),
    )
    return _counted(_carried(verb, _picked(verb, given, of_file, null(), false())))


def _picked(
    verb: str,
    given: TableValuedAlias,
    chosen: ColumnElement[bool],
    jobset: ColumnElement[Any],
    is_free: ColumnElement[bool],
) -> CTE:
    """Lock the ranges that take a step of the verb, each with the place of its step."""
    steps = MACHINE.steps(verb)
    places = [(_takes(step, EVENT), literal(place)) for place, step in enumerate(steps)]
    return (
        select(
            *(EVENT[name] for name in READ),
            jobset.label("jobset"),
            is_free.label("is_free"),
            case(*places).label("step"),
        )
        .select_from(JediEvents.__table__.join(given, chosen))
        .where(or_(*(takes for takes, _ in places)))
        .order_by(*(EVENT[name] for name in KEY))
        .with_for_update(of=JediEvents.__table__)
        .cte("picked")
        .prefix_with("MATERIALIZED")
    )


def _takes(step: Transition, row: Columns) -> ColumnElement[bool]:
    sources = constants(_number(name) for name in step.sources)
    return and_(row["status"].in_(sources), *(guard.of(row) for guard in step.guards))


def _number(name: str) -> int:
    return EventStatus[name.upper()].value


def _carried(verb: str, picked: CTE) -> CTE:
    steps = MACHINE.steps(verb)
    columns = dict.fromkeys(name for step in steps for name in step.effects)

    def by_step(values: Iterable[tuple[int, Any]], otherwise: Any) -> ColumnElement[Any]:
        return case(*((picked.c.step == place, value) for place, value in values), else_=otherwise)

    targets = ((place, constants([_number(step.target)])[0]) for place, step in enumerate(steps))
    new = {
        name: by_step(
            (
                (place, step.effects[name].of(picked.c, name))
                for place, step in enumerate(steps)
                if name in step.effects
            ),
            EVENT[name],
        )
        for name in columns
    }
    return (
        update(JediEvents.__table__)
        .where(*(EVENT[name] == picked.c[name] for name in KEY))
        .values(status=by_step(targets, EVENT.status), **new)
        .returning(picked.c.pandaid, EVENT.status)
        .cte("carried")
    )


def _counted(carried: CTE) -> Select[Any]:
    number = func.count().label("number")
    return select(carried.c.pandaid, carried.c.status, number).group_by(*carried.c)


@cache
def _copied() -> Select[int]:
    given = id_arrays.unnested(
        "given", **{name: id_arrays.array(f"{name}s") for name in EventJob._fields[:3]}
    )
    copied = (*FILE_KEY, "job_processid", "def_min_eventid", "def_max_eventid", "event_offset")
    failed = (
        select(
            *(EVENT[name] for name in (*dict.fromkeys((*READ, *copied)), "processed_upto_eventid"))
        )
        .add_columns(func.coalesce(given.c.jobset, EVENT.event_offset).label("jobset"))
        .join(
            given,
            and_(EVENT.jeditaskid == given.c.jeditaskid, EVENT.pandaid == given.c.pandaid),
        )
        .where(
            EVENT.status == constants([EventStatus.FAILED.value])[0],
            EVENT.processed_upto_eventid.is_not(None),
        )
        .order_by(*(EVENT[name] for name in KEY))
        .with_for_update(of=JediEvents.__table__)
        .cte("failed")
        .prefix_with("MATERIALIZED")
    )
    values = {
        **{name: failed.c[name] for name in (*copied, "processed_upto_eventid")},
        "pandaid": failed.c.jobset,
        "attemptnr": failed.c.attemptnr - 1,
        "status": constants([EventStatus.READY.value])[0],
    }
    new = insert(JediEvents.__table__).from_select([*values], select(*values.values())).cte("new")
    marked = (
        update(JediEvents.__table__)
        .where(*(EVENT[name] == failed.c[name] for name in KEY))
        .values(processed_upto_eventid=None)
        .cte("marked")
    )
    return select(func.count()).select_from(failed).add_cte(new, marked)

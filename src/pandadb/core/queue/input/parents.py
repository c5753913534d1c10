"""Parents of new jobs: names of the same call, or PandaIDs of jobs that live or have ended."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from sqlalchemy import not_, select

from pandadb.core.control import groups
from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.states import STATES
from pandadb.core.sql.id_arrays import is_among
from pandadb.errors import InvalidInput
from pandadb.models import JobControl
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pandadb.core.queue.input.new_jobs import NewQueueJob
    from pandadb.core.sql.transaction import Transaction


class UnknownParent(InvalidInput):
    """A parent of a job is neither a name of the same call nor a job that there is."""


class DependencyCycle(InvalidInput):
    """Jobs wait for each other."""


def resolve(jobs: Sequence[NewQueueJob]) -> tuple[list[list[int]], set[int]]:
    """Return the places in the call of each job's parents, and the PandaIDs that are parents.

    Raises:
        UnknownParent: A name is not in the call, or is there twice.
        DependencyCycle: Jobs wait for each other; the sentence names them.
    """
    places: dict[str, int] = {}
    doubled = set()
    for place, job in enumerate(jobs):
        if job.name is not None and places.setdefault(job.name, place) != place:
            doubled.add(job.name)
    parents: list[list[int]] = []
    for job in jobs:
        names = [parent for parent in job.parents if isinstance(parent, str)]
        for name in names:
            if name not in places:
                raise UnknownParent(f"Job {job.name!r} waits for {name!r}, which is no job here")
            if name in doubled:
                raise UnknownParent(f"Job {job.name!r} waits for {name!r}, which is two jobs here")
        parents.append([places[name] for name in dict.fromkeys(names)])
    _check_order(jobs, parents)
    known = {parent for job in jobs for parent in job.parents if isinstance(parent, int)}
    return parents, known


def _check_order(jobs: Sequence[NewQueueJob], parents: Sequence[Sequence[int]]) -> None:
    try:
        TopologicalSorter(dict(enumerate(parents))).prepare()
    except CycleError as error:
        names = " → ".join(repr(jobs[place].name) for place in reversed(error.args[1]))
        raise DependencyCycle(f"Jobs wait for each other: {names}") from None


def lock_live(
    session: Transaction, parents: Collection[int], group_keys: Collection[str]
) -> dict[int, str | None]:
    """Lock the parents that live, so that they do not end meanwhile; return how all have ended.

    None is a job that lives. Control rows are locked first, then the groups of the new jobs, then
    the parents as jobs, each in the order of PandaIDs.

    Raises:
        UnknownParent: There is no such job, or it lives and is PanDA's own.
    """
    if not parents:
        groups.lock(session, group_keys)
        return {}
    control = JobControl.__table__
    mine = control.c.pandaid
    locked = select(mine).where(is_among(mine, parents)).order_by(mine).with_for_update()
    controlled = {*session.scalars(locked)}
    new = control.update().where(is_among(mine, parents), not_(control.c.has_children))
    session.execute(new.values(has_children=True))
    groups.lock(session, group_keys)
    for table in LIVE_TABLES:
        job = table.__table__.c.pandaid
        rows = select(job).where(is_among(job, parents)).order_by(job)
        session.execute(rows.with_for_update(key_share=True)).all()
    found = lookup.rows(session, [*parents], lambda table: select(table.pandaid, table.jobstatus))
    if missing := sorted({*parents} - {*found}):
        raise UnknownParent(f"Job {missing[0]} is to be a parent, and there is no such job")
    ended = {
        pandaid: row.jobstatus if STATES[row.jobstatus].final else None
        for pandaid, row in found.items()
    }
    live = [job for job, end in ended.items() if end is None]
    if foreign := sorted({*live} - controlled):
        raise UnknownParent(f"Job {foreign[0]} is not of a job queue: no job can wait for its end")
    return ended

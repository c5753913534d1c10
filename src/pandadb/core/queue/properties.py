"""Properties of jobs that no worker has: of the job queue's, and of PanDA's own."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, select, update

from pandadb.core.jobs.mover import looks
from pandadb.core.jobs.refusals import Refusal, RefusalReason, refusing_to_wait
from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.search.job_filters.control_criteria import NOT_DISPATCHED
from pandadb.core.queue.verbs import run_properties
from pandadb.core.queue.verbs.outcomes import VerbOutcome
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import JobControl
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Select

    from pandadb.core.queue.verbs.run_properties import RunProperties
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

CONTROL = JobControl.__table__.c


def change(
    session: Transaction, pandaids: Sequence[int], new: RunProperties, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Set properties of jobs; of PanDA's own only before they are dispatched.

    For those of the job queue see `run_properties.set_properties`.

    Raises:
        UnknownQueue, UnknownExecConfig: There is no such queue, or configuration.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    mine = {*session.scalars(select(CONTROL.pandaid).where(is_among(CONTROL.pandaid, pandaids)))}
    queued = [job for job in pandaids if job in mine]
    done = VerbOutcome()
    if queued:
        done = run_properties.set_properties(session, queued, new, how)
    else:
        run_properties.check_known(session, new)
    if others := [job for job in pandaids if job not in mine]:
        _change_own(session, others, new, how, done)
    return done


def _change_own(
    session: Transaction, pandaids: Sequence[int], new: RunProperties, how: Lock, done: VerbOutcome
) -> None:
    """Set properties of PanDA's own jobs; add what was done."""
    found = _locked(session, pandaids, how)
    done.refused |= _missing(session, [job for job in pandaids if job not in found])
    chosen: dict[JobTable, list[int]] = defaultdict(list)
    for job, (table, state) in sorted(found.items()):
        if refusal := _refusal(job, state, new):
            done.refused[job] = refusal
            continue
        done.states[job] = done.before[job] = state
        chosen[table].append(job)
    for table, jobs in chosen.items():
        with refusing_to_wait():
            session.execute(
                update(table).where(is_among(table.pandaid, jobs)).values(_columns(new))
            )


def _columns(new: RunProperties) -> dict[str, Any]:
    found = dict(new.columns)
    if new.queue is not None:
        found["computingsite"] = new.queue
    if new.priority is not None:
        found |= {"currentpriority": new.priority, "assignedpriority": new.priority}
    return found


def _locked(
    session: Transaction, pandaids: Sequence[int], how: Lock
) -> dict[int, tuple[JobTable, str]]:
    """Lock live jobs; return the table and the state of each."""
    found: dict[int, tuple[JobTable, str]] = {}
    with refusing_to_wait():
        for table, treatment in looks(LIVE_TABLES, how):
            skip, nowait = treatment is Lock.SKIP, treatment is Lock.NOWAIT
            left = [job for job in pandaids if job not in found]
            rows = select(table.pandaid, table.jobstatus).where(is_among(table.pandaid, left))
            locked = rows.order_by(table.pandaid).with_for_update(skip_locked=skip, nowait=nowait)
            if left:
                found |= {row.pandaid: (table, row.jobstatus) for row in session.execute(locked)}
    return found


def _missing(session: Transaction, jobs: Collection[int]) -> dict[int, Refusal]:
    """Return why live jobs were not found: they are unknown, have ended, or are locked."""
    if not jobs:
        return {}
    known = lookup.rows(session, jobs, _looked_up)
    refused = {}
    for job in jobs:
        reason, words = RefusalReason.UNKNOWN, "is unknown: no table has it"
        if job in known and known[job].is_live:
            reason, words = RefusalReason.LOCKED, "is locked: another transaction is changing it"
        elif job in known:
            words = f"is {known[job].jobstatus}: properties are set before a job is dispatched"
            reason = RefusalReason.STATE
        refused[job] = Refusal(reason, f"Job {job} {words}")
    return refused


def _looked_up(job: JobTable) -> Select[*tuple[Any, ...]]:
    return select(job.pandaid, job.jobstatus, literal(job in LIVE_TABLES).label("is_live"))


def _refusal(job: int, state: str, new: RunProperties) -> Refusal | None:
    """Return why the properties of a job cannot be set, if that is so."""
    if new.resources is not None or new.exec_config is not None:
        words = f"Job {job} is not of a job queue: only such jobs have resources and exec_config"
        return Refusal(RefusalReason.GUARD, words)
    if state in NOT_DISPATCHED:
        return None
    words = f"Job {job} is {state}: properties are set before a job is dispatched"
    return Refusal(RefusalReason.STATE, words)

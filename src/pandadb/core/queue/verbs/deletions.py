"""Deletions of queued jobs that are not in flight, with their attempts and all that is of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, null, or_, select, update

from pandadb.core.control import dependencies, groups
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.jobs.files.file_status import same_file
from pandadb.core.jobs.refusals import Refused
from pandadb.core.queue import processes
from pandadb.core.queue.cancels import kill_at_once
from pandadb.core.queue.verbs import job_rows, new_attempts, outcomes, refused, withdrawn_leases
from pandadb.core.queue.verbs.standings import DELETE, IN_FLIGHT, allowed
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.models import (
    FilesTable4,
    HarvesterRelJobsWorkers,
    JediDatasetContents,
    JediJobRetryHistory,
    JobControl,
    JobDependency,
    JobGroupMember,
    JobLease,
    JobMetrics,
    JobOutputReport,
    JobParamsTable,
    Jobs,
    JobsArchived4,
    JobsDebug,
    JobsStatusLog,
    MetaTable,
    SQLQueue,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pandadb.core.jobs.refusals import Refusal
    from pandadb.core.queue.verbs.outcomes import Chosen, VerbOutcome
    from pandadb.core.queue.verbs.standings import Standing
    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE, JOB = JobControl.__table__.c, JobDependency.__table__.c, Jobs.__table__.c
OF_JOBS = (
    FilesTable4,
    HarvesterRelJobsWorkers,
    JobMetrics,
    JobOutputReport,
    JobParamsTable,
    JobsDebug,
    JobsStatusLog,
    MetaTable,
    SQLQueue,
    JobGroupMember,
    JobLease,
    JobControl,
    JobsArchived4,
)
"""Tables with rows of jobs by their PandaIDs; events of the outbox are left to be sent."""


def remove(
    session: Transaction,
    pandaids: Sequence[int],
    *,
    host: str,
    whole_flows: bool = False,
    cancels: bool = False,
    how: Lock = Lock.WAIT,
) -> VerbOutcome:
    """Delete jobs that no worker has: their children wait for them no longer.

    The last job of a flow is refused, unless flows are deleted as a whole. With `cancels` jobs
    that workers have are cancelled first, at once: their leases are lost.

    Raises:
        FlowLocked, JobsLocked: The session's `lock_timeout` has passed.
        Refused: A job cannot be killed; nothing must be committed.
    """
    also = IN_FLIGHT if cancels else ()
    if cancels:
        withdrawn_leases.lock(session, pandaids, how)
    chosen = outcomes.choose(session, pandaids, DELETE, how, also=also)
    if not whole_flows:
        chosen.refuse(_last_of_flows(session, chosen))
    chosen.refuse(_taken_meanwhile(session, chosen, also))
    jobs = chosen.ids
    if not jobs:
        return chosen.outcome
    children = _cut(session, jobs)
    live = [job for job in jobs if not chosen.jobs[job].has_ended]
    processes.cancel(session, live)
    for refusal in kill_at_once(session, live, host=host).refused.values():
        raise Refused(refusal)
    freed = groups.leave(session, jobs)
    queued_jobs.go_on(session, dependencies.ready(session, children), freed, host=host)
    purge(session, [*jobs, *new_attempts.earlier(session, jobs)])
    chosen.outcome.states = dict.fromkeys(jobs, "deleted")
    return chosen.outcome


def foresee(
    session: Transaction, pandaids: Sequence[int], *, whole_flows: bool, cancels: bool
) -> dict[int, Refusal]:
    """Return the jobs that would not be deleted as they are now; nothing is locked."""
    chosen = outcomes.foresee(session, pandaids, DELETE, also=IN_FLIGHT if cancels else ())
    if not whole_flows:
        chosen.refuse(_last_of_flows(session, chosen))
    return chosen.outcome.refused


def _taken_meanwhile(
    session: Transaction, chosen: Chosen, also: Collection[Standing]
) -> dict[int, Refusal]:
    """Refuse jobs that workers have taken by now; no worker can take the others."""
    live = [job for job in chosen.ids if not chosen.jobs[job].has_ended]
    job_rows.keep_moves(session, live)
    return {
        job: refused.not_allowed(job, one.standing, DELETE)
        for job, one in job_rows.read(session, live).items()
        if not allowed(DELETE, one.standing) and one.standing not in also
    }


def _last_of_flows(session: Transaction, chosen: Chosen) -> dict[int, Refusal]:
    """Refuse the newest of the chosen jobs of a flow that would have none left.

    A further attempt is as old as the first one.
    """
    mine: dict[int, list[int]] = {}
    for job, one in chosen.jobs.items():
        if one.jeditaskid:
            mine.setdefault(one.jeditaskid, []).append(job)
    numbers = (
        select(JOB.jeditaskid, func.count(CONTROL.pandaid.distinct()))
        .join(JobControl.__table__, CONTROL.pandaid == JOB.pandaid)
        .where(is_among(JOB.jeditaskid, mine))
        .group_by(JOB.jeditaskid)
    )
    words = "is the last job of its flow: delete the flow"
    full = [
        flow
        for flow, number in (session.execute(numbers) if mine else ())
        if number <= len(mine[flow])
    ]
    first = new_attempts.first_of(session, [job for flow in full for job in mine[flow]])
    newest = [max(mine[flow], key=lambda job: first[job]) for flow in full]
    return {job: refused.guarded(job, words) for job in newest}


def _cut(session: Transaction, jobs: Collection[int]) -> list[int]:
    """Delete the dependencies of jobs; return the children that stay."""
    edge = JobDependency.__table__
    cut = delete(edge).where(or_(is_among(EDGE.parent, jobs), is_among(EDGE.child, jobs)))
    children = sorted({*session.scalars(cut.returning(EDGE.child))} - {*jobs})
    touched = update(JobControl.__table__).where(is_among(CONTROL.pandaid, children))
    session.execute(touched.values(last_changed=now()))
    return children


def purge(session: Transaction, jobs: Collection[int]) -> None:
    """Delete the rows of jobs that have ended, from all tables; files of tasks become free."""
    contents, file = JediDatasetContents.__table__, FilesTable4.__table__.c
    freed = update(contents).where(
        same_file(contents.c, file),
        is_among(file.pandaid, jobs),
        is_among(contents.c.pandaid, jobs),
    )
    session.execute(freed.values(pandaid=null()))
    history = JediJobRetryHistory.__table__.c
    session.execute(
        delete(JediJobRetryHistory.__table__).where(
            or_(is_among(history.oldpandaid, jobs), is_among(history.newpandaid, jobs))
        )
    )
    for model in OF_JOBS:
        table = model.__table__
        session.execute(delete(table).where(is_among(table.c.pandaid, jobs)))

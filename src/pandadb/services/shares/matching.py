"""The share of a job or a task explained: which leaves and work queues were tried, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import job_shares
from pandadb.core.jobs.search import pages as jobs
from pandadb.core.shares import matching, resource_types, tree, work_queues
from pandadb.core.shares.matching import ES_MERGE, ES_MERGE_SHARE, ShareMatcher, Trial
from pandadb.core.shares.tree import UNDEFINED_SHARE
from pandadb.core.sql import validation
from pandadb.core.tasks.commands import initial_shares
from pandadb.core.tasks.search import pages as tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from pandadb.core.sql.transaction import Transaction
    from pandadb.database import Database


@dataclass(frozen=True)
class TaskMatch:
    """The share and the work queue that a task has, and those that it would get now."""

    jeditaskid: int
    has: Mapping[str, Any]
    """`gshare`, `workqueue_id` and `resource_type` of the task."""
    share: str
    asked: str | None
    """The share that the task's parameters ask for; a leaf goes before all rules."""
    trials: Sequence[Trial]
    """Leaves that were tried, the last one matches if its reason is None."""
    resource_type: str
    workqueue: int | None = None
    queue_trials: Sequence[Trial] = ()


@dataclass(frozen=True)
class JobMatch:
    """The share that a job has, and that it would get by its own columns."""

    pandaid: int
    has: Mapping[str, Any]
    """`gshare`, `workqueue_id` and `resource_type` of the job."""
    share: str
    trials: Sequence[Trial]
    resource_type: str
    merges_events: bool = False
    """Jobs that merge the output of ranges of events are express, without a rule."""
    task: TaskMatch | None = field(default=None)
    """The task that the job was generated for: the job has got the share of the task."""


def match_task(database: Database, jeditaskid: int) -> TaskMatch:
    """Explain the share and the work queue of a task. Nothing is changed.

    Raises:
        TaskNotFound: There is no such task.
        InvalidValue: No task can have the number.
    """
    with database.transaction() as connection:
        return _task(connection, jeditaskid)


def match_job(database: Database, pandaid: int) -> JobMatch:
    """Explain the share of a job, live or archived, and that of its task. Nothing is changed.

    Raises:
        UnknownJob: No table has it.
        InvalidValue: No job can have the number.
    """
    with database.session() as session:
        job = jobs.get(session, pandaid)
        matcher, rtype = _matcher(session, job["computingsite"])
        values = {**job, "rtype": rtype}
        trials = matcher.explain(matching.job_values(values))
        merges_events = job["eventservice"] == ES_MERGE
        return JobMatch(
            pandaid,
            _has(job),
            ES_MERGE_SHARE if merges_events else _share(trials),
            () if merges_events else trials,
            resource_types.of_job(job, resource_types.read(session)),
            merges_events,
            _task_of(session, job["jeditaskid"]),
        )


def match_jobs(database: Database, pandaids: Iterable[int]) -> dict[int, str]:
    """Return the share that each of these live jobs would get by its own columns.

    Jobs that are not live are left out. Nothing is changed.

    Raises:
        InvalidValue: A job is no number.
    """
    ids = validation.ids(pandaids)
    with database.transaction() as connection:
        return job_shares.match(connection, ids)


def _task_of(session: Session, jeditaskid: int | None) -> TaskMatch | None:
    try:
        return _task(session, jeditaskid) if jeditaskid else None
    except tasks.TaskNotFound:
        return None


def _task(session: Transaction, jeditaskid: int) -> TaskMatch:
    task = tasks.get(session, jeditaskid)
    matcher, rtype = _matcher(session, task["site"])
    trials = matcher.explain(matching.task_values({**task, "rtype": rtype}))
    asked = initial_shares.asked_share(initial_shares.parameters_of(session, jeditaskid))
    queues = work_queues.work_queues(session)
    queue = work_queues.queue_of(task, queues)
    return TaskMatch(
        jeditaskid,
        _has(task),
        asked if asked in {leaf.name for leaf in matcher.leaves} else _share(trials),
        asked,
        trials,
        resource_types.of_task(task, resource_types.read(session)),
        queue.queue_id if queue else None,
        work_queues.explain(task, queues),
    )


def _matcher(session: Transaction, sites: str | None) -> tuple[ShareMatcher, str | None]:
    """Return the matcher, and the resource type of the first of the sites."""
    matcher, site = ShareMatcher(tree.leaves(session)), resource_types.first_site(sites)
    return matcher, resource_types.of_queues(session, [site]).get(site)


def _has(work: Mapping[str, Any]) -> dict[str, Any]:
    return {name: work[name] for name in ("gshare", "workqueue_id", "resource_type")}


def _share(trials: Sequence[Trial]) -> str:
    matched = next((trial.name for trial in trials if trial.reason is None), None)
    return matched or UNDEFINED_SHARE

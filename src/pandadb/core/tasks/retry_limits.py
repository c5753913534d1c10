"""Limits for retries of tasks: CONFIG, component `retry_task` (semantics 3.6).

Each key ends with the task's `prodsourcelabel`. A limit that is 0 or not set is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, union

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks import jedi_config
from pandadb.core.tasks.ending import scout_jobs, scout_values
from pandadb.models import JediDatasetContents, JediDatasets, JobsArchived, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Row, Select

    from pandadb.core.sql.transaction import Transaction

    Values = Mapping[int, float]
    """Values to compare with a limit, by task; a task without a value is within the limit."""

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
MEASURED_LABELS = ("managed", "user")
"""Labels of the jobs that count."""
SECONDS_OF_HOUR = 3600


@dataclass(frozen=True)
class Limit:
    """A limit: the beginning of its key in CONFIG, and the value to compare with it."""

    key: str
    words: str
    """A sentence on a task beyond it, with `{value}` and `{limit}`."""
    measure: Callable[[Transaction, Sequence[Row[Any]]], Values]
    is_least: bool = False
    """Whether less than the limit is beyond it; otherwise as much or more is."""
    exhausts: bool = True
    """Whether the task is exhausted; otherwise it goes back to its earlier state."""

    def is_passed(self, value: float, limit: float) -> bool:
        """Return whether a value is beyond the limit."""
        return value < limit if self.is_least else value >= limit


@dataclass(frozen=True)
class Excess:
    """A task beyond a limit."""

    exhausts: bool
    sentence: str


def passed(session: Transaction, tasks: Sequence[Row[Any]]) -> dict[int, Excess]:
    """Return the tasks, given as rows of JEDI_TASKS, that are beyond a limit; of several the first.

    Raises:
        InvalidSetting: A limit in CONFIG is no number.
    """
    config = jedi_config.read(session, "retry_task")
    found: dict[int, Excess] = {}
    for limit in LIMITS:
        limits = {
            task.jeditaskid: number
            for task in tasks
            if (number := config.number(f"{limit.key}_{task.prodsourcelabel}"))
        }
        limited = [one for one in tasks if one.jeditaskid in limits.keys() - found.keys()]
        if not limited:
            continue
        for task, value in limit.measure(session, limited).items():
            if limit.is_passed(value, limits[task]):
                words = limit.words.format(value=f"{value:g}", limit=f"{limits[task]:g}")
                found[task] = Excess(limit.exhausts, words)
    return found


def _attempts(_session: Transaction, tasks: Sequence[Row[Any]]) -> Values:
    return {one.jeditaskid: one.attemptnr for one in tasks if one.attemptnr is not None}


def _failed_hours(session: Transaction, tasks: Sequence[Row[Any]]) -> Values:
    return {row.jeditaskid: row.bad // SECONDS_OF_HOUR for row in _ended_jobs(session, tasks)}


def _failed_share(session: Transaction, tasks: Sequence[Row[Any]]) -> Values:
    rows = _ended_jobs(session, tasks)
    return {
        row.jeditaskid: round(row.bad / total, 3) for row in rows if (total := row.good + row.bad)
    }


def _failure_rate(session: Transaction, tasks: Sequence[Row[Any]]) -> Values:
    rows = _ended_jobs(session, tasks)
    return {
        row.jeditaskid: round(row.failed / total, 3)
        for row in rows
        if (total := row.finished + row.failed)
    }


def _file_attempts(session: Transaction, tasks: Sequence[Row[Any]]) -> Values:
    query = (
        select(FILE.jeditaskid, func.max(FILE.maxattempt).label("most"))
        .join_from(
            DATASET.datasetid.table,
            FILE.fileid.table,
            (FILE.jeditaskid == DATASET.jeditaskid) & (FILE.datasetid == DATASET.datasetid),
        )
        .where(is_given(DATASET.jeditaskid), DATASET.type.in_(INPUTS))
        .group_by(FILE.jeditaskid)
        .having(func.max(FILE.maxattempt).is_not(None))
    )
    return {row.jeditaskid: row.most for row in _rows(session, query, tasks)}


def _cpu_efficiency(session: Transaction, tasks: Sequence[Row[Any]]) -> Values:
    """Return the median efficiency of the finished jobs of the input, per cent."""
    found = scout_jobs.read(session, [one.jeditaskid for one in tasks])
    values = {task: scout_values.median_efficiency(jobs.jobs) for task, jobs in found.items()}
    return {task: value for task, value in values.items() if value is not None}


LIMITS = (
    Limit(
        "TASK_MAX_ATTEMPT",
        "no more retries: the task has had {value} attempts, of {limit} at most",
        _attempts,
    ),
    Limit(
        "MAX_FAILED_HEP_SCORE_HOURS",
        "no more retries: failed jobs have used {value} HEP score hours, the limit is {limit}",
        _failed_hours,
    ),
    Limit(
        "MAX_FAILED_HEP_SCORE_RATE",
        "no more retries: {value} of the HEP score went to failed jobs, the limit is {limit}",
        _failed_share,
    ),
    Limit(
        "MAX_JOB_FAILURE_RATE",
        "no more retries: {value} of the jobs have failed, the limit is {limit}",
        _failure_rate,
    ),
    Limit(
        "JOB_MAX_ATTEMPT",
        "not retried: files are allowed {value} attempts already, the limit is {limit}",
        _file_attempts,
        exhausts=False,
    ),
    Limit(
        "MIN_CPU_EFFICIENCY",
        "no more retries: the CPU efficiency of its jobs is {value} %, {limit} % are needed",
        _cpu_efficiency,
        is_least=True,
    ),
)
"""The limits, in the order of their checks."""


def _ended_jobs(session: Transaction, tasks: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Return the numbers of finished and failed jobs of tasks, and their HEP score, seconds."""
    return _rows(session, _ended_jobs_query(), tasks)


@cache
def _ended_jobs_query() -> Select[Any]:
    """Select over live and archived jobs; a job in both counts once."""
    columns = ("pandaid", "jeditaskid", "jobstatus", "hs06sec")
    jobs = union(
        *(
            select(*(job.__table__.c[name] for name in columns)).where(
                is_given(job.__table__.c.jeditaskid),
                job.__table__.c.prodsourcelabel.in_(MEASURED_LABELS),
                job.__table__.c.jobstatus.in_(("finished", "failed")),
            )
            for job in (JobsArchived4, JobsArchived)
        )
    ).subquery("jobs")
    finished, failed = (jobs.c.jobstatus == state for state in ("finished", "failed"))
    return select(
        jobs.c.jeditaskid,
        func.count().filter(finished).label("finished"),
        func.count().filter(failed).label("failed"),
        func.coalesce(func.sum(jobs.c.hs06sec).filter(finished), 0).label("good"),
        func.coalesce(func.sum(jobs.c.hs06sec).filter(failed), 0).label("bad"),
    ).group_by(jobs.c.jeditaskid)


def _rows(
    session: Transaction, query: Select[Any], tasks: Sequence[Row[Any]]
) -> Sequence[Row[Any]]:
    given = {"pandaids": [one.jeditaskid for one in tasks]}
    return connection_of(session).execute(query, given).all()

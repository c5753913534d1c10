"""Locks of jobs with ranges of events that change, in the order of all locks; semantics 2.13.

A jumbo job takes ranges of its whole task: the dataset of its first input file is the mutex of all
jumbo jobs, and is locked before the jobs. The first input file of other jobs is that of their job
set, and is locked after them: no other job of the set takes ranges meanwhile, so that one that
finds none knows that none is left.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.events.kinds import JobKind
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JobsActive4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import CTE, Select

    from pandadb.core.sql.transaction import Transaction

JOB, FILE, CONTENTS, DATASET = (
    model.__table__.c for model in (JobsActive4, FilesTable4, JediDatasetContents, JediDatasets)
)
READ = (
    "pandaid", "jobstatus", "commandtopilot", "superrorcode", "eventservice", "jeditaskid",
    "jobsetid", "specialhandling", "attemptnr", "prodsourcelabel",
)  # fmt: skip


def lock_datasets(session: Transaction, pandaids: Sequence[int]) -> None:
    """Lock the datasets that are the mutexes of jumbo jobs among the jobs."""
    session.execute(_datasets(), {"pandaids": [*pandaids]})


def read_jobs(session: Transaction, pandaids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return the columns of active jobs by PandaID, without locks."""
    rows = session.execute(_jobs(lock=False), {"pandaids": [*pandaids]}).mappings()
    return {row["pandaid"]: dict(row) for row in rows}


def lock_jobs(session: Transaction, pandaids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Lock active jobs; return their columns by PandaID."""
    rows = session.execute(_jobs(lock=True), {"pandaids": [*pandaids]}).mappings()
    return {row["pandaid"]: dict(row) for row in rows}


def lock_with_jobsets(
    session: Transaction, jobs: Collection[tuple[int, int]]
) -> dict[int, Mapping[str, Any]]:
    """Lock the active jobs of (task, PandaID or job set); return one for each of the latter."""
    tasks, pandaids = (sorted(set(ids)) for ids in zip(*jobs, strict=True)) if jobs else ([], [])
    given = {"tasks": tasks, "pandaids": pandaids}
    rows = session.execute(_jobs_of_sets(), given).mappings().all()
    found = {row["jobsetid"]: dict(row) for row in reversed(rows)}
    return found | {row["pandaid"]: dict(row) for row in rows}


def lock_files(session: Transaction, pandaids: Sequence[int]) -> None:
    """Lock the files that are the mutexes of the job sets of jobs."""
    if pandaids:
        session.execute(_files(), {"pandaids": [*pandaids]})


@cache
def _datasets() -> Select[Any]:
    first = _first_files()
    key = (DATASET.jeditaskid, DATASET.datasetid)
    return (
        select(DATASET.datasetid)
        .join(first, and_(*(column == first.c[column.name] for column in key)))
        .join(JOB.pandaid.table, JOB.pandaid == first.c.pandaid)
        .where(JOB.eventservice == JobKind.JUMBO.value)
        .order_by(*key)
        .with_for_update(of=JediDatasets.__table__, key_share=True)
    )


@cache
def _jobs(*, lock: bool) -> Select[Any]:
    jobs = select(*(JOB[name] for name in READ)).where(id_arrays.by_id(JobsActive4))
    return jobs.order_by(JOB.pandaid).with_for_update(key_share=True) if lock else jobs


@cache
def _jobs_of_sets() -> Select[Any]:
    is_of_task = JOB.jeditaskid == func.any(id_arrays.array("tasks"))
    of_set = id_arrays.is_given(JOB.jobsetid)
    return (
        select(*(JOB[name] for name in READ))
        .where(or_(id_arrays.is_given(JOB.pandaid), and_(is_of_task, of_set)))
        .order_by(JOB.pandaid)
        .with_for_update(key_share=True)
    )


@cache
def _files() -> Select[Any]:
    first = _first_files()
    key = (CONTENTS.jeditaskid, CONTENTS.datasetid, CONTENTS.fileid)
    return (
        select(CONTENTS.fileid)
        .join(first, and_(*(column == first.c[column.name] for column in key)))
        .order_by(*key)
        .with_for_update(of=JediDatasetContents.__table__, key_share=True)
    )


def _first_files() -> CTE:
    """Select the input file with the lowest id of each job."""
    return (
        select(FILE.pandaid, FILE.jeditaskid, FILE.datasetid, FILE.fileid)
        .where(
            id_arrays.is_given(FILE.pandaid),
            FILE.modificationtime == EPOCH,
            FILE.type.in_(INPUTS),
            FILE.fileid.is_not(None),
        )
        .ext(distinct_on(FILE.pandaid))
        .order_by(FILE.pandaid, FILE.fileid)
        .cte("first_files")
        .prefix_with("MATERIALIZED")
    )

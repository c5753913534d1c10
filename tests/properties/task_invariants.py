"""What has to be true of tasks, their files and their jobs, after any steps of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, union_all

from pandadb.core.datasets import recounts
from pandadb.core.datasets.counters import INPUTS
from pandadb.core.jobs.files.file_status import BUILD, PMERGE
from pandadb.core.tasks.recounting import (
    job_metric_recounts,
    task_metric_recounts,
    total_recounts,
)
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JediTasks, TTask
from pandadb.models.jobs.all_tables import JOB_TABLES, LIVE_TABLES
from pandadb.models.types import EPOCH
from tests.properties.task_steps import OUTPUT_EVENTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

FILE, CONTENTS, DATASET = FilesTable4, JediDatasetContents, JediDatasets
KEY = ("jeditaskid", "datasetid", "fileid")
WORKED_ON = ("picked", "running", "transferring", "merging")


def hold(session: Session, *, retried: Collection[int] = ()) -> None:
    """See that everything is as it has to be; `retried` are jobs made by a retry of jobs."""
    values_equal_a_recount(session)
    counters_equal_a_plain_count(session)
    jobs_are_in_one_table(session)
    no_file_has_two_live_jobs(session)
    files_belong_to_live_jobs(session)
    done_tasks_have_finished_files(session)
    totals_are_right(session, retried)


def values_equal_a_recount(session: Session) -> None:
    """Counters of datasets, totals and periods of tasks, periods of jobs."""
    tasks = [*session.scalars(select(JediTasks.jeditaskid))]
    assert recounts.recount(session, repair=False) == []
    assert total_recounts.recount(session, tasks, repair=False) == []
    assert job_metric_recounts.recount(session, tasks, repair=False) == []
    assert task_metric_recounts.recount(session, tasks, repair=False) == []


def counters_equal_a_plain_count(session: Session) -> None:
    """The main counters of input, counted in another way than `recount` does."""
    spent = or_(
        CONTENTS.attemptnr >= CONTENTS.maxattempt, CONTENTS.failedattempt >= CONTENTS.maxfailure
    )
    ready = CONTENTS.status == "ready"
    counted = (
        select(
            CONTENTS.datasetid,
            func.count().filter(CONTENTS.status.in_(("finished", *WORKED_ON)) | (ready & spent)),
            func.count().filter(CONTENTS.status == "finished"),
            func.count().filter(ready & spent),
        )
        .where(CONTENTS.type.in_(INPUTS))
        .group_by(CONTENTS.datasetid)
    )
    right = {row[0]: tuple(row[1:]) for row in session.execute(counted)}
    names = (DATASET.nfilesused, DATASET.nfilesfinished, DATASET.nfilesfailed)
    for datasetid, *found in session.execute(
        select(DATASET.datasetid, *names).where(DATASET.type.in_(INPUTS))
    ):
        numbers = tuple(number or 0 for number in found)
        assert numbers == right.get(datasetid, (0, 0, 0)), f"dataset {datasetid}"


def jobs_are_in_one_table(session: Session) -> None:
    everywhere = union_all(*(select(table.pandaid) for table in JOB_TABLES)).subquery()
    twice = select(everywhere.c.pandaid).group_by(everywhere.c.pandaid).having(func.count() > 1)
    assert session.scalars(twice).all() == []


def _live() -> Select[Any]:
    jobs = [select(table.pandaid, table.jobstatus) for table in LIVE_TABLES]
    return select(union_all(*jobs).subquery("live"))


def no_file_has_two_live_jobs(session: Session) -> None:
    live, columns = _live().subquery(), [getattr(FILE, name) for name in KEY]
    twice = (
        select(*columns, func.array_agg(FILE.pandaid.distinct()))
        .join(live, live.c.pandaid == FILE.pandaid)
        .where(FILE.type.in_(INPUTS), FILE.modificationtime == EPOCH)
        .group_by(*columns)
        .having(func.count(FILE.pandaid.distinct()) > 1)
    )
    assert session.execute(twice).all() == []


def files_belong_to_live_jobs(session: Session) -> None:
    """A file that is worked on has a live job, which has it as its input: else it would be lost."""
    live = _live().subquery()
    same = [getattr(FILE, name) == getattr(CONTENTS, name) for name in KEY]
    its_job = (
        select(FILE.pandaid)
        .join(live, live.c.pandaid == FILE.pandaid)
        .where(*same, FILE.pandaid == CONTENTS.pandaid)
        .exists()
    )
    held = CONTENTS.type.in_(INPUTS) & CONTENTS.status.in_(WORKED_ON)
    names = (CONTENTS.lfn, CONTENTS.status, CONTENTS.pandaid)
    assert session.execute(select(*names).where(held, ~its_job)).all() == []


def done_tasks_have_finished_files(session: Session) -> None:
    left = (
        select(CONTENTS.jeditaskid, CONTENTS.lfn, CONTENTS.status)
        .join(JediTasks, JediTasks.jeditaskid == CONTENTS.jeditaskid)
        .join(DATASET, DATASET.datasetid == CONTENTS.datasetid)
        .where(JediTasks.status == "done", CONTENTS.type.in_(INPUTS), DATASET.masterid.is_(None))
        .where(CONTENTS.status != "finished")
    )
    assert session.execute(left).all() == []


def totals_are_right(session: Session, retried: Collection[int]) -> None:
    """T_TASK counts JEDI's jobs, those that have finished, and the events of these."""
    parts = []
    for table in JOB_TABLES:
        counts = or_(table.processingtype.is_(None), table.processingtype != PMERGE)
        chosen = select(table.jeditaskid, table.pandaid, table.jobstatus)
        parts.append(chosen.where(counts, table.prodsourcelabel != BUILD, table.lockedby == "jedi"))
    jobs = session.execute(union_all(*parts)).all()
    for total in session.scalars(select(TTask)):
        mine = [job for job in jobs if job.jeditaskid == total.taskid]
        done = sum(job.jobstatus == "finished" for job in mine)
        requested = sum(job.pandaid not in retried for job in mine)
        found = (total.total_req_jobs or 0, total.total_done_jobs or 0, total.total_events or 0)
        assert found == (requested, done, OUTPUT_EVENTS * done), f"task {total.taskid}"

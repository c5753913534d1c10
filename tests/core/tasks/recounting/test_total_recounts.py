"""T_TASK is recounted from jobs and files; too great a number is lowered by force only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.attempts import retries
from pandadb.core.tasks.recounting import total_recounts
from pandadb.models import (
    JediDatasetContents,
    JediTasks,
    JobsArchived,
    JobsArchived4,
    TasksStatusLog,
    TTask,
)
from tests.factories import make_task, make_task_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.tasks.recounting.wrong_values import WrongValue

TASK = 7
LONG_AGO = datetime(2026, 1, 1)
Wrong = dict[str, tuple[int | None, int, bool]]


def given(session: Session, **totals: Any) -> None:
    make_task(session, TASK, files=6)
    session.add(TTask(taskid=TASK, submit_time=LONG_AGO, **totals))
    session.flush()


def recount(session: Session, tasks: list[int] | None = None, **options: Any) -> Wrong:
    session.flush()
    found = total_recounts.recount(session, tasks or [TASK], **options)
    session.expire_all()
    return {one.counter: value(one) for one in found}


def value(one: WrongValue) -> Any:
    return one.was, one.right, one.refused is None


def totals(session: Session) -> tuple[int | None, ...]:
    row = session.get_one(TTask, TASK)
    return row.total_req_jobs, row.total_done_jobs, row.total_events


def finish(session: Session, *jobs: int, events: int = 10) -> None:
    report = {"output": {"nevents": events}}
    advances.advance(session, "finish", jobs, host="here", files=report)


def test_jobs_and_their_events_are_counted_wherever_the_jobs_are(session: Session) -> None:
    given(session)
    jobs = [make_task_job(session, TASK, n) for n in range(4)]
    make_task_job(session, TASK, 4, processingtype="pmerge")
    make_task_job(session, TASK, 5, prodsourcelabel="panda")
    finish(session, *jobs[:2])
    archived = session.execute(select(JobsArchived4.__table__)).mappings().first()
    assert archived is not None
    session.execute(insert(JobsArchived.__table__).values(**archived))
    session.execute(
        JobsArchived4.__table__.delete().where(JobsArchived4.pandaid == archived["pandaid"])
    )
    session.execute(update(TTask).values(total_req_jobs=1, total_done_jobs=None, total_events=3))

    expected = {
        "total_req_jobs": (1, 4, True),
        "total_done_jobs": (None, 2, True),
        "total_events": (3, 20, True),
    }
    assert recount(session, repair=False) == expected
    assert totals(session) == (1, None, 3)
    assert recount(session) == expected
    assert totals(session) == (4, 2, 20)
    assert recount(session) == {}


def test_a_greater_number_is_lowered_by_force_only(session: Session) -> None:
    given(session, total_req_jobs=9, total_done_jobs=0, total_events=0)
    make_task_job(session, TASK, 0)

    assert recount(session) == {"total_req_jobs": (9, 1, False)}
    assert totals(session)[0] == 9
    assert recount(session, force=True) == {"total_req_jobs": (9, 1, True)}
    assert totals(session)[0] == 1


def test_jobs_that_a_retry_has_made_were_not_requested(session: Session) -> None:
    given(session, total_req_jobs=1, total_done_jobs=0, total_events=0)
    job = make_task_job(session, TASK, 0, prodsourcelabel="managed", maxattempt=3)
    advances.advance(session, "fail", [job], host="here")

    assert [*retries.again(session, [job], host="here").jobs] == [job]
    assert recount(session) == {}


@pytest.mark.parametrize(("done", "right"), [(0, 1), (1, None), (2, None), (3, 2)])
def test_a_job_that_finished_after_its_task_is_counted_or_not(
    session: Session, done: int, right: int | None
) -> None:
    given(session)
    jobs = [make_task_job(session, TASK, n) for n in range(2)]
    finish(session, *jobs)
    session.execute(update(TTask).values(total_req_jobs=2, total_done_jobs=done, total_events=20))
    last = session.scalars(select(JobsArchived4.statechangetime)).first()
    assert last is not None
    closed = {"jeditaskid": TASK, "modificationtime": last - timedelta(minutes=5)}
    session.execute(
        update(JobsArchived4)
        .where(JobsArchived4.pandaid == jobs[0])
        .values(statechangetime=last - timedelta(hours=1))
    )
    session.add(TasksStatusLog(**closed, status="done", modificationhost="here", attemptnr=0))

    found = recount(session, repair=False)

    assert found == ({} if right is None else {"total_done_jobs": (done, right, right > done)})


def test_lost_files_were_made(session: Session) -> None:
    given(session)
    finish(session, make_task_job(session, TASK, 0))
    session.execute(update(TTask).values(total_req_jobs=1, total_done_jobs=1, total_events=10))
    lost = JediDatasetContents.type == "output"
    session.execute(update(JediDatasetContents).where(lost).values(status="lost"))

    assert recount(session) == {}


def test_of_all_tasks_those_are_counted_that_have_not_ended(session: Session) -> None:
    given(session, total_req_jobs=0, total_done_jobs=0, total_events=0)
    make_task_job(session, TASK, 0)
    session.execute(update(JediTasks).values(status="done"))

    assert total_recounts.recount(session) == []
    session.execute(update(JediTasks).values(status="running"))
    assert [(one.task, one.right) for one in total_recounts.recount(session)] == [(TASK, 1)]

"""The views as mapped classes: live jobs and the archive in one select, and for reading only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session, load_only, selectinload, subqueryload

from pandadb.docs_pages.families import lines, mappers
from pandadb.migrating.comparison import OPTIONS
from pandadb.models import (
    Base,
    Files,
    GlobalShares,
    JediDatasetContents,
    JediDatasets,
    JediTasks,
    JediWorkQueue,
    JobMetadata,
    JobParams,
    Jobs,
    JobsActive4,
    JobsArchived,
    ReadOnlyView,
    View,
)
from tests.factories import (
    make_archived,
    make_copy,
    make_job,
    make_log,
    make_retry,
    make_satellites,
    make_task,
    make_task_job,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

VIEWS = (Jobs, Files, JobParams, JobMetadata)
TASK = 5


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """The statements that the session sends."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


def fill(session: Session, jobs: int = 3) -> list[int]:
    """Make a task with live jobs, each with three files, and an archived job with one."""
    make_task(session, TASK, jobs)
    made = [make_task_job(session, TASK, n) for n in range(jobs)]
    made.append(make_archived(session, "finished", jeditaskid=TASK, modificationtime=DAY))
    session.flush()
    session.expunge_all()
    return made


DAY = datetime(2026, 11, 20)


@pytest.mark.parametrize("view", VIEWS)
def test_a_class_has_the_columns_of_its_view(view: type[View], session: Session) -> None:
    columns = text(
        "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:view AS regclass) AND attnum > 0"
    )

    there = session.scalars(columns, {"view": str(view.__table__)})

    assert {*view.__table__.c.keys()} == {*there}


@pytest.mark.parametrize("view", VIEWS)
def test_live_rows_and_the_archive_are_one_select(view: type[Any], session: Session) -> None:
    live = make_job(session, "running")
    make_satellites(session, live)
    archived = make_archived(session, "finished")

    found = {row.pandaid: row.place for row in session.scalars(select(view))}

    assert {*found} == {live, archived}
    assert found[archived] == view.archive.__tablename__
    assert found[live] == ("jobsactive4" if view is Jobs else view.live.__tablename__)


def test_a_task_with_its_jobs_and_files_takes_three_statements(
    session: Session, statements: list[str]
) -> None:
    made = fill(session, jobs=4)
    statements.clear()

    task = session.scalars(
        select(JediTasks)
        .where(JediTasks.jeditaskid == TASK)
        .options(subqueryload(JediTasks.jobs).load_only(Jobs.jobstatus).subqueryload(Jobs.files))
    ).one()

    assert sorted(job.pandaid for job in task.jobs) == sorted(made)
    assert sorted(len(job.files) for job in task.jobs) == [1, 3, 3, 3, 3]
    assert {job.jobstatus for job in task.jobs} == {"running", "finished"}
    assert len(statements) == 3


def test_the_statements_do_not_grow_with_the_jobs_of_a_task(
    session: Session, statements: list[str]
) -> None:
    session.add(
        JediTasks(
            jeditaskid=TASK, status="running", username="u", creationdate=DAY, modificationtime=DAY
        )
    )
    session.add_all(JobsActive4(pandaid=n, jeditaskid=TASK) for n in range(1, 1502))
    session.flush()
    session.expunge_all()
    statements.clear()

    jobs = subqueryload(JediTasks.jobs).load_only(Jobs.jobstatus)
    task = session.get_one(JediTasks, TASK, options=[jobs.subqueryload(Jobs.files)])

    assert len(task.jobs) == 1501
    assert len(statements) == 3


def test_a_job_of_a_copied_day_is_there_twice_and_can_be_counted_once(session: Session) -> None:
    make_task(session, TASK, 0)
    pandaid = make_job(session, "finished", modificationtime=DAY, jeditaskid=TASK)
    make_satellites(session, pandaid)
    make_copy(session, pandaid)
    session.expunge_all()
    chosen = select(func.count()).select_from(Jobs).where(Jobs.pandaid == pandaid)

    assert session.scalar(chosen) == 2
    assert session.scalar(chosen.where(Jobs.without_copies())) == 1
    jobs = JediTasks.jobs.and_(Jobs.without_copies())
    for load in (selectinload, subqueryload):
        task = session.scalars(select(JediTasks).options(load(jobs))).one()
        assert [job.place for job in task.jobs] == ["jobsarchived4"]
        session.expunge_all()


def test_rows_of_the_archive_without_a_live_row_are_no_copies(session: Session) -> None:
    pandaid = make_archived(session, "finished")

    for view in VIEWS:
        assert session.scalars(select(view.pandaid).where(view.without_copies())).all() == [pandaid]


def test_a_file_of_a_job_leads_to_its_dataset_and_back(session: Session) -> None:
    pandaid, *_ = fill(session, jobs=1)

    job = session.get_one(Jobs, ("jobsactive4", pandaid))

    assert job.task is not None
    assert job.task.jeditaskid == TASK
    (read,) = [file for file in job.files if file.type == "input"]
    assert read.jobs == [job]
    assert read.jedi_dataset is not None
    assert read.jedi_dataset.files_of_jobs == [read]
    assert read.dataset_contents is not None
    assert read.dataset_contents.files_of_jobs == [read]
    assert read.dataset_contents.last_job_rows == [job]


def test_parameters_and_metadata_of_a_job_of_any_age(session: Session) -> None:
    pandaid = make_archived(session, "finished")

    job = session.get_one(Jobs, ("jobsarchived", pandaid))

    assert [row.jobparameters for row in job.parameter_rows] == ["--events 10"]
    assert [row.metadata_ for row in job.metadata_rows] == ["{}"]
    assert job.parameter_rows[0].jobs == job.metadata_rows[0].jobs == [job]


def test_a_job_of_any_age_leads_to_its_states_attempts_queue_and_share(session: Session) -> None:
    pandaid = make_archived(session, "finished", gshare="Test", workqueue_id=77)
    make_log(session, pandaid, ("finished", DAY), ("running", DAY - timedelta(hours=1)))
    make_retry(session, pandaid - 1, pandaid)
    session.add_all(
        [
            GlobalShares(name="Test", value=1),
            JediWorkQueue(queue_id=77, queue_name="q", queue_type="t", vo="v"),
        ]
    )
    session.flush()

    job = session.get_one(Jobs, ("jobsarchived", pandaid))

    assert [row.jobstatus for row in job.statuslog] == ["running", "finished"]
    assert [row.oldpandaid for row in job.retry_history] == [pandaid - 1]
    assert job.work_queue is not None
    assert job.share is not None
    assert (job.work_queue.queue_name, job.share.name) == ("q", "Test")


def test_a_secondary_dataset_leads_to_its_master(session: Session) -> None:
    make_task(session, TASK, 0)
    make_task(session, TASK + 1, 0)
    session.expunge_all()

    log = session.get_one(JediDatasets, (TASK, TASK * 10 + 2))

    assert log.master is not None
    assert log.master.datasetid == TASK * 10
    assert {one.datasetid for one in log.master.secondaries} == {TASK * 10 + 1, TASK * 10 + 2}
    assert log.master.master is None


@pytest.mark.parametrize("change", ["insert", "update", "delete"])
def test_a_row_of_a_view_is_never_written(change: str, session: Session) -> None:
    pandaid = make_job(session, "running")
    job = session.get_one(Jobs, ("jobsactive4", pandaid))
    match change:
        case "insert":
            session.add(Jobs(place="jobsactive4", pandaid=7))
        case "update":
            job.currentpriority = 5
        case _:
            session.delete(job)

    with pytest.raises(ReadOnlyView, match=r"Jobs\(place='jobsactive4', .* is of the view"):
        session.flush()


def test_the_views_are_no_tables_of_migrations_and_pages(database: Database) -> None:
    classes = {mapper.class_ for mapper in Base.registry.mappers}

    assert OPTIONS["target_metadata"] is Base.metadata
    assert not {str(view.__table__) for view in VIEWS} & {*Base.metadata.tables}
    assert not classes & {*VIEWS}
    assert not {view.__table__ for view in VIEWS} & {*mappers()}
    assert all(
        end.table.key in Base.metadata.tables
        for line in lines()
        for end in (line.parent, line.child)
    )


def test_relationships_of_views_use_indexes(session: Session, statements: list[str]) -> None:
    pandaid, *_ = fill(session, jobs=1)
    session.execute(text("SET LOCAL enable_seqscan = off"))

    for statement in (
        select(Jobs.pandaid).where(Jobs.jeditaskid == TASK),
        select(Files.row_id).join(Jobs, Files.jobs).where(Jobs.pandaid == pandaid),
        select(JediDatasetContents.fileid)
        .join(JediDatasetContents.files_of_jobs)
        .where(JediDatasetContents.jeditaskid == TASK, JediDatasetContents.fileid == 0),
    ):
        compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(session.scalars(text(f"EXPLAIN {compiled}")))
        assert "Seq Scan" not in plan, plan


def test_columns_that_are_not_loaded_are_loaded_one_by_one(session: Session) -> None:
    pandaid = make_job(session, "running", computingsite="CERN")
    session.expunge_all()

    job = session.scalars(select(Jobs).options(load_only(Jobs.jobstatus))).one()

    assert (job.pandaid, job.computingsite) == (pandaid, "CERN")
    assert session.get(JobsArchived, (pandaid, DAY)) is None

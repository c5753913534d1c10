"""Loading records: all jobs of a file with their task and their log, or nothing."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from pandadb.core.loading import JobConflict
from pandadb.core.records import RecordError, Records
from pandadb.core.samples import sample
from pandadb.database import Database
from pandadb.models import (
    JediDatasets,
    JediTasks,
    JobsActive4,
    JobsArchived4,
    JobsDefined4,
    JobsStatusLog,
)
from pandadb.services import jobs

DAY = dt.date(2026, 11, 20)


def count(database: Database, model: type) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_real_records_become_finished_jobs_with_their_task(
    database: Database, shared_data: Path
) -> None:
    file = shared_data / "atlas_jobs_task_13332803.csv"

    loaded = jobs.load(database, file, 13332803, DAY)

    assert (loaded.loaded, loaded.present, loaded.new_task) == (668, 0, True)
    with database.session() as session:
        task = session.get_one(JediTasks, 13332803)
        assert task.status == "finished"
        (dataset,) = task.datasets
        assert dataset.nfiles == dataset.nfilesused == dataset.nfilesfinished == 668
        found = task.jobsarchived4
        assert len(found) == 668
        assert {job.jobstatus for job in found} == {"finished"}
        job = next(job for job in found if job.pandaid == 3848970521)
        assert job.computingsite == "FZK-LCG2_UCORE"
        assert job.cpuconsumptiontime == 15339
        assert (job.endtime - job.starttime).total_seconds() == 2943
        states = [row.jobstatus for row in sorted(job.statuslog, key=lambda r: r.modificationtime)]
        assert states == ["defined", "running", "finished"]


def test_a_load_can_be_repeated_and_only_adds_what_is_new(database: Database) -> None:
    some, more = Records(sample(30).rows[:20]), sample(30)
    jobs.load_records(database, some, 5, DAY)

    again = jobs.load_records(database, more, 5, DAY)

    assert (again.loaded, again.present, again.new_task) == (10, 20, False)
    assert count(database, JobsArchived4) == 30
    assert count(database, JobsStatusLog) == 90
    with database.session() as session:
        assert session.scalars(select(JediDatasets.nfilesfinished)).all() == [30]


def test_jobs_of_another_task_are_not_touched_and_nothing_is_loaded(database: Database) -> None:
    taken = sample(5).rows[3]["pandaid"]
    with database.session() as session:
        session.add(JobsActive4(pandaid=taken, jeditaskid=4))

    with pytest.raises(JobConflict, match=f"Job {taken} is in jobsactive4 already.*task 4"):
        jobs.load_records(database, sample(5), 5, DAY)

    assert count(database, JobsArchived4) == count(database, JediTasks) == 0


def test_a_malformed_file_loads_nothing(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("pandaid,wall_time\n1,2\n2,x\n")

    with pytest.raises(RecordError, match=r"r\.csv, line 3, column wall_time: 'x'"):
        jobs.load(database, file, 5, DAY)

    assert count(database, JobsArchived4) == count(database, JediTasks) == 0


def test_a_dry_run_says_what_would_be_done_and_does_nothing(database: Database) -> None:
    loaded = jobs.load_records(database, sample(7), 5, DAY, dry_run=True)

    assert (loaded.loaded, loaded.new_task) == (7, True)
    assert count(database, JobsArchived4) == count(database, JediTasks) == 0


def test_a_file_without_records_makes_no_task(database: Database) -> None:
    loaded = jobs.load_records(database, Records([]), 5, DAY)

    assert (loaded.loaded, loaded.present) == (0, 0)
    assert count(database, JediTasks) == 0


def test_ids_of_new_jobs_go_on_above_those_loaded(database: Database) -> None:
    highest = max(row["pandaid"] for row in sample(9).rows)
    jobs.load_records(database, sample(9), 5, DAY)

    with database.session() as session:
        new = JobsDefined4()
        session.add(new)
        session.flush()
        assert new.pandaid == highest + 1
    jobs.load_records(database, Records(sample(9).rows[:2]), 5, DAY)
    with database.session() as session:
        last = text("SELECT last_value FROM doma_panda.jobsdefined4_pandaid_seq")
        assert session.scalar(last) == highest + 1


def test_a_task_that_is_there_keeps_its_row_and_its_datasets(database: Database) -> None:
    now = dt.datetime(2026, 1, 1)
    with database.session() as session:
        session.add(
            JediTasks(
                jeditaskid=5,
                status="running",
                username="me",
                creationdate=now,
                modificationtime=now,
            )
        )

    loaded = jobs.load_records(database, sample(3), 5, DAY)

    assert not loaded.new_task
    with database.session() as session:
        task = session.get_one(JediTasks, 5)
        assert (task.status, task.username, task.datasets) == ("running", "me", [])


def test_two_loads_of_the_same_records_at_once_load_each_job_once(database: Database) -> None:
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(jobs.load_records(database, sample(200), 5, DAY))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(result.loaded for result in results) == [0, 0, 0, 200]
    assert count(database, JobsArchived4) == 200


def test_progress_is_told_up_to_the_last_job(database: Database) -> None:
    seen: list[tuple[int, int]] = []

    jobs.load_records(
        database, sample(250), 5, DAY, on_progress=lambda done, of: seen.append((done, of))
    )

    assert seen == [(100, 250), (200, 250), (250, 250)]

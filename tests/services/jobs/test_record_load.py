"""Loading records: all jobs of a file with their task and their log, or nothing."""

from __future__ import annotations

import csv
import datetime as dt
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pandadb.core.jobs.csv_import.insertion import JobConflict
from pandadb.core.jobs.csv_import.records import RecordError, Records
from pandadb.core.sql.copy import copy_into, copy_rows
from pandadb.database import Database
from pandadb.demo.sample_records import sample
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


def test_records_become_finished_jobs_with_their_task(
    database: Database, task_files: list[Path]
) -> None:
    with task_files[0].open() as lines:
        record, *others = csv.DictReader(lines)
    number = 1 + len(others)

    loaded = jobs.load(database, task_files[0], 13332803, DAY)

    assert (loaded.loaded, loaded.present, loaded.new_task) == (number, 0, True)
    with database.session() as session:
        task = session.get_one(JediTasks, 13332803)
        assert task.status == "done"
        (dataset,) = task.datasets
        assert dataset.nfiles == dataset.nfilesused == dataset.nfilesfinished == number
        found = task.jobsarchived4
        assert len(found) == number
        assert {job.jobstatus for job in found} == {"finished"}
        job = next(job for job in found if job.pandaid == int(record["pandaid"]))
        assert job.computingsite == record["computingsite"]
        assert job.cpuconsumptiontime == int(record["cpuconsumptiontime"])
        assert (job.endtime - job.starttime).total_seconds() == int(record["wall_time"])
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


def test_progress_is_told_up_to_the_last_byte_and_job(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("\n".join(["pandaid,wall_time", *(f"{n},60" for n in range(1, 2501))]))
    seen: list[tuple[str, int, int]] = []

    jobs.load(database, file, 5, DAY, on_progress=lambda *words: seen.append(words))

    size = file.stat().st_size
    assert [words for words in seen if words[0] == "loading"] == [
        ("loading", done, 2500) for done in (1000, 2000, 2500)
    ]
    assert ("reading", size, size) in seen


def test_a_mistake_in_the_last_of_many_rows_loads_nothing(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "r.csv"
    file.write_text("pandaid,wall_time\n" + "".join(f"{n},60\n" for n in range(1, 2501)) + "1,60")

    for dry_run in (False, True):
        with pytest.raises(RecordError, match="line 2502: PandaID 1 is in line 2 already"):
            jobs.load(database, file, 5, DAY, dry_run=dry_run)

    assert count(database, JobsArchived4) == 0


def states(database: Database, jeditaskid: int) -> tuple[str | None, ...]:
    with database.session() as session:
        task = session.get_one(JediTasks, jeditaskid)
        (dataset,) = task.datasets
        return task.status, dataset.status


def test_task_and_dataset_count_jobs_by_how_they_ended(database: Database) -> None:
    ends = ("failed", "failed", "cancelled", "finished", "finished", "closed")
    rows = [{**row, "jobstatus": end} for row, end in zip(sample(6).rows, ends, strict=True)]

    jobs.load_records(database, Records(rows[:3]), 5, DAY)
    assert states(database, 5) == ("failed", "failed")
    jobs.load_records(database, Records(rows), 5, DAY)
    assert states(database, 5) == ("finished", "finished")

    with database.session() as session:
        (dataset,) = session.get_one(JediTasks, 5).datasets
        assert (dataset.nfiles, dataset.nfilesused) == (6, 6)
        assert (dataset.nfilesfinished, dataset.nfilesfailed) == (2, 4)
        assert dataset.nevents == sum(row["nevents"] for row in rows)
        assert dataset.neventsused == sum(row["nevents"] for row in rows[3:5])


def test_the_log_of_a_cancelled_job_does_not_say_that_it_ran(database: Database) -> None:
    rows = [{**row, "jobstatus": "cancelled"} for row in sample(2).rows]
    rows[1]["starttime"] = dt.datetime(2018, 3, 1)

    jobs.load_records(database, Records(rows), 5, DAY)

    with database.session() as session:
        logged = session.execute(
            select(JobsStatusLog.pandaid, JobsStatusLog.jobstatus).order_by(
                JobsStatusLog.pandaid, JobsStatusLog.modificationtime
            )
        ).all()
    first, second = (row["pandaid"] for row in rows)
    assert [status for job, status in logged if job == first] == ["defined", "cancelled"]
    assert [status for job, status in logged if job == second] == [
        "defined", "running", "cancelled"
    ]  # fmt: skip


def test_errors_of_a_copy_are_those_of_a_statement(database: Database) -> None:
    def work(session: Session) -> None:
        attempts.append(1)
        with copy_into(session, JobsStatusLog, ("pandaid",)) as copy:
            if len(attempts) == 1:
                with database.session() as other:
                    other.execute(text(END_OTHERS))
            copy.write_row([5])

    attempts: list[int] = []
    with database.session() as session, pytest.raises(IntegrityError, match="COPY"):
        copy_rows(session, JobsArchived4, ["pandaid", "modificationtime"], [[5, None]])
    with pytest.raises(IntegrityError):  # the second attempt gets as far as the server's answer
        database.retrying(work, pause=0)
    assert len(attempts) == 2


END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

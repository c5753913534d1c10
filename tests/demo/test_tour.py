"""The demo: from an empty database to jobs that can be looked at, as often as one likes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import pytest

from pandadb.core.jobs.csv_import import records
from pandadb.core.jobs.csv_import.records import RecordError
from pandadb.database import Database
from pandadb.demo import tour
from pandadb.services import schema

pytestmark = pytest.mark.any_server

DAY = dt.date(2026, 11, 20)


@pytest.mark.slow
def test_an_empty_database_becomes_one_with_a_tasks_jobs(empty_database_url: str) -> None:
    with Database(empty_database_url) as database:
        shown = tour.run(database, [], DAY)
        again = tour.run(database, [], DAY)

    assert shown.version.pending == ()
    assert [astuple(row) for row in shown.statuses] == [("jobsarchived4", "finished", 600)]
    assert sum(site.jobs for site in shown.sites) == 600
    assert all(0.3 < (site.cpu_efficiency or 0) < 1 for site in shown.sites)
    assert (again.loads[0].loaded, again.loads[0].present) == (0, 600)
    assert again.statuses == shown.statuses


def test_records_go_to_the_task_that_the_files_name_says(
    database: Database, task_files: list[Path]
) -> None:
    shown = tour.run(database, task_files, DAY)

    names = [f"atlas_jobs_task_{load.jeditaskid}.csv" for load in shown.loads]
    assert names == [file.name for file in task_files]
    there = [row["computingsite"] for file in task_files for row in records.read(file).rows]
    assert [astuple(row) for row in shown.statuses] == [("jobsarchived4", "finished", len(there))]
    assert {site.computingsite: site.jobs for site in shown.sites} == Counter(there)


def test_a_bad_file_is_said_before_anything_is_made(
    empty_database_url: str, tmp_path: Path
) -> None:
    with Database(empty_database_url) as database:
        with pytest.raises(RecordError, match=r"absent\.csv"):
            tour.run(database, [tmp_path / "absent.csv"], DAY)

        assert schema.current(database).revision is None


def test_files_of_one_task_are_all_loaded_and_their_order_does_not_matter(
    database: Database, tmp_path: Path
) -> None:
    names = ("task_5_part1.csv", "task_5_part2.csv", "mine.csv", "yours.csv")
    files = [tmp_path / name for name in names]
    for number, file in enumerate(files, start=1):
        file.write_text(f"pandaid,wall_time,colour\n{number},60,blue\n")

    shown = tour.run(database, files, DAY)
    again = tour.run(database, files[::-1], DAY)

    assert [astuple(row) for row in shown.statuses] == [("jobsarchived4", "finished", 4)]
    assert [load.jeditaskid for load in shown.loads][:2] == [5, 5]
    assert len({load.jeditaskid for load in shown.loads}) == 3
    assert [load.present for load in again.loads] == [1, 1, 1, 1]


@pytest.mark.slow
def test_a_day_goes_to_the_archive_whatever_its_age_and_is_counted_with_the_others(
    database: Database,
) -> None:
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(1)).date()
    before = tour.run(database, [], day)

    archived = tour.put_away(database, day)

    assert archived.rows["doma_pandaarch.jobsarchived"] == 600
    back = tour.bring_back(database, day)
    assert len(back.gone.jobs) == 1
    assert back.gone.rows["doma_panda.jobsarchived4"] == 1
    half = tour.run(database, [], day)
    assert sum(row.jobs for row in half.statuses if row.table == "jobsarchived4") == 1
    assert tour.put_away(database, day) == archived
    after = tour.run(database, [], day)
    assert [astuple(row) for row in after.statuses] == [("jobsarchived", "finished", 600)]
    assert after.sites == before.sites
    assert after.loads[0].present == 600

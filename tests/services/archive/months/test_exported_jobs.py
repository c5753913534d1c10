"""Jobs that only an exported month has: not restored before it is imported, nor loaded again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from pandadb.core.archive.parquet.manifests import InvalidManifest
from pandadb.core.jobs.csv_import.insertion import JobConflict
from pandadb.core.jobs.csv_import.records import Records
from pandadb.demo.sample_records import sample
from pandadb.services import archive, jobs
from pandadb.services.archive import NoSuchDay, UnreadableExport
from tests.services.archive.months.test_exports import CONTENTS, do, month, scalar
from tests.services.archive.months.test_imports import JOBS, gone

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

__all__ = ["CONTENTS", "gone", "month"]
DAY = dt.date(2026, 3, 5)


def test_a_job_that_only_an_exported_month_has_is_not_restored_and_its_month_is_told(
    gone: Database, tmp_path: Path
) -> None:
    for found in (
        archive.restorable(gone, pandaids=[2, 3, 99], exports=tmp_path),
        archive.restore_jobs(gone, pandaids=[2, 99], exports=tmp_path),
    ):
        assert (found.exported, found.unknown) == ({"2026-03": [2]}, [99])
    assert archive.restorable(gone, pandaids=[2]).unknown == [2]


def test_jobs_of_a_task_that_exported_months_have_are_told_beside_those_that_are_there(
    month: Database, tmp_path: Path
) -> None:
    do(month, f"UPDATE {JOBS} SET jeditaskid = 8 WHERE pandaid = 2")
    archive.export(month, "2026-03", tmp_path)
    found = archive.restorable(month, tasks=[7, 8, 9], exports=tmp_path)
    assert (found.exported, found.gone.jobs) == ({}, [1, 2, 3])

    archive.drop_exported(month, "2026-03", tmp_path)

    found = archive.restorable(month, tasks=[7, 8, 9], exports=tmp_path)
    assert (found.exported, found.gone.jobs) == ({"2026-03": [1, 2]}, [3])
    assert (found.unknown_tasks, found.unknown) == ([9], [])


def test_a_day_of_an_exported_month_names_the_month_and_the_command(
    gone: Database, there: Database, tmp_path: Path
) -> None:
    day, other = dt.date(2026, 3, 1), dt.date(2026, 2, 1)
    said = "no partition of the archive has the day 2026-03-01, .*: pandadb archive import 2026-03"
    for go in (archive.restore, archive.restorable_day):
        for elsewhere in (None, there):
            if elsewhere or go is archive.restorable_day:
                with pytest.raises(NoSuchDay, match=f"(?i){said}"):
                    go(gone, day, archive=elsewhere, exports=tmp_path)
        with pytest.raises(NoSuchDay, match="pandadb archive verify"):
            go(gone, other, exports=tmp_path)
    with pytest.raises(NoSuchDay, match=f"(?i){said}"):
        archive.restore(gone, day, exports=tmp_path)


def test_jobs_that_an_exported_month_has_are_not_loaded_again(
    gone: Database, tmp_path: Path
) -> None:
    found = Records([{**row, "pandaid": row["pandaid"] if n else 2}
                     for n, row in enumerate(sample(3).rows)])  # fmt: skip

    loaded = jobs.load_records(gone, found, 7, DAY, exports=tmp_path)

    assert (loaded.loaded, loaded.present) == (2, 1)
    assert scalar(gone, "SELECT count(*) FROM doma_panda.jobsarchived4 WHERE pandaid = 2") == 0
    with pytest.raises(JobConflict, match=r"Job 2 is in the exported month 2026-03 .* of task 7"):
        jobs.load_records(gone, Records(found.rows[:1]), 8, DAY, exports=tmp_path, dry_run=True)
    (tmp_path / "2026-03" / "jobsarchived.parquet").unlink()
    with pytest.raises(UnreadableExport, match=r"jobsarchived\.parquet cannot be read"):
        jobs.load_records(gone, found, 7, DAY, exports=tmp_path)


def test_a_damaged_manifest_hides_no_job_from_a_load(gone: Database, tmp_path: Path) -> None:
    (tmp_path / "2026-03" / "manifest.json").write_text("{}")
    found = Records([{**sample(1).rows[0], "pandaid": 2}])
    assert jobs.load_records(gone, found, 7, DAY, exports=tmp_path).present == 1

    (tmp_path / "2026-03" / "jobsarchived.parquet").unlink()
    with pytest.raises(InvalidManifest, match="No file has all of the jobs, but one may be"):
        jobs.load_records(gone, sample(3), 7, DAY, exports=tmp_path)
    assert scalar(gone, "SELECT count(*) FROM doma_panda.jobsarchived4") == 0

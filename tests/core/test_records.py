"""Records of the monitor are read with care: a value that is wrong is named with its place."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core import records
from pandadb.core.records import RecordError
from pandadb.core.samples import sample
from pandadb.models import JobsArchived4

DAY = dt.date(2026, 11, 20)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records.csv"


def test_columns_map_by_name_and_io_counters_to_the_jobs_names(file: Path) -> None:
    file.write_text(
        "pandaid,wall_time,computingsite,IOcharRead,IObytesWriteRate,maxrss\n"
        "7,100,SITE_A,131727593,68206,13772500\n"
    )

    (job,) = records.jobs(records.read(file), 5, DAY)

    assert job["computingsite"] == "SITE_A"
    assert job["totrchar"] == 131727593
    assert job["ratewbytes"] == 68206
    assert job["maxrss"] == 13772500
    assert (job["pandaid"], job["jeditaskid"], job["jobstatus"]) == (7, 5, "finished")


def test_times_follow_from_the_durations_and_the_day(file: Path) -> None:
    file.write_text(
        "pandaid,wall_time,queue_time,timeStageIn,timeExe,timeStageOut,dbTime,workDirSize\n"
        "1,2943,1084,171,2597,33,15.84,48366126\n2,60,,,,,,\n"
    )

    first, second = records.jobs(records.read(file), 5, DAY)

    assert first["endtime"] == dt.datetime(2026, 11, 20)
    assert first["endtime"] - first["starttime"] == dt.timedelta(seconds=2943)
    assert first["starttime"] - first["creationtime"] == dt.timedelta(seconds=1084)
    assert first["modificationtime"] == first["statechangetime"] == first["endtime"]
    assert first["pilottiming"] == "0|171|2597|33|0"
    assert first["jobmetrics"] == "dbTime=15.84 workDirSize=48366126"
    assert second["endtime"] == dt.datetime(2026, 11, 20, 12)
    assert second["jobmetrics"] is None


def test_unknown_columns_are_named_and_left_out(file: Path) -> None:
    file.write_text("pandaid,wall_time,colour,cpu_eff,mood\n1,2,blue,0.9,good\n")

    found = records.read(file)

    assert found.unknown == ["colour", "mood"]
    assert set(found.rows[0]) == {"pandaid", "wall_time", "cpu_eff"}


def test_an_empty_value_is_null_or_the_default_where_null_is_not_allowed(file: Path) -> None:
    file.write_text("pandaid,wall_time,maxrss,nevents,prodsourcelabel\n1,2,,,\n")

    (row,) = records.read(file).rows

    assert row["maxrss"] is None
    assert row["nevents"] == "0"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "records.csv: the file is empty; its first line has to name the columns"),
        ("pandaid\n1\n", "records.csv: the column wall_time is missing in the first line"),
        ("wall_time\n1\n", "records.csv: the column pandaid is missing in the first line"),
        (
            "pandaid,wall_time\n1,2\nx,3\n",
            "records.csv, line 3, column pandaid: 'x' is not a number",
        ),
        ("pandaid,wall_time\n1,\n", "records.csv, line 2, column wall_time: a value is missing"),
        ("pandaid,wall_time\n1,2.5\n", "line 2, column wall_time: '2.5' is not a whole number"),
        ("pandaid,wall_time\n1\n", "records.csv, line 2: 1 values for 2 columns"),
        ("pandaid,wall_time\n1,2\n\n1,3\n", "line 4: PandaID 1 is in line 2 already"),
        (
            "pandaid,wall_time,corecount\n1,2,40000\n",
            "column corecount: 40000 is too large, the limit is 32767",
        ),
        ("pandaid,wall_time,maxrss\n1,2,NaN\n", "column maxrss: 'NaN' is not a number"),
        ("pandaid,wall_time,cloud\n1,2," + "x" * 51 + "\n", "is longer than 50 characters"),
        ("pandaid,wall_time,jobstatus\n1,2,running\n", "'running' is not a final state: finished"),
        (
            "pandaid,wall_time,IOcharRead,totrchar\n1,2,3,4\n",
            "the columns IOcharRead, totrchar mean the same",
        ),
        ("pandaid,wall_time,endtime\n1,2,soon\n", "column endtime: 'soon' is not a time"),
        ('pandaid,wall_time\n1,"2\n', "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)

    with pytest.raises(RecordError) as caught:
        records.read(file)

    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_a_sentence(tmp_path: Path) -> None:
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00pandaid")

    for path in (tmp_path / "absent.csv", tmp_path, binary):
        with pytest.raises(RecordError, match="cannot be read as CSV"):
            records.read(path)


@given(
    pandaids=st.lists(st.integers(1, 2**63 - 1), unique=True, min_size=1, max_size=50),
    wall=st.integers(0, 10**6),
    queue=st.integers(0, 10**6),
)
def test_jobs_end_on_the_day_and_in_the_order_of_their_life(
    pandaids: list[int], wall: int, queue: int
) -> None:
    rows = [{"pandaid": p, "wall_time": wall, "queue_time": queue} for p in pandaids]

    jobs = list(records.jobs(records.Records(rows), 5, DAY))

    assert [job["pandaid"] for job in jobs] == pandaids
    assert all(job["creationtime"] <= job["starttime"] <= job["endtime"] for job in jobs)
    assert {job["endtime"].date() for job in jobs} == {DAY}


@pytest.mark.parametrize(("task", "jobs"), [(13332803, 668), (13776794, 480), (14287024, 249)])
def test_real_records_are_read_in_full(shared_data: Path, task: int, jobs: int) -> None:
    found = records.read(shared_data / f"atlas_jobs_task_{task}.csv")

    assert len(found.rows) == jobs
    assert found.unknown == []
    assert all(isinstance(row["cpu_eff"], Decimal) for row in found.rows)


def test_samples_look_like_real_records() -> None:
    columns = {*JobsArchived4.__table__.columns.keys(), *records.DURATIONS}
    found = sample(jobs=300)

    assert len({row["pandaid"] for row in found.rows}) == 300
    assert all(set(row) <= columns for row in found.rows)
    assert sample(jobs=300) == found
    assert len({row["computingsite"] for row in found.rows}) == 5

"""Records of the monitor are read with care: a value that is wrong is named with its place."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.jobs.csv_import import records
from pandadb.core.jobs.csv_import.records import RecordError
from pandadb.demo.sample_records import sample
from pandadb.models import JobsArchived4

pytestmark = pytest.mark.any_server

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
    assert [set(row) for row in found.rows] == [{"pandaid", "wall_time", "cpu_eff"}]


def test_an_empty_value_is_null_or_the_default_where_null_is_not_allowed(file: Path) -> None:
    file.write_text("pandaid,wall_time,maxrss,nevents,prodsourcelabel\n1,2,,,\n")

    (row,) = records.read(file).rows

    assert row["maxrss"] is None
    assert row["nevents"] == 0


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
        ("pandaid,wall_time,cloud\n1,2," + "x" * 51 + "\n", "is too long: 51 characters, 50 fit"),
        ("pandaid,wall_time,jobstatus\n1,2,running\n", "'running' is not a final state: finished"),
        (
            "pandaid,wall_time,IOcharRead,totrchar\n1,2,3,4\n",
            "the columns IOcharRead, totrchar mean the same",
        ),
        ("pandaid,wall_time,endtime\n1,2,soon\n", "column endtime: 'soon' is not a time"),
        ('pandaid,wall_time\n1,"2\n', "cannot be read as CSV"),
        ("pandaid,wall_time\n-5,2\n", "column pandaid: -5 is too small, the least is 1"),
        ("pandaid,wall_time\n1,-10\n", "column wall_time: -10 is too small, the least is 0"),
        ("pandaid,wall_time,queue_time\n1,2,-100\n", "column queue_time: -100 is too small"),
        ("pandaid,wall_time,timeStageIn\n1,2,-4\n", "column timeStageIn: -4 is too small"),
        (
            "pandaid,wall_time,queue_time\n1,2,2147483647\n",
            "line 2, column queue_time: 2147483647 is too large, the limit is 31622400",
        ),
        ("pandaid,wall_time\n1E99999999,2\n", "column pandaid: 1E99999999 is too large"),
        ("pandaid,wall_time\n1E-99999999,2\n", "'1E-99999999' is not a whole number"),
        ("pandaid,wall_time,dbTime\n1,2,1E99999999\n", "column dbTime: 1E99999999 is too large"),
        ("pandaid,wall_time,cpuconversion\n1,2,123456789.12\n", "is too large, the limit is 99999"),
        ("pandaid,wall_time,cpuconversion\n1,2,99999.99999\n", "is too large, the limit is 99999"),
        (
            "pandaid,wall_time,cloud\n1,2,a\0b\n",
            "column cloud: 'a\\x00b' cannot have a NUL character",
        ),
        ("pandaid,wall_time,jobstatus\n1,2,\n", "column jobstatus: a value is missing"),
        ("pandaid,wall_time,endtime\n1,2,1918-03-01\n", "1918-03-01 is not in the years 2000 to"),
        ("pandaid,wall_time,endtime\n1,2,0001-01-01T00:00+05:00\n", "is not a time such as"),
        (
            "pandaid,wall_time,starttime,endtime\n1,2,2018-03-02,2018-03-01\n",
            "line 2: the times are out of order: creationtime 2018-03-02 00:00:00, starttime",
        ),
        (
            "pandaid,wall_time,modificationtime,endtime\n1,2,2018-03-01,2018-03-02\n",
            "line 2: the times are out of order",
        ),
        (
            "pandaid,wall_time,creationtime,starttime\n1,2,2018-03-02,2018-03-01\n",
            "line 2: the times are out of order",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(file: Path, text: str, sentence: str) -> None:
    file.write_text(text)

    with pytest.raises(RecordError) as caught:
        records.read(file)

    assert sentence in str(caught.value)


TIMES = ("creationtime", "starttime", "endtime", "modificationtime")


@pytest.mark.parametrize(
    ("given", "times"),
    [
        ("endtime=2018-03-01T10:00:00+02:00", ("07:50:00", "07:55:00", "08:00:00", "08:00:00")),
        ("endtime=2018-03-01T10:00:00Z", ("09:50:00", "09:55:00", "10:00:00", "10:00:00")),
        ("starttime=2018-03-01T10:00:00", ("09:55:00", "10:00:00", "10:05:00", "10:05:00")),
        ("creationtime=2018-03-01T10:00:00", ("10:00:00", "10:05:00", "10:10:00", "10:10:00")),
        ("modificationtime=2018-03-01T10:00:00", ("09:50:00", "09:55:00", "10:00:00", "10:00:00")),
    ],
)
def test_missing_times_follow_from_a_given_one_in_utc(
    file: Path, given: str, times: tuple[str, ...]
) -> None:
    column, value = given.split("=")
    file.write_text(f"pandaid,wall_time,queue_time,{column}\n1,300,300,{value}\n")

    (job,) = records.jobs(records.read(file), 5, DAY)

    assert tuple(str(job[name]) for name in TIMES) == tuple(f"2018-03-01 {time}" for time in times)
    assert job["statechangetime"] == job["endtime"]


def test_empty_times_are_as_those_that_are_not_given(file: Path) -> None:
    file.write_text(f"pandaid,wall_time,statechangetime,{','.join(TIMES)}\n1,60,,,,,\n")

    (job,) = records.jobs(records.read(file), 5, DAY)

    assert [job[name] for name in TIMES[2:]] == [dt.datetime(2026, 11, 20)] * 2
    assert job["endtime"] - job["starttime"] == dt.timedelta(seconds=60)


def test_a_cancelled_job_has_run_only_if_it_has_a_start_time(file: Path) -> None:
    file.write_text(
        "pandaid,wall_time,jobstatus,starttime,endtime\n"
        "1,60,cancelled,,2018-03-02\n2,60,cancelled,2018-03-01,2018-03-02\n3,60,failed,,\n"
    )

    never, ran, failed = records.jobs(records.read(file), 5, DAY)

    assert never["starttime"] is None
    assert ran["starttime"] == dt.datetime(2018, 3, 1)
    assert failed["starttime"] is not None


def test_no_jobs_ended_before_there_was_a_grid() -> None:
    with pytest.raises(RecordError, match="0001-01-01 is not in the years 2000 to 2100"):
        records.jobs(sample(1), 5, dt.date(1, 1, 1))


def test_a_job_of_another_task_is_refused(file: Path) -> None:
    file.write_text("pandaid,wall_time,jeditaskid\n1,2,\n2,2,5\n3,2,6\n")

    with pytest.raises(RecordError, match="line 4, column jeditaskid: 6 is not 5, the task"):
        records.read(file, 5)


def test_a_byte_order_mark_is_no_part_of_the_first_column(file: Path) -> None:
    file.write_text("pandaid,wall_time\n1,2\n", encoding="utf-8-sig")

    assert [row["pandaid"] for row in records.read(file).rows] == [1]


def test_rows_wait_on_disk_and_can_be_gone_through_twice_at_once(file: Path) -> None:
    lines = [f"{number},60" for number in range(1, 2501)]
    file.write_text("\n".join(["pandaid,wall_time", *lines]))
    seen: list[tuple[int, int]] = []

    rows = records.read(file, on_progress=lambda done, of: seen.append((done, of))).rows

    assert len(rows) == 2500
    assert all(one == other for one, other in zip(rows, rows, strict=True))
    assert seen[-1] == (file.stat().st_size, file.stat().st_size)


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


def test_records_of_the_monitor_are_read_in_full(task_files: list[Path]) -> None:
    for file in task_files:
        found = records.read(file)

        with file.open() as lines:
            written = list(csv.DictReader(lines))
        assert [row["pandaid"] for row in found.rows] == [int(one["pandaid"]) for one in written]
        assert [row["cpu_eff"] for row in found.rows] == [
            Decimal(one["cpu_eff"]) for one in written
        ]
        assert found.unknown == []


def test_samples_look_like_real_records() -> None:
    columns = {*JobsArchived4.__table__.columns.keys(), *records.DURATIONS}
    found = sample(jobs=300)

    assert len({row["pandaid"] for row in found.rows}) == 300
    assert all(set(row) <= columns for row in found.rows)
    assert sample(jobs=300) == found
    assert len({row["computingsite"] for row in found.rows}) == 5

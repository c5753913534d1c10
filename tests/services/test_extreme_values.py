"""Values at the ends of what PostgreSQL has: told with table and count, and never a stop."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.services import archive, jobs, partitions
from pandadb.services.coverage import coverage
from pandadb.services.partitions import Do
from tests.factories import make_job, make_satellites
from tests.services.archive.test_runs import ago, ids, make_days, scalar, write

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.slow

LOG, TASKS = "doma_panda.jobs_statuslog", "doma_panda.jedi_taskparams"
JOBS, FILES, *_ = ARCHIVE_OF
ARCHIVED = ARCHIVE_OF[JOBS]
BIGGEST = 2**63 - 1


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


def log(database: Database, *times: str) -> None:
    for number, time in enumerate(times):
        do(
            database,
            f"INSERT INTO {LOG} (pandaid, jobstatus, modificationtime)"
            f" VALUES ({number}, 'running', {time})",
        )


def tasks(database: Database, *numbers: int) -> None:
    for number in numbers:
        do(database, f"INSERT INTO {TASKS} (jeditaskid, taskparams) VALUES ({number}, '')")


def steps(found: list[partitions.PlanStep]) -> list[tuple[Do, int]]:
    return [(step.do, step.rows) for step in found]


def test_times_that_no_partition_can_have_stay_and_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("PANDADB_URL", url.render_as_string(hide_password=False))
    beyond = ("'infinity'", "'-infinity'", "'0044-03-15 BC'", "'20000-01-01'", "'9999-12-31'")
    log(database, *beyond, "now() - interval '3 days'")

    done = partitions.maintain(database, tables=[LOG], drain=True)

    assert (done.failed, steps(done.left)) == ([], [(Do.LEAVE, 5)])
    assert done.left[0].partition == "jobs_statuslog_default"
    assert len(done.done) == 9
    (found,) = [one for one in coverage(database).tables if one.table == LOG]
    assert (found.stray, found.beyond) == (5, 5)
    said = CliRunner().invoke(app, ["partitions", "maintain", "jobs_statuslog"])
    assert "jobs_statuslog_default: 5 rows are left in place" in said.stdout
    assert said.exit_code == 3
    assert partitions.script(database, done.left) == [[]]


def test_a_partition_that_ends_with_infinity_is_one_like_others(database: Database) -> None:
    do(
        database,
        f"CREATE TABLE {LOG}_future PARTITION OF {LOG}"
        " FOR VALUES FROM ('9998-01-01') TO ('infinity')",
        f"CREATE TABLE {LOG}_past PARTITION OF {LOG}"
        " FOR VALUES FROM ('0044-03-15 BC') TO ('1999-01-01')",
        f"CREATE TABLE {JOBS}_future PARTITION OF {JOBS}"
        " FOR VALUES FROM ('20000-01-01') TO ('infinity')",
        f"CREATE TABLE {ARCHIVED}_past PARTITION OF {ARCHIVED}"
        " FOR VALUES FROM ('-infinity') TO ('1999-01-01')",
    )
    write(database, 1, days=50)
    make_days(database)

    assert partitions.maintain(database, tables=[LOG]).failed == []
    assert "jobs_statuslog_past" in {
        step.partition for step in partitions.maintain(database, tables=[LOG]).done
    } or scalar(database, f"SELECT to_regclass('{LOG}_past') IS NULL")
    assert archive.compactable(database) == []
    ran = archive.run(database)
    assert ([len(moved.day.parts) for moved in ran.done], ran.failed) == ([4], [])
    assert len(archive.verify(database)) == 5
    assert archive.status(database).archived[0].partitions == 2
    assert jobs.get(database, 1)["jobstatus"] == "finished"


@pytest.mark.parametrize("far", [9 * 10**17, BIGGEST])
def test_a_task_id_that_is_far_too_large_is_told_and_partitions_are_made_for_the_others(
    database: Database, far: int
) -> None:
    tasks(database, 40_000_001, 40_000_002, far)

    done = partitions.maintain(database, tables=["jedi_taskparams"])

    assert [step.lower for step in done.done] == [41_000_000, 42_000_000, 43_000_000]
    (told,) = [step for step in done.left if "far beyond all others" in step.why]
    assert (told.do, told.rows) == (Do.LEAVE, 1)
    assert "of which the greatest is 40000002" in told.why
    drained = partitions.maintain(database, tables=["jedi_taskparams"], drain=True)
    assert drained.failed == []
    assert drained.done[0].lower == 40_000_000
    assert (len(drained.done) == 1) is (far == BIGGEST)  # that has no range that could end
    (found,) = [one for one in coverage(database).tables if one.table == TASKS]
    assert (found.far, found.ahead >= 3) == (1, True)
    assert found.beyond == (1 if far == BIGGEST else 0)


def test_many_tasks_that_begin_far_beyond_the_others_are_followed(database: Database) -> None:
    tasks(database, 5)
    do(
        database,
        f"INSERT INTO {TASKS} (jeditaskid, taskparams)"
        " SELECT 10000000000 + n, '' FROM generate_series(1, 200) AS n",
    )

    done = partitions.maintain(database, tables=["jedi_taskparams"])

    assert [step.lower for step in done.done] == [10_000_000_000 + n * 10**6 for n in (1, 2, 3)]
    assert [step.do for step in done.left] == [Do.DRAIN, Do.DRAIN]


def test_negative_ids_are_drained_into_a_partition_of_their_own(database: Database) -> None:
    tasks(database, -5, 5)

    done = partitions.maintain(database, tables=["jedi_taskparams"], drain=True)

    assert (done.failed, done.left) == ([], [])
    assert scalar(database, f"SELECT count(*) FROM {TASKS}_default") == 0


def test_an_id_alone_at_the_end_of_bigint_stops_nothing(database: Database) -> None:
    tasks(database, BIGGEST)

    done = partitions.maintain(database, tables=["jedi_taskparams"], drain=True)

    assert (done.failed, done.done, steps(done.left)) == ([], [], [(Do.LEAVE, 1)])


def test_an_infinite_time_in_the_archives_default_partition_puts_no_day_off(
    database: Database,
) -> None:
    columns = "(pandaid, jobstatus, modificationtime, nevents, cpuconsumptiontime)"
    values = "(90, 'finished', 'infinity', 0, 0), (91, 'failed', '0044-03-15 BC', 0, 0)"
    do(database, f"INSERT INTO {ARCHIVED} {columns} VALUES {values}")
    write(database, 1, days=50)
    make_days(database)

    assert [day.put_off for day in archive.plan(database)] == [None]
    assert len(archive.run(database).done) == 1
    assert len(archive.verify(database)) == 4
    for pandaid, time in ((90, "infinity"), (91, "0044-03-15 00:00:00 BC")):
        assert str(jobs.get(database, pandaid)["modificationtime"]) == time


def test_jobs_of_infinite_times_come_back_with_them(database: Database) -> None:
    columns = "(pandaid, jobstatus, modificationtime, endtime, nevents, cpuconsumptiontime)"
    rows = [
        (90, "infinity"),
        (91, "0044-03-15 00:00:00 BC"),
        (92, "9999-12-31 12:00:00"),
        (93, "0001-01-01 12:00:00"),
    ]
    for pandaid, time in rows:
        values = f"({pandaid}, 'finished', '{time}', 'infinity', 0, 0)"
        do(database, f"INSERT INTO {ARCHIVED} {columns} VALUES {values}")

    restored = archive.restore_jobs(database, pandaids=[pandaid for pandaid, _ in rows])

    assert (sorted(restored.gone.jobs), restored.failed) == ([90, 91, 92, 93], [])
    for pandaid, time in rows:
        query = f"SELECT modificationtime || ' ' || endtime FROM {JOBS} WHERE pandaid = {pandaid}"
        assert scalar(database, query) == f"{time} infinity"
    assert ids(database, ARCHIVED) == []


@pytest.fixture
def endless(database: Database) -> list[int]:
    """Jobs that end at infinity, beyond the year 9999, or long ago, and one of today."""
    ends = ["infinity", "infinity", "infinity", "-infinity", "-infinity", "12000-01-01", "now"]
    with database.session() as session:
        made = [make_job(session, "activated") for _ in ends]
        for job, end in zip(made, ends, strict=True):
            make_satellites(session, job)
            session.execute(
                text(f"UPDATE doma_panda.jobsactive4 SET endtime = '{end}' WHERE pandaid = {job}")
            )
    return made


def test_a_job_of_infinite_times_is_shown_and_listed_as_it_is(
    database: Database, endless: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("PANDADB_URL", url.render_as_string(hide_password=False))

    def run(*words: object) -> Any:
        result = CliRunner().invoke(app, ["jobs", *(str(word) for word in words)])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert json.loads(run("show", endless[0], "--json"))["endtime"] == "infinity"
    assert "infinity" in run("show", endless[0])
    assert '"endtime": "infinity"' in run("list", "--json", "--columns", "all")
    assert "-infinity" in run("list", "--columns", "pandaid,endtime")
    assert run("count", "--by", "endtime")


@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_an_infinite_time_have_each_job_once(
    database: Database, endless: list[int], descending: bool
) -> None:
    seen: list[int] = []
    after = None
    for _ in range(len(endless) + 1):
        words: dict[str, Any] = {"descending": descending, "limit": 1, "after": after}
        page = jobs.find(database, order="endtime", columns=["pandaid"], **words)
        seen += [job["pandaid"] for job in page.jobs]
        after = page.next
        if after is None:
            break

    assert sorted(seen) == sorted(endless)
    assert len(seen) == len(endless)


def test_a_job_that_is_tried_again_keeps_the_infinite_times_of_its_files(
    database: Database,
) -> None:
    with database.session() as session:
        job = make_job(session, "failed", endtime=ago(1))
        make_satellites(session, job)
        session.execute(text(f"UPDATE {FILES} SET modificationtime = '{ago(1)}'"))
        session.execute(text(f"UPDATE {JOBS} SET modificationtime = '{ago(1)}'"))
        session.execute(text(f"UPDATE {FILES} SET creationtime = '0044-03-15 BC'"))

    new = jobs.retry(database, job).jobs[job]

    query = f"SELECT string_agg(DISTINCT creationtime::text, ',') FROM {FILES} WHERE pandaid = {{}}"
    assert scalar(database, query.format(new)) == "0044-03-15 00:00:00 BC"


def test_a_history_with_an_infinite_time_says_no_seconds(database: Database) -> None:
    day = timedelta(1)
    with database.session() as session:
        job = make_job(session, "running")
        values = ", ".join(
            f"({job}, '{state}', '{time}')"
            for state, time in (
                ("defined", "-infinity"),
                ("activated", ago(2)),
                ("sent", ago(2) + day),
                ("running", "infinity"),
            )
        )
        session.execute(
            text(f"INSERT INTO {LOG} (pandaid, jobstatus, modificationtime) VALUES {values}")
        )

    states = jobs.history(database, job).states

    assert [(step.jobstatus, step.seconds) for step in states] == [
        ("defined", None),
        ("activated", 86400),
        ("sent", None),
        ("running", None),
    ]

"""Each run of what cron runs is noted: how it has ended, why, and when one last ended well."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.core.archive import backpressure
from pandadb.database import Database, DatabaseUnreachable
from pandadb.errors import InvalidInput, Outcome, PandaDBError
from pandadb.services import archive, jobs, partitions
from pandadb.services.archive import Limits, Paused
from pandadb.services.coverage import coverage
from pandadb.services.jobs import VerbOptions
from pandadb.services.lockwaits import LockNotAvailable
from pandadb.services.maintenance import last_runs, noted
from tests.services.archive.test_runs import TODAY, make_days, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandadb.services.maintenance import LastRun

pytestmark = pytest.mark.slow

DAY = TODAY - timedelta(50)


def last(database: Database, command: str) -> LastRun:
    (found,) = last_runs(database, command)
    return found


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))


def test_a_run_that_did_something_and_one_with_nothing_to_do_are_good(database: Database) -> None:
    write(database, 1, days=50)
    make_days(database)

    archive.run(database)
    first = last(database, "archive run")
    archive.run(database)
    second = last(database, "archive run")

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.NOTHING)
    assert (first.good_at, second.good_at) == (first.ended_at, second.ended_at)
    assert first.began_at < first.ended_at < second.ended_at
    assert first.host
    assert first.run_by


def hold(database: Database) -> None:
    archive.hold(database, [7])


def lag(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpressure, "lag", lambda _: backpressure.Lag(300, hidden=False))


def table_in_the_way(database: Database) -> None:
    do(database, f"CREATE TABLE doma_pandaarch.jobsarchived_p{DAY:%Y_%m_%d} (pandaid bigint)")


@pytest.mark.parametrize(
    ("spoil", "outcome", "why"),
    [
        (hold, Outcome.DEFERRED, "it has jobs of tasks that are held: 7"),
        (archive.pause, Outcome.PAUSED, "paused by"),
        (table_in_the_way, Outcome.WRONG, f"{DAY}"),
    ],
)
def test_a_run_that_did_nothing_says_why_and_is_not_good(
    database: Database, spoil: Callable[[Database], None], outcome: Outcome, why: str
) -> None:
    write(database, 1, days=50, task=7)
    make_days(database)
    spoil(database)

    ran = archive.run(database)

    noted = last(database, "archive run")
    assert (ran.outcome, noted.outcome, noted.good_at) == (outcome, outcome, None)
    assert why in str(noted.why)


@pytest.mark.slow
def test_a_run_that_waits_for_replicas_all_the_time_is_out_of_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(database, 1, days=50)
    make_days(database)
    lag(database, monkeypatch)

    ran = archive.run(database, max_time=5, limits=Limits(max_lag=60))

    noted = last(database, "archive run")
    assert (ran.outcome, noted.why, noted.good_at) == (Outcome.WAITED, "replica lag 300 s", None)


def test_the_last_good_run_is_kept_by_one_that_is_not(database: Database) -> None:
    archive.run(database)
    good = last(database, "archive run").good_at
    archive.pause(database)
    archive.run(database)

    assert good is not None
    assert last(database, "archive run").good_at == good


def test_an_error_that_ends_a_run_is_noted_and_raised(database: Database) -> None:
    with pytest.raises(PandaDBError, match="no power"), noted(database, "archive run"):
        raise PandaDBError("no power")

    assert (last(database, "archive run").outcome, last(database, "archive run").why) == (
        Outcome.WRONG,
        "no power",
    )


def test_a_pause_is_no_error_and_what_was_typed_wrong_is_no_run(
    database: Database, tmp_path: Path
) -> None:
    archive.pause(database)
    with pytest.raises(Paused):
        archive.export(database, "2026-09", tmp_path)
    archive.resume(database)
    with pytest.raises(InvalidInput):
        archive.compact(database, "2026-13")

    (noted,) = last_runs(database)
    assert (noted.command, noted.outcome) == ("archive export", Outcome.PAUSED)


@pytest.mark.slow
def test_a_run_goes_on_where_its_note_cannot_be_written(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    do(database, "DROP TABLE pandadb.maintenance_run")

    assert partitions.maintain(database).outcome is Outcome.DONE
    assert "this run is not noted" in caplog.text
    with pytest.raises(DatabaseUnreachable), noted(database, "archive run"):
        raise DatabaseUnreachable("gone")


@pytest.mark.slow
def test_maintenance_of_partitions_and_the_end_of_late_jobs_are_noted(database: Database) -> None:
    partitions.maintain(database)
    jobs.expire(database, options=VerbOptions(dry_run=True))
    before = [run.command for run in last_runs(database)]
    jobs.expire(database)

    assert before == ["partitions maintain"]
    assert last(database, "partitions maintain").outcome is Outcome.DONE
    assert last(database, "jobs expire").outcome is Outcome.NOTHING


def test_status_names_what_needs_a_person(database: Database) -> None:
    write(database, 1, 2, days=50)
    make_days(database)

    fresh = archive.status(database)
    archive.run(database)
    done = archive.status(database)

    assert 19 * 86_400 < fresh.lag < 21 * 86_400
    assert [*fresh.problems] == [
        f"1 days are due, the first {DAY}; no run has ended well: pandadb archive run"
    ]
    assert (done.lag, done.problems, done.deferred) == (0, [], [])
    assert [run.command for run in done.runs] == ["archive run"]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE doma_panda.tablepart4copying SET data_verif_passed = 'NO'",
            "is not in the archive as it was: pandadb archive verify",
        ),
        (
            "INSERT INTO pandadb.archive_pause (since) VALUES ('2026-01-01')",
            "The archive is paused without an end since 2026-01-01 00:00: pandadb archive resume",
        ),
        (
            "UPDATE pandadb.maintenance_run SET outcome = 'wrong', why = 'no disk'",
            ": no disk",
        ),
    ],
)
def test_what_is_refused_forgotten_or_wrong_is_a_problem(
    database: Database, statement: str, problem: str
) -> None:
    write(database, 1, days=50)
    make_days(database)
    archive.run(database)
    do(database, statement)

    problems = archive.status(database).problems

    assert problems
    assert all(problem in found for found in problems)


def test_a_day_that_stays_is_named_with_its_reason(database: Database) -> None:
    write(database, 1, days=50, task=7)
    make_days(database)
    hold(database)

    (deferred,) = archive.status(database).deferred

    assert (f"{deferred.day:%Y-%m-%d}", deferred.why) == (
        str(DAY),
        "it has jobs of tasks that are held: 7",
    )


@pytest.mark.slow
def test_no_partition_ahead_and_rows_in_a_default_one_are_problems(database: Database) -> None:
    before = coverage(database)
    partitions.maintain(database)
    after = coverage(database)
    write(database, 1, days=50)
    strayed = coverage(database)

    assert "doma_panda.jobs_statuslog has no partition ahead: pandadb partitions maintain" in (
        before.problems
    )
    assert (before.runs, after.problems) == ([], [])
    assert [run.outcome for run in after.runs] == [Outcome.DONE]
    assert (
        "doma_panda.jobsarchived4 has 1 rows in its DEFAULT partition: "
        "pandadb partitions maintain --drain"
    ) in strayed.problems


@pytest.mark.slow
def test_a_command_that_has_not_ended_well_for_two_days_is_a_problem(database: Database) -> None:
    partitions.maintain(database)
    jobs.expire(database)
    do(
        database,
        "UPDATE pandadb.maintenance_run SET good_at = '2026-01-02 03:04'"
        " WHERE command = 'jobs expire'",
    )

    assert coverage(database).problems == [
        "No pandadb jobs expire has ended well since 2026-01-02 03:04"
    ]


def test_a_lock_that_is_not_free_is_contended_and_no_error(database: Database) -> None:
    write(database, 1, days=50)
    make_days(database)
    url = database.engine.url.render_as_string(hide_password=False)
    with database.session() as session, Database(url, lock_timeout=0.2) as impatient:
        session.execute(text(f"LOCK TABLE doma_panda.jobsarchived4_p{DAY:%Y_%m_%d}"))
        with pytest.raises(LockNotAvailable):
            archive.run(impatient)

    assert last(database, "archive run").outcome is Outcome.CONTENDED


def test_an_export_to_a_full_disk_is_noted(database: Database, tmp_path: Path) -> None:
    write(database, 1, days=150)
    make_days(database)
    archive.run(database)
    (tmp_path / "a file").write_text("")
    month = f"{TODAY - timedelta(150):%Y-%m}"

    with pytest.raises(OSError, match="Not a directory"):
        archive.export(database, month, tmp_path / "a file")

    assert "Not a directory" in str(last(database, "archive export").why)

"""Refreshes of statistics: at once, killed, out of time, with the rights of a role, dry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import func, select, text, update

from pandadb.core.statistics import catalog
from pandadb.database import Database
from pandadb.errors import Outcome
from pandadb.models import JobsShareStats, MVJobsActive4Stats, StatisticsRun
from pandadb.services import grants, schema, statistics
from pandadb.services.maintenance import last_runs
from pandadb.services.transaction import VerbOptions
from tests.services.test_grants import attempt
from tests.statistics_rows import STATEMENTS, add_jobs, add_queue, refresh, rows

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

COUNTS = MVJobsActive4Stats.__table__
ALL = [table.name for table in catalog.TABLES]
NAME = "mv_jobsactive4_stats"


def fill(database: Database, number: int = 3) -> None:
    with database.session() as session:
        add_jobs(session, "running", number)


def counted(database: Database) -> list[tuple[Any, ...]]:
    with database.session() as session:
        return rows(session, COUNTS, "num_of_jobs")


def raw(database: Database, **words: Any) -> psycopg.Connection:
    """Connect as a scheduler does that knows nothing of pandadb."""
    url = database.engine.url.set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), **words)


def test_all_are_refreshed_and_a_second_run_finds_the_same(database: Database) -> None:
    fill(database)

    done = [statistics.refresh(database) for _ in range(2)]

    assert [one.name for one in done[0].done] == ALL
    assert done[1].not_due == ["worker_node_metrics"]  # a row more would be one too many
    assert [run.outcome for run in done] == [Outcome.DONE, Outcome.DONE]
    assert counted(database) == [(3,)]
    (noted,) = last_runs(database, "stats refresh")
    assert (noted.outcome, noted.why) == (Outcome.DONE, None)


def test_names_are_taken_with_and_without_their_schema_in_any_case(database: Database) -> None:
    done = statistics.refresh(database, ["DOMA_PANDA.Jobs_Share_Stats", "job_stats_hp"])

    assert [one.name for one in done.done] == ["jobs_share_stats", "job_stats_hp"]


def test_a_name_that_is_none_is_refused_and_nothing_is_done(database: Database) -> None:
    with pytest.raises(
        statistics.UnknownStatistics, match="no statistics 'jobs': there are jedi_aux"
    ):
        statistics.refresh(database, [NAME, "jobs"])

    assert last_runs(database) == []


def test_what_is_not_due_is_left_alone_for_cron(database: Database) -> None:
    statistics.refresh(database)
    ahead = text("UPDATE pandadb.statistics_run SET refreshed_at = refreshed_at + interval '1 day'")
    with database.session() as session:
        session.execute(ahead)

    again = statistics.refresh(database, due=True)
    assert (again.done, again.not_due, again.outcome) == ([], ALL, Outcome.NOTHING)

    with database.session() as session:
        session.execute(
            update(StatisticsRun)
            .where(StatisticsRun.name == NAME)
            .values(refreshed_at=StatisticsRun.refreshed_at - text("interval '3 days'"))
        )
    assert [one.name for one in statistics.refresh(database, due=True).done] == [NAME]


def test_a_dry_run_counts_and_changes_nothing(database: Database) -> None:
    fill(database)

    done = statistics.refresh(database, options=VerbOptions(dry_run=True))

    assert {one.name: one.row_count for one in done.done}[NAME] == 1
    assert counted(database) == []
    assert statistics.status(database).tables[0].last.refreshed_at is None
    assert last_runs(database) == []


def test_of_two_at_once_the_second_does_nothing_and_does_not_wait(database: Database) -> None:
    notices: list[str] = []
    with raw(database) as first, raw(database, autocommit=True) as third:
        third.add_notice_handler(lambda told: notices.append(str(told.message_primary)))
        for statement in STATEMENTS.values():
            first.execute(statement.encode())

        second = statistics.refresh(database)
        for statement in STATEMENTS.values():
            third.execute(statement.encode())

    assert (second.done, second.busy, second.outcome) == ([], ALL, Outcome.CONTENDED)
    busy = "are refreshed by another session: nothing was done"
    assert notices == [f"{name} {busy}" for name in ALL]


def test_refreshes_by_many_double_no_row(database: Database) -> None:
    with database.session() as session:
        add_queue(session, "A", corepower=10)
        for site in ("A", "B", "C"):
            add_jobs(session, "activated", 2, computingsite=site, ninputdatafiles=2)

    def work(_: int) -> list[str]:
        return [one.unit for one in statistics.refresh(database).failed]

    with ThreadPoolExecutor(6) as pool:
        failed = [*pool.map(work, range(18))]

    assert failed == [[]] * 18
    assert counted(database) == [(2,)] * 3
    with database.session() as session:
        assert rows(session, JobsShareStats.__table__, "njobs") == [(2,)]


def test_a_refresh_that_does_not_see_the_last_one_fails_before_it_doubles_a_row(
    database: Database,
) -> None:
    fill(database)
    with raw(database) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT count(*) FROM doma_panda.jobsactive4")  # its snapshot
        statistics.refresh(database, [NAME])

        with pytest.raises(psycopg.errors.SerializationFailure):
            late.execute(STATEMENTS[NAME].encode())

    assert counted(database) == [(3,)]


def test_old_rows_are_read_until_the_new_ones_stand(database: Database) -> None:
    fill(database)
    statistics.refresh(database, [NAME])
    fill(database, 2)
    with raw(database) as connection:
        connection.execute(STATEMENTS[NAME].encode())
        assert counted(database) == [(3,)]
        connection.commit()

    assert counted(database) == [(5,)]


def _killed(connection: psycopg.Connection, database: Database) -> None:
    pid = connection.info.backend_pid
    with database.session() as session:
        session.execute(select(func.pg_terminate_backend(pid, 30_000)))


def test_a_refresh_that_is_killed_leaves_the_old_rows_and_no_lock(database: Database) -> None:
    fill(database)
    statistics.refresh(database)
    fill(database, 2)
    before = statistics.status(database).tables
    for statement in STATEMENTS.values():
        with closing(raw(database)) as connection:
            connection.execute(statement.encode())
            _killed(connection, database)
    after = statistics.status(database).tables

    assert [one.last for one in after] == [one.last for one in before]
    assert counted(database) == [(3,)]
    assert [one.name for one in statistics.refresh(database, ALL).done] == ALL
    assert counted(database) == [(5,)]


def _by_timeout(database: Database) -> statistics.Refreshed:
    url = database.engine.url.render_as_string(hide_password=False)
    with Database(url, statement_timeout=0.2) as impatient:
        return statistics.refresh(impatient, [NAME, "job_stats_hp"])


def _by_lock_timeout(database: Database) -> statistics.Refreshed:
    return statistics.refresh(database, [NAME, "job_stats_hp"], options=VerbOptions(patience=0.2))


@pytest.mark.parametrize(
    ("work", "outcome"),
    [(_by_timeout, Outcome.WRONG), (_by_lock_timeout, Outcome.CONTENDED)],
)
def test_a_timeout_ends_one_table_and_leaves_its_old_rows(
    database: Database, work: Callable[[Database], statistics.Refreshed], outcome: Outcome
) -> None:
    fill(database)
    statistics.refresh(database, [NAME])
    with raw(database) as connection:
        connection.execute(f"LOCK TABLE doma_panda.{NAME} IN EXCLUSIVE MODE".encode())
        done = work(database)

    assert [one.name for one in done.done] == ["job_stats_hp"]
    assert done.outcome is outcome
    assert counted(database) == [(3,)]
    assert statistics.refresh(database, [NAME]).outcome is Outcome.DONE


def test_an_error_ends_the_refresh_of_its_table_only(database: Database) -> None:
    with database.session() as session:
        session.execute(text("DROP TABLE doma_panda.typical_num_input"))

    done = statistics.refresh(database)

    assert [one.unit for one in done.failed] == ["typical_num_input"]
    assert "does not exist" in done.failed[0].why
    assert len(done.done) == len(ALL) - 1
    (noted,) = last_runs(database, "stats refresh")
    assert noted.outcome is Outcome.WRONG
    assert "typical_num_input" in str(noted.why)


def test_schemas_of_other_names_are_refused_since_procedures_know_theirs(
    database: Database,
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    with (
        Database(url, schemas={"doma_panda": "atlas_panda"}) as named,
        pytest.raises(schema.MigrationError, match="other names"),
    ):
        statistics.refresh(named)


def test_what_is_overdue_is_a_problem(database: Database) -> None:
    never = statistics.status(database)
    statistics.refresh(database)
    fresh = statistics.status(database)
    with database.session() as session:
        session.execute(
            update(StatisticsRun)
            .where(StatisticsRun.name.in_([NAME, "typical_num_input"]))
            .values(refreshed_at=StatisticsRun.refreshed_at - text("interval '20 minutes'"))
        )
    late = statistics.status(database)

    assert len(never.problems) == len(ALL)
    assert fresh.problems == []
    (problem,) = late.problems
    assert problem.startswith(f"{NAME} was last refreshed at 20")


@pytest.mark.parametrize(
    ("role", "allowed"), [("owner", True), ("writer", True), ("reader", False), ("archiver", False)]
)
def test_servers_may_refresh_and_others_may_not(
    database: Database, prefix: str, role: str, allowed: bool
) -> None:
    roles = grants.grant(database, prefix).roles

    tried = {name: attempt(database, roles[role], do) for name, do in STATEMENTS.items()}

    assert tried == dict.fromkeys(ALL, allowed)
    assert schema.check(database) == []


def test_a_view_that_a_dump_left_empty_is_filled(database: Database) -> None:
    empty = "REFRESH MATERIALIZED VIEW doma_panda.mv_worker_node_summary WITH NO DATA"
    with database.session() as session:
        session.execute(text(empty))
        refresh(session, "mv_worker_node_summary")
        assert session.scalar(text("SELECT count(*) FROM doma_panda.mv_worker_node_summary")) == 0


def test_runs_that_a_dump_left_out_are_made_anew(database: Database) -> None:
    fill(database)
    with database.session() as session:
        session.execute(text("DELETE FROM pandadb.statistics_run"))

    assert statistics.refresh(database, [NAME]).outcome is Outcome.DONE
    assert counted(database) == [(3,)]

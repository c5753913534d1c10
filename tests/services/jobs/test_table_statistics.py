"""The statistics of tables of jobs, after many jobs have come at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text

from pandadb.models import JobsActive4, JobsDefined4
from pandadb.services import jobs
from pandadb.services.jobs import NewJob, VerbOptions, table_statistics

if TYPE_CHECKING:
    from pandadb.database import Database

ROWS = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")


def rows(database: Database, table: str = "jobsactive4") -> float:
    """Return how many jobs the planner believes in; -1 before it knows anything."""
    with database.session() as session:
        return float(session.scalar(ROWS, {"name": f"doma_panda.{table}"}) or 0)


@pytest.fixture
def defined(database: Database) -> list[int]:
    """A thousand defined jobs."""
    pandaids = [*range(1, table_statistics.ROWS_WORTH_ANALYZE + 1)]
    with database.session() as session:
        session.execute(text("ALTER TABLE doma_panda.jobsactive4 SET (autovacuum_enabled = off)"))
        session.execute(
            insert(JobsDefined4),
            [{"pandaid": one, "jobstatus": "defined", "computingsite": "CERN"} for one in pandaids],
        )
    return pandaids


def test_the_planner_knows_of_jobs_that_were_activated_at_once(
    database: Database, defined: list[int]
) -> None:
    jobs.activate(database, defined, VerbOptions(dry_run=True))
    before = rows(database)
    jobs.activate(database, defined)

    assert (before, rows(database)) == (-1, len(defined))


def test_the_planner_knows_what_the_index_of_dispatch_is_made_of(
    database: Database, defined: list[int]
) -> None:
    jobs.activate(database, defined)

    known = "SELECT count(*) FROM pg_stats WHERE tablename = 'jobsactive4_dispatch_idx'"
    with database.session() as session:
        assert session.scalar(text(known)) > 0


def test_the_planner_knows_of_jobs_that_were_submitted_at_once(database: Database) -> None:
    with database.session() as session:
        session.execute(text("ALTER TABLE doma_panda.jobsdefined4 SET (autovacuum_enabled = off)"))

    jobs.submit(database, [NewJob({})] * table_statistics.ROWS_WORTH_ANALYZE)

    assert rows(database, "jobsdefined4") == table_statistics.ROWS_WORTH_ANALYZE


def test_few_jobs_and_a_small_part_are_left_to_autovacuum(
    database: Database, defined: list[int]
) -> None:
    jobs.activate(database, defined[1:])
    assert rows(database) == -1

    with database.session() as session:
        session.execute(
            text(
                "UPDATE pg_class SET reltuples = 1e6 WHERE oid = 'doma_panda.jobsactive4'::regclass"
            )
        )
    table_statistics.refresh(database, JobsActive4, table_statistics.ROWS_WORTH_ANALYZE)
    assert rows(database) == 1_000_000


def test_a_table_that_somebody_has_locked_is_not_waited_for(
    database: Database, defined: list[int]
) -> None:
    jobs.activate(database, defined[1:])
    with database.session() as other:
        other.execute(text("LOCK TABLE doma_panda.jobsactive4 IN SHARE UPDATE EXCLUSIVE MODE"))
        table_statistics.refresh(database, JobsActive4, table_statistics.ROWS_WORTH_ANALYZE)

    assert rows(database) == -1

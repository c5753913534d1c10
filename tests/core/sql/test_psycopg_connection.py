"""Our cursor: what psycopg does for us in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import ProgrammingError

from pandadb.core.sql.prepared import PreparingCursor, raw_cursor
from pandadb.database import Database

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def test_it_has_columns_of_rows_and_none_of_what_returns_no_rows(session: Session) -> None:
    connection = session.connection()
    with raw_cursor(connection):
        rows = connection.exec_driver_sql("SELECT $1::int AS a, 'é' AS \"ü\"", (5,))
        nothing = connection.exec_driver_sql("SET LOCAL jit = off")

    assert [dict(row) for row in rows.mappings()] == [{"a": 5, "ü": "é"}]
    assert not nothing.returns_rows


def test_what_it_sends_is_prepared_at_once(session: Session) -> None:
    connection = session.connection()
    with raw_cursor(connection):
        connection.exec_driver_sql("SELECT 1")

    prepared = "SELECT statement FROM pg_prepared_statements"
    assert connection.exec_driver_sql(prepared).scalars().all() == ["SELECT 1"]


def test_nothing_is_prepared_if_the_url_says_so(database: Database) -> None:
    url = database.engine.url.update_query_dict({"prepare_threshold": "none"})
    with Database(url) as pooled, pooled.session() as session:
        connection = session.connection()
        with raw_cursor(connection):
            connection.exec_driver_sql("SELECT 1")

        prepared = "SELECT count(*) FROM pg_prepared_statements"
        assert connection.exec_driver_sql(prepared).scalar() == 0


def test_what_is_sent_in_events_has_the_usual_cursor(session: Session) -> None:
    connection, said = session.connection(), []

    def ask(*_: Any) -> None:
        cursor = connection.connection.cursor()
        said.append(cursor.execute("SELECT %s::int", [len(said)]).fetchone())

    for moment in ("before_cursor_execute", "after_cursor_execute"):
        event.listen(connection, moment, ask)
    with raw_cursor(connection):
        connection.exec_driver_sql("SELECT $1::int", (5,))

    assert said == [(0,), (1,)]


def test_a_connection_has_its_own_cursor_again_even_after_a_mistake(session: Session) -> None:
    connection = session.connection()
    with pytest.raises(ProgrammingError), raw_cursor(connection):
        connection.exec_driver_sql("SELEC")
    session.rollback()

    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    assert not issubclass(driver.cursor_factory, PreparingCursor)

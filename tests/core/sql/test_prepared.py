"""Statements that are always the same: sent by the driver, or so that somebody hears of them."""

from __future__ import annotations

import gc
import logging
from contextlib import ExitStack, contextmanager
from itertools import combinations
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest
from sqlalchemy import (
    Integer,
    String,
    bindparam,
    column,
    event,
    insert,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.exc import DataError, NotSupportedError, OperationalError

from pandadb.core.jobs import move_statement
from pandadb.core.jobs.dispatch import dispatches
from pandadb.core.jobs.move_statement import Route
from pandadb.core.jobs.states import transitions
from pandadb.core.sql.prepared import CACHE_SIZE, _text, send
from pandadb.core.sql.psycopg_connection import driver_of
from pandadb.database import Database
from pandadb.models import Cache, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Select

ADDED = insert(Cache.__table__).from_select(
    ["main_key", "sub_key"], select(bindparam("name", type_=String), literal("", String))
)
ADDING = select(bindparam("number", type_=Integer), bindparam("name", type_=String)).add_cte(
    ADDED.cte("added")
)
VALUES = {"number": 5, "name": "ü"}
ENDED = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


def names(database: Database) -> list[str]:
    with database.session() as session:
        return [*session.scalars(select(Cache.main_key))]


def test_it_returns_rows_and_is_a_part_of_the_transaction_of_a_session(database: Database) -> None:
    with database.session() as session:
        session.add(Cache(main_key="before", sub_key=""))
        assert send(session, ADDING, VALUES) == [(5, "ü")]
        session.rollback()
    assert names(database) == []

    with database.session() as session:
        send(session, ADDING, VALUES)
    assert names(database) == ["ü"]


def test_it_is_a_part_of_the_transaction_of_a_bare_connection(database: Database) -> None:
    with database.engine.connect() as connection:
        send(connection, ADDING, VALUES)
        connection.rollback()
        send(connection, ADDING, {**VALUES, "name": "kept"})
        connection.commit()

    assert names(database) == ["kept"]


def test_who_listens_hears_what_is_sent(database: Database) -> None:
    heard = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        heard.append(("INSERT" in statement, sorted(map(str, parameters))))

    event.listen(database.engine, "before_cursor_execute", listen)
    with database.session() as session:
        assert send(session, ADDING, VALUES) == [(5, "ü")]

    assert heard == [(True, ["", "5", "ü"])]
    assert names(database) == ["ü"]


def test_what_is_logged_has_what_is_sent(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "sqlalchemy.engine"), database.session() as session:
        send(session, ADDING, VALUES)

    assert any("INSERT" in message for message in caplog.messages)


def test_a_mistake_is_one_of_sqlalchemy_and_its_connection_goes_on(database: Database) -> None:
    divided = select(1 / bindparam("number", type_=Integer))
    with database.engine.connect() as connection:
        driver = driver_of(connection)
        with pytest.raises(DataError, match="division by zero"):
            send(connection, divided, {"number": 0})
        connection.rollback()

        assert send(connection, ADDING, VALUES) == [(5, "ü")]
        assert driver_of(connection) is driver


@contextmanager
def used(database: Database, send_it: Callable[[Connection], object]) -> Iterator[Connection]:
    """Let three connections send something, and lend one that was not among them."""
    with ExitStack() as stack:
        for _ in range(3):
            send_it(stack.enter_context(database.transaction(at_once=True)))
    with Database(database.engine.url) as other, other.transaction() as connection:
        yield connection


def test_connections_that_are_lost_are_replaced_after_the_first_error(database: Database) -> None:
    statement = select(bindparam("number", type_=Integer))

    def look(connection: Connection) -> Sequence[tuple[Any, ...]]:
        return send(connection, statement, {"number": 5})

    with used(database, look) as other:
        other.execute(text(ENDED))

    with pytest.raises(OperationalError) as raised, database.transaction() as connection:
        look(connection)
    assert raised.value.connection_invalidated
    for _ in range(3):
        with database.transaction() as connection:
            assert look(connection) == [(5,)]


def test_a_statement_is_prepared_anew_by_all_after_its_table_has_changed(
    database: Database,
) -> None:
    statement = select(column("name")).select_from(table("changing", schema="public"))
    with database.session() as session:
        session.execute(text("CREATE TABLE public.changing (name varchar(5))"))

    def look(connection: Connection) -> Sequence[tuple[Any, ...]]:
        return send(connection, statement, {})

    with used(database, look) as other:
        other.execute(text("ALTER TABLE public.changing ALTER COLUMN name TYPE varchar(6)"))

    with (
        pytest.raises(NotSupportedError, match="cached plan"),
        database.transaction(at_once=True) as connection,
    ):
        look(connection)
    for _ in range(3):
        with database.transaction(at_once=True) as connection:
            assert look(connection) == []


def test_who_listens_to_mistakes_alone_hears_them(database: Database) -> None:
    heard = []
    event.listen(database.engine, "handle_error", lambda said: heard.append(said.statement))

    with pytest.raises(DataError), database.transaction() as connection:
        send(connection, select(1 / bindparam("number", type_=Integer)), {"number": 0})

    assert len(heard) == 1
    assert "$1" in heard[0]


NAMES = [column.name for column in JobsActive4.__table__.c if column.name != "pandaid"]
SETS = [*combinations(NAMES, 2)][:2000]
"""Sets of columns that callers may set."""


def heartbeats(columns: tuple[str, ...]) -> Select[Any]:
    (step,) = transitions("heartbeat", "running")
    return move_statement.prepared(Route(step, JobsActive4, JobsActive4, columns, each=True))


@pytest.mark.slow
def test_statements_of_ever_new_columns_are_forgotten() -> None:
    first = heartbeats(SETS[0])
    _text(first, frozenset())
    forgotten = ref(first)
    del first

    for columns in SETS:
        heartbeats(columns)
        _text(select(*(column(name) for name in columns)), frozenset())
    for columns in SETS[: CACHE_SIZE + 10]:
        route = dispatches.route_of(columns, ())
        dispatches.statement(route, (), by_label=False, satellites=False, related=False)

    gc.collect()
    for kept in (move_statement.prepared, _text, dispatches.statement):
        assert kept.cache_info().currsize <= CACHE_SIZE
    assert forgotten() is None

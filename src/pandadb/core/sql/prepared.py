"""Statements that are made once and sent again and again, as the texts that they are."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine

from pandadb.core.sql.psycopg_connection import Cursor, driving, our_cursor
from pandadb.core.sql.transaction import connection_of, schema_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Select

    from pandadb.core.sql.transaction import Transaction

KEPT = 256
"""How many statements of a kind are remembered: one takes some 40 kB, and its text as much.

They are as many as there are sets of columns that callers set, so the ones used last have to do.
The driver remembers the 100 last ones of a connection.
"""
PSYCOPG = create_engine("postgresql+psycopg://", paramstyle="numeric_dollar").dialect


def send(
    session: Transaction, statement: Select[Any], values: Mapping[str, Any]
) -> Sequence[tuple[Any, ...]]:
    """Run a statement that is always the same object, with values that the driver knows.

    SQLAlchemy would look for it by its hundreds of parts, at each call: for one job that takes as
    long as a part of the move itself. Even to send a text and to give rows takes it so long that
    the driver does that, unless somebody listens to what SQLAlchemy sends.
    """
    connection = connection_of(session)
    text, order, usual = _text(statement, frozenset(schema_names(connection).items()))
    given = {**usual, **values}
    parameters = tuple([given[name] for name in order])
    if _is_heard(connection):
        with our_cursor(connection):
            return connection.exec_driver_sql(text.decode(), parameters).all()
    with driving(connection, text) as driver:
        return Cursor(driver).execute(text, parameters).fetchall()


def _is_heard(connection: Connection) -> bool:
    """Tell whether events tell somebody what SQLAlchemy sends, or it is logged."""
    events = connection.dispatch
    heard = events.before_cursor_execute or events.after_cursor_execute
    return bool(heard) or connection.engine.logger.isEnabledFor(logging.INFO)


@lru_cache(KEPT)
def _text(
    statement: Select[Any], names: frozenset[tuple[str | None, str]]
) -> tuple[bytes, tuple[str, ...], Mapping[str, Any]]:
    """Return a statement in the words of this database's schemas, its parameters and constants.

    As always the same bytes, of which Python remembers the hash: the driver looks for what it has
    prepared by them.
    """
    compiled = statement.compile(
        dialect=PSYCOPG,
        schema_translate_map=dict(names),
        render_schema_translate=True,
    )
    return str(compiled).encode(), tuple(compiled.positiontup or ()), compiled.params

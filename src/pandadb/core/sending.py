"""Statements that are made once and sent again and again, as the texts that they are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine

from pandadb.core.driver import our_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import CursorResult, Select
    from sqlalchemy.orm import Session

PSYCOPG = create_engine("postgresql+psycopg://", paramstyle="numeric_dollar").dialect


def send(session: Session, statement: Select[Any], values: Mapping[str, Any]) -> CursorResult[Any]:
    """Run a statement that is always the same object, with values that the driver knows.

    SQLAlchemy would look for it by its hundreds of parts, at each call: for one job that takes as
    long as a part of the move itself.
    """
    connection = session.connection()
    names = connection.get_execution_options().get("schema_translate_map") or {}
    text, order, usual = _text(statement, frozenset(names.items()))
    given = {**usual, **values}
    with our_cursor(connection):
        return connection.exec_driver_sql(text, tuple([given[name] for name in order]))


@cache
def _text(
    statement: Select[Any], names: frozenset[tuple[str, str]]
) -> tuple[str, tuple[str, ...], Mapping[str, Any]]:
    """Return a statement in the words of this database's schemas, its parameters and constants."""
    compiled = statement.compile(
        dialect=PSYCOPG,
        schema_translate_map=dict(names),
        render_schema_translate=True,
    )
    return str(compiled), tuple(compiled.positiontup or ()), compiled.params

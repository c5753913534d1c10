"""Statements that are made once and sent again and again, as the texts that they are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import CursorResult, Select
    from sqlalchemy.orm import Session

PSYCOPG = make_url("postgresql+psycopg://").get_dialect()()


def send(session: Session, statement: Select[Any], values: Mapping[str, Any]) -> CursorResult[Any]:
    """Run a statement that is always the same object, with values that the driver knows.

    SQLAlchemy would look for it by its hundreds of parts, at each call: for one job that takes as
    long as a part of the move itself.
    """
    connection = session.connection()
    names = connection.get_execution_options().get("schema_translate_map") or {}
    text, usual = _text(statement, frozenset(names.items()))
    return connection.exec_driver_sql(text, {**usual, **values})


@cache
def _text(
    statement: Select[Any], names: frozenset[tuple[str, str]]
) -> tuple[str, Mapping[str, Any]]:
    """Return a statement in the words of this database's schemas, and its constants."""
    compiled = statement.compile(
        dialect=PSYCOPG,
        schema_translate_map=dict(names),
        render_schema_translate=True,
    )
    return str(compiled), compiled.params

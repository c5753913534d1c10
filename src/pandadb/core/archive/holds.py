"""Tasks that are held: their jobs are not archived, and their archived jobs are not dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import select

from pandadb.models import ArchiveHold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

HELD_TASKS = (
    "SELECT DISTINCT jeditaskid FROM (SELECT jeditaskid FROM {rows}) AS jobs"
    " WHERE jeditaskid = ANY({tasks}) ORDER BY 1"
)


def held(session: Session) -> Mapping[int, ArchiveHold]:
    """Return the holds, by their tasks."""
    return {hold.jeditaskid: hold for hold in session.scalars(select(ArchiveHold))}


def held_tasks(
    session: Session, rows: sql.Composable, database: Session | None = None
) -> list[int]:
    """Return the held tasks of jobs among rows: a FROM item, perhaps with a condition.

    `database` is the session of the database that has the holds, if it is another one.
    """
    tasks = sorted(held(database or session))
    if not tasks:
        return []
    query = sql.SQL(HELD_TASKS).format(rows=rows, tasks=sql.Literal(tasks)).as_string()
    return [*session.connection().exec_driver_sql(query).scalars()]

"""What is odd in a day of jobs: jobs without what belongs to them, and what belongs to no job.

Either moves with its day as it is. It is told so that somebody can look: what a job lacks may be in
the `_live` or DEFAULT partition still, with a time that was never set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.models.jobs.all_tables import SATELLITES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part

EXAMPLES = 5

ROWS_WITHOUT = """
SELECT count(*), (array_agg(pandaid ORDER BY pandaid))[1:{examples}]
  FROM (SELECT DISTINCT pandaid FROM {these} AS these
         WHERE NOT EXISTS (SELECT 1 FROM {others} AS others WHERE others.pandaid = these.pandaid)
       ) AS found
"""
NO_ROWS = "(SELECT NULL::bigint AS pandaid WHERE false)"

NAMES = ("files", "parameters", "metadata")
"""What the rows of each satellite are called, in the order of SATELLITES."""


@dataclass(frozen=True)
class Finding:
    """Jobs of which something is missing."""

    what: str
    jobs: int
    examples: tuple[int, ...]
    """A few of their PandaIDs."""


def findings(session: Session, day: Day) -> list[Finding]:
    """Return what is odd in a day. Not all jobs have metadata, so these are never missed."""
    return [finding for finding in _look(session, day) if finding.jobs]


def _look(session: Session, day: Day) -> Iterator[Finding]:
    for what, table in zip(NAMES, SATELLITES, strict=True):
        satellites = day.of(str(table.__table__))
        if what != "metadata":
            yield _without(session, f"jobs without {what}", day.jobs, satellites)
        yield _without(session, f"{what} without a job", satellites, day.jobs)


def _without(
    session: Session, what: str, these: Collection[Part], others: Collection[Part]
) -> Finding:
    query = sql.SQL(ROWS_WITHOUT).format(
        examples=sql.Literal(EXAMPLES), these=_all(these), others=_all(others)
    )
    jobs, examples = session.connection().exec_driver_sql(query.as_string()).one()
    return Finding(what, int(jobs), tuple(examples or ()))


def _all(parts: Collection[Part]) -> sql.Composable:
    if not parts:
        return sql.SQL(NO_ROWS)
    each = [sql.SQL("SELECT pandaid FROM {}").format(sql.Identifier(p.schema, p.name))
            for p in parts]  # fmt: skip
    return sql.SQL("({})").format(sql.SQL(" UNION ALL ").join(each))

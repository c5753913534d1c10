"""A day whose place in the archive is taken goes there by rows: restored jobs, and late ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import proofs
from pandadb.core.archive.transfer.rows import THERE, NotMoved
from pandadb.core.sql.table_columns import named
from pandadb.services.archive.plans import held_tasks
from pandadb.services.archive.rows import row_batches
from pandadb.services.archive.rows.row_batches import Course, Gone
from pandadb.services.archive.swaps import PATIENCE, PutOff
from pandadb.services.failures import explain, is_of_all
from pandadb.services.locks import patiently
from pandadb.services.lockwaits import Contended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from sqlalchemy.orm import Session

    from pandadb.core.archive.deferrals import Reason
    from pandadb.core.archive.layout import Day, Part
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive.throttle import Throttle

ALONE = "LOCK TABLE ONLY {table}, ONLY {partition} IN ACCESS EXCLUSIVE MODE"
EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM {partition})"
DROPPED = "ALTER TABLE {table} DETACH PARTITION {partition}; DROP TABLE {partition}"


@dataclass(frozen=True)
class Merged:
    """A day whose rows have gone to partitions that were there."""

    day: Day
    gone: Gone
    dropped: list[str]
    """Partitions of live tables that were empty then."""
    put_off: str | None = None
    """What has ended it midway; the rest of the day is where it was."""
    reason: Reason | None = None
    """The code of that."""
    failed: str | None = None
    """The error that has ended it midway, or that keeps what is empty."""
    contended: bool = False
    """Whether locks were not free, so that what is empty has stayed."""

    @property
    def is_done(self) -> bool:
        """Tell whether anything has gone."""
        return bool(self.gone.jobs or self.dropped)


def merge(
    database: Database,
    day: Day,
    policies: Mapping[str, Policy],
    throttle: Throttle,
    tell: Callable[[int, str | None], None],
) -> Merged:
    """Move the rows of a day to the archive, and drop the partitions that are empty then.

    Jobs that the archive has already stay, and are named. What has gone is told, whatever ends it.

    Raises:
        PutOff: A task of the day is held now; nothing has gone.
    """

    def check(session: Session) -> None:
        if why := held_tasks(session, day):
            raise PutOff(why)

    course = Course(database, THERE, policies, throttle, tell, check)
    try:
        gone = row_batches.go_all(course, day)
    except PutOff as error:
        gone = course.gone
        if not (gone.jobs or gone.refused or gone.contended):
            raise
        return Merged(day, gone, [], put_off=str(error), reason=error.why.reason)
    except (NotMoved, DBAPIError) as error:
        if is_of_all(error):
            raise
        return Merged(day, course.gone, [], failed=explain(error))
    return Merged(day, gone, []) if gone.is_over else _dropped(database, day, gone)


def _dropped(database: Database, day: Day, gone: Gone) -> Merged:
    """Return a day whose rows have gone, without the partitions that are empty if they may go."""
    dropped: list[str] = []
    try:
        patiently(database, lambda session: _drop(session, day, dropped), PATIENCE)
    except Contended:
        return Merged(day, gone, [], contended=True)
    except DBAPIError as error:
        if is_of_all(error):
            raise
        return Merged(day, gone, [], failed=explain(error))
    return Merged(day, gone, dropped)


def _drop(session: Session, day: Day, dropped: list[str]) -> None:
    """Drop the partitions of a day that have no rows, and enter them as archived."""
    dropped.clear()
    for part in day.parts:
        _run(session, ALONE, part)
        if _run(session, EMPTY, part).scalar_one():
            _run(session, DROPPED, part)
            proofs.enter(session, part, "Y")
            proofs.enter_verified(session, part, passed=True)
            dropped.append(part.name)


def _run(session: Session, template: str, part: Part) -> Any:
    statement = sql.SQL(template).format(
        table=named(session, part.source), partition=sql.Identifier(part.schema, part.name)
    )
    return session.connection().exec_driver_sql(statement.as_string())

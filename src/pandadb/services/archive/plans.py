"""Days to archive, and the reasons that defer them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from pandadb.core.archive import default_partitions, holds, ledger
from pandadb.core.archive.deferrals import Deferral, Reason, listed
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, Day, days, strewn, taken
from pandadb.core.archive.row_counts import counted
from pandadb.core.archive.transfer import rows
from pandadb.core.partitions import catalog, planning
from pandadb.core.partitions.planning import Do
from pandadb.core.partitions.policies import POLICIES
from pandadb.core.sql.transaction import schema_of
from pandadb.errors import PandaDBError
from pandadb.models import ArchiveProof
from pandadb.services.failures import Failure, explain, is_of_all
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import is_busy
from pandadb.services.stamps import refuse_unstamped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from pandadb.core.archive.default_partitions import InDefault
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database

OWNERS = text("""
SELECT DISTINCT pg_get_userbyid(c.relowner)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname || '.' || c.relname = ANY(:tables) AND NOT pg_has_role(c.relowner, 'USAGE')
""")
RESTORED_STAY = timedelta(30)
"""How long jobs stay live that were restored by rows, unless their day is named."""
DAYS_IN_DEFAULT = "SELECT DISTINCT date_trunc('day', modificationtime) FROM {default} WHERE {times}"


class NotTheOwner(PandaDBError):
    """A role that may not move partitions."""


class NoSuchDay(PandaDBError):
    """A day that is not where it is looked for."""


def plan(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    only: Collection[date] = (),
    now: datetime | None = None,
    of: date | None = None,
    count: bool = True,
) -> list[Day]:
    """Return the days that are due, oldest first, and for each what puts it off, if anything does.

    With `only` other days are left out, and these go also if they had been restored; with `of`
    other days are left out, and nothing else is different. `now` (naive UTC) is for looking ahead.
    An error puts off only the day that it is of. Rows of partitions without statistics are 0 unless
    they are to be counted.
    """
    with database.session() as session:
        recent = [] if only else _restored(session, now)
        return [
            _settle(session, day, recent, count=count)
            for day in due(session, policies, only, now)
            if of is None or day.has(of)
        ]


def in_default(
    database: Database, policies: Mapping[str, Policy] = POLICIES, *, now: datetime | None = None
) -> InDefault:
    """Return how many jobs no run takes, however old, as they stand in a DEFAULT partition."""
    with database.session() as session:
        return default_partitions.overdue(session, policies, now or catalog.now(session))


def _settle(session: Session, day: Day, recent: Collection[ArchiveProof], *, count: bool) -> Day:
    found: list[Day] = []

    def look() -> None:
        sized = counted(session, day) if count else day
        found.append(sized if day.put_off else _settled(session, sized, recent))

    return unplanned(session, day, look) or found[0]


def unplanned(session: Session, day: Day, look: Callable[[], None]) -> Day | None:
    """Look at a day; return it as one that stays if an error ends that, else None.

    Raises:
        DBAPIError: It is an error of all days: the connection is lost.
    """
    try:
        with session.begin_nested():
            look()
    except (DBAPIError, PandaDBError) as error:
        if is_of_all(error):
            raise
        busy = isinstance(error, DBAPIError) and is_busy(error)
        why = Deferral.of(Reason.LOCKED if busy else Reason.ERROR, error=explain(error))
        return replace(day.deferred(why), failed=not busy)
    return None


def failures(days: Iterable[Day]) -> list[Failure]:
    """Return the days that an error puts off, as units of work that have failed."""
    return [Failure(str(day), str(day.put_off)) for day in days if day.failed]


def _settled(session: Session, day: Day, recent: Collection[ArchiveProof]) -> Day:
    """Say how a day goes, and what puts it off: where its place is taken, its rows go."""
    by_rows, stray = _there(session, day)
    why = held_tasks(session, day) or stray or _wanted(day, recent)
    return replace(day.deferred(why), by_rows=bool(by_rows))


def _restored(session: Session, now: datetime | None) -> list[ArchiveProof]:
    """Return the proofs of partitions that jobs were restored from not long ago."""
    since = (now or catalog.now(session)) - RESTORED_STAY
    taken = select(ArchiveProof).where(ArchiveProof.how == rows.TAKE)
    return [*session.scalars(taken.where(ArchiveProof.proved_at > since))]


def _wanted(day: Day, recent: Collection[ArchiveProof]) -> Deferral | None:
    """Say since when jobs of a day are wanted live, if that is not long ago."""
    for proof in recent:
        if proof.lower_bound < day.upper and day.lower < proof.upper_bound:
            until = proof.proved_at + RESTORED_STAY
            return Deferral.of(Reason.RESTORED, since=proof.proved_at, until=until)
    return None


def due(
    session: Session,
    policies: Mapping[str, Policy],
    only: Collection[date] = (),
    now: datetime | None = None,
) -> list[Day]:
    """Return the days that are old enough, oldest first; put off by the ledger or a young part."""
    has = catalog.partitions(session, ARCHIVE_OF)
    today = now or catalog.now(session)
    old = {
        (step.table, step.partition)
        for table in ARCHIVE_OF
        for step in planning.plan(policies[table], has[table], today, today, {})
        if step.do is Do.ARCHIVE
    }
    never = ledger.kept_out(session)
    found = []
    for day in days(has):
        young = [part.name for part in day.parts if (part.source, part.name) not in old]
        kept = [part.name for part in day.parts if ledger.is_among(part, never)]
        if len(young) == len(day.parts) or (only and not any(map(day.has, only))):
            continue
        why = Deferral.of(Reason.TOO_YOUNG, partition=young[0]) if young else None
        if kept and not only:
            why = Deferral.of(Reason.MUST_NOT, partition=kept[0])
        found.append(day.deferred(why))
    return found


def restorable(database: Database, day: date) -> Day:
    """Return the archived day that a date is in, as one that goes back.

    Raises:
        NoSuchDay: No partition of the archive has it.
    """
    with database.session() as session:
        for found in days(catalog.partitions(session, LIVE_OF), LIVE_OF):
            if found.has(day):
                by_rows, stray = _there(session, found)
                return replace(found.deferred(stray), by_rows=bool(by_rows))
    raise NoSuchDay(f"No partition of the archive has the day {day}: pandadb archive verify")


def obstacle(session: Session, day: Day) -> Deferral | None:
    """Say what keeps a day from being swapped: held tasks, or what is there already."""
    by_rows, stray = _there(session, day)
    return held_tasks(session, day) or by_rows or stray


def _there(session: Session, day: Day) -> tuple[Deferral | None, Deferral | None]:
    """Say which partition has a day's place, and which DEFAULT one has rows of its time."""
    targets = [part.target for part in day.parts]
    there = catalog.partitions(session, targets)
    stray: dict[str, Collection[datetime]] = defaultdict(tuple)
    for table, partitions in there.items():
        for one in partitions:
            if one.is_default:
                default = sql.Identifier(one.schema, one.name)
                query = (
                    sql.SQL(DAYS_IN_DEFAULT)
                    .format(default=default, times=day.condition())
                    .as_string()
                )
                stray[table] = session.connection().exec_driver_sql(query).scalars().all()
    return taken(day, there), strewn(day, stray)


def held_tasks(session: Session, day: Day) -> Deferral | None:
    """Return the deferral of a day that goes to the archive and has jobs of held tasks."""
    for part in day.jobs if day.parts[0].source in ARCHIVE_OF else ():
        if tasks := holds.held_tasks(session, sql.Identifier(part.schema, part.name)):
            return Deferral.of(Reason.TASKS_HELD, tasks=listed(tasks))
    return None


def refuse_strangers(database: Database) -> None:
    """Refuse to begin what only the owner of the tables can do.

    Raises:
        NotStamped: The database has tables of PanDA's that pandadb has not made.
        NotTheOwner: The user of the database is not a member of the owner.
    """
    refuse_unstamped(database)
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        tables = [".".join((schema_of(session, schema), name)) for schema, _, name in
                  (table.partition(".") for table in (*ARCHIVE_OF, *LIVE_OF))]  # fmt: skip
        owners = session.scalars(OWNERS, {"tables": tables}).all()
    if owners:
        raise NotTheOwner(
            f"Only {owners[0]} and its members can move partitions: let somebody who is one run "
            f"pandadb db grant --member {_me(database)}=owner"
        )


def _me(database: Database) -> str:
    with database.session() as session:
        return str(session.scalar(text("SELECT session_user")))

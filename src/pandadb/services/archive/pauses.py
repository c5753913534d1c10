"""The pause of the archiver: running work waits, and no new work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.archive import pauses
from pandadb.core.partitions import catalog
from pandadb.errors import InvalidInput, Outcome, PandaDBError

if TYPE_CHECKING:
    from datetime import datetime

    from pandadb.database import Database
    from pandadb.models import ArchivePause


class Paused(PandaDBError):
    """Work that does not begin, as the archiver is paused."""

    outcome = Outcome.PAUSED


class InvalidPause(InvalidInput):
    """A pause that cannot be."""


def pause(database: Database, until: datetime | None = None, reason: str | None = None) -> None:
    """Have runs of the archiver wait at their next safe point, and none begin.

    A pause takes the place of the one before. It ends by itself at a time (naive UTC) if one is
    named.

    Raises:
        InvalidPause: That time has passed.
    """
    with database.session() as session:
        if until is not None and until <= catalog.now(session):
            raise InvalidPause(f"{until:%Y-%m-%d %H:%M} (UTC) has passed: a pause ends later")
        pauses.begin(session, until, reason and reason[:500])


def resume(database: Database) -> bool:
    """End the pause; return whether there was one."""
    with database.session() as session:
        return pauses.end(session)


def paused(database: Database) -> str | None:
    """Return the current pause as the end of a sentence, or None if there is no pause."""
    with database.session() as session:
        found = pauses.current(session)
    return describe(found) if found else None


def describe(found: ArchivePause) -> str:
    """Return a pause as a sentence's end."""
    until = f" until {found.until:%Y-%m-%d %H:%M}" if found.until else ""
    reason = f": {found.reason}" if found.reason else ""
    return f"paused by {found.paused_by} since {found.since:%Y-%m-%d %H:%M}{until}{reason}"


def refuse_paused(database: Database) -> None:
    """Refuse to begin while the archiver is paused.

    Raises:
        Paused: It is.
    """
    if why := paused(database):
        raise Paused(f"The archive is {why}. pandadb archive resume ends that")

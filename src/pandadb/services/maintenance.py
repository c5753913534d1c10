"""Commands that cron runs to keep a database in order: how each ends, and when one ended well.

The last run of each command is a row of `maintenance_run`. A run that was killed leaves the row of
the run before it.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from pandadb.errors import InvalidInput, Outcome, PandaDBError
from pandadb.models import MaintenanceRun
from pandadb.models.types import UTC_NOW
from pandadb.services.failures import explain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pandadb.database import Database

RUN = MaintenanceRun.__table__
MAX_ERROR_LENGTH = 2000
"""Characters that are kept of why a run ended as it did."""
log = logging.getLogger("pandadb.maintenance")


EXPECTED_INTERVAL = timedelta(2)
"""How long a command of cron may go without a good run."""
SUCCESSES = (Outcome.DONE, Outcome.NOTHING)


@dataclass
class Note:
    """What is noted of a run when it ends."""

    outcome: Outcome = Outcome.DONE
    why: str | None = None
    """A sentence, if there is more to be said."""


@dataclass(frozen=True)
class LastRun:
    """The last run of a command; times are naive UTC."""

    command: str
    began_at: datetime
    ended_at: datetime
    outcome: Outcome
    why: str | None
    good_at: datetime | None
    """When a run last ended with something done, or with nothing to do; None if none has."""
    run_by: str
    host: str | None


@contextmanager
def noted(database: Database, command: str) -> Iterator[Note]:
    """Note how a run ends, by an error too; where that cannot be written, the run goes on.

    An error is `wrong`, unless it has an `outcome` of its own; invalid input is no run.
    """
    note, began = Note(), time.monotonic()
    try:
        yield note
    except InvalidInput:
        raise
    except Exception as error:
        note.outcome = getattr(error, "outcome", Outcome.WRONG)
        note.why = explain(error) if isinstance(error, DBAPIError | PandaDBError) else f"{error}"
        _write(database, command, note, time.monotonic() - began)
        raise
    _write(database, command, note, time.monotonic() - began)


def _write(database: Database, command: str, note: Note, seconds: float) -> None:
    try:
        with database.session() as session:
            ended = select(UTC_NOW).scalar_subquery()
            row = {
                "began_at": ended - timedelta(seconds=seconds),
                "ended_at": ended,
                "outcome": str(note.outcome),
                "why": note.why and note.why[:MAX_ERROR_LENGTH],
                "good_at": ended if note.outcome in SUCCESSES else None,
                "run_by": text("SESSION_USER"),
                "host": socket.gethostname()[:255],
            }
            query = insert(RUN).values(command=command, **row)
            row["good_at"] = func.coalesce(query.excluded.good_at, RUN.c.good_at)
            session.execute(query.on_conflict_do_update(index_elements=["command"], set_=row))
    except (DBAPIError, PandaDBError) as error:
        log.warning("this run is not noted in pandadb.maintenance_run: %s", explain(error))


def last_runs(database: Database, *commands: str) -> list[LastRun]:
    """Return the last run of each command that has run, of all for none."""
    columns = RUN.c
    query = select(*columns).order_by(columns.command)
    if commands:
        query = query.where(columns.command.in_(commands))
    with database.session() as session:
        found = session.execute(query).mappings().all()
    return [LastRun(**{**row, "outcome": Outcome(row["outcome"])}) for row in found]


def went_wrong(runs: Iterable[LastRun]) -> list[str]:
    """Return a sentence for each command whose last run needs a person."""
    return [
        f"The last pandadb {run.command} went wrong at {run.ended_at:%Y-%m-%d %H:%M}"
        + (f": {run.why}" if run.why else "")
        for run in runs
        if run.outcome is Outcome.WRONG
    ]


def overdue(runs: Iterable[LastRun], now: datetime) -> list[str]:
    """Return a sentence for each command that has not ended well for two days."""
    return [
        f"No pandadb {run.command} has ended well since "
        + (f"{run.good_at:%Y-%m-%d %H:%M}" if run.good_at else "it first ran")
        for run in runs
        if run.outcome is not Outcome.WRONG
        and now - (run.good_at or run.began_at) > EXPECTED_INTERVAL
    ]

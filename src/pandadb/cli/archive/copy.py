"""Options and reports of `pandadb archive` for an archive in another database."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pandadb import config
from pandadb import database as databases
from pandadb.cli.options import days
from pandadb.cli.output import as_json, note, out, table
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pandadb.database import Database
    from pandadb.services.archive import CopyState, GracePeriods, RunReport

Wait = Annotated[
    float | None,
    typer.Option(
        parser=days, metavar="DAYS", help="Between copy and drop; else PANDADB_ARCHIVE_WAIT."
    ),
]
WaitFiles = Annotated[
    float | None,
    typer.Option(
        parser=days, metavar="DAYS", help="The same for files; else PANDADB_ARCHIVE_WAIT_FILES."
    ),
]
COLUMNS = ("from", "to", "next", "partitions", "rows", "not before", "deferred because")


@contextmanager
def other(*, named: bool = False) -> Iterator[Database | None]:
    """Open the archive's database, and print its name if it is changed; None without one."""
    database = databases.Database.of_archive()
    try:
        if database and named:
            name = database.libpq_url(hint=False)
            note(f"Archive: {name}", archive=name)
        yield database
    finally:
        if database:
            database.close()


def waits(jobs: float | None = None, files: float | None = None) -> GracePeriods:
    """Return the grace periods of days: the options, else the settings."""
    settings = config.load_settings()
    return archive.GracePeriods.of_days(
        settings.archive_wait if jobs is None else jobs,
        settings.archive_wait_files if files is None else files,
    )


def show(title: str, copy_states: Collection[CopyState], json: bool) -> None:
    """Print the copy states of days."""
    if json:
        as_json([asdict(one) for one in copy_states])
    elif copy_states:
        rows = [
            (one.day.lower, one.day.upper, one.due, len(one.parts or one.day.parts),
             sum(part.rows for part in one.parts or one.day.parts), one.until, one.day.put_off)
            for one in copy_states
        ]  # fmt: skip
        table(title, COLUMNS, rows)
    else:
        out.print("No day is due.")


def report(ran: RunReport) -> None:
    """Print the partitions a run has dropped, copied again, refused to drop, and left waiting."""
    for name, rows in ran.dropped.items():
        out.print(f"Dropped {name}, {rows:,} rows; the archive has them.", markup=False)
    for name in ran.recopied:
        out.print(f"Copied {name} again, as it had changed: it waits again.", markup=False)
    for one in ran.waiting:
        out.print(f"Waits {one.day.lower:%Y-%m-%d}: dropped from {one.until:%Y-%m-%d %H:%M} on.")
    for name, why in ran.refused.items():
        out.print(f"Refused to drop {name}: {why}.", markup=False, soft_wrap=True)

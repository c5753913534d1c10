"""`pandadb archive pause` and `resume`: runs of the archiver wait until they are resumed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from pandadb.cli.options import Quiet, moment
from pandadb.cli.output import NOTHING_TO_DO, out
from pandadb.cli.target import changing
from pandadb.services import archive

FORMATS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
TIME = "2026-11-22[T08:00]"


def pause(
    *,
    reason: Annotated[str | None, typer.Option(help="The reason, as text.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            parser=moment(FORMATS),
            metavar=TIME,
            help="End of the pause, UTC; or +2h, tomorrow.",
        ),
    ] = None,
    _quiet: Quiet = False,
) -> None:
    """Pause the archiver: a run waits at its next safe point, others do not start.

    The pause is stored in the database, so any terminal will do. Readers and servers are not
    affected.

    Example: pandadb archive pause --reason "the disk is replaced" --until 2026-11-22T08:00
    """
    with changing() as database:
        archive.pause(database, until, reason)
        pause_now = archive.paused(database)
    out.print(f"The archive is {pause_now}.", markup=False, soft_wrap=True)


def resume(_quiet: Quiet = False) -> None:
    """Resume the archiver; a waiting run continues within seconds.

    Exit code 3 if it was not paused.

    Example: pandadb archive resume
    """
    with changing() as database:
        was_paused = archive.resume(database)
    out.print("The archiver goes on." if was_paused else "The archive was not paused.")
    raise typer.Exit(0 if was_paused else NOTHING_TO_DO)

"""`pandadb archive import`: load an exported month back into the archive."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pandadb import config
from pandadb.cli.archive import copy
from pandadb.cli.archive.progress import MaxLag, limits, report_progress, unless_paused
from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import NOTHING_TO_DO, as_json, out, table
from pandadb.cli.target import changing
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pandadb.services.archive import Import, ImportProgress


def import_(
    month: Annotated[str, typer.Argument(help="A month, written as 2026-09.")],
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FOLDER", help="Folder of the months; else PANDADB_EXPORTS."
        ),
    ] = None,
    max_lag: MaxLag = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Load an exported month back into the archive, verified before it is visible.

    All or nothing: refused if a file has changed since the export, or if rows of the month or its
    jobs exist already. The files stay. With PANDADB_ARCHIVE_URL that database is the target. Exit
    code 3 if the archive has all rows already, 4 if locks were not free or another run was at work,
    5 if the archive is paused.

    Example: pandadb archive import 2026-09 --from /data/panda
    """
    pace = limits(max_lag)
    with (
        changing(dry_run=dry_run) as database,
        copy.other(named=not dry_run) as other,
        unless_paused(),
    ):
        place = _folder(folder)
        if dry_run:
            done = archive.importable(database, month, place, archive=other)
        else:
            with report_progress("rows") as tell:
                done = archive.import_month(
                    database,
                    month,
                    place,
                    archive=other,
                    limits=pace,
                    tell=lambda now: tell(f"loading {now.table}", now.done, now.of, _line(now)),
                )
    if json:
        as_json({**asdict(done), "dry_run": dry_run})
    else:
        _report(done, dry_run)
    raise typer.Exit(0 if done.rows else NOTHING_TO_DO)


def _folder(given: Path | None) -> Path:
    """Return the folder of the months."""
    if place := given or config.load_settings().exports:
        return place
    raise typer.BadParameter(
        "name the folder of the months, or set PANDADB_EXPORTS", param_hint="--from"
    )


def _line(now: ImportProgress) -> Mapping[str, Any]:
    line = {"step": "import", "month": now.month, "table": now.table, "number": now.done}
    return {**line, "of": now.of, **({"waiting": now.waiting} if now.waiting else {})}


def _report(done: Import, dry_run: bool) -> None:
    if not done.rows:
        out.print(f"Nothing to do: the archive has all rows of {done.month} that were exported.")
        return
    did = "Would import" if dry_run else "Imported"
    out.print(f"{did} {done.month} from {done.folder}", markup=False, soft_wrap=True)
    table(done.month, ("table", "rows"), [*done.rows.items()])
    if done.present:
        out.print(f"Nothing to import for: {', '.join(done.present)}.", soft_wrap=True)

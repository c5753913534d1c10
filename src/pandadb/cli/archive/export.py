"""`pandadb archive export`: months of the archive to Parquet files, and out of the database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb.cli.archive.progress import unless_paused
from pandadb.cli.options import AsJSON, DryRun, Quiet
from pandadb.cli.output import as_json, err, out, table
from pandadb.cli.target import changing, opened
from pandadb.services import archive

if TYPE_CHECKING:
    from pandadb.services.archive import DroppedMonth, Export, ExportPreview, VerifiedMonth


Exports = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Verify the exported months in this folder instead."),
]


def export(
    month: Annotated[str, typer.Argument(help="A month, written as 2026-09.")],
    *,
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the months.")],
    drop: Annotated[
        bool, typer.Option("--drop", help="Drop the month's partitions afterwards.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an invalid export.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Export a month of the archive to Parquet files, verified by reading them back.

    An existing export that is valid is left as it is. With --drop the partitions are dropped from
    the database, if their rows still match the files. Exit code 5 if the archive is paused.

    Example: pandadb archive export 2026-09 --to /data/panda --drop
    """
    with changing(dry_run=dry_run) as database, unless_paused():
        if dry_run:
            _foretell(archive.preview(database, month), json)
            return
        done = archive.export(database, month, to, overwrite=overwrite, tell=_tell)
        dropped = archive.drop_exported(database, month, to, proven=done) if drop else None
    if json:
        as_json(_summary(done, dropped))
    else:
        _report(done, dropped)


def _tell(what: str) -> None:
    if err.is_terminal:
        err.print(what, markup=False, soft_wrap=True)


def _foretell(found: ExportPreview, json: bool) -> None:
    if json:
        as_json(asdict(found))
        return
    table(f"Would export {found.month}", ("table", "rows, about"), [*found.rows.items()])
    for what, names in (
        ("Could be dropped", found.partitions),
        ("Contain other months too, and would stay", found.beyond),
        ("Still in live tables, so not exported", found.live),
    ):
        out.print(f"{what}: {', '.join(names) or 'none'}.", markup=False, soft_wrap=True)


def verify(folder: Path, json: bool) -> list[VerifiedMonth]:
    """Verify the exported months of a folder; return the invalid ones."""
    with opened() as database:
        found = archive.verify_exports(database, folder, tell=_tell)
    wrong = [one for one in found if one.fault]
    if json:
        as_json([asdict(one) for one in found])
        return wrong
    for one in wrong:
        out.print(f"{one.month}: {one.fault}", markup=False, soft_wrap=True)
    out.print(f"{len(found) - len(wrong)} of {len(found)} exported months match their"
              f" manifests; wrong: {len(wrong)}.", soft_wrap=True)  # fmt: skip
    return wrong


def _summary(done: Export, dropped: DroppedMonth | None) -> dict[str, Any]:
    tables = [{name: value for name, value in asdict(one).items() if name != "columns"}
              for one in done.tables]  # fmt: skip
    return {**asdict(done), "tables": tables, "dropped": dropped and asdict(dropped)}


def _report(done: Export, dropped: DroppedMonth | None) -> None:
    verb = "Exported" if done.is_new else "Already exported and valid:"
    out.print(f"{verb} {done.month} to {done.folder}", markup=False, soft_wrap=True)
    rows = [(one.table, one.file, one.rows, one.bytes / 1_000_000) for one in done.tables]
    table(done.month, ("table", "file", "rows", "MB"), rows)
    if done.is_gone:
        out.print("The database no longer has the month.")
    if dropped:
        names = ", ".join(f"{name} {rows:,}" for name, rows in dropped.partitions.items())
        out.print(f"Dropped: {names or 'nothing'}.", markup=False, soft_wrap=True)
        for name, stay in dropped.beyond.items():
            out.print(
                f"{name} stays, with {stay:,} rows: it contains other months too.", markup=False
            )

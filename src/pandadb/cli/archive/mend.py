"""`pandadb archive mend`: repair rows left behind when their jobs ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from pandadb.cli.archive.progress import Batches, MaxLag, limits, rows_line, unless_paused
from pandadb.cli.options import AsJSON, DryRun, Quiet, site_policies
from pandadb.cli.output import CONTENDED, NOTHING_TO_DO, PAUSED, as_json, note, out, tell_failed
from pandadb.cli.target import changing
from pandadb.services import archive

if TYPE_CHECKING:
    from pandadb.services.archive import MendResult, Stragglers


def mend(
    *,
    max_lag: MaxLag = None,
    batch_seconds: Batches = 1,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Set the times of files, parameters and metadata of ended jobs left at 1970-01-01.

    They get the times of their jobs; rows of archived jobs move to the archive, too. Live jobs are
    left alone. Idempotent. Exit code 1 if rows had to stay, 3 if there was nothing to do, 4 if
    locks were not free or a run of the archiver was at work, 5 if the archive is paused.

    Example: pandadb archive mend --dry-run
    """
    with changing(dry_run=dry_run) as database, unless_paused():
        if dry_run:
            _foretell(archive.stragglers(database), json)
        policies, pace = site_policies(), limits(max_lag, batch_seconds)
        mended = archive.mend(database, policies, limits=pace)
    if json:
        as_json(asdict(mended))
    else:
        _report(mended)
    raise typer.Exit(_code(mended))


def _foretell(found: Stragglers, json: bool) -> None:
    if json:
        as_json({**asdict(found), "dry_run": True})
    else:
        out.print(f"Would get the times of their jobs: {rows_line(found.rows)}.")
        _tell_unknown(found)
    raise typer.Exit(0 if found.jobs else NOTHING_TO_DO)


def _report(mended: MendResult) -> None:
    out.print(f"Got the times of their jobs: {rows_line(mended.rows)}.")
    if mended.gone.jobs:
        out.print(f"Followed their jobs to the archive: {rows_line(mended.gone.rows)}.")
    _tell_unknown(mended.left)
    tell_failed(mended.failed)
    for sentence in mended.gone.refused.values():
        note(sentence)
    if mended.left.jobs:
        some = ", ".join(map(str, mended.left.jobs))
        note(f"Their tables have the same rows at the times of the jobs: {some}")


def _tell_unknown(found: Stragglers) -> None:
    if found.unknown:
        number = len(found.unknown)
        out.print(f"Rows at 1970-01-01 of {number:,} PandaIDs stay: this database has no such job.")


def _code(mended: MendResult) -> int:
    if mended.left.jobs or mended.gone.refused or mended.failed:
        return 1
    if mended.paused:
        return PAUSED
    if mended.gone.contended:
        return CONTENDED
    return 0 if any(mended.rows.values()) else NOTHING_TO_DO

"""`pandadb archive restore`: a day, jobs or tasks back into the live tables."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb import config
from pandadb.cli.archive import copy
from pandadb.cli.archive.progress import (
    Batches,
    MaxLag,
    limits,
    moved_line,
    report_progress,
    rows_line,
    unless_paused,
)
from pandadb.cli.confirm import ask
from pandadb.cli.options import (
    DAY,
    AsJSON,
    DryRun,
    Quiet,
    Yes,
    job_id,
    moment,
    site_policies,
    task_id,
)
from pandadb.cli.output import CONTENDED, NOTHING_TO_DO, PAUSED, as_json, err, fail, note, out
from pandadb.cli.target import changing
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database
    from pandadb.services.archive import Limits, RestoreResult


def restore(
    day: Annotated[
        datetime | None,
        typer.Argument(
            parser=moment(DAY),
            metavar="DAY",
            show_default=False,
            help="A day of the archive, or yesterday.",
        ),
    ] = None,
    *,
    pandaid: Annotated[
        list[int] | None,
        typer.Option(parser=job_id, metavar="PANDAID", help="Only this job; can be repeated."),
    ] = None,
    task: Annotated[
        list[int] | None,
        typer.Option(
            parser=task_id, metavar="TASK", help="Only jobs of this task; can be repeated."
        ),
    ] = None,
    max_lag: MaxLag = None,
    batch_seconds: Batches = 1,
    dry_run: DryRun = False,
    json: AsJSON = False,
    yes: Yes = False,
    _quiet: Quiet = False,
) -> None:
    """Restore a day from the archive, or jobs with their satellites.

    A day stays live until `pandadb archive run --day` names it; jobs stay for 30 days or until
    their day is named, or only until the next run if there is no proof of the partitions they came
    from. Exit code 1 if a job is unknown, is refused since it is in both places, its day failed
    (others went on), or only an exported month of PANDADB_EXPORTS has it, to be imported first; 3
    if all are live already; 4 if locks were not free; 5 if the archive is paused.

    From another database (PANDADB_ARCHIVE_URL) a day is copied back, and its copy stays there;
    single jobs cannot be restored.

    Example: pandadb archive restore --pandaid 3848970521 --pandaid 3848970522
    """
    pandaids, tasks = pandaid or [], task or []
    if (day is None) != bool(pandaids or tasks):
        raise typer.BadParameter("name a day, or jobs by --pandaid and --task")
    if config.load_settings().archive_url and day is None:
        fail("From another database jobs come back with their day: pandadb archive restore DAY")
    policies = site_policies()
    pace = limits(max_lag, batch_seconds)
    with changing(dry_run=dry_run) as database, unless_paused():
        if day is not None:
            _restore_day(database, policies, day, pace, dry_run=dry_run, json=json)
            return
        exports = config.load_settings().exports
        found = archive.restorable(database, pandaids=pandaids, tasks=tasks, exports=exports)
        if not dry_run:
            ask("Restore", found.gone.jobs, yes)
            with report_progress("jobs") as tell:
                found = archive.restore_jobs(
                    database,
                    policies,
                    pandaids=pandaids,
                    tasks=tasks,
                    limits=pace,
                    exports=exports,
                    tell=lambda done, of, why: tell("restoring", done, of, _line(done, of, why)),
                )
    _end(found, dry_run=dry_run, json=json)


def _line(done: int, of: int, why: str | None) -> Mapping[str, object]:
    return {"step": "restore", "number": done, "of": of, **({"waiting": why} if why else {})}


def _restore_day(
    database: Database,
    policies: Mapping[str, Policy],
    day: datetime,
    pace: Limits,
    *,
    dry_run: bool,
    json: bool,
) -> None:
    if dry_run:
        with copy.other() as other:
            found = archive.restorable_day(
                database, day.date(), other, config.load_settings().exports
            )
        if found.put_off:
            fail(f"The day {found.lower:%Y-%m-%d} cannot go back: {found.put_off}")
        if json:
            as_json(asdict(found))
        else:
            how = "by rows" if found.by_rows else "as partitions"
            names = ", ".join(part.name for part in found.parts)
            out.print(f"Would go back {how}: {names}", markup=False, soft_wrap=True)
        return
    with copy.other() as other:
        words: dict[str, Any] = {"limits": pace, "tell": _tell, "archive": other}
        words["exports"] = config.load_settings().exports
        moved = archive.restore(database, day.date(), policies, **words)
    if isinstance(moved, archive.RestoreResult):
        _end(moved, dry_run=False, json=json)
    elif json:
        as_json(asdict(moved))
    else:
        out.print(f"Restored {moved_line(moved)}")


def _tell(what: str) -> None:
    if err.is_terminal:
        err.print(str(what), markup=False, soft_wrap=True)


def _end(found: RestoreResult, *, dry_run: bool, json: bool) -> None:
    """Print the result and exit with its code."""
    if json:
        as_json({**asdict(found), "dry_run": dry_run})
    else:
        _report(found, dry_run)
    gone = found.gone
    wrong = [
        *gone.refused.values(),
        *(f"Job {pandaid} is unknown: no table has it" for pandaid in found.unknown),
        *_exported(found.exported),
        *(f"Task {task} has no jobs, in no table" for task in found.unknown_tasks),
        *(f"Failed: {one.unit}: {one.why}" for one in found.failed),
        *([f"{found.left} jobs are still in the archive"] if found.failed else []),
    ]
    for sentence in wrong:
        note(sentence)
    if wrong:
        raise typer.Exit(1)
    if found.paused:
        raise typer.Exit(PAUSED)
    if gone.contended:
        raise typer.Exit(CONTENDED)
    raise typer.Exit(0 if gone.jobs else NOTHING_TO_DO)


def _exported(found: Mapping[str, Collection[int]]) -> list[str]:
    """Return sentences about exported months to be imported before the restore."""
    return [
        f"Only the exported month {month} has {len(pandaids)} of the jobs "
        f"({', '.join(map(str, [*pandaids][:5]))}{', …' if len(pandaids) > 5 else ''}): "
        f"pandadb archive import {month}, then restore them"
        for month, pandaids in found.items()
    ]


def _report(found: RestoreResult, dry_run: bool) -> None:
    gone = found.gone
    did = "Would restore" if dry_run else "Restored"
    rows = f" ({rows_line(gone.rows)})" if gone.rows else ""
    out.print(
        f"{did} {len(gone.jobs)} jobs{rows}; live already: {len(found.live)}; refused: "
        f"{len(gone.refused)}; locks were not free: {len(gone.contended)}; no time: {found.left}.",
        soft_wrap=True,
    )
    for sentence in (*found.notes, *_notes(gone.strayed, gone.unproven)):
        out.print(sentence, markup=False, soft_wrap=True)
    if found.paused:
        out.print(f"The archive is {found.paused}.", markup=False, soft_wrap=True)


def _notes(strayed: Mapping[str, int], unproven: Collection[str]) -> list[str]:
    notes = [
        f"{rows} rows are in {name}: pandadb partitions maintain --drain"
        for name, rows in strayed.items()
    ]
    if unproven:
        notes.append(f"Without a proof, as before: {', '.join(unproven)}")
    return notes

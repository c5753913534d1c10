"""`pandadb archive plan` and `run`: days that are due, and their move to the archive."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb.cli.archive import copy
from pandadb.cli.archive.progress import (
    Batches,
    MaxLag,
    limits,
    moved_line,
    report_progress,
    rows_line,
)
from pandadb.cli.options import DAY, AsJSON, DryRun, Quiet, decimal, moment, site_policies
from pandadb.cli.output import CODES, as_json, end_of_failed, note, out, table, tell_failed
from pandadb.cli.target import changing, opened
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pandadb.core.archive.layout import Day
    from pandadb.database import Database
    from pandadb.services.archive import DayMergeResult, Progress, RunReport

Days = Annotated[
    list[datetime] | None,
    typer.Option(
        "--day",
        parser=moment(DAY),
        metavar="DAY",
        help="Only this day, or -3d, yesterday; can be repeated.",
    ),
]
CENTURY = 36_525 * 86_400
"""Seconds."""
COLUMNS = ("from", "to", "partitions", "rows", "MB", "deferred because")


def plan(days: Days = None, *, json: AsJSON = False) -> None:
    """List days due for archiving, oldest first, and why any is deferred; read-only.

    Exit code 1 if a day is deferred by an error.

    Example: pandadb archive plan
    """
    with opened() as database:
        _print_plan("Due", database, dates(days), copy.waits(), json)


def run(
    days: Days = None,
    *,
    max_time: Annotated[
        float | None,
        typer.Option(
            parser=decimal(0, CENTURY),
            metavar="SECONDS",
            help="Start no further day after so many seconds.",
        ),
    ] = None,
    wait: copy.Wait = None,
    wait_files: copy.WaitFiles = None,
    max_lag: MaxLag = None,
    batch_seconds: Batches = 1,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Move due days from the live tables to the archive, and prove the result.

    Idempotent, crash-safe, and safe to run concurrently: made for cron. With PANDADB_ARCHIVE_URL
    days are copied to that database, wait, and are dropped. Exit code 0 if something was done, 1 if
    rows were lost, a copy has changed, jobs were refused because the archive has them already, or a
    day failed (the others went on), 3 if there was nothing to do, 4 if locks were not free or
    another run was at work, 5 if the archive is paused, 6 if all due days are deferred, 7 if
    nothing was done for lack of time or because replicas lagged.

    Example: pandadb archive run --max-time 3600
    """
    policies, only = site_policies(), dates(days)
    waits = copy.waits(wait, wait_files)
    with changing(dry_run=dry_run) as database:
        if dry_run:
            _print_plan("Would go", database, only, waits, json)
            return
        how: dict[str, Any] = {"limits": limits(max_lag, batch_seconds), "waits": waits}
        with copy.other(named=True) as other, report_progress("days") as tell:
            how |= {"max_time": max_time, "tell": lambda now: tell(*_where(now)), "archive": other}
            try:
                ran = archive.run(database, policies, only=only, **how)
            except archive.ArchiveLost as lost:
                if lost.report:
                    _print_report(lost.report, json)
                raise
    _print_report(ran, json)
    sys.exit(CODES[ran.outcome])


def dates(days: Collection[datetime] | None) -> list[date]:
    """Return the days of `--day` as dates; none if the option was not given."""
    return [day.date() for day in days or ()]


def _print_plan(
    title: str, database: Database, only: Collection[date], waits: archive.GracePeriods, json: bool
) -> None:
    policies = site_policies()
    with copy.other() as other:
        if other:
            found = archive.copy_states(database, policies, only=only, waits=waits)
            copy.show(title, found, json)
            days = [one.day for one in found]
        else:
            days = archive.plan(database, policies, only=only)
            _show(title, days, json)
        if left := str(archive.in_default(database, policies)):
            note(left) if json else out.print(left, markup=False, soft_wrap=True)
    end_of_failed(archive.failures(days))


def _show(title: str, days: Collection[Day], json: bool) -> None:
    if json:
        as_json([asdict(day) for day in days])
    elif days:
        rows = [
            (day.lower, day.upper, len(day.parts), sum(part.rows for part in day.parts),
             sum(part.bytes for part in day.parts) / 1_000_000, day.put_off) for day in days
        ]  # fmt: skip
        table(title, COLUMNS, rows)
    else:
        out.print("No day is due.")


def _where(now: Progress) -> tuple[str, int, int, dict[str, Any]]:
    """Return the progress of a run: as text, and as the fields of a JSON line."""
    day = f"{now.day.lower:%Y-%m-%d}"
    words = f"{day} {now.step}" + (f", {now.done} jobs" if now.done else "")
    line: dict[str, Any] = {"day": day, "step": now.step, "number": now.number, "of": now.of}
    line |= {"jobs": now.done} if now.done is not None else {}
    line |= {"waiting": now.waiting} if now.waiting else {}
    return words, now.number - 1, now.of, line


def _print_report(ran: RunReport, json: bool) -> None:
    if json:
        as_json({**asdict(ran), "lost": ran.lost})
    else:
        _print_steps(ran)
    tell_failed(ran.failed)


def _print_steps(ran: RunReport) -> None:
    if ran.busy:
        out.print("Another run is at work: nothing was done.")
        return
    if ran.paused:
        out.print(f"The archive is {ran.paused}.", markup=False, soft_wrap=True)
    elif ran.held_up:
        out.print(f"Waited until the time limit: {ran.held_up}.", markup=False, soft_wrap=True)
    for sentence in ran.notes:
        out.print(sentence, markup=False, soft_wrap=True)
    for name, verdict in ran.finished.items():
        out.print(f"Counted {name}, moved by an earlier run: {verdict}")
    for moved in ran.done:
        out.print(f"Archived {moved_line(moved)}")
        for finding in moved.findings:
            some = ", ".join(map(str, finding.examples))
            out.print(f"  {finding.jobs} {finding.what}: {some}, …")
    for merged in ran.merged:
        _print_merged(merged)
    for day in ran.put_off:
        out.print(f"Deferred {day.lower:%Y-%m-%d}: {day.put_off}", markup=False)
    for name, held in ran.held.items():
        out.print(f"Locked {name}: {held or 'locks were not free'}", markup=False, soft_wrap=True)
    copy.report(ran)
    if ran.control_rows:
        out.print(f"Rows of the job queue followed their jobs: {rows_line(ran.control_rows)}.")
    out.print(
        f"Days archived: {len(ran.done) + sum(one.is_done for one in ran.merged)}; deferred: "
        f"{len(ran.put_off)}; locks were not free: {len(ran.contended)}; no time: {len(ran.left)}"
        f"{f'; failed: {len(ran.failed)}' if ran.failed else ''}."
    )
    if ran.lost:
        out.print(f"[bold red]There are fewer rows than before:[/] {', '.join(ran.lost)}")


def _print_merged(merged: DayMergeResult) -> None:
    gone = merged.gone
    out.print(f"Archived by rows {merged.day.lower:%Y-%m-%d}: {rows_line(gone.rows)}")
    for sentence in gone.refused.values():
        out.print(f"  {sentence}", markup=False, soft_wrap=True)
    if gone.unproven:
        out.print(f"  Without a proof, as before: {', '.join(gone.unproven)}", markup=False)
    if gone.contended:
        out.print(f"  Jobs whose locks were not free: {len(gone.contended)}")

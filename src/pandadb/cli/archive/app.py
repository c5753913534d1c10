"""`pandadb archive`: finished jobs move to the archive, with proof, and back on request."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb.cli.archive import compact, copy, explain, export, import_, mend, pause, restore
from pandadb.cli.archive.progress import (
    Batches,
    MaxLag,
    limits,
    moved_line,
    report_progress,
    rows_line,
)
from pandadb.cli.options import (
    DAY,
    AsJSON,
    Check,
    DryRun,
    Quiet,
    decimal,
    moment,
    site_policies,
    task_id,
)
from pandadb.cli.output import (
    CODES,
    WRONG,
    as_json,
    end_of_check,
    end_of_failed,
    err,
    note,
    out,
    runs_line,
    table,
    tell_failed,
)
from pandadb.cli.target import changing, opened
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pandadb.core.archive.layout import Day
    from pandadb.database import Database
    from pandadb.services.archive import DayMergeResult, Progress, RunReport

app = typer.Typer(
    help="The archive of jobs: plan, run, pause, status, verify, restore, hold, export, import, "
    "compact."
)

CENTURY = 36_525 * 86_400

Days = Annotated[
    list[datetime] | None,
    typer.Option(
        "--day",
        parser=moment(DAY),
        metavar="DAY",
        help="Only this day, or -3d, yesterday; can be repeated.",
    ),
]
COLUMNS = ("from", "to", "partitions", "rows", "MB", "deferred because")


@app.command()
def plan(days: Days = None, *, json: AsJSON = False) -> None:
    """List days due for archiving, oldest first, and why any is deferred; read-only.

    Exit code 1 if a day is deferred by an error.

    Example: pandadb archive plan
    """
    with opened() as database:
        _foretell("Due", database, _dates(days), copy.waits(), json)


@app.command()
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
    policies, only = site_policies(), _dates(days)
    waits = copy.waits(wait, wait_files)
    with changing(dry_run=dry_run) as database:
        if dry_run:
            _foretell("Would go", database, only, waits, json)
            return
        how: dict[str, Any] = {"limits": limits(max_lag, batch_seconds), "waits": waits}
        with copy.other(named=True) as other, report_progress("days") as tell:
            how |= {"max_time": max_time, "tell": lambda now: tell(*_where(now)), "archive": other}
            try:
                ran = archive.run(database, policies, only=only, **how)
            except archive.ArchiveLost as lost:
                if lost.report:
                    _tell_ran(lost.report, json)
                raise
    _tell_ran(ran, json)
    sys.exit(CODES[ran.outcome])


@app.command()
def status(*, check: Check = False, json: AsJSON = False) -> None:
    """Report due and deferred days, the archive's contents, and problems for an operator.

    Problems, such as days due without a successful run for two days, are also printed on standard
    error.

    Example: pandadb archive status --check
    """
    policies = site_policies()
    with opened(watched=check) as database, copy.other() as other:
        found = archive.status(database, policies, archive=other, waits=copy.waits())
    if json:
        as_json(asdict(found))
    else:
        _show_status(found)
    end_of_check(found.problems, check=check, told=json)


def _show_status(found: archive.Status) -> None:
    since = f", the oldest of {found.oldest:%Y-%m-%d}" if found.oldest else ""
    if found.paused:
        out.print(f"The archive is {found.paused}.", markup=False)
    out.print(f"Days due: {found.due}{since}; deferred: {found.put_off}; tasks held: {found.held}.")
    if found.waiting:
        out.print(f"Days copied and waiting to be dropped: {found.waiting}.")
    columns = ("table", "partitions", "from", "to", "unproven", "MB")
    rows = [
        (one.table, one.partitions, one.first, one.last, one.unproven, one.bytes / 1_000_000)
        for one in found.archived
    ]
    table("The archive", columns, rows)
    for run in found.runs:
        out.print(runs_line(run), markup=False, soft_wrap=True)


@app.command()
def verify(
    days: Days = None,
    *,
    exports: export.Exports = None,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Recompute the checksums of the archive and compare them with its proofs.

    Servers update jobs in the archive for up to 90 days after their end: such partitions are
    listed, but are not errors. Exit code 1 if other partitions differ from their proofs, lack rows,
    have no proof, or cannot be read. With --exports, exported months are verified instead: all rows
    of their files, against their manifests.

    Example: pandadb archive verify --day 2026-10-01
    """
    if exports:
        if days:
            raise typer.BadParameter("not allowed with --exports", param_hint="--day")
        wrong_months = export.verify(exports, json)
        sys.exit(WRONG if wrong_months else 0)
    with opened(watched=True) as database, copy.other() as other:
        found = archive.verify(database, only=_dates(days), tell=_tell_name, archive=other)
    wrong = [one for one in found if not _is_fine(one)]
    if json:
        as_json([asdict(one) for one in found])
    else:
        columns = ("table", "partition", "found", "rows proven", "rows now", "why")
        rows = [
            (one.table, one.partition, one.found, one.proven and one.proven.rows,
             one.now and one.now.rows, one.why)
            for one in found if one.found is not archive.CheckResult.SAME
        ]  # fmt: skip
        if rows:
            table("Different from the proof", columns, rows)
        same = sum(one.found is archive.CheckResult.SAME for one in found)
        out.print(f"{same} of {len(found)} partitions match their proofs; wrong: {len(wrong)}.")
    sys.exit(WRONG if wrong else 0)


@app.command()
def hold(
    tasks: Annotated[
        list[int] | None, typer.Argument(parser=task_id, metavar="TASK", help="JediTaskIDs.")
    ] = None,
    *,
    reason: Annotated[str | None, typer.Option(help="The reason, as text.")] = None,
    release: Annotated[bool, typer.Option("--release", help="Release them.")] = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Keep the jobs of tasks out of the archive; without tasks, list the held ones.

    Example: pandadb archive hold 13332803 --reason "under investigation"
    """
    with changing() if tasks else opened() as database:
        if tasks and release:
            gone = archive.release(database, tasks)
            if json:
                as_json({"released": gone})
            else:
                out.print(f"Released: {', '.join(map(str, gone)) or 'none was held'}.")
            return
        if tasks:
            archive.hold(database, tasks, reason)
        held = archive.holds(database)
    rows = [(one.jeditaskid, one.held_by, one.since, one.reason) for one in held]
    columns = ("jeditaskid", "held_by", "since", "reason")
    if json:
        as_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        table("HeldTask", columns, [(str(task), *others) for task, *others in rows])
    else:
        out.print("No task is held.")


def _dates(days: Collection[datetime] | None) -> list[date]:
    return [day.date() for day in days or ()]


def _foretell(
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


def _tell_name(what: str) -> None:
    if err.is_terminal:
        err.print(what, markup=False, soft_wrap=True)


def _tell_ran(ran: RunReport, json: bool) -> None:
    if json:
        as_json({**asdict(ran), "lost": ran.lost})
    else:
        _report(ran)
    tell_failed(ran.failed)


def _report(ran: RunReport) -> None:
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
        _report_merged(merged)
    for day in ran.put_off:
        out.print(f"Deferred {day.lower:%Y-%m-%d}: {day.put_off}", markup=False)
    for name, held in ran.held.items():
        out.print(f"Locked {name}: {held or 'locks were not free'}", markup=False, soft_wrap=True)
    copy.report(ran)
    out.print(
        f"Days archived: {len(ran.done) + sum(one.is_done for one in ran.merged)}; deferred: "
        f"{len(ran.put_off)}; locks were not free: {len(ran.contended)}; no time: {len(ran.left)}"
        f"{f'; failed: {len(ran.failed)}' if ran.failed else ''}."
    )
    if ran.lost:
        out.print(f"[bold red]There are fewer rows than before:[/] {', '.join(ran.lost)}")


def _report_merged(merged: DayMergeResult) -> None:
    gone = merged.gone
    out.print(f"Archived by rows {merged.day.lower:%Y-%m-%d}: {rows_line(gone.rows)}")
    for sentence in gone.refused.values():
        out.print(f"  {sentence}", markup=False, soft_wrap=True)
    if gone.unproven:
        out.print(f"  Without a proof, as before: {', '.join(gone.unproven)}", markup=False)
    if gone.contended:
        out.print(f"  Jobs whose locks were not free: {len(gone.contended)}")


def _is_fine(one: archive.Verified) -> bool:
    return one.found is archive.CheckResult.SAME or (
        one.found is archive.CheckResult.UPDATED and one.is_young
    )


app.command()(restore.restore)
app.command()(pause.pause)
app.command()(pause.resume)
app.command()(export.export)
app.command("import")(import_.import_)
app.command()(compact.compact)
app.command()(mend.mend)
app.command()(explain.explain)

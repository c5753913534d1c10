"""`pandadb archive`: finished jobs move to the archive, with proof, and back on request."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.archive import compact, copy, explain, export, import_, mend, pause, restore, run
from pandadb.cli.archive.run import Days, dates
from pandadb.cli.options import (
    AsJSON,
    Check,
    Quiet,
    site_policies,
    task_id,
)
from pandadb.cli.output import (
    WRONG,
    as_json,
    end_of_check,
    err,
    out,
    runs_line,
    table,
)
from pandadb.cli.target import changing, opened
from pandadb.services import archive

app = typer.Typer(
    help="The archive of jobs: plan, run, pause, status, verify, restore, hold, export, import, "
    "compact."
)


app.command()(run.plan)
app.command()(run.run)


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
    for last in found.runs:
        out.print(runs_line(last), markup=False, soft_wrap=True)


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
        found = archive.verify(database, only=dates(days), tell=_tell_name, archive=other)
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


def _tell_name(what: str) -> None:
    if err.is_terminal:
        err.print(what, markup=False, soft_wrap=True)


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

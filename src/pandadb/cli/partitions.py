"""`pandadb partitions`: created ahead of time, dropped after their retention."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb.cli.options import AsJSON, Check, DryRun, Quiet, site_policies
from pandadb.cli.output import (
    CODES,
    as_json,
    end_of_check,
    end_of_failed,
    note,
    out,
    runs_line,
    table,
)
from pandadb.cli.target import changing, opened
from pandadb.services import coverage, partitions

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.services.coverage import Coverage, TableCoverage
    from pandadb.services.failures import Failure
    from pandadb.services.partitions import Maintained, PlanStep

app = typer.Typer(help="Partitions: report, plan, create and drop.")

Tables = Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="Only these tables.")]
COLUMNS = ("do", "table", "partition", "from", "to", "rows", "why")


@app.command()
def plan(
    tables: Tables = None,
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements.")] = False,
    json: AsJSON = False,
) -> None:
    """List the partitions to create and to drop, and why; read-only.

    Exit code 1 if a table cannot be planned; it is named on standard error, the others are planned.

    Example: pandadb partitions plan jobs_statuslog --sql
    """
    policies = site_policies()
    failed: list[Failure] = []
    with opened() as database:
        steps = partitions.plan(database, policies, tables=tables or (), failed=failed)
        scripts = partitions.script(database, steps, policies) if sql else []
    if sql:
        for step, script in zip(steps, scripts, strict=True):
            _print_script(step, script)
    else:
        _show("To do", steps, failed, json)
    end_of_failed(failed)


@app.command()
def maintain(
    tables: Tables = None,
    *,
    drain: Annotated[
        bool, typer.Option("--drain", help="Move rows out of DEFAULT partitions, too.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Create missing partitions, drop expired ones.

    Idempotent and safe to run concurrently: made for cron. Exit code 0 if something was done, 1 if
    a table or a partition failed (the others were done), 3 if there was nothing to do, 4 if locks
    were not free or another run was at work.

    Example: pandadb partitions maintain --drain
    """
    policies = site_policies()
    with changing(dry_run=dry_run) as database:
        if dry_run:
            failed: list[Failure] = []
            steps = partitions.plan(database, policies, tables=tables or (), failed=failed)
            do = partitions.Do
            wanted = (do.MAKE, do.DROP, *([do.DRAIN] if drain else []))
            ours = [step for step in steps if step.do in wanted]
            _show("Would do", ours, failed, json)
            end_of_failed(failed)
            return
        done = partitions.maintain(database, policies, tables=tables or (), drain=drain, tell=_tell)
    if json:
        as_json(asdict(done))
    else:
        _report(done)
    end_of_failed(done.failed)
    raise typer.Exit(CODES[done.outcome])


@app.command()
def status(*, check: Check = False, json: AsJSON = False) -> None:
    """Report the partitions of each table, rows in DEFAULT partitions, and problems.

    Exit code 1 if a table cannot be inspected; it is named on standard error.

    Example: pandadb partitions status --check
    """
    policies = site_policies()
    failed: list[Failure] = []
    with opened(watched=check) as database:
        found = coverage.coverage(database, policies, failed=failed)
    if json:
        lines = [asdict(one) for one in found.tables]
        lines += [_failed(coverage.TableCoverage, one) for one in failed]
        as_json({**asdict(found), "tables": lines})
    else:
        _show_coverage(found)
    end_of_failed(failed)
    end_of_check(found.problems, check=check, told=json)


def _show_coverage(found: Coverage) -> None:
    columns = ("table", "interval", "kept", "then", "partitions", "ahead", "to", "stray", "MB")
    rows = [
        (s.table, s.interval, s.retention, s.then, s.partitions, s.ahead, s.last, s.stray,
         s.bytes / 1_000_000) for s in found.tables
    ]  # fmt: skip
    table("Partitions; stray rows are in the DEFAULT partition", columns, rows)
    for run in found.runs:
        out.print(runs_line(run), markup=False, soft_wrap=True)


def _show(title: str, steps: Collection[PlanStep], failed: Collection[Failure], json: bool) -> None:
    if json:
        lines = [asdict(step) for step in steps]
        as_json([*lines, *(_failed(partitions.PlanStep, one, do="failed") for one in failed)])
    elif steps:
        rows = [(s.do, s.table, s.partition, s.lower, s.upper, s.rows, s.why) for s in steps]
        table(title, COLUMNS, rows)
    else:
        out.print("Nothing to do.")


def _failed(kind: type[PlanStep | TableCoverage], one: Failure, **more: str) -> dict[str, Any]:
    """Return the JSON line of a table that cannot be inspected: nothing else is known of it."""
    names = [field.name for field in fields(kind)]
    return {**dict.fromkeys(names), "table": one.unit, "why": one.why, **more}


def _print_script(step: PlanStep, script: Collection[str]) -> None:
    out.print(f"-- {step.do} {step.table}, {step.partition}: {step.why}", markup=False)
    for line in ("BEGIN", *script, "COMMIT") if script else ():
        out.print(f"{line};", markup=False, soft_wrap=True)


def _tell(step: PlanStep) -> None:
    line = {"do": step.do, "table": step.table, "partition": step.partition, "why": step.why}
    note(f"{step.do} {step.partition}: {step.why}", **line)


def _report(done: Maintained) -> None:
    if done.busy:
        out.print("Another run is at work: nothing was done.")
        return
    do = partitions.Do
    made = sum(step.do in (do.MAKE, do.DRAIN) for step in done.done)
    dropped = sum(step.do is do.DROP for step in done.done)
    out.print(
        f"Created {made}, dropped {dropped}; "
        f"locks were not free for {', '.join(done.contended) or 'none'}."
    )
    for unit, held in done.held.items():
        out.print(f"Locked {unit}: {held}", markup=False, soft_wrap=True)
    stray = sum(step.rows for step in done.left if step.do is do.DRAIN)
    if stray:
        out.print(f"{stray} rows are in DEFAULT partitions: pandadb partitions maintain --drain")
    for step in done.left:
        if step.do is do.LEAVE:
            out.print(f"{step.partition}: {step.rows} rows are left in place: {step.why}")
    if any(step.do is do.ARCHIVE for step in done.left):
        out.print("Days are due for archiving: pandadb archive run")

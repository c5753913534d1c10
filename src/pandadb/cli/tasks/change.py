"""`pandadb tasks command`, `advance` and `recount`: tasks that change."""

from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, DryRun, Quiet, task_id
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, out, table
from pandadb.cli.target import changing
from pandadb.cli.tasks.submit import User, end_refused, requester
from pandadb.services import tasks

QUALIFIERS = {
    "finish": ("soft",),
    "retry": ("discard", "staged", "keep", "sole", "transcend"),
}
"""The words that each command takes before it."""
Tasks = Annotated[list[int], typer.Argument(parser=task_id, metavar="TASK…", help="The tasks.")]


def command(
    jeditaskids: Tasks,
    name: Annotated[
        str,
        typer.Argument(
            metavar="COMMAND",
            help="kill, finish, retry, incexec, reassign, pause, resume, avalanche, release.",
        ),
    ],
    *,
    comment: Annotated[
        str | None, typer.Option(help="Of reassign: cloud:NAME:y, site:NAME:y or nucleus:NAME:y.")
    ] = None,
    qualifier: Annotated[
        str | None, typer.Option(help="Of finish: soft; of retry: discard, staged, keep, sole.")
    ] = None,
    user: User = None,
    production: Annotated[
        bool, typer.Option(help="With the production role, or with the rights of the user only.")
    ] = True,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Give a command to tasks, and carry it out. Exit code 1 if it is refused for a task.

    Jobs that run are asked to end; the task goes on when they have: `pandadb tasks advance`.

    Example: pandadb tasks command 1000002 pause
    """
    refuse_unknown_qualifier(name, qualifier)
    asked = tasks.CommandRequest(name, requester(user, production), comment, qualifier)
    with changing(dry_run=dry_run) as database:
        done = tasks.command(
            database, jeditaskids, asked, options=tasks.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json(asdict(done))
    else:
        would = "would be " if dry_run else ""
        for task, status in done.tasks.items():
            out.print(f"Task {task} {would or 'is '}{status}.")
        for task, waiting in done.waiting.items():
            out.print(f"Task {task} waits for {len(waiting):,} jobs to end.")
    end_refused(done.refused)


def refuse_unknown_qualifier(command: str, given: str | None) -> None:
    """Exit with code 2 for words that would be kept and not followed: `soft` ends jobs or not."""
    known = QUALIFIERS.get(command, ())
    for word in (given or "").split():
        if word not in known:
            can = f": it has {', '.join(known)}" if known else ""
            raise typer.BadParameter(f"{command} has no qualifier {word!r}{can}.")


def advance(
    *,
    vo: Annotated[str | None, typer.Option(help="Tasks of this VO only.")] = None,
    prodsourcelabel: Annotated[str | None, typer.Option(help="Tasks of this label only.")] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Take tasks on, for cron: commands, scouts and inputs that have ended, final states.

    Idempotent; several can run at once. Exit code 3 if there was nothing to do.

    Example: pandadb tasks advance --quiet
    """
    with changing(dry_run=dry_run) as database:
        done = tasks.advance(
            database, vo, prodsourcelabel, options=tasks.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json(asdict(done))
    elif done.tasks:
        table("Tasks", ("task", "state"), ([str(task), one] for task, one in done.tasks.items()))
    else:
        out.print("No task was due.")
    if not done.tasks:
        raise typer.Exit(NOTHING_TO_DO)


def recount(
    jeditaskids: Annotated[
        list[int] | None,
        typer.Argument(parser=task_id, metavar="TASK…", help="The tasks; all if none is named."),
    ] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Lower totals of T_TASK, too, to the jobs that are there."),
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Recount what is kept of tasks beside their jobs and files; repair what is wrong.

    Counters of datasets, totals of T_TASK, periods of JOB_METRICS and TASK_METRICS. Without TASK
    datasets without files are left alone, and totals and jobs of tasks that have ended. A total
    that is greater than the jobs and files that are there is lowered by --force only: old ones may
    be gone. Exit code 1 if something is not repaired, 3 if nothing was wrong.

    Example: pandadb tasks recount 1000002 --dry-run
    """
    with changing(dry_run=dry_run) as database:
        wrong = tasks.recount(
            database,
            jeditaskids or None,
            force=force,
            options=tasks.VerbOptions(dry_run=dry_run),
        )
    repaired = [one for one in wrong if one.refused is None]
    if json:
        as_json([one._asdict() for one in wrong])
    elif repaired:
        names = repaired[0]._fields[:-1]
        rows = ([str(value) for value in one[:-1]] for one in repaired)
        table("Wrong values", names, rows)
        note("Nothing was changed." if dry_run else f"{len(repaired)} values are repaired.")
    elif not wrong:
        out.print("All values are right.")
    for one in wrong:
        if one.refused is not None:
            note(f"{one.table}.{one.counter} of {one.id}: {one.refused}.", task=one.task)
    if not wrong:
        raise typer.Exit(NOTHING_TO_DO)
    if len(repaired) < len(wrong):
        raise typer.Exit(1)

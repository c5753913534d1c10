"""`pandadb flows submit`, `stop`, `resume`, `rerun`, `delete` and `reset`: flows that change."""

from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.options import DAY, AsJSON, DryRun, Quiet, Yes, moment, task_id, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, count_words, out
from pandadb.cli.target import changing
from pandadb.cli.text_input import text_of
from pandadb.cli.user import user_name
from pandadb.services import queue

Flow = Annotated[int, typer.Argument(parser=task_id, metavar="FLOW", help="The flow.")]
AGAIN = ("failed", "suspended")
"""States of jobs that a rerun of a flow runs again."""


def submit(
    file: Annotated[
        Path, typer.Argument(help="The flow and its jobs: JSON, YAML or TOML; - is JSON on stdin.")
    ],
    *,
    flow: Annotated[
        int | None,
        typer.Option(parser=task_id, metavar="FLOW", help="Add the jobs to this flow."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="The user; default: your login name.")] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Submit a flow: jobs with their parents, all or none. Print its number.

    Example: pandadb flows submit examples/flow.yaml
    """
    ending = file.suffix.removeprefix(".").lower() if str(file) != "-" else "json"
    text = text_of(file)
    with changing(dry_run=dry_run) as database:
        new, jobs = queue.flows.read(text, ending)
        if new.username is None:
            new = replace(new, username=user or user_name("nobody"))
        done = queue.submit(
            database,
            jobs,
            queue.VerbOptions(dry_run=dry_run),
            flow=new if flow is None else flow,
        )
    if json:
        as_json({**asdict(done), "existing": [*done.existing], "dry_run": dry_run})
    elif dry_run:
        out.print(f"A flow of {len(jobs)} jobs would be submitted.", soft_wrap=True)
    else:
        typer.echo(done.jeditaskid)


def stop(
    flow: Flow, *, dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False
) -> None:
    """Close jobs of a flow that no worker has; the others go on. Exit code 3 if none is left.

    Jobs that are added later are closed, too, until the flow is resumed.

    Example: pandadb flows stop 1000002
    """
    with changing(dry_run=dry_run) as database:
        done = queue.flows.stop(database, flow, queue.VerbOptions(dry_run=dry_run))
    _tell("closed", done.jobs, dry_run=dry_run, json=json)


def resume(
    flow: Flow, *, dry_run: DryRun = False, json: AsJSON = False, _quiet: Quiet = False
) -> None:
    """Resume the paused and stopped jobs of a flow, all or none. Exit code 3 if there is none.

    Example: pandadb flows resume 1000002
    """
    with changing(dry_run=dry_run) as database:
        done = queue.flows.resume(database, flow, queue.VerbOptions(dry_run=dry_run))
    _tell("resumed", done.jobs, dry_run=dry_run, json=json)


def rerun(
    flow: Flow,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also if children have begun: these run again, too.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Run the failed jobs of a flow again, all or none. Exit code 3 if there is none.

    Example: pandadb flows rerun 1000002
    """
    rules = queue.VerbRules(queue.VerbOptions(dry_run=dry_run))
    with changing(dry_run=dry_run) as database:
        found = queue.flows.get(database, flow)
        jobs = [one["pandaid"] for one in found.jobs if one["state"] in AGAIN]
        done = queue.rerun(database, jobs, rules, force=force).states if jobs else {}
    _tell("run again", done, dry_run=dry_run, json=json)


def delete(
    flow: Annotated[list[int], typer.Argument(parser=task_id, metavar="FLOW", help="The flows.")],
    *,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel jobs first that have not ended.")
    ] = False,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most flows.")
    ] = 10,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Delete flows with their jobs and all that belongs to these. Exit code 3 if there is none.

    Example: pandadb flows delete 1000002 --yes
    """
    with changing(dry_run=dry_run) as database:
        if not dry_run:
            confirm(f"Delete {len(flow)} flows with all their jobs?", yes)
        options = queue.VerbOptions(dry_run=dry_run)
        gone = queue.flows.delete(database, flow, options, limit=limit, cancel=cancel)
    if json:
        as_json({"deleted": gone, "dry_run": dry_run})
    else:
        would = "would be " if dry_run else ""
        out.print(f"{len(gone)} flows {would}deleted.", soft_wrap=True)
    raise typer.Exit(0 if gone else NOTHING_TO_DO)


def reset(
    *,
    today: Annotated[
        datetime | None,
        typer.Option(
            parser=moment(DAY), metavar="DATE", help="Today's date, UTC, if there are many."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="As many are many.")
    ] = 25,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Delete all flows with their jobs, whatever these do, and all batch processes.

    With 25 flows or more --today is needed. Exit code 3 if there is none.

    Example: pandadb flows reset --dry-run
    """
    with changing(dry_run=dry_run) as database:
        number = sum(queue.flows.count(database).values())
        if not dry_run:
            confirm(f"Delete all {number:,} flows with all their jobs?", yes)
        gone = queue.flows.reset(
            database,
            queue.VerbOptions(dry_run=dry_run),
            limit=limit,
            today=today.date() if today else None,
        )
    if json:
        as_json({"deleted": gone, "dry_run": dry_run})
    else:
        out.print(f"{gone:,} flows {'would be ' if dry_run else ''}deleted.")
    raise typer.Exit(0 if gone else NOTHING_TO_DO)


def _tell(verb: str, jobs: dict[int, str], *, dry_run: bool, json: bool) -> None:
    """Print the jobs that have changed; exit with code 3 if none has."""
    if json:
        as_json({"jobs": jobs, "dry_run": dry_run})
    else:
        would = "would be " if dry_run else ""
        out.print(f"{len(jobs)} jobs {would}{verb}: {count_words(jobs.values())}.", soft_wrap=True)
    raise typer.Exit(0 if jobs else NOTHING_TO_DO)

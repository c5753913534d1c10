"""`pandadb shares match`: why a job or a task has its share."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON, job_name, task_id
from pandadb.cli.output import as_json, out, table
from pandadb.cli.target import connected
from pandadb.services import selection, shares

MATCHES = "matches"


def match(
    pandaid: Annotated[
        str | None, typer.Argument(parser=job_name, metavar="[JOB]", help="A job, by its id.")
    ] = None,
    *,
    task: Annotated[
        int | None,
        typer.Option(parser=task_id, metavar="TASK", help="A task, in place of a job."),
    ] = None,
    json: AsJSON = False,
) -> None:
    """Explain the share of a job or a task: the leaves in the order of the rules, and why not.

    The first leaf that matches is the share. Of a task the work queues are explained, too.

    Example: pandadb shares match 2000222
    """
    if (pandaid is None) is (task is None):
        raise typer.BadParameter("Name a job, or a task by --task.")
    with connected() as database:
        found: shares.JobMatch | shares.TaskMatch
        if task is not None:
            found = shares.match_task(database, task)
        else:
            (number,) = selection.pandaids(database, [pandaid or 0])
            found = shares.match_job(database, number)
    if json:
        as_json(asdict(found))
    elif isinstance(found, shares.TaskMatch):
        _print_task(found)
    else:
        _print_job(found)


def _print_job(found: "shares.JobMatch") -> None:
    _print(f"Job {found.pandaid} has the share {found.has['gshare'] or '-'}.")
    if found.merges_events:
        _print(f"It merges events: such jobs have the share {found.share}, without a rule.")
    if found.task is not None:
        _print(f"It was generated for task {found.task.jeditaskid}, and has got its share.")
        _print_task(found.task)
    if found.trials:
        _print(f"By its own columns the share would be {found.share}:")
        _print_trials("Leaves, in the order of the rules", found.trials)


def _print_task(found: "shares.TaskMatch") -> None:
    has = found.has
    _print(
        f"Task {found.jeditaskid} has the share {has['gshare'] or '-'}, work queue"
        f" {has['workqueue_id'] or '-'} and resource type {has['resource_type'] or '-'}."
    )
    if found.asked is not None:
        rule = "goes before the rules" if found.asked == found.share else "is no leaf"
        _print(f"Its parameters ask for the share {found.asked}, which {rule}.")
    _print(
        f"Now it would get {found.share}, work queue {found.workqueue or '-'} and resource type"
        f" {found.resource_type}."
    )
    _print_trials("Leaves, in the order of the rules", found.trials)
    _print_trials("Work queues, in their order", found.queue_trials)


def _print_trials(title: str, trials: "Sequence[shares.Trial]") -> None:
    lines = ((number, one.name, one.reason or MATCHES) for number, one in enumerate(trials, 1))
    table(title, ("", "name", "result"), lines)


def _print(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)

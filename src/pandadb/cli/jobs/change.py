"""`pandadb jobs submit`, `move` and `retry`: new jobs, transitions, new attempts."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb.cli import completion
from pandadb.cli.confirm import REFUSALS_SHOWN, ask, end, plain, steps, with_merged
from pandadb.cli.jobs.choice import batches, by_filter
from pandadb.cli.jobs.filters import of_chosen_jobs
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, job_name
from pandadb.cli.output import as_json, out
from pandadb.cli.target import changing
from pandadb.cli.text_input import text_of
from pandadb.services import jobs, selection

PandaIDs = Annotated[list[str], typer.Argument(parser=job_name, metavar="JOB", help="The jobs.")]
AnyPandaIDs = Annotated[
    list[str] | None,
    typer.Argument(parser=job_name, metavar="JOB", help="The jobs; or live jobs by options."),
]


def submit(
    file: Annotated[
        Path, typer.Argument(help="Jobs as JSON, an array or one object per line; - for stdin.")
    ],
    jobstatus: Annotated[
        str,
        typer.Option(
            help="Initial state: defined, pending or waiting.", autocompletion=completion.states
        ),
    ] = "defined",
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Submit jobs with their files and parameters, all or nothing; print their PandaIDs.

    An object has columns of the job, and "files" (a list of objects), "parameters", "metadata" and
    "replaces" (PandaIDs of earlier attempts).

    Example: pandadb jobs submit jobs.json --dry-run
    """
    text = text_of(file)
    with changing(dry_run=dry_run) as database:
        new = jobs.read(text)
        pandaids = jobs.submit(
            database, new, jobstatus=jobstatus, options=jobs.VerbOptions(dry_run=dry_run)
        )
    if json:
        as_json([] if dry_run else pandaids)
    elif dry_run:
        out.print(f"{len(pandaids)} jobs would be submitted.")
    else:
        typer.echo("\n".join(map(str, pandaids)))


@of_chosen_jobs
def move(
    chosen: "jobs.Filter",
    verb: Annotated[
        str, typer.Argument(help="The transition, see above.", autocompletion=completion.verbs)
    ],
    pandaids: AnyPandaIDs = None,
    *,
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A column of the jobs, COLUMN=VALUE; can be repeated.",
            autocompletion=completion.assignment,
        ),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            help="The pilot's report on files, JSON: columns by name or type of file, or such a"
            " report by PandaID; - for stdin. For transfer, merge, finish and fail."
        ),
    ] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    yes: Yes = False,
    _quiet: Quiet = False,
) -> None:
    """Apply a transition to jobs. Exit code 1 if a job is refused; the others move.

    VERB is reset, assign, wait, activate, throttle, release, hold, transfer, merge, finish, fail or
    cancel (for jobs with a command to end: see `pandadb jobs kill`). With filter options it takes
    the live jobs that match all of them, in batches of 1000, each a transaction.

    Example: pandadb jobs move finish 6012345678 --set transexitcode=0

    Example: pandadb jobs move activate --jobstatus assigned --jeditaskid 13332803 --dry-run
    """
    values: dict[str, Any] = dict(_assignment(word) for word in value or [])
    matching, options = by_filter(pandaids, chosen), jobs.VerbOptions(dry_run=dry_run)
    jobs.check_verb(verb)
    if matching and files:
        raise typer.BadParameter(
            "A report on files is of jobs named by PandaIDs", param_hint="--files"
        )
    report = jobs.read_report(text_of(files)) if files else None
    with changing(dry_run=dry_run) as database:
        if matching is None:
            named = selection.pandaids(database, pandaids or ())
            ask(verb.capitalize(), named, yes or dry_run)
            moved = jobs.advance(database, verb, named, options, files=report, **values)
        else:
            with batches(database, verb, matching, yes or dry_run) as advanced:
                moved = jobs.advance_where(
                    database, verb, matching, options, on_progress=advanced, **values
                )
    if json:
        as_json(plain(moved))
    else:
        would = "Would move" if dry_run else "Moved"
        out.print(f"{would}: {len(moved.jobs)} ({steps(moved)}){with_merged(moved)}.")
    end(moved.refused.values(), REFUSALS_SHOWN if matching else None)


def retry(
    pandaids: PandaIDs,
    *,
    same: Annotated[
        bool,
        typer.Option(
            "--same", help="Keep the PandaIDs of the jobs, which are holding or still active."
        ),
    ] = False,
    attemptnr: Annotated[
        int | None,
        typer.Option(min=0, help="The attempt to retry: jobs in another attempt are refused."),
    ] = None,
    dry_run: DryRun = False,
    json: AsJSON = False,
    yes: Yes = False,
    _quiet: Quiet = False,
) -> None:
    """Retry failed, cancelled or closed jobs, each as a new job.

    Exit code 1 if a job cannot be retried; the others are.

    Example: pandadb jobs retry 6012345678
    """
    with changing(dry_run=dry_run) as database:
        chosen = selection.pandaids(database, pandaids)
        ask("Retry", chosen, yes or dry_run)
        retried = jobs.retry(
            database, chosen, jobs.VerbOptions(dry_run=dry_run), same=same, attemptnr=attemptnr
        )
    if json:
        as_json(asdict(retried))
    else:
        for old, new in retried.jobs.items():
            typer.echo(f"{old} {'would be retried' if dry_run else f'is retried as job {new}'}")
    end(retried.refused.values())


def _assignment(word: str) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    if not equals:
        raise typer.BadParameter(f"{word!r} is not COLUMN=VALUE")
    return name, jobs.typed(name, text)

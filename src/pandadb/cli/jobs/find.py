"""`pandadb jobs list`, `show`, `count` and `history`: reports about jobs."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pandadb import config
from pandadb.cli import completion
from pandadb.cli.archive import copy
from pandadb.cli.jobs.filters import filtered
from pandadb.cli.options import AsJSON, job_name, whole
from pandadb.cli.output import as_json, out, table
from pandadb.cli.target import connected
from pandadb.services import jobs, selection

DEFAULT_COLUMNS = "pandaid,jobstatus,computingsite,jeditaskid,produsername,modificationtime"
FILE = ("type", "lfn", "status", "fsize", "dataset")

PandaID = Annotated[
    str, typer.Argument(parser=job_name, metavar="JOB", help="The job: its PandaID or public id.")
]


@filtered
def list_(
    chosen: "jobs.Filter",
    *,
    columns: Annotated[
        str,
        typer.Option(help="Columns, comma-separated; or all.", autocompletion=completion.columns),
    ] = DEFAULT_COLUMNS,
    order: Annotated[
        str, typer.Option(help="The column to order by.", autocompletion=completion.column)
    ] = "pandaid",
    descending: Annotated[bool, typer.Option("--descending", help="Largest first.")] = False,
    limit: Annotated[
        int,
        typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="Maximum number of jobs."),
    ] = 100,
    after: Annotated[str | None, typer.Option(help="The cursor of the previous page.")] = None,
    number: Annotated[bool, typer.Option("--count", help="Print their number only.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the query of the filter.")] = False,
    json: AsJSON = False,
) -> None:
    """List the jobs that match all options, page by page; of the archive only with --archive.

    Example: pandadb jobs list --jobstatus failed --errorcode pilot=1305 --since 2026-11-20
    """
    if sql:
        typer.echo(jobs.as_sql(chosen))
        return
    if number:
        _print_number(chosen, json)
        return
    names = () if columns == "all" else _names(columns)
    with connected() as database:
        page = jobs.find(
            database,
            chosen,
            columns=names,
            order=order,
            descending=descending,
            limit=limit,
            after=after,
        )
    if json:
        as_json(asdict(page))
        return
    shown = names or [*(page.jobs[0] if page.jobs else ())]
    table("Jobs", shown, (_plain(job[name] for name in shown) for job in page.jobs))
    if page.next:
        out.print(f"There are more: --after {page.next}", soft_wrap=True)


def _print_number(chosen: "jobs.Filter", json: bool) -> None:
    with connected() as database:
        number = selection.count_jobs(database, chosen)
    if json:
        as_json({"jobs": number})
    else:
        typer.echo(number)


def show(pandaid: PandaID, json: AsJSON = False) -> None:
    """Show a job with its files, parameters and metadata. Exit code 1 if it is unknown.

    A job that the database no longer has is looked up in that of PANDADB_ARCHIVE_URL, or else in
    the exported months of PANDADB_EXPORTS. Columns without a value are left out; --json has all of
    them.

    Example: pandadb jobs show 3848970521
    """
    with connected() as database, copy.other() as other:
        (job_id,) = selection.pandaids(database, [pandaid])
        job = jobs.get(database, job_id, archive=other, exports=config.load_settings().exports)
    if json:
        as_json(job)
        return
    files = job.pop("files")
    known = ((name, *_plain([value])) for name, value in job.items() if value is not None)
    table(f"Job {job_id}", ("column", "value"), known)
    if files:
        table("Files", FILE, ([file[name] for name in FILE] for file in files))


@filtered
def count(
    chosen: "jobs.Filter",
    by: Annotated[
        str,
        typer.Option(
            help="Columns to group by, comma-separated; also: table.",
            autocompletion=completion.columns,
        ),
    ] = "jobstatus",
    json: AsJSON = False,
) -> None:
    """Count the jobs that match all options; of the archive only with --archive.

    Example: pandadb jobs count --by computingsite,jobstatus --jeditaskid 13332803
    """
    names = _names(by)
    with connected() as database:
        counts = jobs.count(database, chosen, names)
    if json:
        as_json(counts)
        return
    rows = ([*_plain(row[name] for name in names), row["jobs"]] for row in counts)
    table("Jobs", (*names, "jobs"), rows)


def history(pandaid: PandaID, json: AsJSON = False) -> None:
    """Show the states of a job over time, and the attempts before and after it.

    Example: pandadb jobs history 3848970521
    """
    with connected() as database, copy.other() as other:
        (job_id,) = selection.pandaids(database, [pandaid])
        found = jobs.history(
            database, job_id, archive=other, exports=config.load_settings().exports
        )
    if json:
        as_json(asdict(found))
        return
    steps = ((s.jobstatus, s.since, s.seconds, s.modificationhost) for s in found.states)
    table(f"States of job {job_id}", ("state", "since", "seconds", "host"), steps)
    attempts = (
        _plain(
            {**asdict(attempt), "follows": ", ".join(map(str, attempt.follows)) or None}.values()
        )
        for attempt in found.attempts
    )
    columns = ("job", "follows", "relation", "attempt", "state", "site", "table")
    table("Attempts", columns, attempts)


def _names(words: str) -> list[str]:
    """Return the column names of a comma-separated list."""
    return [*dict.fromkeys(filter(None, (name.strip().lower() for name in words.split(","))))]


def _plain(values: Iterable[Any]) -> list[str | None]:
    """Return values as text for copying: PandaIDs without thousands separators."""
    return [None if value is None else str(value) for value in values]

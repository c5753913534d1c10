"""The filter options of jobs, for all commands with a filter."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from pandadb.cli import completion
from pandadb.cli.options import LARGEST_ID, job_id, moment, whole
from pandadb.services import jobs

FORMATS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
TIME = "2026-11-20[T09:00:00]"


def options(
    *,
    pandaid: Annotated[
        list[int] | None,
        typer.Option(parser=job_id, metavar="PANDAID", help="A job; can be repeated."),
    ] = None,
    jobstatus: Annotated[
        list[str] | None,
        typer.Option(help="A state; can be repeated.", autocompletion=completion.states),
    ] = None,
    computingsite: Annotated[
        str | None,
        typer.Option(help="A site, with * as a wildcard.", autocompletion=completion.sites),
    ] = None,
    jeditaskid: Annotated[
        int | None, typer.Option(parser=whole(0, LARGEST_ID), metavar="TASK", help="The task.")
    ] = None,
    produsername: Annotated[str | None, typer.Option(help="The submitter.")] = None,
    prodsourcelabel: Annotated[str | None, typer.Option(help="managed, user, test …")] = None,
    gshare: Annotated[str | None, typer.Option(help="The global share.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=moment(FORMATS), metavar=TIME, help="The earliest time, UTC; or -2h, yesterday."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=moment(FORMATS), metavar=TIME, help="The time limit, exclusive, UTC."),
    ] = None,
    timecolumn: Annotated[
        str,
        typer.Option(help="The column of --since and --until.", autocompletion=completion.times),
    ] = "modificationtime",
    errorcode: Annotated[
        str | None, typer.Option(help="pilot=1305, or 1305 of any component.")
    ] = None,
    errortext: Annotated[
        str | None, typer.Option(help="A PostgreSQL regular expression for the error messages.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(help="A table to search; can be repeated.", autocompletion=completion.tables),
    ] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Search the archive, too.")] = False,
) -> "jobs.Filter":
    """Return the filter of the options."""
    return jobs.Filter(
        pandaids=pandaid or None,
        jobstatus=jobstatus or None,
        computingsite=computingsite,
        jeditaskid=jeditaskid,
        produsername=produsername,
        prodsourcelabel=prodsourcelabel,
        gshare=gshare,
        since=since,
        until=until,
        timecolumn=timecolumn,
        errorcode=errorcode,
        errortext=errortext,
        tables=table or None,
        archive=archive,
    )


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Add these options to a command; their filter is its first argument."""
    return _with_options(command, {*signature(options).parameters})


def of_live_jobs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose live jobs to a command that takes PandaIDs as arguments, too."""
    return _with_options(
        command, {*signature(options).parameters} - {"pandaid", "table", "archive"}
    )


def _with_options(command: Callable[..., None], names: set[str]) -> Callable[..., None]:
    theirs = [one for name, one in signature(options).parameters.items() if name in names]
    own = [*signature(command).parameters.values()][1:]

    @wraps(command)
    def run(**given: Any) -> None:
        chosen = options(**{name: given.pop(name) for name in names})
        command(chosen, **given)

    parameters = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in (*theirs, *own)]
    run.__dict__ |= {"__signature__": Signature(parameters)}
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run

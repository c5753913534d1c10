"""The filter options of jobs, for all commands with a filter."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from pandadb import controller
from pandadb.cli import completion
from pandadb.cli.options import LARGEST_ID, job_id, job_name, moment, whole
from pandadb.services import jobs

FORMATS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
TIME = "2026-11-20[T09:00:00]"


def options(
    *,
    pandaid: Annotated[
        list[str] | None,
        typer.Option(parser=job_name, metavar="JOB", help="A job; can be repeated."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name of jobs, with * and ? as in a shell; can be repeated."),
    ] = None,
    jobstatus: Annotated[
        list[str] | None,
        typer.Option(help="A state; can be repeated.", autocompletion=completion.states),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="A state of queued jobs, such as paused or suspended; can be repeated.",
            autocompletion=completion.standings,
        ),
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
        str | None,
        typer.Option(
            "--errortext",
            "--error",
            help="A PostgreSQL regular expression for the error messages.",
        ),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A value of the metadata, a.b=5; can be repeated."),
    ] = None,
    origin: Annotated[
        int | None,
        typer.Option(parser=job_id, metavar="PANDAID", help="The first attempt at the same work."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="A group of the job queue; can be repeated.")
    ] = None,
    next_queue: Annotated[
        str | None,
        typer.Option(help="The queue of the next attempt of a queued job, with * and ?."),
    ] = None,
    worker: Annotated[
        str | None, typer.Option(help="A worker of the job queue, or a host, with * and ?.")
    ] = None,
    process: Annotated[
        str | None, typer.Option(help="The id of a process of a batch system that runs the job.")
    ] = None,
    leased: Annotated[
        bool | None, typer.Option("--leased/--not-leased", help="Whether a worker has the job.")
    ] = None,
    held: Annotated[
        bool | None, typer.Option("--held/--not-held", help="Whether a user has paused the job.")
    ] = None,
    controlled: Annotated[
        bool | None,
        typer.Option("--controlled/--not-controlled", help="Whether it is of the job queue."),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(help="A table to search; can be repeated.", autocompletion=completion.tables),
    ] = None,
    archive: Annotated[bool, typer.Option("--archive", help="Search the archive, too.")] = False,
) -> "jobs.Filter":
    """Return the filter of the options."""
    chosen = jobs.Filter(
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
    more = jobs.JobFilter(
        name=name or None,
        origin=origin,
        groups=group or None,
        next_queue=next_queue,
        worker=worker,
        process=process,
        leased=leased,
        held=held,
        controlled=controlled,
    )
    if state:
        more &= controller.in_standing(*state)
    for word in metadata or ():
        more &= _of_metadata(word)
    return named(jobs.narrowed(chosen, more), pandaid)


def named(chosen: "jobs.Filter", names: Sequence[int | str] | None) -> "jobs.Filter":
    """Return the filter for named jobs only, if any are named."""
    if not names:
        return chosen
    pandaids = [name for name in names if isinstance(name, int)]
    texts = [name for name in names if isinstance(name, str)]
    if not texts:
        return replace(chosen, pandaids=pandaids)
    by_name = jobs.JobFilter(pandaids=pandaids) | jobs.JobFilter(public_ids=texts)
    return jobs.narrowed(chosen, by_name)


def _of_metadata(word: str) -> "jobs.JobFilter":
    """Return the filter of NAME=VALUE; 5 is the number or the text."""
    name, equals, text = word.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{word!r} is not NAME=VALUE", param_hint="--metadata")
    as_text = jobs.JobFilter(metadata={name: text})
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return as_text
    return as_text | jobs.JobFilter(metadata={name: value})


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Add these options to a command; their filter is its first argument."""
    return _with_options(command, {*signature(options).parameters})


def of_chosen_jobs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose jobs to a command that takes names of jobs as arguments, too."""
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

"""`pandadb jobs dump`, `output`, `files` and `todir`: all that a job has, and its folder."""

import json as json_format
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb import config
from pandadb.cli.archive import copy
from pandadb.cli.jobs.filters import filtered, named
from pandadb.cli.jobs.find import FILE, PandaID
from pandadb.cli.options import AsJSON, job_name
from pandadb.cli.output import as_json, fail, out, table
from pandadb.cli.target import connected
from pandadb.services import jobs, selection

WorkDir = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Where workers make the directories of jobs."),
]


@filtered
def dump(
    chosen: "jobs.Filter",
    names: Annotated[
        list[str] | None,
        typer.Argument(parser=job_name, metavar="JOB", help="The jobs; or jobs by options."),
    ] = None,
) -> None:
    """Print all about jobs as JSON, one object per line, for `pandadb jobs submit`.

    Each has the columns, files, parameters and metadata of its work, which can be submitted again,
    and as its `record` all columns, files, states over time, attempts and the last output.

    Example: pandadb jobs dump 3848970521 --archive
    """
    where = named(chosen, names)
    if where.is_unconditional:
        raise typer.BadParameter(
            "Name jobs, or give at least one option such as --jeditaskid", param_hint="JOB"
        )
    with connected() as database:
        known = selection.pandaids(database, names or ())
        found = {job["record"]["job"]["pandaid"]: None for job in _print_dump(database, where)}
    if missing := [job for job in known if job not in found]:
        fail(f"Job {missing[0]} is unknown, or does not match: try --archive")


def _print_dump(database: Any, where: "jobs.Filter") -> Any:
    for job in selection.dump(database, where):
        typer.echo(json_format.dumps(job, default=str))
        yield job


def output(
    pandaid: PandaID,
    *,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Only the end of the payload's output.")
    ] = False,
    json: AsJSON = False,
) -> None:
    """Print the result of a job and the end of its payload's output. Exit code 1 if it has neither.

    The result is its metadata; the output is what its worker or pilot has sent last.

    Example: pandadb jobs output 3848970521
    """
    with connected() as database, copy.other() as other:
        exports = config.load_settings().exports
        found = selection.output(database, pandaid, archive=other, exports=exports)
    if json:
        as_json(vars(found))
        return
    if found.stdout is None and (stdout or found.result is None):
        missing = "output" if stdout else "result"
        fail(f"Job {found.pandaid} is {found.jobstatus}, and has no {missing}")
    if found.result is not None and not stdout:
        typer.echo(
            found.result
            if isinstance(found.result, str)
            else json_format.dumps(found.result, indent=2, ensure_ascii=False)
        )
    if found.stdout is not None:
        typer.echo(found.stdout)


def files(
    pandaid: PandaID,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="Files of its folder to copy."),
    ] = None,
    *,
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the copies go.")] = Path(),
    local: Annotated[
        bool, typer.Option("--local", help="List the files of its folder on this machine.")
    ] = False,
    work_dir: WorkDir = None,
    json: AsJSON = False,
) -> None:
    """List the files of a job; copy files of its folder, if that is on this machine.

    Example: pandadb jobs files 3848970521 stdout result.json --to /tmp/job
    """
    with connected() as database, copy.other() as other:
        if not names and not local:
            (number,) = selection.pandaids(database, [pandaid])
            exports = config.load_settings().exports
            rows = jobs.get(database, number, archive=other, exports=exports)["files"]
            _show_files(rows, json)
            return
        folder = selection.folder_of(
            database, pandaid, work_dir or config.load_settings().jobs_dir()
        )
    if names:
        copies = [str(path) for path in selection.copy_files(folder, names, to)]
        as_json(copies) if json else typer.echo("\n".join(copies))
        return
    found = selection.files_in(folder)
    if json:
        as_json([vars(one) for one in found])
    else:
        table(str(folder), ("file", "bytes"), ((one.name, one.size) for one in found))


def _show_files(rows: list[dict[str, Any]], json: bool) -> None:
    if json:
        as_json(rows)
    elif rows:
        table("Files", FILE, ([row[name] for name in FILE] for row in rows))
    else:
        out.print("The job has no files.")


def todir(
    pandaid: PandaID,
    *,
    shell: Annotated[
        bool, typer.Option("--shell", help="Open a shell there, $SHELL, instead.")
    ] = False,
    work_dir: WorkDir = None,
) -> None:
    """Print the folder of the last run of a job on this machine, or open a shell there.

    Example: pandadb jobs todir 3848970521 --shell
    """
    with connected() as database:
        folder = selection.folder_of(
            database, pandaid, work_dir or config.load_settings().jobs_dir()
        )
    if not shell:
        typer.echo(folder)
        return
    os.chdir(folder)
    program = os.environ.get("SHELL", "/bin/sh")
    os.execvp(program, [program])  # noqa: S606 - the user's own shell

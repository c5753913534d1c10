"""`pandadb docs`: documents generated from the models and the states."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pandadb.cli.options import AsJSON
from pandadb.cli.output import as_json, out
from pandadb.docs_pages import writer

app = typer.Typer(help="Generate documents from the models and the states.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option(help="Target folder.", file_okay=False)]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit code 1 if a file is stale.")
]


@app.command()
def erd(folder: Folder = Path("docs"), check: Check = False, json: AsJSON = False) -> None:
    """Generate the entity diagrams, one per family of tables, as Mermaid.

    Example: pandadb docs erd --folder docs
    """
    _report(writer.erd(folder, check=check), json)


@app.command()
def dictionary(folder: Folder = Path("docs"), check: Check = False, json: AsJSON = False) -> None:
    """Generate the data dictionary: all tables and columns, one page per family.

    Example: pandadb docs dictionary --check
    """
    _report(writer.write_dictionary(folder, check=check), json)


@app.command()
def states(folder: Folder = Path("docs"), check: Check = False, json: AsJSON = False) -> None:
    """Generate the pages of states of jobs, tasks and ranges: a diagram, states, transitions.

    Example: pandadb docs states --check
    """
    _report(writer.states(folder, check=check), json)


@app.command()
def statements(folder: Folder = Path("docs"), check: Check = False, json: AsJSON = False) -> None:
    """Generate the page of central SQL statements, compiled: moves of jobs, and a dispatch.

    Example: pandadb docs statements --check
    """
    _report(writer.statements(folder, check=check), json)


@app.command()
def stubs(
    folder: Folder = Path("src/pandadb/aio"), check: Check = False, json: AsJSON = False
) -> None:
    """Generate the stubs of pandadb.aio: the functions of the services as coroutines.

    Example: pandadb docs stubs --check
    """
    _report(writer.write_stubs(folder, check=check), json)


@app.command()
def types(folder: Folder = Path("src/pandadb"), check: Check = False, json: AsJSON = False) -> None:
    """Generate the Python types of a job: states and verbs as Literals, and columns.

    Example: pandadb docs types --check
    """
    _report(writer.types(folder, check=check), json)


@app.command()
def views(folder: Folder = Path("sql/views"), check: Check = False, json: AsJSON = False) -> None:
    """Generate the views pandadb.jobs, files, jobparams and metadata from the models.

    A version used by a released revision is not changed: a new version is written, for a new
    revision.

    Example: pandadb docs views --check
    """
    _report(writer.views(folder, check=check), json)


def _report(done: writer.Written, json: bool) -> None:
    if json:
        as_json(asdict(done))
    else:
        for word in ("written", "removed", "stale"):
            for name in getattr(done, word):
                out.print(f"{word} {name}", markup=False, soft_wrap=True)
        out.print(f"{len(done.unchanged)} files are up to date.")
    raise typer.Exit(bool(done.stale))

"""`pandadb gateway runs list` and `show`: the records of runs, with versions, states and logs."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from pandadb.cli.options import LARGEST_ID, AsJSON, whole
from pandadb.cli.output import as_json, out, plain_text, printable, table
from pandadb.cli.target import connected
from pandadb.gateway import operators
from pandadb.services import gateway

MAX_RUNS = 10_000
COLUMNS = (
    "record", "instrument", "RB number", "run", "version", "state", "job", "created", "finished",
    "message",
)  # fmt: skip
SHOWN = 4000
"""Characters of a log that are shown, from its end; --json has all."""
SHORT = 60
"""Characters of a message in the list."""
LONG = {"body", "destinations", "script", "reduction_log", "admin_log", "variables"}
"""Values of a record that are shown apart, or by --json only."""
Instrument = Annotated[
    str, typer.Argument(metavar="INSTRUMENT", help="The instrument, such as WISH.")
]
Number = Annotated[
    int, typer.Argument(parser=whole(1, LARGEST_ID), metavar="RUN", help="The number of the run.")
]
RB = Annotated[
    int | None,
    typer.Option(
        "--rb", parser=whole(-LARGEST_ID, LARGEST_ID), metavar="NUMBER", help="The RB number."
    ),
]
Version = Annotated[
    int | None,
    typer.Option(
        "--run-version", parser=whole(0, 1_000_000), metavar="NUMBER",
        help="The version; default: the highest.",
    ),
]  # fmt: skip


def list_(
    *,
    instrument: Annotated[
        str | None, typer.Option(metavar="NAME", help="Runs of an instrument.")
    ] = None,
    run: Annotated[
        int | None,
        typer.Option(parser=whole(1, LARGEST_ID), metavar="NUMBER", help="Versions of a run."),
    ] = None,
    rb: RB = None,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Queued, Processing, Completed, Error or Skipped."),
    ] = None,
    limit: Annotated[
        int, typer.Option(parser=whole(1, MAX_RUNS), metavar="NUMBER", help="The most records.")
    ] = 100,
    before: Annotated[
        int,
        typer.Option(
            parser=whole(1, LARGEST_ID), metavar="RECORD", help="The last one of the page before."
        ),
    ] = LARGEST_ID,
    json: AsJSON = False,
) -> None:
    """List the records of runs, the newest first, page by page: one for each version of a run.

    Example: pandadb gateway runs list --instrument WISH --state Error
    """
    with connected() as database:
        found = gateway.list_runs(
            database,
            instrument=None if instrument is None else operators.checked_name(instrument),
            rb_number=rb,
            run_number=run,
            status=state and state.capitalize(),
            limit=limit,
            before=before,
        )
    if json:
        as_json([_summary(one) for one in found])
        return
    table("Runs", COLUMNS, map(row_of, found))
    if len(found) == limit:
        out.print(f"There may be more: --before {found[-1].run_id}", soft_wrap=True)


def _summary(one: "gateway.Run") -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name not in LONG}


def row_of(one: "gateway.Run") -> tuple[Any, ...]:
    """Return the row of a record in a table."""
    message = (one.message or "").partition("\n")[0]
    return (
        plain_text(one.run_id), one.instrument, plain_text(one.rb_number),
        plain_text(one.run_number), one.run_version, one.status, plain_text(one.pandaid),
        plain_text(one.created_at.replace(microsecond=0)),
        plain_text(one.finished_at and one.finished_at.replace(microsecond=0)),
        message[:SHORT] + ("…" if len(message) > SHORT else ""),
    )  # fmt: skip


def show(
    instrument: Instrument,
    run: Number,
    *,
    rb: RB = None,
    run_version: Version = None,
    script: Annotated[bool, typer.Option("--script", help="Also its script.")] = False,
    json: AsJSON = False,
) -> None:
    """Show a version of a run with its variables and logs, and all of its versions.

    Example: pandadb gateway runs show WISH 101
    """
    with connected() as database:
        versions = operators.versions(database, instrument, run, rb)
    found = operators.version_of(versions, run_version)
    if json:
        as_json({**asdict(found), "versions": [_summary(one) for one in versions]})
        return
    table(f"Run {found.run_number} of {found.instrument}", COLUMNS, map(row_of, versions))
    for line in _lines(found):
        out.print(printable(line), markup=False, soft_wrap=True)
    if script:
        _print_apart("Script", found.script or "")
    _print_apart("Log of the script", found.reduction_log)
    _print_apart("Log of the service", found.admin_log)


def _lines(one: "gateway.Run") -> list[str]:
    lines = [f"{name}: {value}" for name, value in _summary(one).items()]
    for group, known in one.variables.items():
        lines += [f"{group} {name}: {text} ({kind})" for name, (kind, text) in known.items()]
    return lines


def _print_apart(title: str, text: str) -> None:
    shown = ("…" if len(text) > SHOWN else "") + text[-SHOWN:]
    out.print(f"\n{title}:\n{printable(shown) or 'none'}", markup=False, soft_wrap=True)

"""`pandadb sites load`, `diff` and `generate`: dumps of CRIC and Rucio, into tables."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from pandadb.cli.jobs.filters import FORMATS, TIME
from pandadb.cli.options import AsJSON, Check, DryRun, Quiet, moment, whole
from pandadb.cli.output import (
    INVALID,
    NOTHING_TO_DO,
    WRONG,
    as_json,
    fail,
    note,
    out,
    progress,
    table,
)
from pandadb.cli.target import changing, opened
from pandadb.services import sites

Sources = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE|URL", help="Dumps in one JSON object, by kind."),
]
Named = Annotated[
    list[str] | None,
    typer.Option("--dump", metavar="KIND=FILE|URL", help="The dump of one kind; can be repeated."),
]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PART",
        help="sites, queues, schedconfig, tags, stats or network; can be repeated. Default: all"
        " that there are dumps for.",
    ),
]
SHOWN = 200
"""Changes that are printed; --json has all of them."""
WIDTH = 60
SKIPPED = 5


def load(
    source: Sources = None,
    *,
    dump: Named = None,
    only: Parts = None,
    force: Annotated[
        bool, typer.Option("--force", help="Load a set with under half of the known rows, or none.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Load sites, queues, endpoints, tags and the network from dumps of CRIC and Rucio.

    All in one transaction; each change goes to the history. --dry-run prints the changes, column
    by column. Exit code 3 if there was nothing to change.

    Example: pandadb sites load examples/sites.json --dry-run
    """
    with changing(dry_run=dry_run) as database:
        dumps = _gathered(source, dump)
        report = sites.load(
            database,
            dumps,
            parts=_parts(only),
            force=force,
            options=sites.VerbOptions(dry_run=dry_run),
        )
    _print(report, json=json, words="would be " if dry_run else "")
    if not report:
        raise typer.Exit(NOTHING_TO_DO)


def diff(
    source: Sources = None,
    *,
    dump: Named = None,
    only: Parts = None,
    check: Check = False,
    json: AsJSON = False,
) -> None:
    """Show the differences between dumps and tables, those of a refused set, too.

    Nothing is changed. Exit code 1 with --check if there are any.

    Example: pandadb sites diff examples/sites.json
    """
    with opened() as database:
        dumps = _gathered(source, dump)
        report = sites.load(
            database,
            dumps,
            parts=_parts(only),
            force=True,
            options=sites.VerbOptions(dry_run=True),
        )
    _print(report, json=json, words="would be ")
    if check and report:
        sys.exit(WRONG)


def generate(
    number: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="Sites.")
    ] = 100,
    seed: Annotated[
        int, typer.Option(parser=whole(0, 2**63 - 1), metavar="NUMBER", help="Of the chance.")
    ] = 1,
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment(FORMATS), metavar=TIME, help="The time of the measurements, UTC."
        ),
    ] = None,
) -> None:
    """Write dumps of made-up sites as JSON: the same for the same seed and time.

    Metrics of the network that are older than half an hour are not loaded: --at now.

    Example: pandadb sites generate --number 100 --seed 7 > dumps.json
    """
    given = {} if at is None else {"at": at}
    as_json(sites.generate(number, seed=seed, **given))


def _parts(names: list[str] | None) -> "list[sites.Part] | None":
    for name in names or ():
        if name not in {*sites.Part}:
            fail(f"{name!r} is no part: {', '.join(sites.Part)}", INVALID)
    return [sites.Part(name) for name in names] if names else None


def _gathered(source: list[str] | None, dump: list[str] | None) -> "dict[sites.DumpKind, Any]":
    if not (source or dump):
        fail("no dump is given: a FILE or a URL, or --dump KIND=FILE", INVALID)
    with progress("dumps") as bar:
        shown = bar.add_task("reading", total=None)
        found = sites.gather(source or (), dump or ())
        bar.update(shown, completed=len(found))
    return found


def _print(report: "sites.LoadReport", *, json: bool, words: str) -> None:
    if json:
        as_json(asdict(report))
        return
    rows = (line for one in report.changes[:SHOWN] for line in _lines(one))
    if report.changes:
        table("Changes", ("table", "row", "kind", "column", "before", "after"), rows)
    if len(report.changes) > SHOWN:
        out.print(f"{len(report.changes) - SHOWN:,} more: --json has all.")
    counts = {kind: sum(one.kind is kind for one in report.changes) for kind in sites.ChangeKind}
    each = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    out.print(f"Rows {words}changed: {each}.", soft_wrap=True)
    if report.refreshed:
        out.print(f"{report.refreshed:,} unchanged rows {words}stamped with the time of this load.")
    if network := report.network:
        out.print(
            f"Metrics of the network: {network.added:,} added, {network.changed:,} changed,"
            f" {network.removed:,} removed.",
            soft_wrap=True,
        )
    for name, reason in [*report.skipped.items()][:SKIPPED]:
        note(f"{name} is left out: {reason}", skipped=name, reason=reason)
    if len(report.skipped) > SKIPPED:
        note(f"{len(report.skipped) - SKIPPED:,} more are left out: --json has all.")


def _lines(change: "sites.RowChange") -> list[tuple[Any, ...]]:
    """Return a line for each column of a changed row, one for a row that is added or removed."""
    row = (change.table, " ".join(map(str, change.key)), str(change.kind))
    if change.before is None or change.after is None:
        return [(*row, None, None, None)]
    return [
        (*row, column, _short(change.before[column]), _short(change.after[column]))
        for column in change.after
    ]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"

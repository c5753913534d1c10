"""`pandadb events take`, `report` and `release`: ranges of events that change."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pandadb.cli.options import LARGEST_ID, AsJSON, DryRun, Quiet, job_id, whole
from pandadb.cli.output import NOTHING_TO_DO, as_json, count_words, note, out, table
from pandadb.cli.target import changing
from pandadb.cli.text_input import text_of
from pandadb.services import events

Jobs = Annotated[list[int], typer.Argument(parser=job_id, metavar="PANDAID", help="The jobs.")]
RANGE_COLUMNS = ("range", "first event", "last event", "file")


def take(
    pandaids: Jobs,
    *,
    ranges: Annotated[
        int, typer.Option(parser=whole(1, 100_000), metavar="NUMBER", help="The most for each job.")
    ] = 8,
    jobset: Annotated[
        int | None,
        typer.Option(
            parser=whole(0, LARGEST_ID), metavar="JOBSET", help="Their job set, if not their own."
        ),
    ] = None,
    segment: Annotated[
        int | None,
        typer.Option(
            parser=whole(1, LARGEST_ID), metavar="DATASET", help="Ranges of this dataset only."
        ),
    ] = None,
    scattered: Annotated[
        bool, typer.Option("--scattered", help="For jumbo jobs: ranges from anywhere in the task.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Let jobs that run take ranges of events. Exit code 1 if one is refused, 3 if none is left.

    When no range of a job set is left, its jobs in the queue are closed.

    Example: pandadb events take 6012345678 --ranges 10
    """
    asked = [
        events.RangeRequest(pandaid, ranges, jobset, segment, scattered) for pandaid in pandaids
    ]
    with changing(dry_run=dry_run) as database:
        taken = events.take(database, asked, events.VerbOptions(dry_run=dry_run))
    if json:
        as_json(_as_texts(taken))
    else:
        rows = (
            (str(one.id), str(one.start), str(one.last), one.lfn)
            for found in taken.ranges.values()
            for one in found
        )
        table("Would be taken" if dry_run else "Taken", RANGE_COLUMNS, rows)
        if taken.closed:
            out.print(f"Closed, as no range is left: {len(taken.closed):,} jobs.")
    _end(taken.refused.values(), changed=any(taken.ranges.values()))


def _as_texts(taken: "events.TakeResult") -> dict[str, object]:
    """Return the result with ids of ranges as pilots have them."""
    found = asdict(taken)
    for pandaid, ranges in taken.ranges.items():
        for shown, one in zip(found["ranges"][pandaid], ranges, strict=True):
            shown["id"] = str(one.id)
    return found


def report(
    file: Annotated[
        Path, typer.Argument(help="Reports as pilots send them, a JSON array; - for stdin.")
    ],
    *,
    fine_grained: Annotated[
        bool,
        typer.Option("--fine-grained", help="Ranges of job sets, too, that no job has taken."),
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Store reports of jobs on their ranges. Exit code 1 if one is refused; the others are stored.

    An object has "eventRangeID", "eventStatus" (finished, failed or fatal), and as it may be
    "errorCode", "errorDiag", "objstoreID"; or "eventRanges" with "zipFile".

    Example: pandadb events report ranges.json
    """
    text = text_of(file)
    with changing(dry_run=dry_run) as database:
        done = events.report(
            database,
            events.read(text),
            events.VerbOptions(dry_run=dry_run),
            fine_grained=fine_grained,
        )
    if json:
        as_json(asdict(done))
    else:
        out.print(f"{'Would be: ' if dry_run else ''}{count_words(done.outcomes)}.")
        for pandaid, command in done.commands.items():
            if command:
                out.print(f"Command for job {pandaid}: {command}")
    _end(done.refused.values(), changed="stored" in done.outcomes)


def release(
    pandaids: Jobs,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Of jobs that live, too: they lose what they have.")
    ] = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Take from jobs the ranges that they have not processed, for other jobs. It is idempotent.

    Exit code 1 if a job is refused, 3 if no range changed.

    Example: pandadb events release 6012345678
    """
    with changing(dry_run=dry_run) as database:
        done = events.release(database, pandaids, events.VerbOptions(dry_run=dry_run), live=live)
    if json:
        as_json(asdict(done))
    else:
        rows = (
            (str(job), state, number)
            for job, states in done.jobs.items()
            for state, number in states.items()
        )
        title = "Would be released" if dry_run else "Released"
        table(title, ("job", "state now", "ranges"), rows)
    _end(done.refused.values(), changed=any(done.jobs.values()))


def _end(refused: "Iterable[events.RangeRefusal]", *, changed: bool) -> None:
    """Print the reason of each refusal; exit with code 1 if there are any, 3 without a change."""
    sentences = [one.sentence for one in refused]
    for sentence in sentences:
        note(sentence)
    if sentences:
        raise typer.Exit(1)
    if not changed:
        raise typer.Exit(NOTHING_TO_DO)

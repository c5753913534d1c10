"""`pandadb shares set`, `load` and `reassign`: shares, and the work that belongs to them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb.cli.confirm import confirm
from pandadb.cli.options import AsJSON, DryRun, Quiet, Yes, task_id
from pandadb.cli.output import NOTHING_TO_DO, as_json, note, out, progress, table
from pandadb.cli.target import changing
from pandadb.cli.tasks.submit import end_refused, text_of
from pandadb.services import shares

AFTER = "Live tasks and jobs keep their shares: pandadb shares reassign --by-rules"


def set_(
    share: Annotated[str, typer.Argument(metavar="SHARE", help="The name of the share.")],
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="COLUMN=VALUE…", help="New values, such as value=30; NULL is none."),
    ],
    *,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Set columns of a share, and print the new percents of all shares that have others.

    Nothing is changed if the shares would be no tree. Exit code 3 if the share has the values
    already.

    Example: pandadb shares set Simulation value=30 --dry-run
    """
    with changing(dry_run=dry_run) as database:
        values = shares.parse_values(assignments)
        found = shares.change(database, share, values, shares.VerbOptions(dry_run=dry_run))
    _end(found, dry_run=dry_run, json=json)


def load(
    file: Annotated[Path, typer.Argument(help="All shares: a list of objects, JSON or YAML.")],
    *,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Make the shares of a file all that there are; print those added, changed and removed.

    Refused as a whole if one share is invalid. Exit code 3 if there is no difference.

    Example: pandadb shares load examples/shares.yaml --dry-run
    """
    text = text_of(file)
    with changing(dry_run=dry_run) as database:
        found = shares.load(database, text, shares.VerbOptions(dry_run=dry_run))
    _end(found, dry_run=dry_run, json=json)


def _end(found: "shares.ShareDiff", *, dry_run: bool, json: bool) -> None:
    """Print the difference; exit with code 3 if there is none."""
    if json:
        as_json(asdict(found))
    elif found:
        table("Shares", ("share", "column", "before", "after"), _lines(found))
        if found.percents:
            parts = sorted(found.percents.items())
            lines = ((name, *map(_percent, pair)) for name, pair in parts)
            table("Percent of everything", ("share", "before", "after"), lines)
    if not found:
        note("The shares are like that already.")
        raise typer.Exit(NOTHING_TO_DO)
    note("Nothing was changed." if dry_run else AFTER)


def _lines(found: "shares.ShareDiff") -> list[tuple[str, str, str | None, str | None]]:
    lines: list[tuple[str, str, str | None, str | None]] = []
    for name, row in found.added.items():
        given = ", ".join(
            f"{column}={value}"
            for column, value in row.items()
            if value is not None and column != "name"
        )
        lines.append((name, "added", None, given))
    for name, columns in found.changed.items():
        lines += [(name, column, _text(old), _text(new)) for column, (old, new) in columns.items()]
    return lines + [(name, "removed", None, None) for name in found.removed]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _percent(part: float | None) -> str | None:
    return None if part is None else f"{part:.2f}"


def reassign(
    jeditaskids: Annotated[
        list[int] | None,
        typer.Argument(
            parser=task_id, metavar="TASK…", help="The tasks; by rules all that have not ended."
        ),
    ] = None,
    *,
    to: Annotated[
        str | None, typer.Option(metavar="SHARE", help="The new share of the tasks, a leaf.")
    ] = None,
    by_rules: Annotated[
        bool, typer.Option("--by-rules", help="The share that each would get now.")
    ] = False,
    running: Annotated[
        bool, typer.Option("--running", help="With jobs that run or start, too.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: AsJSON = False,
    _quiet: Quiet = False,
) -> None:
    """Give tasks and their queued jobs another share: a named one, or the one they match now.

    By rules and without TASK, live jobs without a task are matched, too. Tasks that an agent has
    locked keep their share: exit code 1. Idempotent. Exit code 3 if nothing was to change.

    Example: pandadb shares reassign --by-rules --dry-run
    """
    if by_rules is (to is not None) or not (by_rules or jeditaskids):
        raise typer.BadParameter("Name tasks and --to SHARE, or pass --by-rules.")
    if by_rules and not jeditaskids and not dry_run:
        confirm("Match all live tasks and jobs again?", yes)
    options = shares.VerbOptions(dry_run=dry_run)
    taskless: dict[str | None, dict[str, int]] = {}
    with changing(dry_run=dry_run) as database, progress("tasks") as bar:
        if to is not None:
            found = shares.reassign(database, jeditaskids or [], to, options, running=running)
        else:
            found, shown = shares.ShareChanges(), bar.add_task("matching", total=None)
            for part in shares.reassign_tasks_by_rules(
                database, jeditaskids or None, options, running=running
            ):
                found.add(part)
                bar.update(shown, advance=len(part.tasks))
            if not jeditaskids:
                taskless = shares.reassign_jobs_by_rules(database, options, running=running)
    _end_reassigned(found, taskless, dry_run=dry_run, json=json)


def _end_reassigned(
    found: "shares.ShareChanges",
    taskless: dict[str | None, dict[str, int]],
    *,
    dry_run: bool,
    json: bool,
) -> None:
    """Print the moves of tasks and jobs between shares; exit with a code."""
    if json:
        as_json({**asdict(found), "taskless": taskless})
    else:
        would = "would go" if dry_run else "went"
        moves: dict[tuple[str | None, str], int] = {}
        for pair in found.tasks.values():
            moves[pair] = moves.get(pair, 0) + 1
        for (before, after), number in moves.items():
            _print(f"{number:,} tasks {would} from {before or '-'} to {after}.")
        _print(f"{found.jobs:,} jobs {would} with their tasks.")
        for before, pairs in taskless.items():
            for after, number in pairs.items():
                _print(f"{number:,} jobs without a task {would} from {before or '-'} to {after}.")
    end_refused(found.refused)
    if not (found.tasks or found.jobs or taskless):
        raise typer.Exit(NOTHING_TO_DO)


def _print(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)

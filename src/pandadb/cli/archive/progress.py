"""Progress and results of archive commands, and the limits they share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pandadb import config
from pandadb.cli.options import decimal, seconds
from pandadb.cli.output import CONTENDED, PAUSED, err, fail, log, mode, progress
from pandadb.services import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pandadb.services.archive import Limits, MovedDay

    Tell = Callable[[str, int, int, Mapping[str, Any]], None]

MaxLag = Annotated[
    float | None,
    typer.Option(
        parser=seconds,
        metavar="SECONDS",
        help="Maximum replica lag in seconds, 0 for any; else PANDADB_ARCHIVE_MAX_LAG.",
    ),
]
Batches = Annotated[
    float,
    typer.Option(
        "--batch-seconds",
        parser=decimal(0.01, 3600),
        metavar="SECONDS",
        help="Target duration of a batch of rows.",
    ),
]


def limits(max_lag: float | None, batch_seconds: float = 1) -> Limits:
    """Return the limits of a command: its options, else the settings."""
    lag = config.load_settings().archive_max_lag if max_lag is None else max_lag
    return archive.Limits(lag, batch_seconds)


@contextmanager
def report_progress(unit: str) -> Iterator[Tell]:
    """Show progress: a bar on a terminal; elsewhere, with --json, lines on standard error.

    Yields a callback that takes a description, the number done, the total, and fields of a JSON
    line.
    """
    with progress(unit) as bar:
        task = bar.add_task("archive", total=None)

        def tell(words: str, done: int, of: int, line: Mapping[str, Any]) -> None:
            waiting = f", waiting: {line['waiting']}" if line.get("waiting") else ""
            if err.is_terminal:
                bar.update(task, description=words + waiting, completed=done, total=of)
            elif mode.json:
                log(**line)

        yield tell


@contextmanager
def unless_paused() -> Iterator[None]:
    """Exit with the code of a pause or of locks, if one of them keeps work from starting."""
    try:
        yield
    except archive.Paused as why:
        fail(str(why), PAUSED)
    except archive.ArchiveBusy as why:
        fail(str(why), CONTENDED)


def rows_line(rows: Mapping[str, int]) -> str:
    """Return the number of rows per table, as text."""
    some = {table.rpartition(".")[2]: number for table, number in rows.items() if number}
    return ", ".join(f"{table} {number:,}" for table, number in some.items()) or "nothing"


def moved_line(moved: MovedDay) -> str:
    """Return the report line of a swapped day."""
    rows = ", ".join(
        f"{name} {count:,} {moved.verdicts[name]}" for name, count in moved.rows.items()
    )
    return f"{moved.day.lower:%Y-%m-%d}: {rows}; locked for {moved.locked * 1000:.0f} ms"

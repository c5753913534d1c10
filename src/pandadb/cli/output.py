"""How commands print: tables for people, JSON for programs, errors on the other stream.

With `--json` each line on standard error is an object, with its `time`.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typing_extensions import override

from pandadb.errors import Outcome

if TYPE_CHECKING:
    from pandadb.services.failures import Failure
    from pandadb.services.maintenance import LastRun

out = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 10_000)
"""Off a terminal a line is a line: nothing is wrapped."""
err = Console(stderr=True, highlight=False, emoji=False)


WRONG, INVALID, NOTHING_TO_DO, CONTENDED, PAUSED, DEFERRED, WAITED = 1, 2, 3, 4, 5, 6, 7
"""Exit codes: 0 is done, 1 an error, 2 what cannot be as it was given; the others for cron."""
CODES = {
    Outcome.DONE: 0,
    Outcome.NOTHING: NOTHING_TO_DO,
    Outcome.WRONG: WRONG,
    Outcome.CONTENDED: CONTENDED,
    Outcome.PAUSED: PAUSED,
    Outcome.DEFERRED: DEFERRED,
    Outcome.WAITED: WAITED,
}
QUIET_CODES = (0, NOTHING_TO_DO, CONTENDED, PAUSED)
"""Exit codes with which --quiet prints nothing: the next run takes up what is left."""
MAX_LINE = 2000
"""Characters of a sentence: what it quotes can be a whole file."""


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Say on standard error what went wrong, in one line, and end with exit code 1, or another."""
    said = _in_a_line(sentence)
    with suppress(OSError):  # nobody reads it then
        if mode.json:
            log(error=said, code=code)
        else:
            err.print("[bold red]pandadb:[/]", escape(said), soft_wrap=True)
    sys.exit(code)


@dataclass
class Mode:
    """How the command prints."""

    json: bool = False
    """Whether standard error is for programs, too."""
    quiet: bool = False
    """Whether output is held back until it is known whether something is wrong."""


mode = Mode()


class BufferedStream(io.StringIO):
    """What is printed with --quiet, instead of a stream."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self.stream = stream


def print_as_json(wanted: bool) -> bool:
    """Print for programs from now on, or not."""
    mode.json = wanted
    return wanted


def hold_back(wanted: bool) -> bool:
    """Print nothing from now on, if that is wanted, but what `unless_fine` prints."""
    if wanted:
        mode.quiet = True
        sys.stdout, sys.stderr = BufferedStream(sys.stdout), BufferedStream(sys.stderr)
    return wanted


@contextmanager
def unless_fine() -> Iterator[None]:
    """Print what was held back if a command ends with anything but a `QUIET_CODES` exit code."""
    fine = False
    try:
        yield
        fine = True
    except SystemExit as end:
        fine = (end.code or 0) in QUIET_CODES
        raise
    finally:
        mode.quiet = False
        held = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, BufferedStream)]
        if held:
            sys.stdout, sys.stderr = (one.stream for one in held)
        for one in () if fine else held:
            one.stream.write(one.getvalue())
            one.stream.flush()


def log(**line: Any) -> None:
    """Print an object with the time in one line on standard error."""
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    said = json.dumps({"time": when, **line}, default=str)
    err.print(said, markup=False, soft_wrap=True)


def note(sentence: str, **line: Any) -> None:
    """Print a sentence on standard error; with --json an object, with more of what it says."""
    if mode.json:
        log(note=sentence, **line)
    else:
        err.print(sentence, markup=False, soft_wrap=True)


class Lines(logging.Handler):
    """Prints what is logged as other notes are."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


@contextmanager
def logged() -> Iterator[None]:
    """Print what pandadb logs, such as tries that have not got their locks."""
    lines, logger = Lines(logging.WARNING), logging.getLogger("pandadb")
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)


def tell_failed(failed: Iterable[Failure]) -> None:
    """Name the units of work that have failed on standard error."""
    for one in failed:
        note(f"Failed: {one.unit}: {one.why}", failed=one.unit, why=one.why)


def end_of_failed(failed: Collection[Failure]) -> None:
    """Name the units of work that have failed, and end with exit code 1 if there are any."""
    tell_failed(failed)
    if names := [one.unit for one in failed]:
        fail(f"{len(names)} failed, the rest was done: {', '.join(names)}")


def _in_a_line(sentence: str) -> str:
    """Return a sentence that does nothing to a terminal, and with its end, where the remedy is."""
    sentence = " ".join(sentence.split())
    sentence = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
    return sentence if len(sentence) <= MAX_LINE else f"{sentence[:MAX_LINE]} … {sentence[-500:]}"


def as_json(data: Any) -> None:
    """Print data as JSON, with times in ISO format."""
    print(json.dumps(data, indent=2, default=str))  # noqa: T201 - rich would wrap long lines


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table; numbers stand on the right."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    lines = [[*row] for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(lines) and all(isinstance(line[place], int | float) for line in lines)
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for line in lines:
        drawn.add_row(*(_shown(value) for value in line))
    out.print(drawn)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.2f}"
        case _:
            return escape(str(value))


def counted(words: Iterable[str]) -> str:
    """Return how often each word is there, in the order of the alphabet: `2 running, 1 sent`."""
    return ", ".join(f"{number} {word}" for word, number in Counter(sorted(words)).items()) or "-"


def runs_line(run: LastRun) -> str:
    """Return when a command has last run, and how that ended."""
    good = f"{run.good_at:%Y-%m-%d %H:%M}" if run.good_at else "none"
    why = f" ({run.why})" if run.why else ""
    return (
        f"Last pandadb {run.command}: {run.ended_at:%Y-%m-%d %H:%M}, {run.outcome}{why}; "
        f"last good one: {good}."
    )


def end_of_check(problems: Collection[str], *, check: bool, told: bool) -> None:
    """Name what needs a person, unless it is told; with `check` end with exit code 1 for it."""
    for problem in () if told else problems:
        note(f"Problem: {problem}")
    if check and problems:
        sys.exit(WRONG)


def progress(unit: str) -> Progress:
    """Return a progress bar, drawn on standard error and only where that is a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )

"""Output of commands: tables for people, JSON for programs, errors on standard error.

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
"""Off a terminal nothing is wrapped."""
err = Console(stderr=True, highlight=False, emoji=False)


WRONG, INVALID, NOTHING_TO_DO, CONTENDED, PAUSED, DEFERRED, WAITED = 1, 2, 3, 4, 5, 6, 7
"""Exit codes: 0 is done, 1 an error, 2 invalid input; the others are for cron."""
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
"""Exit codes without output under --quiet: the next run continues."""
MAX_LINE = 2000
"""Maximum characters of a sentence: it may quote a whole file."""


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print an error on standard error, in one line, and exit with the code."""
    line = _in_a_line(sentence)
    with suppress(OSError):  # the reader is gone
        if mode.json:
            log(error=line, code=code)
        else:
            err.print("[bold red]pandadb:[/]", escape(line), soft_wrap=True)
    sys.exit(code)


@dataclass
class Mode:
    """The output mode of the command."""

    json: bool = False
    """Whether standard error is JSON, too."""
    quiet: bool = False
    """Whether output is buffered until the exit code is known."""


mode = Mode()


class BufferedStream(io.StringIO):
    """The buffer of a stream under --quiet."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self.stream = stream


def print_as_json(wanted: bool) -> bool:
    """Switch JSON output on or off."""
    mode.json = wanted
    return wanted


def hold_back(wanted: bool) -> bool:
    """Buffer all output from now on, if wanted; `unless_fine` prints it."""
    if wanted:
        mode.quiet = True
        sys.stdout, sys.stderr = BufferedStream(sys.stdout), BufferedStream(sys.stderr)
    return wanted


@contextmanager
def unless_fine() -> Iterator[None]:
    """Print the buffered output if the exit code of the command is not in `QUIET_CODES`."""
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
    """Print a JSON object with the time as one line on standard error."""
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    text = json.dumps({"time": when, **line}, default=str)
    err.print(text, markup=False, soft_wrap=True)


def note(sentence: str, **line: Any) -> None:
    """Print a sentence on standard error; with --json an object with more fields."""
    if mode.json:
        log(note=sentence, **line)
    else:
        err.print(sentence, markup=False, soft_wrap=True)


class Lines(logging.Handler):
    """Prints log records as notes."""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())


@contextmanager
def logged() -> Iterator[None]:
    """Print log records of pandadb, such as attempts that ran into a lock timeout."""
    lines, logger = Lines(logging.WARNING), logging.getLogger("pandadb")
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)


@contextmanager
def logged_apart(name: str, lines: logging.Handler, level: int) -> Iterator[None]:
    """Print the records of a logger by a handler of its own, from a level on, and by no other."""
    logger = logging.getLogger(name)
    usual = logger.level, logger.propagate
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(usual[0])
        logger.propagate = usual[1]


def tell_failed(failed: Iterable[Failure]) -> None:
    """Print the failed units of work on standard error."""
    for one in failed:
        note(f"Failed: {one.unit}: {one.why}", failed=one.unit, why=one.why)


def end_of_failed(failed: Collection[Failure]) -> None:
    """Print the failed units of work, and exit with code 1 if there are any."""
    tell_failed(failed)
    if names := [one.unit for one in failed]:
        fail(f"{len(names)} failed, the rest was done: {', '.join(names)}")


def _in_a_line(sentence: str) -> str:
    """Return a sentence without control characters, shortened but for its end, the remedy."""
    sentence = " ".join(sentence.split())
    sentence = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
    return sentence if len(sentence) <= MAX_LINE else f"{sentence[:MAX_LINE]} … {sentence[-500:]}"


def as_json(data: Any) -> None:
    """Print data as JSON, with times in ISO format."""
    print(json.dumps(data, indent=2, default=str))  # noqa: T201 - rich would wrap long lines


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table; numbers are right-aligned."""
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


def plain_text(value: Any) -> str | None:
    """Return a value as text for a table: an id to copy, without thousands separators."""
    return None if value is None else str(value)


def printable(text: str) -> str:
    """Return text that does nothing to a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def count_words(words: Iterable[str]) -> str:
    """Return the count of each word, sorted by word: `2 running, 1 sent`."""
    return ", ".join(f"{number} {word}" for word, number in Counter(sorted(words)).items()) or "-"


def runs_line(run: LastRun) -> str:
    """Return the time and the outcome of a command's last run."""
    good = f"{run.good_at:%Y-%m-%d %H:%M}" if run.good_at else "none"
    why = f" ({run.why})" if run.why else ""
    return (
        f"Last pandadb {run.command}: {run.ended_at:%Y-%m-%d %H:%M}, {run.outcome}{why}; "
        f"last good one: {good}."
    )


def end_of_check(problems: Collection[str], *, check: bool, told: bool) -> None:
    """Print problems, unless they are `told`; with `check` exit with code 1 if there are any."""
    for problem in () if told else problems:
        note(f"Problem: {problem}")
    if check and problems:
        sys.exit(WRONG)


def progress(unit: str) -> Progress:
    """Return a progress bar, drawn on standard error if that is a terminal."""
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

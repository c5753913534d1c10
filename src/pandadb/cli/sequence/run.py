"""`pandadb sequence run`: sequences in this process."""

import logging
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from pandadb.cli.options import AsJSON, decimal, print_version, whole
from pandadb.cli.output import Lines, as_json, fail, logged_apart, mode
from pandadb.cli.sequence import records
from pandadb.sequences import runs, sources

DAY = 86_400.0
SCAN_DAYS = 3
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _shell(given: str) -> str:
    """Return a shell with its options, if it can be split into words."""
    try:
        words = shlex.split(given)
    except ValueError as error:
        raise typer.BadParameter(f"{given!r}: {error}") from None
    if not words or "\0" in given:
        raise typer.BadParameter("It needs the name of a shell.")
    return given


def _scan_days(given: str) -> int:
    """Return the days of a scan; none or fewer are those of the default, as psequencer has it."""
    days = whole(-36_500, 36_500)(given)
    return days if days > 0 else SCAN_DAYS


def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sequence files.")],
    *,
    verbose: Annotated[
        bool, typer.Option("-v", help="Also print the talk with the mail server.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=print_version, help="Print the version."),
    ] = False,
    scan_days: Annotated[
        int,
        typer.Option(
            "--initScanDepth",
            parser=_scan_days,
            metavar="DAYS",
            help="Age of the oldest mails and frozen jobs that are looked for.",
        ),
    ] = SCAN_DAYS,
    trust_python: Annotated[
        bool,
        typer.Option("--trust-python", help="Let the sequences use all of Python, in a process."),
    ] = False,
    shell: Annotated[
        str,
        typer.Option(
            parser=_shell, metavar="COMMAND", help="The shell of steps, such as 'bash -eu'."
        ),
    ] = "/bin/sh",
    step_timeout: Annotated[
        float | None,
        typer.Option(
            parser=decimal(0.01, 365 * DAY), metavar="SECONDS", help="That each step may run."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on: steps that have ended do not run again. FILE may be a number."
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Begin though a process runs the same sequence.")
    ] = False,
    user: Annotated[
        str | None, typer.Option(help="PRODUSERNAME of the jobs; default: your login name.")
    ] = None,
    recorded: Annotated[
        bool,
        typer.Option(
            "--record/--no-record",
            help="Keep records in the database that PANDADB_URL names, and ask it for results.",
        ),
    ] = True,
    json: AsJSON = False,
) -> None:
    """Run sequence files, each with its steps; several run at the same time.

    Results of jobs come from the database, and from the mailbox in `panda.cfg`, in the folder
    PANDA_CONFIG_ROOT or `~/.pathena`. Exit code 1 if a sequence has failed, 2 if a file is no
    sequence, 130 after Ctrl-C.

    Example: pandadb sequence run myseq.txt
    """
    options = runs.RunOptions(
        trust_python=trust_python, scan_days=scan_days, shell=shell, step_timeout=step_timeout
    )
    output = Output()
    opened = records.opened(files, username=user, resume=resume, again=again, recorded=recorded)
    level = logging.DEBUG if verbose else logging.INFO  # of the mailbox, too
    with logged_apart("pandadb.sequences", Lines(), level), opened as record:
        files = record.files
        found = sources.find_sources(scan_days, is_needed=runs.may_ask_for_results(files))
        sequences = runs.SequenceRuns(
            options, record.journal, output.show,
            source=record.source(found.source), local_jobs=found.local_jobs,
        )  # fmt: skip
        with _stopped_by_signals(sequences) as signals:
            ends = sequences.run(files)
    if json:
        as_json([{"file": str(one.path), **_shown(one)} for one in ends])
    if signals:
        raise typer.Exit(128 + signals[0])
    failed = [one for one in ends if one.code]
    if len(ends) == 1 and failed:
        fail(failed[0].message or f"{failed[0].path} has failed", failed[0].code)
    if failed:
        names = ", ".join(str(one.path) for one in failed)
        fail(f"{len(failed)} of {len(ends)} failed: {names}", max(one.code for one in failed))


def _shown(end: "runs.SequenceEnd") -> dict[str, Any]:
    return {"status": end.status, "code": end.code, "message": end.message}


class Output:
    """Standard output, shared by threads; with --json it is standard error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def show(self, text: str) -> None:
        """Print text as it is, with bytes that are not UTF-8 as U+FFFD."""
        stream = sys.stderr if mode.json else sys.stdout
        whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        with self._lock:
            stream.write(whole)
            stream.flush()


@contextmanager
def _stopped_by_signals(sequences: "runs.SequenceRuns") -> Iterator[list[int]]:
    """Stop the sequences at a signal, in a thread; at a second one kill their steps.

    Yields the numbers of the signals that came.
    """
    came: list[int] = []

    def stop(number: int, _: Any) -> None:
        came.append(number)
        kill = len(came) > 1
        threading.Thread(target=sequences.stop, kwargs={"kill": kill}, daemon=True).start()

    usual = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield came
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)

"""Datasets of tasks that are tried again: new attempts of their files, their states and counters.

The rules of semantics 3.6. Masters come first; a secondary dataset follows its master's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.tasks.files import dataset_rows, new_attempts, unstaged_files
from pandadb.core.tasks.files.new_attempts import FileCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.sql.transaction import Transaction

    Changes = dict[tuple[int, int], dict[str, Any]]

NONE = FileCounts()


@dataclass(frozen=True)
class RetryOptions:
    """Options of a retry."""

    incexec: bool = False
    """Whether the input is looked up again, beside the retry."""
    release_unstaged: bool = False
    """Whether files that are being staged are taken for staged."""
    discard_events: bool = False
    """Whether finished event ranges are processed again."""
    keep_priority: bool = False
    """Whether `currentpriority` stays; otherwise it is `taskpriority` again."""
    ignore_limits: bool = False
    """Whether the limits of CONFIG do not count."""


def retry(session: Transaction, tasks: Mapping[int, Row[Any]], options: RetryOptions) -> set[int]:
    """Give the files of tasks new attempts; return the tasks with a master dataset to work on."""
    rows = dataset_rows.lock(session, tasks, INPUTS)
    masters = [row for row in rows if row.masterid is None]
    again = [row for row in masters if options.incexec or row.nfiles != row.nfilesfinished]
    counts = _give(session, again, tasks, options)
    changed = [row for row in again if _is_worked_on(row, counts.get(_key(row), NONE), options)]
    keys = {_key(row) for row in changed}
    followers = [row for row in rows if row.state and (row.jeditaskid, row.masterid) in keys]
    counts |= _give(session, followers, tasks, options)
    changes = _of_masters(masters, keys, counts, options)
    changes |= _of_secondaries(rows, {_key(row) for row in followers}, counts, options)
    dataset_rows.write(session, changes, is_dated=False)
    if options.release_unstaged:
        unstaged_files.release(session, changed)
    return {row.jeditaskid for row in changed}


def _key(row: Row[Any]) -> tuple[int, int]:
    return row.jeditaskid, row.datasetid


def _give(
    session: Transaction,
    rows: Sequence[Row[Any]],
    tasks: Mapping[int, Row[Any]],
    options: RetryOptions,
) -> dict[tuple[int, int], FileCounts]:
    """Give files new attempts; running ones of exhausted tasks go on, their jobs are alive."""
    chosen = [(_key(row), tasks[row.jeditaskid].oldstatus != "exhausted") for row in rows]
    return new_attempts.give(session, chosen, incexec=options.incexec)


def _is_worked_on(row: Row[Any], counts: FileCounts, options: RetryOptions) -> bool:
    """Return whether a master dataset has something to be tried again, or may still grow."""
    has_files = counts.spent or counts.unprocessed or counts.cut_off
    return bool(options.incexec or has_files or row.state == "mutable")


def _of_masters(
    masters: Iterable[Row[Any]],
    worked_on: set[tuple[int, int]],
    counts: Mapping[tuple[int, int], FileCounts],
    options: RetryOptions,
) -> Changes:
    """Return the changes of master datasets."""
    changes: Changes = {}
    for row in masters:
        if _key(row) in worked_on:
            mine = counts.get(_key(row), NONE)
            spent = _freed(row, mine)
            status = "toupdate" if options.incexec else "ready"
            changes[_key(row)] = {"status": status, **_counters(row, mine, spent)}
        elif row.nfiles == row.nfilesfinished and row.status == "failed":
            changes[_key(row)] = {"status": "done", **_counters(row, NONE, 0)}
    return changes


def _of_secondaries(
    rows: Iterable[Row[Any]],
    followers: set[tuple[int, int]],
    counts: Mapping[tuple[int, int], FileCounts],
    options: RetryOptions,
) -> Changes:
    """Return the changes of secondary datasets; one without a state is looked up again."""
    changes: Changes = {}
    for row in rows:
        if row.masterid is None:
            continue
        if _key(row) in followers:
            mine = counts.get(_key(row), NONE)
            is_read_again = options.incexec and row.type == "input"
            status = "toupdate" if is_read_again else "ready"
            changes[_key(row)] = {"status": status, **_counters(row, mine, mine.spent)}
        else:
            status = "ready" if row.state else "defined"
            changes[_key(row)] = {"status": status, **_counters(row, NONE, 0)}
    return changes


def _freed(row: Row[Any], counts: FileCounts) -> int:
    """Return the files that do not count as failed any more.

    Where no file has new attempts, yet all that were used are counted as finished or failed, the
    counter is set to the files that are failed indeed: files may have been lost meanwhile.
    """
    used, finished, failed = (_number(row, name) for name in ("used", "finished", "failed"))
    if not (counts.spent or counts.cut_off) and used <= finished + failed:
        return failed - counts.still_spent
    return counts.spent


def _counters(row: Row[Any], counts: FileCounts, spent: int) -> dict[str, Any]:
    """Return the counters of a dataset, less the files that are tried again, never below 0."""
    found = counts.lost and (row.nfilesmissing or 0)
    return {
        "nfilesused": max(_number(row, "used") - spent - counts.cut_off, 0),
        "nfilesfailed": max(_number(row, "failed") - spent, 0),
        "nfiles": _more(row.nfiles, found),
        "nfilestobeused": _more(row.nfilestobeused, found),
        "nfilesmissing": 0 if found else row.nfilesmissing,
    }


def _number(row: Row[Any], name: str) -> int:
    return getattr(row, f"nfiles{name}") or 0


def _more(number: int | None, found: int) -> int | None:
    return (number or 0) + found if found else number

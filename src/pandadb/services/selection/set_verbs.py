"""Verbs on a selection of jobs: by a filter, by PandaIDs, or one job; in one transaction.

The rules of every verb are here: the limit, all or nothing, the dry run, and the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pandadb.core.jobs.search.job_choices import NO_LIMIT, matching, number_of, pandaids_of
from pandadb.core.sql.validation import InvalidValue, check_number
from pandadb.services.selection.verb_reports import TooMany, VerbReport, aborted
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from pandadb.core.jobs.search.job_choices import JobChoice
    from pandadb.database import Database

    Work = Callable[[Connection, list[int]], VerbReport]
    """Does a verb for PandaIDs that exist or not, and reports on each of them."""
    LockJobs = Callable[[Connection, Sequence[int]], None]
    """Locks what a verb locks, in its order."""

OnError = Literal["abort", "skip"]
ON_ERROR: tuple[OnError, ...] = ("abort", "skip")
DESTRUCTIVE_LIMIT = 10
"""The limit of verbs that cannot be undone."""


def run_verb(
    database: Database,
    verb: str,
    chosen: JobChoice,
    work: Work,
    *,
    options: VerbOptions = DEFAULT_OPTIONS,
    limit: int | None = None,
    on_error: OnError = "abort",
    lock: LockJobs | None = None,
    check: Callable[[Connection], None] | None = None,
) -> VerbReport:
    """Do a verb for the chosen jobs in one transaction; return its report.

    `work` does the verb and reports on every job that it was given. If one is refused, then
    `abort` undoes all, and `skip` lets the others change. With more jobs than `limit` nothing is
    begun; None or 0 is no limit. With `lock` jobs of a filter are locked before the verb, and those
    are left alone that do not match it any more. `check` comes first, whatever jobs are chosen.

    Raises:
        TooMany: More jobs were chosen than the limit allows.
        NotFound, NotAllowed, Locked: A job was refused, and `on_error` is `abort`.
        InvalidValue: The filter has no condition or an invalid one, or a job is no PandaID.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    check_rules(limit, on_error)
    with transaction(database, options) as connection:
        if check:
            check(connection)
        pandaids = _chosen(connection, verb, chosen, limit)
        if lock and pandaids:
            lock(connection, pandaids)
            pandaids = matching(connection, chosen, pandaids)
        report = work(connection, pandaids) if pandaids else VerbReport()
        report.verb, report.dry_run = verb, options.dry_run
        if report.refused and on_error == "abort":
            raise aborted(report.refused)
    return report


def check_rules(limit: int | None, on_error: str) -> None:
    """See that the rules of a call are valid.

    Raises:
        InvalidValue: One is not.
    """
    if on_error not in ON_ERROR:
        raise InvalidValue(f"on_error has to be abort or skip, not {on_error!r}")
    if limit is not None:
        check_number("limit", limit, 0, NO_LIMIT)


def _chosen(connection: Connection, verb: str, chosen: JobChoice, limit: int | None) -> list[int]:
    """Return the PandaIDs of the chosen jobs, in order.

    Raises:
        TooMany: There are more than the limit.
    """
    found = pandaids_of(connection, chosen, limit + 1 if limit else NO_LIMIT)
    if limit and len(found) > limit:
        raise TooMany(verb, number_of(connection, chosen), limit)
    return found

"""Timeouts: ending jobs that have been where they are for too long. It can be repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.jobs.ending import timeouts
from pandadb.core.jobs.ending.kills import KillResult
from pandadb.core.sql.validation import check_number
from pandadb.errors import Outcome
from pandadb.services.maintenance import noted
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.jobs.ending.timeouts import Rule
    from pandadb.database import Database

MAX_JOBS = 10_000_000
COMMAND = "jobs expire"
BATCH = 1000
"""Jobs in one transaction."""


@dataclass
class ExpiryResult(KillResult):
    """The result of a rule."""

    rule: str = field(kw_only=True)
    why: str = field(kw_only=True)


def expire(
    database: Database,
    *,
    rules: Iterable[str] | None = None,
    limit: int = 1000,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[ExpiryResult]:
    """End the jobs that are due by timeouts, oldest first, up to `limit` jobs for each rule.

    Each batch of a rule is a transaction. Locked jobs are left for the next run, whatever `how` has
    for locks. Returns the rules that found jobs.

    Raises:
        UnknownRule: There is no rule of that name.
        InvalidValue: `limit` is no number, or negative.
        InvalidSetting: A limit in CONFIG is no number.
        JobsLocked: Rows of a job's satellites were locked for longer than the lock timeout; the
            batches before are committed.
    """
    check_number("limit", limit, 0, MAX_JOBS)
    chosen = timeouts.named(rules)
    if options.dry_run:
        return _expire_all(database, chosen, limit, options)
    with noted(database, COMMAND) as note:
        found = _expire_all(database, chosen, limit, options)
        refused = [refusal for expired in found for refusal in expired.refused.values()]
        if not found:
            note.outcome = Outcome.NOTHING
        elif refused:
            note.outcome, note.why = Outcome.WRONG, str(refused[0])
    return found


def _expire_all(
    database: Database, chosen: Iterable[Rule], limit: int, options: VerbOptions
) -> list[ExpiryResult]:
    taken: set[int] = set()
    found = [_expire(database, rule, limit, options, taken) for rule in chosen]
    return [expired for expired in found if expired.jobs or expired.told or expired.refused]


def _expire(
    database: Database, rule: Rule, limit: int, options: VerbOptions, taken: set[int]
) -> ExpiryResult:
    """Do one rule; jobs that another rule has taken are not counted again in a dry run."""
    done, left = ExpiryResult(rule=rule.name, why=rule.why), limit
    while left > 0:
        size = left if options.dry_run else min(left, BATCH)
        with transaction(database, options) as connection:
            due = [job for job in timeouts.due(connection, rule, size) if job not in taken]
            ended = timeouts.end(connection, rule, due, host=options.host) if due else KillResult()
        taken.update(due)
        done.jobs |= ended.jobs
        done.before |= ended.before
        done.told += ended.told
        done.refused |= ended.refused
        left = 0 if options.dry_run or len(due) < size else left - size
    return done

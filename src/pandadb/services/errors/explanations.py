"""Errors of jobs explained and counted. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.errors import error_classes, error_counts, failed_jobs, retry_rules
from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.sql import validation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pandadb.core.errors.error_classes import ClassRule, ErrorClass
    from pandadb.core.errors.error_counts import ErrorCount
    from pandadb.core.errors.failed_jobs import FailedJob, JobError
    from pandadb.core.errors.retry_rules import RetryRule
    from pandadb.database import Database


@dataclass(frozen=True)
class RuleVerdict:
    """A rule for an error of a job, and whether it counts."""

    error: JobError
    rule: RetryRule
    counts: bool
    why: str
    """The action, or the reason why another rule counts or this one does not fit."""


@dataclass(frozen=True)
class Explanation:
    """The errors of a job, their meanings, and the rules for them."""

    pandaid: int
    jobstatus: str
    errors: Sequence[JobError]
    meanings: Sequence[str | None]
    """The text of ERROR_DESCRIPTIONS for each error."""
    verdicts: Sequence[RuleVerdict]
    """Of each rule for the errors, whether it counts."""
    error_class: ErrorClass | None


def explain(database: Database, pandaids: int | Sequence[int]) -> dict[int, Explanation]:
    """Return for each job its errors, the rules for them, and its class.

    Raises:
        UnknownJob: No table has a job.
        InvalidValue: A PandaID is no number.
    """
    ids = validation.ids(pandaids)
    with database.session() as session:
        jobs = failed_jobs.read(session, ids)
        if missing := [one for one in ids if one not in jobs]:
            raise UnknownJob(f"Job {missing[0]} is unknown: no table has it")
        rules, classes = retry_rules.read(session), error_classes.read(session)
        all_errors = {(e.source, e.code) for job in jobs.values() for e in job.retry_errors}
        meanings = error_counts.meanings_of(session, all_errors)
    return {
        number: Explanation(
            number,
            job.jobstatus,
            job.retry_errors,
            [meanings.get((error.source, error.code)) for error in job.retry_errors],
            _verdicts(job, rules),
            error_classes.class_of(job, classes),
        )
        for number, job in jobs.items()
    }


def _verdicts(job: FailedJob, rules: Sequence[RetryRule]) -> list[RuleVerdict]:
    """Return a verdict on each rule for an error of a job, in the order of errors and rules."""
    verdicts: list[RuleVerdict] = []
    is_open = True
    for error in job.retry_errors:
        same = [rule for rule in rules if (rule.source, rule.code) == (error.source, error.code)]
        mismatches = {rule.number: rule.mismatch(job, error) for rule in same}
        chosen = retry_rules.choose([rule for rule in same if not mismatches[rule.number]])
        for rule in same:
            counts = is_open and rule in chosen
            passed_over = "a narrower, stricter or earlier rule counts"
            if not is_open:
                passed_over = "a rule for an error before it counts"
            does = f"{rule.action}{'' if rule.is_active else ', which is not active'}"
            why = mismatches[rule.number] or (does if counts else passed_over)
            verdicts.append(RuleVerdict(error, rule, counts, why))
        is_open = is_open and not chosen
    return verdicts


def count(
    database: Database,
    by: Sequence[str] = (),
    *,
    since: datetime | None = None,
    jeditaskid: int | None = None,
    site: str | None = None,
    limit: int = 100,
) -> list[ErrorCount]:
    """Return the errors of jobs of JOBSARCHIVED4 that failed, the most frequent first.

    `by` has some of `site`, `task` and `queue`.

    Raises:
        InvalidValue: Errors cannot be counted by that, or the limit is out of range.
    """
    chosen: dict[str, Any] = {"since": since, "jeditaskid": jeditaskid, "site": site}
    with database.session() as session:
        return error_counts.count_errors(session, by, limit=limit, **chosen)


def rules(database: Database) -> tuple[list[RetryRule], list[ClassRule]]:
    """Return the rules for retries that have not expired, and those for classes."""
    with database.session() as session:
        return retry_rules.read(session), error_classes.read(session)

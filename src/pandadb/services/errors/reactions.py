"""Effects of rules on failed jobs: one transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.errors import error_classes, failed_jobs, retry_actions
from pandadb.core.jobs.refusals import Refusal, RefusalReason
from pandadb.core.sql import validation
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pandadb.core.errors.error_classes import ErrorClass
    from pandadb.core.errors.failed_jobs import FailedJob
    from pandadb.core.errors.retry_actions import RuleOutcome
    from pandadb.database import Database


@dataclass(frozen=True)
class Reaction:
    """The effects of rules on failed jobs."""

    rules: Sequence[RuleOutcome]
    classes: Mapping[int, ErrorClass]
    """By PandaID; active ones of the system allow the input one failure more."""
    refused: Mapping[int, Refusal]
    """Jobs that no table has, or that did not fail, with the reason."""


def react(
    database: Database, pandaids: int | Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> Reaction:
    """React to failures as panda-server does: apply rules for retries, then classes.

    To be called once for each failed job: a system error allows a failure more with each call.

    Raises:
        InvalidValue: A PandaID is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(pandaids)
    with transaction(database, options) as connection:
        jobs = failed_jobs.read(connection, ids)
        refused = _refused(jobs, ids)
        failed = {number: job for number, job in jobs.items() if number not in refused}
        outcomes = retry_actions.apply(connection, failed)
        return Reaction(outcomes, error_classes.classify(connection, failed), refused)


def apply_rules(
    database: Database, pandaids: int | Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> list[RuleOutcome]:
    """Apply the rules for retries to the errors of jobs, in any state.

    Raises:
        InvalidValue: A PandaID is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """
    ids = validation.ids(pandaids)
    with transaction(database, options) as connection:
        return retry_actions.apply(connection, failed_jobs.read(connection, ids))


def classify(
    database: Database, pandaids: int | Iterable[int], options: VerbOptions = DEFAULT_OPTIONS
) -> dict[int, ErrorClass]:
    """Return the classes of jobs; the input of those with a system error may fail once more.

    Raises:
        InvalidValue: A PandaID is no number.
    """
    ids = validation.ids(pandaids)
    with transaction(database, options) as connection:
        return error_classes.classify(connection, failed_jobs.read(connection, ids))


def _refused(jobs: Mapping[int, FailedJob], pandaids: Sequence[int]) -> dict[int, Refusal]:
    refused = {}
    for number in pandaids:
        if number not in jobs:
            sentence = f"Job {number} is unknown: no table has it"
            refused[number] = Refusal(RefusalReason.UNKNOWN, sentence)
        elif jobs[number].jobstatus != "failed":
            sentence = f"Job {number} is {jobs[number].jobstatus}, not failed"
            refused[number] = Refusal(RefusalReason.STATE, sentence)
    return refused

# Written from the functions of `pandadb.services.errors` by `pandadb docs stubs`.

from collections.abc import Iterable, Sequence
from datetime import datetime

from pandadb.aio.base.database import AsyncDatabase
from pandadb.services.errors import (
    GROUPS,
    ClassRule,
    ErrorClass,
    ErrorCount,
    Explanation,
    JobError,
    Reaction,
    RetryAction,
    RetryRule,
    RuleOutcome,
    RuleVerdict,
    VerbOptions,
)

__all__ = [
    "GROUPS",
    "ClassRule",
    "ErrorClass",
    "ErrorCount",
    "Explanation",
    "JobError",
    "Reaction",
    "RetryAction",
    "RetryRule",
    "RuleOutcome",
    "RuleVerdict",
    "VerbOptions",
    "apply_rules",
    "classify",
    "count",
    "explain",
    "react",
    "rules",
]

async def apply_rules(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    options: VerbOptions = ...,
) -> list[RuleOutcome]:
    """Apply the rules for retries to the errors of jobs, in any state.

    Raises:
        InvalidValue: A PandaID is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def classify(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    options: VerbOptions = ...,
) -> dict[int, ErrorClass]:
    """Return the classes of jobs; the input of those with a system error may fail once more.

    Raises:
        InvalidValue: A PandaID is no number.
    """

async def count(
    database: AsyncDatabase,
    by: Sequence[str] = ...,
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

async def explain(
    database: AsyncDatabase,
    pandaids: int | Sequence[int],
) -> dict[int, Explanation]:
    """Return for each job its errors, the rules for them, and its class.

    Raises:
        UnknownJob: No table has a job.
        InvalidValue: A PandaID is no number.
    """

async def react(
    database: AsyncDatabase,
    pandaids: int | Iterable[int],
    options: VerbOptions = ...,
) -> Reaction:
    """React to failures as panda-server does: apply rules for retries, then classes.

    To be called once for each failed job: a system error allows a failure more with each call.

    Raises:
        InvalidValue: A PandaID is no number.
        TasksLocked: A task was locked for longer than the lock timeout.
    """

async def rules(
    database: AsyncDatabase,
) -> tuple[list[RetryRule], list[ClassRule]]:
    """Return the rules for retries that have not expired, and those for classes."""

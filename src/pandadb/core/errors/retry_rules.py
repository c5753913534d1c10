"""Rules for retries of failed jobs: RETRYERRORS, and their actions, RETRYACTIONS.

Source: `retryModule.py` and `getRetrialRules` of panda-server.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from pandadb.core.errors.patterns import fits_beginning
from pandadb.core.sql.expressions import now
from pandadb.core.sql.transaction import connection_of
from pandadb.models import RetryActions, RetryErrors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pandadb.core.errors.failed_jobs import FailedJob, JobError
    from pandadb.core.sql.transaction import Transaction

RULE, ACTION = RetryErrors.__table__.c, RetryActions.__table__.c
ACTIVE = "Y"


class RetryAction(StrEnum):
    """The action of a rule, by its name in RETRYACTIONS."""

    MORE_MEMORY = "increase_memory"
    MEMORY_TIMES = "increase_memory_xtimes"
    MORE_CPU_TIME = "increase_cputime"
    LESS_INPUT = "reduce_input_per_job"
    LIMIT_RETRY = "limit_retry"
    NO_RETRY = "no_retry"


LIMITS = (RetryAction.LIMIT_RETRY, RetryAction.NO_RETRY)
"""Actions of which one is taken: the narrowest rule, and of equally narrow ones the strictest."""
ONCE = tuple(action for action in RetryAction if action not in LIMITS)
"""Actions of which the first rule counts: others of the same action would do the same."""


@dataclass(frozen=True)
class RetryRule:
    """A rule: an error of a job, conditions on the job, and the action to take."""

    number: int
    source: str
    code: int
    action: str
    is_active: bool
    """Whether the action is taken; otherwise a match is only reported."""
    diag: str | None = None
    """A regular expression that the text of the error has to match at its beginning."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    release: str | None = None
    queue: int | None = None
    description: str | None = None

    @property
    def narrowness(self) -> int:
        """The number of conditions on the job; the text of the error is none."""
        return sum(map(bool, (self.architecture, self.release, self.queue)))

    @property
    def attempts(self) -> int | None:
        """The attempts that `limit_retry` leaves; None if the rule does not name a number."""
        text = self.parameters.get("maxAttempt", "").strip()
        return int(text) if text.isascii() and text.lstrip("-").isdigit() else None

    def mismatch(self, job: FailedJob, error: JobError) -> str | None:
        """Return the first condition that a job does not meet, as a phrase; None for a match."""
        if self.diag and not fits_beginning(self.diag, error.diag):
            return f"the text of the error does not begin with {self.diag!r}"
        conditions = (
            ("architecture", self.architecture, job.cmtconfig),
            ("release", self.release, job.atlasrelease),
            ("work queue", self.queue, job.workqueue_id),
        )
        for name, wanted, has in conditions:
            if wanted and wanted != has:
                return f"the {name} is {'not set' if has is None else has}, not {wanted}"
        return None


def read(session: Transaction) -> list[RetryRule]:
    """Return the rules that have not expired, by their numbers."""
    query = (
        select(*RULE, ACTION.retry_action, ACTION.active.label("action_active"))
        .join(ACTION.active.table, RULE.retryaction == ACTION.retryaction_id)
        .where(or_(RULE.expiration_date.is_(None), RULE.expiration_date > now()))
        .order_by(RULE.retryerror_id)
    )
    return [_rule(row) for row in connection_of(session).execute(query)]


def by_error(rules: Iterable[RetryRule]) -> Mapping[tuple[str, int], Sequence[RetryRule]]:
    """Return rules by the source and the code of their error."""
    found: defaultdict[tuple[str, int], list[RetryRule]] = defaultdict(list)
    for rule in rules:
        found[rule.source, rule.code].append(rule)
    return found


def applicable(
    job: FailedJob, rules: Mapping[tuple[str, int], Sequence[RetryRule]]
) -> Iterator[tuple[JobError, list[RetryRule]]]:
    """Return the errors of a job that rules apply to, with these rules in the order to act by."""
    for error in job.retry_errors:
        same = rules.get((error.source, error.code), ())
        if chosen := choose([rule for rule in same if not rule.mismatch(job, error)]):
            yield error, chosen


def choose(matching: Sequence[RetryRule]) -> list[RetryRule]:
    """Return those of the rules that match an error that count: one of an action at most."""
    chosen = [
        next(rule for rule in matching if rule.action == action)
        for action in ONCE
        if any(rule.action == action for rule in matching)
    ]
    limit: RetryRule | None = None
    for rule in matching:
        if rule.action in LIMITS and (limit is None or _is_stricter(rule, limit)):
            limit = rule
    return chosen if limit is None else [*chosen, limit]


def _is_stricter(rule: RetryRule, other: RetryRule) -> bool:
    """Return whether a rule is narrower than another one, or as narrow with fewer attempts."""
    if rule.narrowness != other.narrowness:
        return rule.narrowness > other.narrowness
    return _most_attempts(rule) < _most_attempts(other)


def _most_attempts(rule: RetryRule) -> float:
    if rule.action == RetryAction.NO_RETRY:
        return float("-inf")
    return float("inf") if rule.attempts is None else rule.attempts


def _rule(row: Any) -> RetryRule:
    return RetryRule(
        number=row.retryerror_id,
        source=row.errorsource,
        code=row.errorcode,
        action=row.retry_action,
        is_active=row.active == row.action_active == ACTIVE,
        diag=row.errordiag,
        parameters=_parameters(row.parameters),
        architecture=row.architecture,
        release=row.release,
        queue=row.workqueue_id,
        description=row.description,
    )


def _parameters(text: str | None) -> dict[str, str]:
    """Return `name=value&…` as a dict; a text of another form has no parameters."""
    parts = [part.split("=") for part in (text or "").split("&")]
    return dict(parts) if all(len(part) == 2 for part in parts) else {}

"""The actions of rules for retries, carried out for many jobs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.core.errors import (
    attempt_limits,
    cpu_needs,
    input_sizes,
    memory_needs,
    retry_rules,
)
from pandadb.core.errors.retry_rules import RetryAction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pandadb.core.errors.failed_jobs import FailedJob, JobError
    from pandadb.core.errors.retry_rules import RetryRule
    from pandadb.core.sql.transaction import Transaction

    Matches = Iterator[tuple[JobError, list[RetryRule]]]


@dataclass(frozen=True)
class RuleOutcome:
    """A rule that matched an error of a job, and its effect."""

    pandaid: int
    error: JobError
    rule: RetryRule
    done: str
    """A phrase; of a rule that is not active, that nothing was done."""
    is_final: bool = True
    """Whether errors after this one are not looked at."""


INACTIVE = "nothing, since the rule or its action is not active"


def apply(session: Transaction, jobs: Mapping[int, FailedJob]) -> list[RuleOutcome]:
    """Apply the rules to the errors of jobs; return the effect of each rule that matched.

    Rules of the first error that has some are applied; those of the next one if these did not act.
    """
    rules = retry_rules.by_error(retry_rules.read(session))
    waiting = {number: retry_rules.applicable(job, rules) for number, job in jobs.items()}
    done: list[RuleOutcome] = []
    while waiting:
        turn = {number: found for number, one in waiting.items() if (found := next(one, None))}
        outcomes = _carry_out(session, jobs, turn)
        done += outcomes
        acted = {one.pandaid for one in outcomes if one.is_final}
        waiting = {number: waiting[number] for number in turn if number not in acted}
    return sorted(done, key=lambda one: one.pandaid)


def _carry_out(
    session: Transaction,
    jobs: Mapping[int, FailedJob],
    turn: dict[int, tuple[JobError, list[RetryRule]]],
) -> list[RuleOutcome]:
    """Carry out the rules of an error of each job: an action for all jobs at once."""
    wanted: defaultdict[str, dict[int, tuple[JobError, RetryRule]]] = defaultdict(dict)
    for pandaid, (error, chosen) in turn.items():
        for rule in chosen:
            wanted[rule.action][pandaid] = (error, rule)
    outcomes = []
    for action in RetryAction:  # memory before limits, as these lock datasets
        active = {
            pandaid: (jobs[pandaid], rule)
            for pandaid, (_, rule) in wanted[action].items()
            if rule.is_active
        }
        phrases = _act(session, action, active) if active else {}
        for pandaid, (error, rule) in wanted[action].items():
            done, is_final = phrases.get(pandaid, (INACTIVE, _is_limit_known(rule)))
            outcomes.append(RuleOutcome(pandaid, error, rule, done, is_final))
    return outcomes


def _act(
    session: Transaction, action: RetryAction, active: dict[int, tuple[FailedJob, RetryRule]]
) -> dict[int, tuple[str, bool]]:
    """Carry out one action; return the effect on each job, and whether that is final."""
    jobs = [job for job, _ in active.values()]
    match action:
        case RetryAction.MORE_MEMORY:
            return _final(memory_needs.raise_by_step(session, jobs))
        case RetryAction.MEMORY_TIMES:
            return _final(memory_needs.raise_by_factor(session, jobs))
        case RetryAction.MORE_CPU_TIME:
            return _more_cpu_time(session, jobs)
        case RetryAction.LESS_INPUT:
            given = [(job, rule.parameters) for job, rule in active.values()]
            return _final(
                {job: text for job, (_, text) in input_sizes.reduce(session, given).items()}
            )
        case RetryAction.NO_RETRY:
            attempt_limits.stop(session, [*active])
            return _final(dict.fromkeys(active, "its input is not tried again"))
        case RetryAction.LIMIT_RETRY:
            return _limited(session, active)


def _more_cpu_time(session: Transaction, jobs: Sequence[FailedJob]) -> dict[int, tuple[str, bool]]:
    """Raise the CPU time of tasks by their jobs, or have it estimated anew."""
    raised = cpu_needs.raise_cpu_times(session, jobs)
    others = [job for job in jobs if job.pandaid not in raised]
    asked = cpu_needs.request_estimates(
        session, sorted({j.jeditaskid for j in others if j.jeditaskid})
    )
    done = {job: (phrase, False) for job, phrase in raised.items()}
    for job in others:
        is_asked = job.jeditaskid in asked
        phrase = "is estimated anew" if is_asked else "changed in the last 30 minutes, or is none"
        done[job.pandaid] = (f"its task {phrase}", True)
    return done


def _limited(
    session: Transaction, active: dict[int, tuple[FailedJob, RetryRule]]
) -> dict[int, tuple[str, bool]]:
    limits = {
        pandaid: rule.attempts for pandaid, (_, rule) in active.items() if rule.attempts is not None
    }
    attempt_limits.limit(session, limits)
    without = ("nothing, since the rule has no number maxAttempt", False)
    return {
        pandaid: (f"its input has {limits[pandaid]} attempts at most", True)
        if pandaid in limits
        else without
        for pandaid in active
    }


def _final(phrases: dict[int, str]) -> dict[int, tuple[str, bool]]:
    return {pandaid: (phrase, True) for pandaid, phrase in phrases.items()}


def _is_limit_known(rule: RetryRule) -> bool:
    return rule.action != RetryAction.LIMIT_RETRY or rule.attempts is not None

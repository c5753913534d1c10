"""Maintenance of partitions: created ahead of time and dropped after their retention, for cron.

`maintain` is idempotent and safe to run concurrently. Each step is a transaction of its own,
partitions are created before any is dropped, and lock timeouts are short: a step that hits one is
retried, and then left to the next run. A step that fails, or a table that cannot be planned, stops
no other.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from pandadb.core.partitions import catalog, planning, statements
from pandadb.core.partitions.catalog import Stray
from pandadb.core.partitions.planning import Do, PlanStep
from pandadb.core.partitions.policies import POLICIES, load
from pandadb.errors import InvalidInput, Outcome, sqlstate
from pandadb.services.failures import Failure, isolated
from pandadb.services.locks import advisory_lock, retry_transaction, set_lock_timeout
from pandadb.services.lockwaits import LockNotAvailable, or_contended
from pandadb.services.maintenance import noted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.catalog import Partition
    from pandadb.core.partitions.policies import Policy
    from pandadb.database import Database

__all__ = [
    "Do",
    "Failure",
    "Maintained",
    "PlanStep",
    "load",
    "maintain",
    "plan",
    "script",
]

PATIENCE = 2.0
"""Lock timeout in seconds: later sessions queue behind us for as long."""
TRIES = 4
CHECK_VIOLATION = "23514"
"""SQLSTATE check_violation: the DEFAULT partition has rows of the new one."""
COMMAND = "partitions maintain"
MAINTENANCE_LOCK = "hashtextextended('pandadb partitions maintain', 0)"


class UnknownTable(InvalidInput):
    """A table that has no partitions of ranges, or that is not known."""


@dataclass
class Maintained:
    """The result of a run."""

    done: list[PlanStep] = field(default_factory=list)
    contended: list[str] = field(default_factory=list)
    """Partitions, or whole tables, with lock timeouts: the next run takes them up."""
    held: dict[str, str] = field(default_factory=dict)
    """For each of these, the sessions that held the locks."""
    left: list[PlanStep] = field(default_factory=list)
    """Steps of others: DEFAULT partitions to be drained, days for the archiver, and rows that an
    operator has to check."""
    failed: list[Failure] = field(default_factory=list)
    """Steps, or whole tables, that failed: each needs an operator."""
    busy: bool = False
    """Whether another run was at work; then nothing was done."""

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the run."""
        if self.failed:
            return Outcome.WRONG
        if self.contended or self.busy:
            return Outcome.CONTENDED
        return Outcome.DONE if self.done else Outcome.NOTHING


def plan(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    tables: Collection[str] = (),
    now: datetime | None = None,
    failed: list[Failure] | None = None,
) -> list[PlanStep]:
    """Return the steps that are due; `now` (naive UTC) is for looking ahead.

    Tables that cannot be planned are added to `failed`; without it, the first of them is an error.

    Raises:
        UnknownTable: One of the tables has no policy.
    """
    steps: list[PlanStep] = []
    for policy in _chosen(policies, tables):
        with isolated_table(failed, policy), database.session() as session:
            steps += _plan(session, policy, now)
    return steps


def isolated_table(failed: list[Failure] | None, policy: Policy) -> AbstractContextManager[None]:
    """Add an error of a table to those that have failed; without a list, it is raised."""
    return nullcontext() if failed is None else isolated(failed, policy.table)


def script(
    database: Database, steps: Collection[PlanStep], policies: Mapping[str, Policy] = POLICIES
) -> list[list[str]]:
    """Return the statements of each step; those of one step are to be one transaction."""
    with database.session() as session:
        has = catalog.partitions(session, {step.table for step in steps})
        return [_statements(session, step, policies, has[step.table]) for step in steps]


def maintain(
    database: Database,
    policies: Mapping[str, Policy] = POLICIES,
    *,
    tables: Collection[str] = (),
    drain: bool = False,
    tell: Callable[[PlanStep], None] = lambda _: None,
    command: str = COMMAND,
) -> Maintained:
    """Create the missing partitions, then drop those past their retention.

    With `drain` the rows of DEFAULT partitions move to their partitions, too. An error ends only
    its step, or its table. `command` is the command of which this is a run.

    Raises:
        UnknownTable: One of the tables has no policy.
    """
    done = Maintained()
    with noted(database, command) as note:
        chosen = _chosen(policies, tables)
        _maintain(database, policies, done, chosen=chosen, drain=drain, tell=tell)
        note.outcome = done.outcome
        note.why = next((f"{one.unit}: {one.why}" for one in done.failed), None)
    return done


def _maintain(
    database: Database,
    policies: Mapping[str, Policy],
    done: Maintained,
    *,
    chosen: list[Policy],
    drain: bool,
    tell: Callable[[PlanStep], None],
) -> None:
    with advisory_lock(database, MAINTENANCE_LOCK) as ours:
        done.busy = not ours
        steps = _look(database, chosen, done) if ours else []
        for step in sorted(steps, key=lambda step: step.do is Do.DROP):
            if step.do in (Do.ARCHIVE, Do.LEAVE) or (step.do is Do.DRAIN and not drain):
                done.left.append(step)
                continue
            tell(step)
            with isolated(done.failed, f"{step.do} {step.partition}"):
                _do(database, step, policies, done)
            if step in done.done and step.do is Do.DRAIN:
                with isolated(done.failed, f"analyze {step.partition}"):
                    _analyze(database, step)


def _chosen(policies: Mapping[str, Policy], tables: Collection[str]) -> list[Policy]:
    """Return the policies of the tables, named with or without their schema; all for none."""
    short = {name.partition(".")[2]: name for name in policies}
    names = [short.get(table, table) for table in tables] or [*policies]
    if unknown := [name for name in names if name not in policies]:
        raise UnknownTable(
            f"There is no policy for {unknown[0]!r}: there are {', '.join(sorted(short))}"
        )
    return [policies[name] for name in names]


def _look(database: Database, chosen: list[Policy], done: Maintained) -> list[PlanStep]:
    """Plan each table that is not locked; record the others, and those that cannot be planned."""
    steps: list[PlanStep] = []
    for policy in chosen:
        with isolated(done.failed, policy.table):
            try:
                with database.session() as session:
                    set_lock_timeout(session, PATIENCE)
                    with or_contended(session.connection(), PATIENCE):
                        steps += _plan(session, policy, None)
            except LockNotAvailable as why:
                done.contended.append(policy.table)
                done.held[policy.table] = why.held
    return steps


def _plan(session: Session, policy: Policy, now: datetime | None) -> list[PlanStep]:
    has, stray = there(session, policy)
    today = now or catalog.now(session)
    latest = catalog.latest(session, policy, today)
    steps = planning.plan(policy, has, latest.value, today, stray.ranges)
    return [*steps, *planning.odd(policy, has, latest, stray)]


def there(session: Session, policy: Policy) -> tuple[list[Partition], Stray]:
    """Return the partitions of a table, and the rows of the DEFAULT one."""
    has = catalog.partitions(session, [policy.table])[policy.table]
    default = next((one for one in has if one.is_default), None)
    return has, catalog.stray(session, policy, default) if default else Stray()


def _statements(
    session: Session, step: PlanStep, policies: Mapping[str, Policy], has: list[Partition]
) -> list[str]:
    return statements.statements(session, step, policies[step.table].key, has)


def _do(
    database: Database, step: PlanStep, policies: Mapping[str, Policy], done: Maintained
) -> None:
    """Do a step; one that fails on new rows in the DEFAULT partition is left for a drain."""
    try:
        _take(database, step, policies)
        done.done.append(step)
    except LockNotAvailable as contended:
        done.contended.append(step.partition)
        done.held[step.partition] = contended.held
    except IntegrityError as error:
        if step.do is not Do.MAKE or sqlstate(error) != CHECK_VIOLATION:
            raise
        why = "rows have come to the DEFAULT partition"
        done.left.append(replace(step, do=Do.DRAIN, why=why, rows=1))


def _take(database: Database, step: PlanStep, policies: Mapping[str, Policy]) -> None:
    """Take a step in its transaction.

    Raises:
        LockNotAvailable: Its locks were not free in the end.
    """

    def work(session: Session) -> None:
        has = catalog.partitions(session, [step.table])[step.table]
        statements.run(session, _statements(session, step, policies, has))

    retry_transaction(database, work, [PATIENCE] * TRIES)


def _analyze(database: Database, step: PlanStep) -> None:
    """Analyze the rows that have moved, unless another session is doing that.

    It is a transaction of its own: writers need not wait for it.
    """

    def work(session: Session) -> None:
        has = catalog.partitions(session, [step.table])[step.table]
        statements.run(session, statements.analyzing(step, has))

    retry_transaction(database, work, [PATIENCE])

"""Timeouts: the jobs that have been in a state for too long, and their end, as data.

The rules are those of PanDA's server, in its order. The database has all that each needs. PanDA's
server also updates `modificationtime` of the jobs that it is about to kill, so that no other
process takes them: here a lock does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, literal, not_, or_, select

from pandadb.core.events.kinds import JobKind
from pandadb.core.jobs.effects import COMMAND
from pandadb.core.jobs.ending import server_config
from pandadb.core.jobs.ending.kills import KillResult, kill
from pandadb.core.jobs.ending.lost_heartbeat import give_up
from pandadb.core.jobs.ending.timeout_conditions import (
    BUILD_OR_OWN,
    MOVABLE,
    NO_REPORT,
    NOT_FAKE,
    NOT_PAUSED,
    PRODUCTION,
    QUEUED,
    RECENTLY_CHANGED,
    SHARE_OVERSHOT,
    SITE_IDLE,
    USERS,
    Circumstance,
    kind,
    labelled,
    queue,
    urgent,
)
from pandadb.core.jobs.states import RUNS, STATES, STOPPABLE, WAITING
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import by_id
from pandadb.core.sql.transaction import Lock
from pandadb.errors import InvalidInput
from pandadb.models import JobControl
from pandadb.models.jobs.all_tables import LIVE_TABLES
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from pandadb.core.jobs.ending.server_config import ServerConfig
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.statemachine.effects import Columns
    from pandadb.models.jobs.all_tables import JobTable

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class UnknownRule(InvalidInput):
    """A rule that there is not."""


@dataclass(frozen=True)
class Kill:
    """Kill the job with a code."""

    code: int
    jobsubstatus: str | None = None
    keep_unmerged: bool = False
    """Whether the inputs of a killed merge job are left for another one."""


@dataclass(frozen=True)
class Fail:
    """Fail the job, as PanDA's Watcher does, with a `jobdispatchererrorcode` and -diag."""

    code: int
    diag: str


@dataclass(frozen=True)
class Setting:
    """A setting of the server that replaces a limit; {workflow} is that of the job's queue."""

    component: str
    key: str
    unit: timedelta


@dataclass(frozen=True)
class Rule:
    """A timeout: states, the column of a time and its limit, conditions, and the end."""

    name: str
    states: tuple[str, ...]
    since: tuple[str, ...]
    """The time columns: one that is older than the limit is enough. A time not set is not old."""
    limit: timedelta
    action: Kill | Fail
    why: str
    only: tuple[Circumstance, ...] = ()
    setting: Setting | None = None

    @property
    def tables(self) -> tuple[JobTable, ...]:
        """The live tables that may hold such jobs."""
        return tuple(
            table
            for table in LIVE_TABLES
            if any(table in STATES[state].tables for state in self.states)
        )


CREATED, CHANGED, HEARD = ("creationtime",), ("statechangetime",), ("modificationtime",)
HEARD_OR_ENDED = ("modificationtime", "endtime")
LOST_PILOT = Fail(100, "Lost heartbeat: {state}, last heard of at {since}")
REPORT_STUCK = Fail(103, "Its report was not worked on in time: {state}, last heard of at {since}")
ANALYSIS = Setting("watcher", "HEARTBEAT_TIMEOUT_analysis", HOUR)
WORKFLOW = Setting("watcher", "HEARTBEAT_TIMEOUT_{workflow}", HOUR)
DEFINED_TIMEOUT = Setting("job_timeout", "TIMEOUT_defined", HOUR)
REASSIGN, EXPIRE = Kill(51), Kill(2)

RULES = (
    Rule(
        "analysis-heartbeat", RUNS, HEARD, 2 * HOUR, LOST_PILOT,
        "the pilot of a user's job is silent", (USERS,), ANALYSIS),
    Rule(
        "analysis-transfer", ("transferring",), HEARD, 2 * HOUR,
        Fail(104, "Its outputs did not arrive: {state}, last heard of at {since}"),
        "outputs of a user's job do not arrive", (USERS,), ANALYSIS),
    Rule(
        "sent", ("sent",), HEARD, 30 * MINUTE,
        Fail(102, "Its pilot has not answered since {since}"), "the pilot never answers"),
    Rule(
        "analysis-holding", ("holding",), HEARD_OR_ENDED, 3 * HOUR, REPORT_STUCK,
        "a user's job has ended without a report", (USERS, RECENTLY_CHANGED, NO_REPORT)),
    Rule(
        "urgent-holding", ("holding",), HEARD_OR_ENDED, 3 * HOUR, REPORT_STUCK,
        "the report of an urgent job is not worked on", (urgent(801),)),
    Rule(
        "holding", ("holding",), HEARD_OR_ENDED, 48 * HOUR, REPORT_STUCK,
        "the report is not worked on", (), Setting("job_timeout", "TIMEOUT_holding", HOUR)),
    Rule(
        "heartbeat", RUNS, HEARD, 2 * HOUR, LOST_PILOT, "the pilot is silent",
        (NOT_PAUSED,), WORKFLOW),
    Rule("unprepared", WAITING, CREATED, 7 * DAY, EXPIRE, "it was never ready to run"),
    Rule("activated", ("activated",), CREATED, 7 * DAY, EXPIRE, "no pilot has taken it"),
    Rule(
        "overshoot", QUEUED, (), timedelta(0), Kill(10, keep_unmerged=True),
        "its site has too many jobs of its share queued", (SHARE_OVERSHOT,)),
    Rule(
        "asleep-activated", ("activated",), HEARD, 4 * HOUR, REASSIGN,
        "an urgent job is at a site that starts none",
        (PRODUCTION, urgent(800), MOVABLE, SITE_IDLE)),
    Rule(
        "asleep-starting", ("starting",), CHANGED, 4 * HOUR, REASSIGN,
        "an urgent job is at a site that starts none",
        (PRODUCTION, urgent(800), MOVABLE, SITE_IDLE)),
    Rule(
        "defined", ("defined",), HEARD, 4 * HOUR, REASSIGN, "it is not set up",
        (labelled("managed", "test"),), DEFINED_TIMEOUT),
    Rule(
        "build-defined", ("defined",), CREATED, 4 * HOUR, EXPIRE,
        "a build job, or one that is not JEDI's, is not set up", (BUILD_OR_OWN,), DEFINED_TIMEOUT),
    Rule(
        "managed-unprepared", WAITING, HEARD, 12 * HOUR, REASSIGN,
        "a production job is not ready to run", (PRODUCTION,)),
    Rule(
        "managed-activated", ("activated",), HEARD, 2 * DAY, REASSIGN,
        "no pilot takes a production job", (PRODUCTION, MOVABLE)),
    Rule(
        "managed-starting", ("starting",), CHANGED, 48 * HOUR, REASSIGN,
        "a production job waits in the batch queue", (PRODUCTION, MOVABLE)),
    Rule(
        "analysis-active", (*(s for s in STOPPABLE if s not in WAITING), "running", "failed"),
        HEARD, 7 * DAY, EXPIRE, "nothing has come of a user's or a test job",
        (labelled("test", "panda", "user"),)),
    Rule("pending", ("pending",), CREATED, HOUR, Kill(4), "JEDI has not handed it on"),
    Rule("waiting", ("waiting",), CREATED, HOUR, Kill(4), "its input does not appear", (NOT_FAKE,)),
    Rule(
        "merge-waiting", ("waiting",), CREATED, 10 * MINUTE, EXPIRE,
        "an event service merge waits for its input", (kind(JobKind.MERGE),)),
    Rule(
        "events-running", ("running", "starting"), CHANGED, 24 * HOUR,
        Kill(2, "es_toolong", keep_unmerged=True),
        "an urgent event service job runs for too long",
        (kind(JobKind.EVENT_SERVICE, JobKind.CO_JUMBO), urgent(900))),
    Rule(
        "merge-running", ("running", "starting"), CHANGED, 24 * HOUR, EXPIRE,
        "an event service merge runs for too long", (kind(JobKind.MERGE),)),
)  # fmt: skip


def named(names: Iterable[str] | None) -> tuple[Rule, ...]:
    """Return the rules of these names, in the order of the rules; all of them for None.

    Raises:
        UnknownRule: There is none of that name.
    """
    if names is None:
        return RULES
    wanted = {*names}
    known = [rule.name for rule in RULES]
    for name in sorted(wanted.difference(known)):
        raise UnknownRule(f"There is no rule {name!r}: the rules are {', '.join(known)}")
    return tuple(rule for rule in RULES if rule.name in wanted)


def due(session: Transaction, rule: Rule, limit: int = 1000) -> list[int]:
    """Return the jobs that are due, oldest first, and lock them; locked ones are skipped.

    Raises:
        InvalidSetting: The setting that replaces the rule's limit is no number.
    """
    config = server_config.read(session)
    found = [
        [(age, pandaid) for pandaid, age in session.execute(_overdue(rule, table, config, limit))]
        for table in rule.tables
    ]
    locked = [pandaid for _age, pandaid in merge(*found)][:limit]
    still = _still_due(session, rule, config, locked) if locked and rule.only else {*locked}
    return [pandaid for pandaid in locked if pandaid in still]


def end(session: Transaction, rule: Rule, pandaids: Sequence[int], *, host: str) -> KillResult:
    """Apply the rule to jobs that are `due`, in the same transaction.

    The jobs are locked already, out of order: so no other lock is waited for, and jobs with a
    locked dataset are left for the next run.
    """
    match rule.action:
        case Fail(code, diag):
            return give_up(session, pandaids, code=code, diag=diag, host=host)
        case Kill(code, jobsubstatus, keep_unmerged):
            return kill(
                session, pandaids, code=code, by=f"the timeout {rule.name}", host=host,
                lock=Lock.SKIP, jobsubstatus=jobsubstatus, keep_unmerged=keep_unmerged,
            )  # fmt: skip


def _still_due(
    session: Transaction, rule: Rule, config: ServerConfig, locked: Sequence[int]
) -> set[int]:
    """Return the jobs that are still due now that they are locked.

    The statement that has locked them may have read older rows of other tables: a job's report may
    have come between.
    """
    found: set[int] = set()
    for table in rule.tables:
        due_now = select(table.pandaid).where(by_id(table), *_is_due(rule, table, config))
        found.update(session.scalars(due_now, {"pandaids": [*locked]}))
    return found


def _overdue(rule: Rule, table: JobTable, config: ServerConfig, limit: int) -> Select[Any]:
    """Select and lock the due jobs of a table, with the time that they are ordered by."""
    job = table.__table__.c
    age = job[rule.since[0]] if rule.since else literal(0)
    return (
        select(job.pandaid, age)
        .where(*_is_due(rule, table, config))
        .order_by(*([age] if rule.since else []), job.pandaid)
        .limit(limit)
        .with_for_update(skip_locked=True, of=table.__table__)
    )


def _is_due(rule: Rule, table: JobTable, config: ServerConfig) -> list[Any]:
    """Return the conditions on a job of a table."""
    job = table.__table__.c
    return [
        job.jobstatus.in_([state for state in rule.states if table in STATES[state].tables]),
        *(circumstance.of(job, config) for circumstance in rule.only),
        not_(exists().where(JobControl.pandaid == job.pandaid)),  # the queue's have leases instead
        *([_is_old(rule, job, config)] if rule.since else []),
        *([_is_untold(job)] if isinstance(rule.action, Kill) else []),
    ]


def _is_untold(job: Columns) -> Any:
    """Match jobs that a kill changes: a running job gets the command only once."""
    return or_(job["jobstatus"] != "running", func.coalesce(job["commandtopilot"], "") != COMMAND)


def _is_old(rule: Rule, job: Columns, config: ServerConfig) -> Any:
    before = now() - _limit(rule, job, config)
    return or_(*(and_(job[name] < before, job[name] > EPOCH) for name in rule.since))


def _limit(rule: Rule, job: Columns, config: ServerConfig) -> Any:
    """Return the limit: the rule's own, or the one of the server's settings."""
    if rule.setting is None:
        return literal(rule.limit)
    part, key, unit = rule.setting.component, rule.setting.key, rule.setting.unit
    default = rule.limit / unit
    if "{workflow}" not in key:
        return literal(config.number(part, key, default) * unit)
    found = config.beginning(part, key.removesuffix("{workflow}"))
    found.pop("analysis", None)
    usual = literal(found.pop("production", default) * unit)
    limits = {workflow: literal(number * unit) for workflow, number in found.items()}
    return case(limits, value=queue(job, "workflow"), else_=usual) if limits else usual

"""Properties of queued jobs that a user may change: queue, priority, resources, configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, case, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.control import notices
from pandadb.core.queue.verbs import outcomes
from pandadb.core.queue.verbs.standings import SET_PRIORITY, SET_PROPERTIES
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue, check_columns, check_number, check_text, near
from pandadb.errors import InvalidInput
from pandadb.models import (
    Config,
    JobControl,
    JobGroupMember,
    JobsActive4,
    JobsArchived4,
    SchedconfigJSON,
    Worker,
)
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from pandadb.core.queue.verbs.outcomes import VerbOutcome
    from pandadb.core.sql.transaction import Transaction

CONTROL, MEMBER, CONFIG = (m.__table__.c for m in (JobControl, JobGroupMember, Config))
APP, COMPONENT = "pandadb", "exec_config"
"""Where CONFIG has the configurations that have a name."""
MAX_PRIORITY = 2**31 - 1
SETTABLE = (
    "cloud", "container_name", "corecount", "gshare", "maxattempt", "maxcpucount", "maxdiskcount",
    "maxwalltime", "minramcount", "resource_type",
)  # fmt: skip
"""Columns of jobs that may be set, beside the priority and the queue."""


class UnknownQueue(InvalidInput):
    """No worker takes jobs of that queue, and no site has it."""


class UnknownExecConfig(InvalidInput):
    """CONFIG has no configuration of that name."""


@dataclass(frozen=True)
class RunProperties:
    """New values of properties; None leaves one as it is. With `merge` dictionaries are merged."""

    queue: str | None = None
    priority: int | None = None
    resources: Mapping[str, Any] | None = None
    exec_config: str | Mapping[str, Any] | None = None
    merge: bool = True
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Further columns of the jobs, of `SETTABLE`."""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in SETTABLE:
                hint = near(name, SETTABLE) or f": those are {', '.join(SETTABLE)}"
                raise InvalidValue(f"{name} is no property that can be set{hint}")
        check_columns(JobsActive4, self.columns)

        if self.queue is not None:
            check_text("queue", self.queue)
        if self.priority is not None:
            check_number("priority", self.priority, -MAX_PRIORITY, MAX_PRIORITY)
        given = (self.queue, self.priority, self.resources, self.exec_config)
        if all(value is None for value in given) and not self.columns:
            raise InvalidValue(
                "Nothing to set: give a queue, priority, resources or an exec_config"
            )

    @property
    def verb(self) -> str:
        """The verb: a priority alone may be set in any state."""
        others = (self.queue, self.resources, self.exec_config)
        only_priority = all(value is None for value in others) and not self.columns
        return SET_PRIORITY if only_priority else SET_PROPERTIES


def set_properties(
    session: Transaction, pandaids: Sequence[int], new: RunProperties, how: Lock = Lock.WAIT
) -> VerbOutcome:
    """Set properties of jobs; for jobs that have ended they are those of the next attempt.

    Flows are not locked.

    Raises:
        UnknownQueue, UnknownExecConfig: There is no such queue, or configuration.
        JobsLocked: The session's `lock_timeout` has passed.
    """
    check_known(session, new)
    chosen = outcomes.choose(session, pandaids, new.verb, how, in_flow=False)
    jobs = chosen.ids
    if jobs:
        _set_control(session, jobs, new)
        _set_jobs(session, jobs, new)
        notices.wake(session)
    return outcomes.report(session, chosen.outcome, jobs)


def check_known(session: Transaction, new: RunProperties) -> None:
    """See that there are the queue and the configuration that are to be set.

    Raises:
        UnknownQueue, UnknownExecConfig: There is not.
    """
    if new.queue is not None:
        worker, site = Worker.__table__.c, SchedconfigJSON.__table__.c
        taken = exists().where(literal(new.queue) == any_(worker.queues))
        known = taken | exists().where(site.panda_queue == new.queue)
        if not session.scalar(select(known)):
            raise UnknownQueue(f"There is no queue {new.queue!r}: no worker and no site has it")
    if isinstance(new.exec_config, str):
        named = CONFIG.app == APP, CONFIG.component == COMPONENT, CONFIG.key == new.exec_config
        if not session.scalar(select(exists().where(*named))):
            raise UnknownExecConfig(
                f"There is no configuration {new.exec_config!r} in CONFIG, app {APP}, "
                f"component {COMPONENT}"
            )


def _set_control(session: Transaction, jobs: Sequence[int], new: RunProperties) -> None:
    details: ColumnElement[Any] = CONTROL.details
    for name, value in (("resources", new.resources), ("exec_config", new.exec_config)):
        if value is not None:
            details = _with(details, name, value, merge=new.merge)
    mine = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    queue: dict[str, Any] = {} if new.queue is None else {"queue": new.queue}
    if "maxattempt" in new.columns:
        queue["max_attempt"] = new.columns["maxattempt"]
    session.execute(mine.values(details=details, last_changed=now(), **queue))


def _with(details: ColumnElement[Any], name: str, value: Any, *, merge: bool) -> ColumnElement[Any]:
    """Return details with a value: a dictionary is merged into the one that is there."""
    new: ColumnElement[Any] = literal(value, JSONB)
    if merge and not isinstance(value, str):
        old = CONTROL.details[name]
        new = case((func.jsonb_typeof(old) == "object", old.concat(new)), else_=new)
    there = func.coalesce(details, literal({}, JSONB), type_=JSONB())
    return there.concat(func.jsonb_build_object(name, new, type_=JSONB))


def _set_jobs(session: Transaction, jobs: Sequence[int], new: RunProperties) -> None:
    """Set columns of jobs: where a job ran that has ended stays as it was."""
    priority = {} if new.priority is None else {"currentpriority": new.priority}
    site = {} if new.queue is None else {"computingsite": new.queue}
    for model in (*LIVE_TABLES, JobsArchived4):
        table, is_live = model.__table__, model in LIVE_TABLES
        moved = site | {"modificationtime": now()} if is_live else {}
        values = {**priority, **new.columns, **moved}
        if values:
            session.execute(update(table).where(is_among(table.c.pandaid, jobs)).values(**values))
    if new.priority is not None:
        members = update(JobGroupMember.__table__).where(is_among(MEMBER.pandaid, jobs))
        session.execute(members.values(priority=new.priority))

"""Properties of jobs that no worker has: priority, queue, needs, configuration."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB

from pandadb.core.control import notices
from pandadb.core.jobs.mover import looks
from pandadb.core.jobs.refusals import Refusal, RefusalReason, refusing_to_wait
from pandadb.core.jobs.search import lookup
from pandadb.core.jobs.search.job_filters.control_criteria import NOT_DISPATCHED
from pandadb.core.queue.input import known_names
from pandadb.core.queue.verbs import job_rows
from pandadb.core.queue.verbs import refused as refusals
from pandadb.core.queue.verbs.standings import SET_PRIORITY, SET_PROPERTIES, allowed
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue, check_columns, near
from pandadb.models import JobControl, JobGroupMember, JobsActive4, JobsArchived4
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from pandadb.core.queue.verbs.job_rows import QueuedJob
    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

CONTROL, MEMBER = JobControl.__table__.c, JobGroupMember.__table__.c
PRIORITY, QUEUE = "currentpriority", "computingsite"
SETTABLE = (
    PRIORITY, QUEUE, "cloud", "container_name", "corecount", "gshare", "maxattempt",
    "maxcpucount", "maxdiskcount", "maxwalltime", "minramcount", "resource_type",
)  # fmt: skip
"""The columns that may be set."""
DETAILS = ("resources", "exec_config")
"""The properties in the control row, for jobs of the job queue only."""


@dataclass(frozen=True)
class Properties:
    """Properties to set.

    Raises:
        InvalidValue: There are none, or one may not be set or does not fit its column.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    """`resources` and `exec_config`."""
    merges: bool = True
    """Whether details are merged into those that are there, or replace them."""

    def __post_init__(self) -> None:
        if not self.columns and not self.details:
            raise InvalidValue("There is no property to set: name at least one")
        for name in self.columns:
            if name not in SETTABLE:
                hint = near(name, SETTABLE) or f": those are {', '.join(SETTABLE)}"
                raise InvalidValue(f"{name} is no property that can be set{hint}")
        check_columns(JobsActive4, self.columns)
        if self.columns.get(QUEUE, "a queue") in (None, ""):
            raise InvalidValue("A job needs a queue")

    @property
    def verb(self) -> str:
        """The verb of the matrix: a priority alone may be set of a job in any state."""
        return SET_PRIORITY if {*self.columns, *self.details} == {PRIORITY} else SET_PROPERTIES


@dataclass
class PropertyResult:
    """The jobs with new properties, each with its state, and the others."""

    jobs: dict[int, str] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)


def change(
    session: Transaction, pandaids: Sequence[int], given: Properties, how: Lock = Lock.WAIT
) -> PropertyResult:
    """Set properties of jobs that no worker has yet, and of jobs of the job queue that have ended.

    The latter are those of a later attempt. Jobs that have been dispatched are refused, unless only
    the priority of a job of the job queue is set: see `OUTCOMES`.

    Raises:
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    mine = job_rows.read(session, job_rows.lock_alone(session, pandaids, how))
    busy = job_rows.read(session, [job for job in pandaids if job not in mine])
    found = _locked(session, [job for job in pandaids if job not in busy])
    done = PropertyResult(refused={job: refusals.locked(job) for job in busy})
    done.refused |= _unknown(session, {*pandaids} - {*found} - {*busy})
    chosen: dict[JobTable, list[int]] = defaultdict(list)
    for job, (table, state) in sorted(found.items()):
        refusal = _of_queue(mine[job], given) if job in mine else _foreign(job, state, given)
        if refusal:
            done.refused[job] = refusal
        else:
            done.jobs[job] = state
            chosen[table].append(job)
    for table, jobs in chosen.items():
        _update(session, table, jobs, given.columns)
    _update_control(session, [job for job in done.jobs if job in mine], given)
    if "activated" in done.jobs.values() and {PRIORITY, QUEUE} & {*given.columns}:
        notices.wake(session)
    return done


def check_names(session: Transaction, given: Properties) -> None:
    """Check the names of the queue and the configuration that jobs are to have.

    Raises:
        UnknownQueue, UnknownExecConfig: There is no such queue, or configuration.
    """
    if QUEUE in given.columns:
        known_names.check_queue(session, given.columns[QUEUE])
    if isinstance(name := given.details.get("exec_config"), str):
        known_names.check_exec_config(session, name)


def _locked(session: Transaction, pandaids: Sequence[int]) -> dict[int, tuple[JobTable, str]]:
    """Lock jobs; return the table and the state of each."""
    found: dict[int, tuple[JobTable, str]] = {}
    with refusing_to_wait():
        for table, how in looks((*LIVE_TABLES, JobsArchived4), Lock.WAIT):
            left = [job for job in pandaids if job not in found]
            rows = select(table.pandaid, table.jobstatus).where(is_among(table.pandaid, left))
            locked = rows.order_by(table.pandaid).with_for_update(skip_locked=how is Lock.SKIP)
            if left:
                found |= {row.pandaid: (table, row.jobstatus) for row in session.execute(locked)}
    return found


def _unknown(session: Transaction, jobs: Collection[int]) -> dict[int, Refusal]:
    known = lookup.rows(session, jobs, lambda job: select(job.pandaid)) if jobs else {}
    refused = {}
    for job in jobs:
        reason = RefusalReason.STATE if job in known else RefusalReason.UNKNOWN
        words = (
            "is archived: its properties stay" if job in known else "is unknown: no table has it"
        )
        refused[job] = Refusal(reason, f"Job {job} {words}")
    return refused


def _of_queue(job: QueuedJob, given: Properties) -> Refusal | None:
    """Return why the properties of a job of the job queue cannot be set, if that is so."""
    if allowed(given.verb, job.standing):
        return None
    return refusals.not_allowed(job.pandaid, job.standing, given.verb)


def _foreign(job: int, state: str, given: Properties) -> Refusal | None:
    """Return why the properties of a job of PanDA cannot be set, if that is so."""
    if given.details:
        names = " and ".join(given.details)
        words = f"Job {job} is not of a job queue: only such jobs have {names}"
        return Refusal(RefusalReason.GUARD, words)
    if state in NOT_DISPATCHED:
        return None
    known = ", ".join(NOT_DISPATCHED)
    words = f"Job {job} is {state}, and its properties are set before that, while it is {known}"
    return Refusal(RefusalReason.STATE, words)


def _update(
    session: Transaction, table: JobTable, jobs: Collection[int], columns: Mapping[str, Any]
) -> None:
    values = dict(columns)
    if table is JobsArchived4:
        values.pop(QUEUE, None)  # it ran there; the control row has the queue of a later attempt
    if not values:
        return
    if PRIORITY in values:
        values["assignedpriority"] = values[PRIORITY]
    with refusing_to_wait():
        session.execute(update(table).where(is_among(table.pandaid, jobs)).values(values))


def _update_control(session: Transaction, jobs: Sequence[int], given: Properties) -> None:
    if not jobs:
        return
    values: dict[str, Any] = {"last_changed": now()}
    if QUEUE in given.columns:
        values["queue"] = given.columns[QUEUE]
    if given.details:
        values["details"] = _details(given)
    control = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
    session.execute(control.values(values))
    if given.columns.get(PRIORITY) is not None:
        member = update(JobGroupMember.__table__).where(is_among(MEMBER.pandaid, jobs))
        session.execute(member.values(priority=given.columns[PRIORITY]))


def _details(given: Properties) -> ColumnElement[Any]:
    """Return the details with the new ones; objects are merged by their keys."""
    empty = cast(literal("{}"), JSONB)
    found: ColumnElement[Any] = func.coalesce(CONTROL.details, empty)
    for name, value in given.details.items():
        old, new = CONTROL.details[name], _as_json(value)
        are_objects = func.jsonb_typeof(old) == "object"
        if given.merges and isinstance(value, dict):
            new = case((are_objects, old.concat(new)), else_=new)
        found = found.concat(func.jsonb_build_object(name, new, type_=JSONB))
    return found


def _as_json(value: Any) -> ColumnElement[Any]:
    return literal(value, JSONB)

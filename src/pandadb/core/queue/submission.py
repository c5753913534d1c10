"""New jobs of queues: PanDA's rows, the control rows, the dependencies and the groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, Integer, Text, bindparam, cast, func, select, tuple_

from pandadb.core.control import notices
from pandadb.core.control.dependencies import CANCEL, FINISHED_STATE, IGNORE
from pandadb.core.jobs.creation import submission
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.queue.input import parents
from pandadb.core.queue.input.new_jobs import NewQueueJob, draw_public_id
from pandadb.core.queue.input.parents import UnknownParent
from pandadb.core.sql.copy import copy_rows
from pandadb.core.sql.expressions import now
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobControl, JobDependency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c
KEY_CLASS, KEY_LOCKS = 1_035_112_233, 256
"""The class of the advisory locks for dedupe keys, and how many there are."""
COLUMNS = (
    "pandaid",
    "public_id",
    "queue",
    "name",
    "kind",
    "backoff",
    "backoff_limit",
    "group_key",
    "dedupe_key",
    "run_after",
    "has_children",
    "announces",
    "index_number",
    "details",
)


@dataclass(frozen=True)
class Submitted:
    """Jobs that have been submitted, in the order of the call."""

    pandaids: list[int]
    public_ids: list[str]
    existing: frozenset[int] = frozenset()
    """Those of the PandaIDs that lived already, with the dedupe key of a job of the call."""
    jeditaskid: int | None = None
    """The flow of the jobs, if they have one."""

    @property
    def made(self) -> list[int]:
        """Return the PandaIDs of the jobs that the call has made, in its order."""
        return [job for job in self.pandaids if job not in self.existing]


@dataclass(frozen=True)
class Edge:
    """A dependency of a new job: the parent, the child, and the final state of the parent."""

    parent: int
    child: int
    on_failure: str
    parent_state: str | None = None

    @property
    def is_open(self) -> bool:
        """Return whether the child waits for it."""
        if self.parent_state is None:
            return True
        return self.parent_state != FINISHED_STATE and self.on_failure != IGNORE


@dataclass
class Plan:
    """Jobs of a call with the facts found about them, each by its place in the call."""

    jobs: list[NewQueueJob]
    places: list[list[int]]
    """The places of the parents that are in the call."""
    ended: Mapping[int, str | None]
    """How other parents have ended; None is one that lives."""
    existing: dict[int, tuple[int, str]]
    """The live job with the dedupe key, and its public id."""
    run_after: list[datetime | None]
    pandaids: list[int] = field(default_factory=list)
    public_ids: list[str] = field(default_factory=list)

    @property
    def new(self) -> list[int]:
        """Return the places of the jobs that are made."""
        return [place for place in range(len(self.jobs)) if place not in self.existing]

    def waits(self, place: int) -> bool:
        """Return whether a job waits for a parent or a time."""
        return bool(self.run_after[place]) or any(edge.is_open for edge in self.edges(place))

    def edges(self, place: int) -> list[Edge]:
        """Return the dependencies of a job; before it is made, with places instead of ids."""
        job, ids = self.jobs[place], self.pandaids or range(len(self.jobs))
        ours = [
            Edge(ids[one], ids[place], job.on_failure, self.ended.get(self._existing_at(one)))
            for one in self.places[place]
        ]
        given = dict.fromkeys(one for one in job.parents if isinstance(one, int))
        return [
            *ours,
            *(Edge(one, ids[place], job.on_failure, self.ended[one]) for one in given),
        ]

    def _existing_at(self, place: int) -> int:
        """Return the PandaID of the live job that stands for the one at a place; 0 for none."""
        return self.existing[place][0] if place in self.existing else 0


def submit(
    session: Transaction,
    jobs: Sequence[NewQueueJob],
    host: str,
    *,
    jeditaskid: int | None = None,
    wakes: bool = True,
) -> Submitted:
    """Submit jobs, all or none: those with nothing to wait for are activated, others pending.

    A job with the dedupe key of a live job of its queue is not made: the live one stands for it.
    Jobs whose group is full are throttled. With `wakes` the workers are notified.

    Raises:
        UnknownParent: A parent is neither a name of the call nor a job.
        DependencyCycle: Jobs wait for each other.
        InvalidValue: A value does not fit its column, or two jobs have a dedupe key in common.
    """
    plan = _planned(session, [*jobs])
    _make(session, plan, host, jeditaskid)
    _control(session, plan)
    link(session, [edge for place in plan.new for edge in plan.edges(place)])
    free = [place for place in plan.new if not plan.waits(place)]
    grouped = [plan.pandaids[place] for place in free if plan.jobs[place].group]
    if grouped:
        queued_jobs.go_on(session, grouped, host=host, wakes=wakes)
    if wakes and len(grouped) < len(free):
        notices.wake(session)
    existing = frozenset(pandaid for pandaid, _ in plan.existing.values())
    return Submitted(plan.pandaids, plan.public_ids, existing)


def _planned(session: Transaction, jobs: list[NewQueueJob]) -> Plan:
    if not all(job.queue for job in jobs):
        raise InvalidValue("A job needs a queue")
    places, known = parents.resolve(jobs)
    existing = _existing(session, jobs)
    stand_ins = {existing[one][0] for own in places for one in own if one in existing}
    groups = {job.group for n, job in enumerate(jobs) if job.group and n not in existing}
    ended = parents.lock_live(session, known | stand_ins, groups)
    when = session.execute(select(now())).scalar_one()
    later = [_run_after(job, when) for job in jobs]
    return Plan(jobs, places, ended, existing, later)


def _make(session: Transaction, plan: Plan, host: str, jeditaskid: int | None) -> None:
    """Insert PanDA's rows; jobs of groups begin as pending, until they are admitted."""
    made = {place: pandaid for place, (pandaid, _) in plan.existing.items()}
    waits = {place for place in plan.new if plan.waits(place) or plan.jobs[place].group}
    first = ["pending" if place in waits else "activated" for place in plan.new]
    rows = [plan.jobs[place].as_job(jeditaskid) for place in plan.new]
    made |= dict(zip(plan.new, submission.submit(session, rows, first, host), strict=True))
    plan.pandaids = [made[place] for place in range(len(plan.jobs))]
    names = {place: public_id for place, (_, public_id) in plan.existing.items()}
    plan.public_ids = [names.get(place) or draw_public_id() for place in range(len(plan.jobs))]


def _control(session: Transaction, plan: Plan) -> None:
    """Insert the control rows."""
    has_children = {place for own in plan.places for place in own}
    rows = [
        _row(
            plan.jobs[place],
            plan.pandaids[place],
            plan.public_ids[place],
            plan.run_after[place],
            place in has_children,
        )
        for place in plan.new
    ]
    copy_rows(session, JobControl, COLUMNS, rows)


def link(session: Transaction, edges: Sequence[Edge]) -> None:
    """Store dependencies, each once: a parent may be named and be given by its PandaID, too.

    Raises:
        UnknownParent: A job would be cancelled with a parent that has not finished already.
    """
    for edge in edges:
        lost = edge.parent_state not in (None, FINISHED_STATE)
        if lost and edge.on_failure == CANCEL:
            raise UnknownParent(
                f"Job {edge.parent} is {edge.parent_state}: a job that is cancelled with it"
                " cannot be submitted"
            )
    once = {(one.parent, one.child): one for one in edges}
    rows = [(*key, one.on_failure, one.parent_state) for key, one in once.items()]
    copy_rows(session, JobDependency, ("parent", "child", "on_failure", "parent_state"), rows)


def _run_after(job: NewQueueJob, when: datetime) -> datetime | None:
    """Return the earliest time of a job; None if it has passed."""
    times = [when + timedelta(seconds=job.delay), job.run_after or when]
    latest = max(times)
    return latest if latest > when else None


def _existing(session: Transaction, jobs: Sequence[NewQueueJob]) -> dict[int, tuple[int, str]]:
    """Return the live job that each job with a dedupe key repeats, with its public id.

    Other calls with the same key are waited for: so of two at once the second repeats the first.
    """
    keys = [(job.queue, job.dedupe_key) for job in jobs if job.dedupe_key is not None]
    if not keys:
        return {}
    if len({*keys}) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidValue(f"Two jobs of the call have the dedupe key {twice[1]!r}")
    _lock_keys(session, keys)
    rows = session.execute(
        select(CONTROL.queue, CONTROL.dedupe_key, CONTROL.pandaid, CONTROL.public_id).where(
            tuple_(CONTROL.queue, CONTROL.dedupe_key).in_(keys)
        )
    )
    live = {(queue, key): (pandaid, public_id) for queue, key, pandaid, public_id in rows}
    return {
        place: live[job.queue, job.dedupe_key]
        for place, job in enumerate(jobs)
        if (job.queue, job.dedupe_key) in live
    }


def _lock_keys(session: Transaction, keys: Sequence[tuple[str, str]]) -> None:
    """Lock dedupe keys until the end of the transaction, so that no other makes jobs of them.

    There are few advisory locks for all keys, as each takes memory of the server.
    """
    texts = bindparam("keys", [f"{queue} {key}" for queue, key in keys], ARRAY(Text))
    number = func.abs(func.hashtextextended(func.unnest(texts), 0) % KEY_LOCKS)
    numbers = select(number.label("number")).distinct().order_by("number").subquery()
    locked = func.pg_advisory_xact_lock(KEY_CLASS, cast(numbers.c.number, Integer))
    session.execute(select(locked).select_from(numbers)).all()


def _row(
    job: NewQueueJob, pandaid: int, public_id: str, run_after: datetime | None, has_children: bool
) -> tuple[Any, ...]:
    details = job.details
    return (
        pandaid,
        public_id,
        job.queue,
        job.name,
        job.kind,
        job.backoff,
        job.backoff_limit,
        job.group,
        job.dedupe_key,
        run_after,
        has_children,
        job.announce,
        1,
        None if details is None else Jsonb(details),
    )

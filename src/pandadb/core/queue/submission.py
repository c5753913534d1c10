"""New jobs of queues: PanDA's rows, the control rows, the dependencies and the groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb
from sqlalchemy import ARRAY, Integer, Text, bindparam, cast, func, select, tuple_

from pandadb.core.control import locks, notices
from pandadb.core.control.dependencies import CANCEL, FINISHED_STATE, IGNORE
from pandadb.core.jobs.creation import submission
from pandadb.core.jobs.dispatch import queued_jobs
from pandadb.core.queue import parents
from pandadb.core.queue.new_jobs import NewQueueJob, draw_public_id
from pandadb.core.queue.parents import UnknownParent
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


@dataclass(frozen=True)
class Edge:
    """A dependency of a new job: the parent, the child, and what the parent has ended as."""

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
    jobs = [*jobs]
    places, known = parents.resolve(jobs)
    ended = parents.lock_live(session, known)
    found = _existing(session, jobs)
    new = [place for place in range(len(jobs)) if place not in found]
    when = session.execute(select(now())).scalar_one()
    later = [_run_after(job, when) for job in jobs]
    waits = [
        bool(_open_parents(job, places[n], ended)) or bool(later[n]) for n, job in enumerate(jobs)
    ]
    made: dict[int, int] = {}
    for state, chosen in (
        ("activated", [n for n in new if not (waits[n] or jobs[n].group)]),
        ("pending", [n for n in new if waits[n] or jobs[n].group]),
    ):
        rows = [jobs[n].as_job(jeditaskid) for n in chosen]
        made |= dict(zip(chosen, submission.submit(session, rows, state, host), strict=True))
    pandaids = [found[n][0] if n in found else made[n] for n in range(len(jobs))]
    public_ids = [found[n][1] if n in found else draw_public_id() for n in range(len(jobs))]
    has_children = {place for own in places for place in own}
    copy_rows(
        session,
        JobControl,
        COLUMNS,
        [_row(jobs[n], pandaids[n], public_ids[n], later[n], n in has_children) for n in new],
    )
    edges = [
        Edge(parent, pandaids[n], jobs[n].on_failure, ended.get(parent))
        for n in new
        for parent in _parents_of(jobs[n], places[n], pandaids)
    ]
    link(session, edges)
    grouped = [pandaids[n] for n in new if jobs[n].group and not waits[n]]
    if grouped:
        locks.lock(session, grouped)
        queued_jobs.go_on(session, grouped, host=host)
    elif wakes and any(not waits[n] for n in new):
        notices.wake(session)
    return Submitted(pandaids, public_ids, frozenset(one for one, _ in found.values()))


def link(session: Transaction, edges: Sequence[Edge]) -> None:
    """Store dependencies.

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
    rows = [(one.parent, one.child, one.on_failure, one.parent_state) for one in edges]
    copy_rows(session, JobDependency, ("parent", "child", "on_failure", "parent_state"), rows)


def _parents_of(job: NewQueueJob, places: Sequence[int], pandaids: Sequence[int]) -> list[int]:
    given = [parent for parent in job.parents if isinstance(parent, int)]
    return [*dict.fromkeys((*(pandaids[place] for place in places), *given))]


def _open_parents(
    job: NewQueueJob, places: Sequence[int], ended: Mapping[int, str | None]
) -> list[Edge]:
    """Return the dependencies of a job that keep it waiting; parents of the call have no id yet."""
    given = [
        Edge(parent, 0, job.on_failure, ended[parent])
        for parent in job.parents
        if isinstance(parent, int)
    ]
    return [
        edge for edge in (*(Edge(0, 0, job.on_failure) for _ in places), *given) if edge.is_open
    ]


def _run_after(job: NewQueueJob, when: datetime) -> datetime | None:
    """Return the time before which a job is not ready; None if it has passed."""
    times = [when + timedelta(seconds=job.delay), job.run_after or when]
    latest = max(times)
    return latest if latest > when else None


def _existing(session: Transaction, jobs: Sequence[NewQueueJob]) -> dict[int, tuple[int, str]]:
    """Return the live job that each job with a dedupe key repeats, with its public id."""
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

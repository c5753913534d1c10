"""Changes of a flow by a job that ends: its replacement, a detour, additions, and stops.

All in the transaction of the end, and before it: so children wait for the new jobs
when the end is noted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import null, select, update

from pandadb.core.control import locks
from pandadb.core.control.dependencies import FINISHED_STATE, IGNORE
from pandadb.core.jobs.attempts import retry_history
from pandadb.core.jobs.states import WITH_WORKER
from pandadb.core.queue import cancels, leases, submission
from pandadb.core.queue.flows import flow_rows, new_flows, stops
from pandadb.core.queue.flows.graphs import Graph, named, with_defaults
from pandadb.core.queue.flows.passed_results import OUTPUT_OF
from pandadb.core.queue.input.new_jobs import NewQueueJob
from pandadb.core.queue.input.parents import DependencyCycle, lock_live
from pandadb.core.queue.submission import Edge
from pandadb.core.sql.expressions import constants, now
from pandadb.core.sql.id_arrays import is_among
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobControl, JobDependency, JobsActive4

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pandadb.core.queue.flows.flow_rows import FlowRow
    from pandadb.core.queue.flows.graphs import Response
    from pandadb.core.queue.leases import Lease
    from pandadb.core.queue.submission import Submitted
    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE, JOB = (m.__table__.c for m in (JobControl, JobDependency, JobsActive4))
REPLACE = "replace"
"""The `relationtype` of a job and the one that takes its place."""
OUTPUT_NAME = "store_inputs"
"""The `jobname` of such a job."""


@dataclass(frozen=True)
class Maker:
    """A job that ends, with the values that its new jobs inherit."""

    row: Any
    """Its control row, with the columns of the job that new jobs inherit."""
    flow: FlowRow
    host: str

    @property
    def defaults(self) -> dict[str, Any]:
        """Return the values that new jobs have of the job."""
        details = self.row.details or {}
        return {
            "queue": self.row.queue,
            "priority": self.row.currentpriority,
            "username": self.row.produsername,
            "resources": details.get("resources"),
            "exec_config": details.get("exec_config"),
        }


def lock_flows(
    session: Transaction, jobs: Mapping[int, Response], held: Sequence[Lease]
) -> dict[int, FlowRow]:
    """Lock the flows of jobs that end with changes, before anything else; return them by job.

    Then the leases that the call ends, and then the control rows: verbs of users that take jobs
    from workers wait for leases before control rows, too. Jobs that have ended meanwhile are left
    out: their leases are lost.

    Raises:
        InvalidValue: A job has no flow.
        FlowLocked: Another transaction has locked a flow for longer than the lock timeout.
    """
    rows = session.execute(select(JOB.pandaid, JOB.jeditaskid).where(is_among(JOB.pandaid, jobs)))
    flow_of = dict(rows.all())
    flows = flow_rows.lock(session, {flow for flow in flow_of.values() if flow is not None})
    if outside := [job for job, flow in flow_of.items() if flow not in flows]:
        raise InvalidValue(f"Job {outside[0]} has no flow that it could change")
    whole = [flow for job, flow in flow_of.items() if jobs[job].stop_flow]
    members = [member for flow in whole for member in stops.members(session, flow)]
    stopping = [job for job in flow_of if jobs[job].stop_children]
    children = session.scalars(select(EDGE.child).where(is_among(EDGE.parent, stopping))).all()
    leases.holders(session, held)
    ending = [one.pandaid for one in held]
    locks.lock(session, [*ending, *members, *children], new_groups=_groups(jobs.values()))
    return {job: flows[flow] for job, flow in flow_of.items()}


def _groups(given: Iterable[Response]) -> set[str]:
    """Return the groups of new jobs."""
    parts = (part for one in given for part in (one.replace, one.detour, one.addition))
    graphs = (Graph.of(part) for part in parts if part is not None)
    return {job.group for graph in graphs for job in graph.jobs if job.group}


def gone(session: Transaction, jobs: Collection[int]) -> set[int]:
    """Return those of some jobs that were taken from their workers, such as by a kill."""
    if not jobs:
        return set()
    there = (
        select(CONTROL.pandaid)
        .join(JOB.pandaid.table, JOB.pandaid == CONTROL.pandaid)
        .where(is_among(CONTROL.pandaid, jobs), JOB.jobstatus.in_(constants(WITH_WORKER)))
    )
    return {*jobs} - {*session.scalars(there)}


def respond(
    session: Transaction, job: int, flow: FlowRow, response: Response, *, host: str
) -> list[int]:
    """Change the locked flow as a job wants that is about to finish; return new jobs.

    Raises:
        InvalidValue: A graph is malformed.
        UnknownParent: A new job waits for a job that there is not.
        DependencyCycle: New jobs wait for each other.
    """
    maker = Maker(_maker(session, job), flow, host)
    new: list[int] = []
    last = job
    if response.replace is not None:  # first: the other new jobs wait for the successor, too
        new, last = _replace(session, maker, response.replace)
    if response.addition is not None:
        new += _add(session, maker, Graph.of(response.addition), [last]).made
    if response.detour is not None:
        new += _detour(session, maker, Graph.of(response.detour), last)
    if new:
        flow_rows.touch(session, flow.jeditaskid)
    if response.stop_flow:
        stops.stop(session, flow.jeditaskid, host=host)
    elif response.stop_children:
        stops.stop_children(session, [job, *new], host=host)
    if new and (response.stop_children or flow.is_stopped):
        stops.close(session, new, host=host)
    return new


def _maker(session: Transaction, job: int) -> Any:
    columns = (JOB.currentpriority, JOB.produsername, JOB.jeditaskid)
    found = (
        select(*JobControl.__table__.c, *columns)
        .join(JOB.pandaid.table, JOB.pandaid == CONTROL.pandaid)
        .where(CONTROL.pandaid == job)
    )
    return session.execute(found).one()


def _add(
    session: Transaction,
    maker: Maker,
    graph: Graph,
    parents: Sequence[int],
    on_failure: str | None = None,
) -> Submitted:
    """Submit the jobs of a graph, with parents for its roots."""
    members = new_flows.newest(session, maker.flow.jeditaskid)
    jobs = [with_defaults(job, maker.defaults) for job in named(graph.jobs, members)]
    jobs = new_flows.resolved(jobs, members)
    rooted = [
        job
        if job.parents
        else replace(job, parents=parents, on_failure=on_failure or job.on_failure)
        for job in jobs
    ]
    return submission.submit(session, rooted, maker.host, jeditaskid=maker.flow.jeditaskid)


def _replace(
    session: Transaction, maker: Maker, given: Graph | NewQueueJob | Sequence[NewQueueJob]
) -> tuple[list[int], int]:
    """Let a job, or the output of a graph, take the place of a job.

    Returns the new jobs, and the one that the children wait for.

    The new jobs wait for the parents of the job: if it has run without one, they do, too. Children
    do not wait for a graph without an output.
    """
    graph, parents = Graph.of(given), _parents(session, maker.row.pandaid)
    excused = any(state not in (None, FINISHED_STATE) for state in parents.values())
    rule = IGNORE if excused else None
    if isinstance(given, NewQueueJob):
        above, on_failure = [*parents, *given.parents], rule or given.on_failure
        job = replace(given, parents=above, on_failure=on_failure)
        successor = _next_version(session, maker, job)
        return [successor], successor
    added, output = _add(session, maker, graph, [*parents], rule), graph.output_place()
    if output is None:
        return added.made, maker.row.pandaid
    passing = NewQueueJob(name=OUTPUT_NAME, parents=[added.pandaids[output]], on_failure=IGNORE)
    successor = _next_version(session, maker, passing, {OUTPUT_OF: graph.output})
    return [*added.made, successor], successor


def _next_version(
    session: Transaction, maker: Maker, job: NewQueueJob, notes: Mapping[str, Any] | None = None
) -> int:
    """Submit the job that takes the place of a job: with its name, its number + 1, its children.

    It has the metadata of that job, and further ones of its own.

    Raises:
        InvalidValue: A live job has its dedupe key, and cannot be in two places.
    """
    old, task = maker.row.pandaid, maker.flow.jeditaskid
    columns = {**job.columns, "jobname": job.name or maker.row.name}
    metadata = {**(job.metadata or {}), **((maker.row.details or {}).get("metadata") or {})}
    mine = replace(job, name=maker.row.name, columns=columns, metadata=metadata or None)
    given = with_defaults(mine, maker.defaults)
    done = submission.submit(session, [given], maker.host, jeditaskid=task)
    if done.existing:
        raise InvalidValue(
            f"Job {done.pandaids[0]} lives with the dedupe key {given.dedupe_key!r}:"
            f" it cannot replace job {old}, too"
        )
    new = done.pandaids[0]
    retry_history.note(session, [(task, old, new)], REPLACE)
    moved = update(JobDependency.__table__).where(EDGE.parent == old)
    moved = moved.values(parent=new, parent_state=None)
    children = session.scalars(moved.returning(EDGE.child)).all()
    values = {
        "index_number": maker.row.index_number + 1,
        "has_children": bool(children),
        "details": {**(given.details or {}), **(notes or {})} or null(),
    }
    changed = update(JobControl.__table__).where(CONTROL.pandaid == new)
    session.execute(changed.values(values))
    return new


def _parents(session: Transaction, job: int) -> dict[int, str | None]:
    """Return the parents of a job, each with its final state."""
    found = select(EDGE.parent, EDGE.parent_state).where(EDGE.child == job).order_by(EDGE.parent)
    return dict(session.execute(found).all())


def _detour(session: Transaction, maker: Maker, graph: Graph, last: int) -> list[int]:
    """Put jobs between a job, or its successor, and its children; these wait for the leaves, too.

    Raises:
        DependencyCycle: A live job that stands for a leaf depends on a child.
    """
    rules = dict(
        session.execute(select(EDGE.child, EDGE.on_failure).where(EDGE.parent == last)).all()
    )
    added = _add(session, maker, graph, [last])
    leaves = [added.pandaids[place] for place in graph.leaves()]
    ended = _stand_ins(session, added.existing.intersection(leaves), rules)
    known = select(EDGE.parent, EDGE.child).where(
        is_among(EDGE.parent, ended), is_among(EDGE.child, rules)
    )
    there = {(one.parent, one.child) for one in session.execute(known)} if ended else set()
    submission.link(
        session,
        [
            Edge(leaf, child, rule, ended.get(leaf))
            for leaf in leaves
            for child, rule in rules.items()
            if (leaf, child) not in there
        ],
    )
    for jobs, values in ((leaves, {"has_children": True} if rules else {}), ([*rules], {})):
        changed = update(JobControl.__table__).where(is_among(CONTROL.pandaid, jobs))
        session.execute(changed.values(last_changed=now(), **values))
    return added.made


def _stand_ins(
    session: Transaction, jobs: Collection[int], children: Collection[int]
) -> dict[int, str | None]:
    """Lock live jobs that stand for leaves of a detour; return how they have ended meanwhile."""
    if not jobs or not children:
        return {}
    if below := {*cancels.descendants(session, children)}.intersection(jobs):
        raise DependencyCycle(f"Job {min(below)} would wait for itself: it follows the detour")
    return lock_live(session, jobs, ())

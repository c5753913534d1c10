"""The end of jobs by their workers: with a lease that is lost nothing is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from pandadb.core.control import locks
from pandadb.core.jobs import advances, states
from pandadb.core.jobs.refusals import Refused, refusing_to_wait
from pandadb.core.queue import cancels, leases, requeues
from pandadb.core.queue.flows import passed_results, responses
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.models import JobControl, MetaTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.jobs.mover import MoveResult
    from pandadb.core.queue.flows.graphs import Response
    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c
EXE_ERROR, LOST_HEARTBEAT = 1, 100
"""Error codes: of the payload, and of a worker that has not been heard of (PanDA's)."""


@dataclass(frozen=True)
class Success:
    """A job that its worker has finished."""

    lease: Lease
    result: Any = None
    """A value that JSON has, for METATABLE; None stores nothing."""
    response: Response | None = None
    """Changes of the flow of the job."""
    stored: Any = None
    """A value that JSON has, which is noted with the job beside its result."""


@dataclass(frozen=True)
class Failure:
    """An attempt that has failed."""

    lease: Lease
    error: str
    code: int = EXE_ERROR
    """The `exeerrorcode`."""
    retryable: bool = True
    retry_in: float | None = None
    """Seconds before the next attempt; None leaves it to the back-off of the job."""
    exit_code: int | None = None
    """The `transexitcode`."""


@dataclass
class EndResult:
    """The result of a call for leases."""

    jobs: dict[int, str] = field(default_factory=dict)
    """The jobs that have moved, each with its state: one that is tried again has not ended."""
    lost: list[int] = field(default_factory=list)
    """The jobs whose leases are lost: nothing was changed of them."""
    refused: dict[int, str] = field(default_factory=dict)
    """Jobs that could not move, each with the sentence."""
    new: list[int] = field(default_factory=list)
    """Jobs that others have added to their flows."""

    def add(self, moved: MoveResult) -> None:
        """Add the result of a move."""
        self.jobs |= moved.jobs
        self.refused |= {job: why.sentence for job, why in moved.refused.items()}


def _closed(session: Transaction, held: Sequence[Lease]) -> set[int]:
    """End leases, and lock what follows the jobs; return the jobs that were the callers'."""
    with refusing_to_wait():
        closed = leases.close(session, held)
        locks.lock(session, [job for job, followed in closed.items() if followed])
    return {*closed}


def finish(
    session: Transaction,
    successes: Sequence[Success],
    *,
    host: str,
    values: Mapping[str, Any] | None = None,
    files: Reports | None = None,
) -> EndResult:
    """Finish jobs by their leases; store their results as metadata, and change their flows.

    Raises:
        InvalidValue: A value does not fit its column, or a graph of new jobs is malformed.
        Refused: A job that changes its flow cannot finish; nothing must be committed.
        FlowLocked: See `flow_rows.lock`.
        JobsLocked: See `mover.move`.
    """
    changes = {one.lease.pandaid: one.response for one in successes if one.response}
    flows = responses.lock_flows(session, changes) if changes else {}
    mine = _closed(session, [one.lease for one in successes])
    done = EndResult(lost=[s.lease.pandaid for s in successes if s.lease.pandaid not in mine])
    kept = [one for one in successes if one.lease.pandaid in mine]
    results = {one.lease.pandaid: one.result for one in kept}
    passing = [one.lease.pandaid for one in kept if one.lease.kind == "none"]
    if passing:
        results |= passed_results.of_parents(session, passing)
    store_results(session, results)
    _note(session, {one.lease.pandaid: one.stored for one in kept if one.stored is not None})
    for job, flow in flows.items():
        if job in mine:
            done.new += responses.respond(session, job, flow, changes[job], host=host)
    if kept:
        jobs = [one.lease.pandaid for one in kept]
        moved = advances.advance(session, "finish", jobs, host=host, values=values, files=files)
        if left := [job for job in flows if job in moved.refused]:
            raise Refused(moved.refused[left[0]])
        done.add(moved)
    return done


def fail(
    session: Transaction,
    failures: Sequence[Failure],
    *,
    host: str,
    files: Reports | None = None,
) -> EndResult:
    """End failed attempts by their leases: a job with an attempt left goes back to its queue.

    Raises:
        InvalidValue: A value does not fit its column.
        JobsLocked: See `mover.move`.
    """
    mine = _closed(session, [one.lease for one in failures])
    done = EndResult(lost=[f.lease.pandaid for f in failures if f.lease.pandaid not in mine])
    kept = [one for one in failures if one.lease.pandaid in mine]
    with refusing_to_wait():
        locks.lock(session, [one.lease.pandaid for one in kept])
    again = [one for one in kept if one.retryable and one.lease.attemptnr < one.lease.maxattempt]
    usual = requeues.pauses_of(session, {one.lease.pandaid: one.lease.attemptnr for one in again})
    for one in kept:
        job, values = one.lease.pandaid, _errors(one)
        if one in again:
            pause = usual[job] if one.retry_in is None else one.retry_in
            moved = requeues.requeue(session, {job: pause}, host=host, values=values)
            if job in moved.jobs:
                done.add(moved)
                continue
        done.add(advances.advance(session, "fail", [job], host=host, values=values, files=files))
    return done


def _note(session: Transaction, values: Mapping[int, Any]) -> None:
    """Note values in the control rows of jobs, as `stored`."""
    for job, value in values.items():
        known = func.coalesce(CONTROL.details, literal({}, JSONB))
        added = known.op("||", return_type=JSONB())(literal({"stored": value}, JSONB))
        mine = update(JobControl.__table__).where(CONTROL.pandaid == job)
        session.execute(mine.values(details=added, last_changed=now()))


def _errors(one: Failure) -> dict[str, Any]:
    found: dict[str, Any] = {"exeerrorcode": one.code, "exeerrordiag": one.error[:500]}
    if one.exit_code is not None:
        found["transexitcode"] = str(one.exit_code)
    return found


def give_back(session: Transaction, held: Sequence[Lease], *, host: str) -> EndResult:
    """Give jobs back to their queue that no payload has begun: no attempt is counted.

    Jobs that were to be cancelled are.

    Raises:
        JobsLocked: See `mover.move`.
    """
    mine = _closed(session, held)
    done = EndResult(lost=[one.pandaid for one in held if one.pandaid not in mine])
    if mine:
        pauses = dict.fromkeys(sorted(mine), 0.0)
        moved = requeues.requeue(session, pauses, host=host, verb=states.GIVE_BACK)
        done.add(moved)
        if moved.refused:
            ended = cancels.end(session, [*moved.refused], host=host)
            done.refused.clear()
            done.add(ended)
    return done


def cancel(session: Transaction, held: Sequence[Lease], *, host: str) -> EndResult:
    """End jobs that were to be cancelled, now that their payloads have ended.

    Raises:
        JobsLocked: See `mover.move`.
    """
    mine = _closed(session, held)
    done = EndResult(lost=[one.pandaid for one in held if one.pandaid not in mine])
    if mine:
        done.add(cancels.end(session, sorted(mine), host=host))
    return done


def store_results(session: Transaction, results: Mapping[int, Any]) -> None:
    """Store the results of jobs as their metadata, in JSON; None is no result."""
    rows = {job: json.dumps(value) for job, value in results.items() if value is not None}
    if not rows:
        return
    texts = bindparam("texts", type_=ARRAY(Text))
    given = unnested("given", pandaid=array("pandaids"), metadata=texts)
    new = insert(MetaTable.__table__).from_select(
        ["pandaid", "metadata", "modificationtime"],
        select(given.c.pandaid, given.c.metadata, EPOCH),
    )
    key = ["pandaid", "modificationtime"]
    stored = new.on_conflict_do_update(index_elements=key, set_={"metadata": new.excluded.metadata})
    session.execute(stored, {"pandaids": [*rows], "texts": [*rows.values()]})

"""The end of jobs by their workers: with a lease that is lost nothing is changed."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ARRAY, Text, bindparam, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from pandadb.core.control import locks
from pandadb.core.jobs import advances, states
from pandadb.core.jobs.refusals import Refused
from pandadb.core.queue import cancels, leases, quick_ends, requeues
from pandadb.core.queue.flows import passed_results, responses
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.core.sql.validation import check_columns, check_given
from pandadb.models import JobControl, JobsActive4, MetaTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.jobs.mover import MoveResult
    from pandadb.core.queue.flows.flow_rows import FlowRow
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

    @property
    def is_plain(self) -> bool:
        """Return whether the end changes nothing but the job, and its result is its own."""
        return self.response is None and self.stored is None and self.lease.kind != "none"


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
        for job in moved.jobs:
            self.refused.pop(job, None)

    def add_ended(self, session: Transaction) -> list[int]:
        """Count refused jobs as lost that others have ended meanwhile; return those."""
        ended = leases.end_lost(session, [*self.refused])
        self.lost += ended
        for job in ended:
            del self.refused[job]
        return ended


def _closed(session: Transaction, held: Sequence[Lease]) -> set[int]:
    """End leases, and lock what follows the jobs; return the jobs that were the callers'."""
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
    check_columns(JobsActive4, values or {})
    check_given(values or (), states.SET_BY_MOVER, "the verb")
    changes = {one.lease.pandaid: one.response for one in successes if one.response}
    flows = responses.lock_flows(session, changes) if changes else {}
    done, closed = EndResult(), set[int]()
    plain = [one for one in successes if one.is_plain] if files is None else []
    if plain:
        results = {one.lease.pandaid: one.result for one in plain}
        moved, closed = quick_ends.finish(
            session,
            [one.lease for one in plain],
            host=host,
            values=values or {},
            store=lambda jobs: store_results(session, {job: results[job] for job in jobs}),
        )
        done.add(moved)
    left = [one for one in successes if one.lease.pandaid not in done.jobs]
    if left:
        _finish_others(session, left, closed, flows, done, host=host, values=values, files=files)
    return done


def _finish_others(
    session: Transaction,
    successes: Sequence[Success],
    closed: set[int],
    flows: Mapping[int, FlowRow],
    done: EndResult,
    *,
    host: str,
    values: Mapping[str, Any] | None,
    files: Reports | None,
) -> None:
    """Finish jobs that others follow, or that have reports on files, or refuse them.

    The leases of those that are `closed` have been ended.
    """
    held = [one.lease for one in successes if one.lease.pandaid not in closed]
    mine = closed | (_closed(session, held) if held else set())
    done.lost += [one.lease.pandaid for one in successes if one.lease.pandaid not in mine]
    kept = [one for one in successes if one.lease.pandaid in mine]
    results = {one.lease.pandaid: one.result for one in kept}
    passing = [one.lease.pandaid for one in kept if one.lease.kind == "none"]
    if passing:
        results |= passed_results.of_parents(session, passing)
    store_results(session, results)
    _note(session, {one.lease.pandaid: one.stored for one in kept if one.stored is not None})
    for one in kept:
        job = one.lease.pandaid
        if one.response and job in flows:
            done.new += responses.respond(session, job, flows[job], one.response, host=host)
    if kept:
        jobs = [one.lease.pandaid for one in kept]
        reports = _reports_of(files, jobs)
        moved = advances.advance(session, "finish", jobs, host=host, values=values, files=reports)
        if left := [job for job in flows if job in moved.refused]:
            raise Refused(moved.refused[left[0]])
        done.add(moved)
        if ended := done.add_ended(session):
            drop_results(session, ended)


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
    mine = {*leases.close(session, [one.lease for one in failures])}
    done = EndResult(lost=[f.lease.pandaid for f in failures if f.lease.pandaid not in mine])
    kept = {one.lease.pandaid: one for one in failures if one.lease.pandaid in mine}
    locks.lock(session, [*kept])
    left = {job: one.lease.attemptnr for job, one in kept.items() if _has_attempt(one)}
    pauses = requeues.pauses_of(session, left)
    pauses |= {job: t for job in left if (t := kept[job].retry_in) is not None}
    for values, jobs in _by_error(kept.values()):
        again = {job: pauses[job] for job in jobs if job in pauses}
        if again:
            done.add(requeues.requeue(session, again, host=host, values=values))
        if ended := [job for job in jobs if job not in done.jobs]:
            reports = _reports_of(files, ended)
            done.add(
                advances.advance(session, "fail", ended, host=host, values=values, files=reports)
            )
    done.add_ended(session)
    return done


def _reports_of(files: Reports | None, jobs: Sequence[int]) -> Reports | None:
    """Return the reports on the files of some of the jobs that were reported on."""
    if not files or not all(isinstance(key, int) for key in files):
        return files
    mine = {job: report for job, report in files.items() if job in {*jobs}}
    return cast("Reports", mine) or None


def _has_attempt(one: Failure) -> bool:
    """Return whether an attempt is to be repeated."""
    return one.retryable and one.lease.attemptnr < one.lease.maxattempt


def _by_error(failures: Iterable[Failure]) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Yield the jobs of each error, with the columns that it sets."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for one in failures:
        found[tuple(_errors(one).items())].append(one.lease.pandaid)
    for values, jobs in found.items():
        yield dict(values), jobs


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
        done.add_ended(session)
    return done


def cancel(session: Transaction, held: Sequence[Lease], *, host: str) -> EndResult:
    """End jobs that were to be cancelled, now that their payloads have ended.

    Others are refused, and keep their leases.

    Raises:
        JobsLocked: See `mover.move`.
    """
    mine = {*leases.holders(session, held)}
    done = EndResult(lost=[one.pandaid for one in held if one.pandaid not in mine])
    if not mine:
        return done
    told = cancels.told(session, mine)
    _closed(session, [one for one in held if one.pandaid in told])
    done.add(cancels.end(session, sorted(mine), host=host))
    done.add_ended(session)
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


def drop_results(session: Transaction, jobs: Sequence[int]) -> None:
    """Drop results stored for jobs that had ended: their own ones have the time of the end."""
    meta = MetaTable.__table__
    stored = is_among(meta.c.pandaid, jobs), meta.c.modificationtime == EPOCH
    session.execute(delete(meta).where(*stored))

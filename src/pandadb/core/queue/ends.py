"""The end of jobs by their workers: with a lease that is lost nothing is changed."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ARRAY, Text, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.control import locks
from pandadb.core.jobs import advances, states
from pandadb.core.queue import cancels, leases, requeues
from pandadb.core.sql.id_arrays import array, unnested
from pandadb.models import MetaTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.jobs.mover import MoveResult
    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction

EXE_ERROR, LOST_HEARTBEAT = 1, 100
"""Error codes: of the payload, and of a worker that has not been heard of (PanDA's)."""


@dataclass(frozen=True)
class Success:
    """A job that its worker has finished."""

    lease: Lease
    result: Any = None
    """A value that JSON has, for METATABLE; None stores nothing."""


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

    def add(self, moved: MoveResult) -> None:
        """Add the result of a move."""
        self.jobs |= moved.jobs
        self.refused |= {job: why.sentence for job, why in moved.refused.items()}
        for job in moved.jobs:
            self.refused.pop(job, None)


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
    """Finish jobs by their leases; store their results as metadata.

    Raises:
        InvalidValue: A value does not fit its column.
        JobsLocked: See `mover.move`.
    """
    mine = _closed(session, [one.lease for one in successes])
    done = EndResult(lost=[s.lease.pandaid for s in successes if s.lease.pandaid not in mine])
    kept = [one for one in successes if one.lease.pandaid in mine]
    store_results(session, {one.lease.pandaid: one.result for one in kept})
    if kept:
        jobs = [one.lease.pandaid for one in kept]
        reports = _reports_of(files, jobs)
        moved = advances.advance(session, "finish", jobs, host=host, values=values, files=reports)
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

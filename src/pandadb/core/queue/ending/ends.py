"""The end of attempts that have failed, were cancelled, or are given back."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pandadb.core.control import locks
from pandadb.core.gateway import run_ends
from pandadb.core.jobs import advances, states
from pandadb.core.queue import cancels, leases, requeues
from pandadb.core.queue.ending import job_results
from pandadb.core.queue.ending.closed_leases import closed, reports_of
from pandadb.core.queue.ending.end_results import EndResult, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.queue.leases import Lease
    from pandadb.core.sql.transaction import Transaction


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
    job_results.store_results(session, {job: one.result for job, one in kept.items()})
    left = {job: one.lease.attemptnr for job, one in kept.items() if _has_attempt(one)}
    pauses = requeues.pauses_of(session, left)
    pauses |= {job: t for job in left if (t := kept[job].retry_in) is not None}
    for values, jobs in _by_error(kept.values()):
        again = {job: pauses[job] for job in jobs if job in pauses}
        if again:
            done.add(requeues.requeue(session, again, host=host, values=values))
        if ended := [job for job in jobs if job not in done.jobs]:
            reports = reports_of(files, ended)
            done.add(
                advances.advance(session, "fail", ended, host=host, values=values, files=reports)
            )
    if ended := done.add_ended(session):
        job_results.drop_results(session, ended)
    asked = {job: (one.error, one.retry_in, one.result) for job, one in kept.items() if job in left}
    retried = {job: one for job, one in asked.items() if job in done.jobs}
    run_ends.retry(session, retried)
    if old := [job for job, (_, _, result) in retried.items() if result is not None]:
        job_results.drop_results(session, old)  # the next attempt has its own
    return done


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
    mine = closed(session, held)
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
    closed(session, [one for one in held if one.pandaid in told])
    done.add(cancels.end(session, sorted(mine), host=host))
    done.add_ended(session)
    return done

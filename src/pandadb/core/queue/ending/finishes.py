"""The end of jobs that have succeeded: with a lease that is lost nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.jobs import advances, states
from pandadb.core.jobs.refusals import Refused
from pandadb.core.queue.ending import closed_leases, quick_ends
from pandadb.core.queue.ending.closed_leases import reports_of
from pandadb.core.queue.ending.end_results import EndResult, Success
from pandadb.core.queue.ending.job_results import drop_results, note, store_results
from pandadb.core.queue.flows import passed_results, responses
from pandadb.core.sql.validation import check_columns, check_given
from pandadb.models import JobsActive4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.jobs.files.file_reports import Reports
    from pandadb.core.queue.flows.flow_rows import FlowRow
    from pandadb.core.sql.transaction import Transaction


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
    held = [one.lease for one in successes]
    flows = responses.lock_flows(session, changes, held) if changes else {}
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
    mine = closed | (closed_leases.closed(session, held) if held else set())
    mine -= responses.gone(session, [job for job in flows if job in mine])
    done.lost += [one.lease.pandaid for one in successes if one.lease.pandaid not in mine]
    kept = [one for one in successes if one.lease.pandaid in mine]
    results = {one.lease.pandaid: one.result for one in kept}
    passing = [one.lease.pandaid for one in kept if one.lease.kind == "none"]
    if passing:
        results |= passed_results.of_parents(session, passing)
    store_results(session, results)
    note(session, {one.lease.pandaid: one.stored for one in kept if one.stored is not None})
    for one in kept:
        job = one.lease.pandaid
        if one.response and job in flows:
            done.new += responses.respond(session, job, flows[job], one.response, host=host)
    if kept:
        jobs = [one.lease.pandaid for one in kept]
        reports = reports_of(files, jobs)
        moved = advances.advance(session, "finish", jobs, host=host, values=values, files=reports)
        if left := [job for job in flows if job in moved.refused]:
            raise Refused(moved.refused[left[0]])
        done.add(moved)
        if ended := done.add_ended(session):
            drop_results(session, ended)

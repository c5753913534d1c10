"""What has to be true of jobs of queues, whatever was done to them, by whom, at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.jobs.states import STATES, WITH_WORKER
from pandadb.core.queue.verbs.new_attempts import FIRST_ATTEMPT
from pandadb.models import JobControl, JobDependency, JobGroup, JobGroupMember, JobLease
from tests.properties import invariants

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    Jobs = dict[int, dict[str, Any]]

AT_WORK = ("activated", *WITH_WORKER)
WITHOUT_LEASE = ("pending", "activated", "throttled")


def hold(session: Session, now: datetime, *, quiet: bool, retried: Collection[int] = ()) -> Jobs:
    """See that everything is as it has to be in one snapshot; return all jobs of queues.

    `quiet` is whether nobody does anything just now. Jobs that were `retried` after a step that had
    failed wait in their state for a runner.
    """
    found = invariants.jobs(session)
    controls = {row.pandaid: row for row in session.scalars(select(JobControl))}
    assert {*controls} <= {*found}, "a control row without its job"
    jobs = {pandaid: found[pandaid] for pandaid in controls}
    invariants.paths_are_legal(session, found)
    failed = {job for job, control in controls.items() if control.step_error is not None}
    leases_are_of_live_jobs(session, jobs, found, failed | {*retried}, quiet)
    begun_anew = {job for job, one in controls.items() if FIRST_ATTEMPT in (one.details or {})}
    waits = children_wait(session, jobs, begun_anew)
    groups_are_within_limits(session, jobs, controls)
    nobody_waits_for_nothing(jobs, controls, waits, now)
    keys_are_of_live_jobs(jobs, controls)
    return jobs


def leases_are_of_live_jobs(
    session: Session, jobs: Jobs, found: Jobs, between_steps: set[int], quiet: bool
) -> None:
    """Jobs with workers have leases, and no others, but for a moment those that have just ended.

    The holder of the lease of such a job is about to end it: the one that took the job does not
    wait for the lease. The job may be free again by then, or its control row that of its next
    attempt. Jobs between two steps may be without.
    """
    leased = {*session.scalars(select(JobLease.pandaid))}
    with_worker = {job for job, row in jobs.items() if row["jobstatus"] in WITH_WORKER}
    free = with_worker - leased - between_steps
    assert not free, [(job, jobs[job]["jobstatus"]) for job in free]
    left = {job: found[job]["jobstatus"] for job in leased - with_worker}
    assert all(STATES[one].final or one in WITHOUT_LEASE for one in left.values()), left
    assert not (left and quiet), left


def children_wait(session: Session, jobs: Jobs, begun_anew: set[int]) -> set[int]:
    """A child with an open dependency is pending, or has ended; return those children.

    Its dependencies know in which state each parent has ended, or that it was stopped. A child that
    was run anew waits for a parent with which it had been given up.
    """
    waits = set()
    for edge in session.scalars(select(JobDependency)):
        parent, child = jobs[edge.parent]["jobstatus"], jobs[edge.child]["jobstatus"]
        ended = parent if STATES[parent].final else None
        is_stopped = (edge.parent_state, edge.on_failure) == ("stopped", "ignore")
        assert edge.parent_state == ended or (is_stopped and parent != "finished"), (
            edge.parent, edge.child, edge.parent_state, parent,
        )  # fmt: skip
        excused = ended is not None and edge.on_failure == "ignore" and not is_stopped
        if ended != "finished" and not excused:
            waits.add(edge.child)
            assert child == "pending" or STATES[child].final, (edge.parent, edge.child, child)
        is_lost = ended not in (None, "finished") and edge.on_failure == "cancel"
        if is_lost and edge.child not in begun_anew:
            assert STATES[child].final, (edge.child, "lives without its parent", edge.parent)
    return waits


def groups_are_within_limits(session: Session, jobs: Jobs, controls: dict[int, JobControl]) -> None:
    """Members are live jobs; the admitted ones are at work, no more than the limit; none idles.

    Throttled jobs wait for a place, or are paused.
    """
    limits = {row.group_key: row.max_running for row in session.scalars(select(JobGroup))}
    admitted: Counter[str] = Counter()
    queued: Counter[str] = Counter()
    members = [*session.scalars(select(JobGroupMember))]
    for member in members:
        state = jobs[member.pandaid]["jobstatus"]
        assert not STATES[state].final, ("an ended job is a member", member.pandaid, state)
        assert (state in AT_WORK) == member.admitted, (member.pandaid, state, member.admitted)
        (admitted if member.admitted else queued)[member.group_key] += 1
    for group, limit in limits.items():
        assert admitted[group] <= limit, (group, admitted[group], limit)
        assert not queued[group] or admitted[group] == limit, (group, "has places", queued[group])
    paused = {job for job, control in controls.items() if control.held}
    throttled = {job for job, row in jobs.items() if row["jobstatus"] == "throttled"} - paused
    assert throttled == {one.pandaid for one in members if not one.admitted}


def nobody_waits_for_nothing(
    jobs: Jobs, controls: dict[int, JobControl], waits: set[int], now: datetime
) -> None:
    """A pending job has a parent, a time or a user to wait for."""
    for job, row in jobs.items():
        control = controls[job]
        if row["jobstatus"] == "pending" and job not in waits and not control.held:
            assert control.run_after is not None, (job, "waits for nothing")


def keys_are_of_live_jobs(jobs: Jobs, controls: dict[int, JobControl]) -> None:
    """Only live jobs have dedupe keys."""
    for job, control in controls.items():
        assert control.dedupe_key is None or not STATES[jobs[job]["jobstatus"]].final, job

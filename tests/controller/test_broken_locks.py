"""Locks of other sessions on jobs and flows: listed with their holders, and broken for a verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import DBAPIError

from pandadb.controller import JobController, Locked, NotAllowed
from pandadb.models import JediTasks, JobControl
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob, VerbOptions
from tests.controller.queued_jobs import Q, status
from tests.controller.row_locks import locked

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


@pytest.fixture
def family(database: Database) -> queue.Submitted:
    """A flow of A and its child B."""
    given = [NewQueueJob(Q, name="A"), NewQueueJob(Q, name="B", parents=["A"])]
    return queue.submit(database, given, flow="f")


def test_the_holders_of_locks_are_listed(database: Database, family: queue.Submitted) -> None:
    mine, job = JobController(database), family.pandaids[0]
    assert (mine.locks().jobs, mine.locks().flows) == ([], [])

    with locked(database, JobControl, job) as other:
        pid = other.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        (holder,) = mine.locks().jobs
        assert (holder.locked, holder.pid, mine.locks([family.pandaids[1]]).jobs) == (job, pid, [])


@pytest.mark.parametrize("on_error", ["abort", "skip"])
@pytest.mark.parametrize("place", ["job", "child", "flow"])
def test_a_verb_ends_the_session_that_has_locked_what_it_needs(
    database: Database, family: queue.Submitted, place: str, on_error: Any
) -> None:
    parent, child = family.pandaids
    assert family.jeditaskid is not None
    model, key = {
        "job": (JobControl, parent),
        "child": (JobControl, child),
        "flow": (JediTasks, family.jeditaskid),
    }[place]
    with locked(database, model, key) as other:
        report = JobController(database).stop(parent, break_locks=True, on_error=on_error)
        with pytest.raises(DBAPIError):
            other.exec_driver_sql("SELECT 1")

    assert (report.states, report.refused) == ({parent: "cancelled"}, {})
    assert status(database, parent) == "cancelled"


def test_without_that_the_session_stays(database: Database, family: queue.Submitted) -> None:
    job = family.pandaids[0]
    mine = JobController(database, options=VerbOptions(patience=0.05))
    with locked(database, JobControl, job) as other:
        with pytest.raises((Locked, queue.JobsLocked)):
            mine.stop(job)
        skipped = mine.stop(job, on_error="skip").skipped
        assert other.exec_driver_sql("SELECT 1").scalar() == 1

    assert skipped == {job: f"Job {job} is locked by another transaction"}
    assert status(database, job) == "activated"


@pytest.mark.parametrize("place", ["job", "child", "flow"])
@pytest.mark.parametrize("verb", ["rerun", "retry", "delete", "resume"])
def test_a_verb_that_is_refused_breaks_no_lock(
    database: Database, family: queue.Submitted, verb: str, place: str
) -> None:
    """The parent has succeeded, and a worker has its child; the last job of a flow stays."""
    parent, child = family.pandaids
    mine = JobController(database, options=VerbOptions(patience=0.05))
    mine.set_state(parent, "finished")
    mine.set_state(child, "claimed")
    chosen = family.pandaids if verb == "delete" else [parent]
    locks = {"job": (JobControl, parent), "child": (JobControl, child)}
    assert family.jeditaskid is not None
    model, key = locks.get(place, (JediTasks, family.jeditaskid))
    with locked(database, model, key) as other:
        with pytest.raises(NotAllowed):
            getattr(mine, verb)(chosen, break_locks=True)
        assert other.exec_driver_sql("SELECT 1").scalar() == 1


def test_locks_are_broken_for_the_jobs_that_a_verb_does_not_refuse(
    database: Database, family: queue.Submitted
) -> None:
    parent, child = family.pandaids
    mine = JobController(database, options=VerbOptions(patience=0.05))
    with locked(database, JobControl, parent) as needed:
        with locked(database, JobControl, child) as other:
            report = mine.retry([child, parent], break_locks=True, on_error="skip")
            assert other.exec_driver_sql("SELECT 1").scalar() == 1
        assert needed.exec_driver_sql("SELECT 1").scalar() == 1
    assert (report.states, sorted(report.refused)) == ({}, [parent, child])

    mine.set_state(parent, "claimed")
    with (
        locked(database, JobControl, parent) as needed,
        locked(database, JobControl, child) as other,
    ):
        report = mine.retry([child, parent], break_locks=True, on_error="skip")
        with pytest.raises(DBAPIError):
            needed.exec_driver_sql("SELECT 1")
    assert (report.states, sorted(report.refused)) == ({parent: "sent"}, [child])

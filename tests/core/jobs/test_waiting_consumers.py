"""Jobs of the event service that wait for others are kept by the heartbeats of these."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.models import JobsActive4, JobsDefined4, JobsWaiting4
from pandadb.services.jobs import heartbeat
from tests.event_tasks import JOBSET, make_consumer, make_event_task
from tests.factories import make_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database

OLD = datetime(2026, 1, 1)


def stale(session: Session) -> set[int]:
    """Return the jobs that have not changed."""
    found: set[int] = set()
    for table in (JobsActive4, JobsDefined4, JobsWaiting4):
        found |= {*session.scalars(select(table.pandaid).where(table.modificationtime == OLD))}
    return found


def test_a_heartbeat_of_a_consumer_is_one_of_those_in_the_queue(session: Session) -> None:
    make_event_task(session, 1)
    job = make_consumer(session)
    make_consumer(session, "activated", modificationtime=OLD)
    others = {
        make_consumer(session, "activated", modificationtime=OLD, jobsetid=JOBSET + 1),
        make_consumer(session, "starting", modificationtime=OLD),
    }

    beat(session, [Heartbeat(job, "running")], "here")

    assert stale(session) == others


def test_other_jobs_keep_no_others(session: Session) -> None:
    make_event_task(session, 1)
    job = make_consumer(session, specialhandling=None)
    waiting = make_consumer(session, "activated", modificationtime=OLD)

    beat(session, [Heartbeat(job, "running")], "here")

    assert stale(session) == {waiting}


def test_a_heartbeat_of_a_jumbo_job_is_one_of_waiting_co_jumbo_jobs(session: Session) -> None:
    make_event_task(session, 1)
    job = make_consumer(session, eventservice=4)
    co_jumbo = {"jeditaskid": 7, "eventservice": 5, "modificationtime": OLD}
    make_job(session, "waiting", **co_jumbo)
    session.add(JobsDefined4(pandaid=5, jobstatus="waiting", **co_jumbo))
    other = make_job(session, "waiting", **{**co_jumbo, "jeditaskid": 8})

    beat(session, [Heartbeat(job, "running")], "here")

    assert stale(session) == {other}


def test_a_consumer_that_is_being_changed_is_left_out(database: Database) -> None:
    with database.session() as session:
        make_event_task(session, 1)
        job = make_consumer(session)
        busy = make_consumer(session, "activated", modificationtime=OLD)
        free = make_consumer(session, "activated", modificationtime=OLD)
    with database.session() as other:
        other.execute(select(JobsActive4).where(JobsActive4.pandaid == busy).with_for_update())
        heartbeat(database, [Heartbeat(job, "running")])
    with database.session() as session:
        assert stale(session) == {busy}
        assert free not in stale(session)

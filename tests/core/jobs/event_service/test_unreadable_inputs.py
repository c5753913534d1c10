"""Merge jobs that fail on archive files that they cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from pandadb.core.events.states import EventStatus as Is
from pandadb.core.jobs import advances
from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.models import FilesTable4
from tests.event_tasks import EVENT, TASK, make_consumer, make_event_task
from tests.factories import ROW_IDS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

WRITER = 900
MERGE = {"specialhandling": "esmerge", "eventservice": 2}


def make_done(session: Session) -> None:
    """Make a done range in an archive file."""
    row_id = next(ROW_IDS)
    file = {"pandaid": WRITER, "lfn": "a.zip", "type": "zipoutput", "status": "ready"}
    session.add(FilesTable4(row_id=row_id, **file))
    make_event_task(session, 1, pandaid=WRITER, status=Is.DONE, ziprow_id=row_id)


def fail_merge(session: Session, code: int, **columns: object) -> None:
    """Let a merge job fail on the file."""
    merge = make_consumer(session, "holding", **{**MERGE, **columns})
    values = {"jobdispatchererrordiag": "awaited"}
    beat(session, [Heartbeat(merge, "running", values=values)], "here")
    kind = {"type": "zipinput", "status": "corrupted", "jeditaskid": TASK}
    session.add(FilesTable4(row_id=next(ROW_IDS), pandaid=merge, lfn="a.zip", **kind))
    session.flush()
    moved = advances.advance(session, "fail", [merge], host="here", values={"piloterrorcode": code})
    assert merge in moved.jobs


def status(session: Session) -> int:
    return session.scalars(select(EVENT.status)).one()


@pytest.mark.parametrize(
    ("code", "goal"), [(1171, Is.CORRUPTED), (1145, Is.CORRUPTED), (1099, Is.DONE), (1, Is.DONE)]
)
def test_ranges_in_broken_files_are_corrupted(session: Session, code: int, goal: Is) -> None:
    make_done(session)

    fail_merge(session, code)

    assert status(session) == goal


def test_an_error_that_may_pass_is_believed_the_third_time(session: Session) -> None:
    make_done(session)

    seen = []
    for _ in range(3):
        fail_merge(session, 1099)
        seen.append(status(session))

    assert seen == [Is.DONE, Is.DONE, Is.CORRUPTED]


def test_other_jobs_corrupt_nothing(session: Session) -> None:
    make_done(session)

    fail_merge(session, 1171, eventservice=None, specialhandling=None)

    assert status(session) == Is.DONE

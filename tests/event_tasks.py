"""A task of the event service for tests: its file, jobs and ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.models import FilesTable4, JediDatasetContents, JediEvents
from tests.factories import ROW_IDS, make_job, make_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.database import Database

TASK, DATASET, JOBSET = 7, 70, 5555
EVENT = JediEvents.__table__.c
CONSUMER = {
    "jeditaskid": TASK, "lockedby": "jedi", "jobsetid": JOBSET, "eventservice": 1,
    "specialhandling": "eventservice",
}  # fmt: skip


def make_consumer(session: Session, jobstatus: str = "running", **columns: Any) -> int:
    """Make a consumer of the job set, with its input, an output and a log."""
    pandaid = make_job(session, jobstatus, **{**CONSUMER, **columns})
    key = {"jeditaskid": TASK, "datasetid": DATASET, "fileid": 0, "attemptnr": 0}
    for role in ("input", "output", "log"):
        of_task = key if role == "input" else {}
        file = FilesTable4(row_id=next(ROW_IDS), pandaid=pandaid, type=role, status="unknown")
        for name, value in of_task.items():
            setattr(file, name, value)
        session.add(file)
    session.flush()
    return pandaid


def make_event_task(session: Session, ranges: int, **columns: Any) -> None:
    """Make a task with a file, and ranges of ten events of it that are ready."""
    make_task(session, TASK, files=1)
    file = session.get_one(JediDatasetContents, (TASK, DATASET, 0))
    file.status, file.guid, file.scope = "running", "guid", "scope"
    make_ranges(session, ranges, **columns)


def make_ranges(session: Session, number: int, **columns: Any) -> None:
    """Make ranges of ten events."""
    values = {
        "jeditaskid": TASK, "datasetid": DATASET, "fileid": 0, "pandaid": JOBSET, "status": 0,
        "attemptnr": 3, "processed_upto_eventid": 0, "event_offset": JOBSET, **columns,
    }  # fmt: skip
    for first in range(1, 10 * number, 10):
        limits = {"def_min_eventid": first, "def_max_eventid": first + 9}
        session.add(JediEvents(job_processid=first, **limits, **values))
    session.flush()


def holders(source: Session | Database) -> dict[int, tuple[int, int, int | None]]:
    """Return PandaID, state and attempts of each range, by its first event."""
    asked = select(EVENT.job_processid, EVENT.pandaid, EVENT.status, EVENT.attemptnr)
    asked = asked.order_by(EVENT.job_processid, EVENT.pandaid)
    if hasattr(source, "execute"):
        rows = source.execute(asked).all()
    else:
        with source.session() as session:
            rows = session.execute(asked).all()
    return {first: (pandaid, status, left) for first, pandaid, status, left in rows}

"""Rows to put into a test database; whatever a test does not name takes the column's default."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from pandadb.core import states
from pandadb.models import FilesTable4, JobParamsTable, MetaTable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PANDAIDS = count(1_000_000)
ROW_IDS = count(1)


def make_job(session: Session, jobstatus: str, pandaid: int | None = None, **columns: Any) -> int:
    """Make a job in the table of its state; return its PandaID."""
    pandaid = pandaid or next(PANDAIDS)
    session.add(states.home(jobstatus)(pandaid=pandaid, jobstatus=jobstatus, **columns))
    session.flush()
    return pandaid


def make_satellites(session: Session, pandaid: int) -> None:
    """Give a job what a user's job has: an input, an output and a log, parameters, metadata."""
    for role in ("input", "output", "log"):
        file = FilesTable4(row_id=next(ROW_IDS), pandaid=pandaid, type=role, status="unknown")
        session.add(file)
    session.add(JobParamsTable(pandaid=pandaid, jobparameters="--events 10"))
    session.add(MetaTable(pandaid=pandaid, metadata_="{}"))
    session.flush()

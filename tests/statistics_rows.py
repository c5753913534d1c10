"""Jobs and queues to be counted, refreshes, and the rows of statistics that they leave."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, null, select, text

from pandadb.core.statistics import catalog
from pandadb.models import JediWorkQueue, JobsActive4, JobsDefined4, SchedconfigJSON

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

PANDAIDS = count(5_000_000)
KEY: dict[str, Any] = {
    "vo": "atlas", "cloud": "WORLD", "gshare": "Simulation", "prodsourcelabel": "managed",
    "resource_type": "MCORE", "workqueue_id": 50, "processingtype": "simul", "computingsite": "A",
    "currentpriority": 505,
}  # fmt: skip
"""Values of a job; a test names what it is about."""
STATEMENTS = {table.name: table.statement for table in catalog.TABLES}


def add_jobs(
    session: Session,
    jobstatus: str,
    number: int = 1,
    job: type[JobsActive4 | JobsDefined4] = JobsActive4,
    **columns: Any,
) -> None:
    """Add equal jobs to a table; None is NULL, not the default of a column."""
    named = {**KEY, "jobstatus": jobstatus, **columns}
    given = {name: null() if value is None else value for name, value in named.items()}
    session.add_all(job(pandaid=next(PANDAIDS), **given) for _ in range(number))
    session.flush()


def add_queue(session: Session, name: str, **data: Any) -> None:
    """Add a queue, with some of its JSON."""
    session.add(SchedconfigJSON(panda_queue=name, data=data))
    session.flush()


def add_resource_queue(session: Session, queue_id: int) -> None:
    """Add a work queue with resources of its own."""
    session.add(
        JediWorkQueue(
            queue_id=queue_id, queue_name=f"q{queue_id}", queue_type="managed", vo="atlas",
            queue_function="Resource",
        )
    )  # fmt: skip
    session.flush()


def refresh(session: Session | Connection, name: str) -> None:
    """Refresh statistics as a scheduler does, by the procedure alone."""
    session.execute(text(STATEMENTS[name]))


def rows(session: Session | Connection, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Return columns of all rows, in order."""
    assert isinstance(table, Table)
    chosen = [table.c[name] for name in columns]
    found = [tuple(row) for row in session.execute(select(*chosen))]
    return sorted(found, key=lambda row: [(value is None, value) for value in row])

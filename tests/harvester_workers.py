"""Reports on workers as Harvester sends them, and the rows that they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.harvester import worker_updates
from pandadb.core.harvester.worker_reports import read_reports
from pandadb.models import HarvesterRelJobsWorkers, HarvesterWorkers

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.harvester.worker_updates import WorkerUpdates


def report(workerid: Any, status: str | None = "running", **values: Any) -> dict[str, Any]:
    """Return a report as Harvester sends it."""
    given = {"workerID": workerid, "status": status, "batchID": f"b{workerid}", "nCore": 8}
    return {**given, "computingSite": "CERN", "resourceType": "SCORE", **values}


def send(session: Session, *reports: Any, harvester: str = "H1") -> WorkerUpdates:
    """Write reports in one call."""
    return worker_updates.write(session, harvester, read_reports(reports))


def rows(session: Session, harvester: str = "H1") -> dict[int, Any]:
    """Return the rows of the workers by number; each has one."""
    table = HarvesterWorkers.__table__
    of_instance = select(table).where(table.c.harvesterid == harvester)
    found = session.execute(of_instance).all()
    by_number = {row.workerid: row for row in found}
    assert len(by_number) == len(found), "a worker has two rows"
    return by_number


def related(session: Session) -> set[tuple[int, int]]:
    """Return workers with their jobs."""
    columns = (HarvesterRelJobsWorkers.workerid, HarvesterRelJobsWorkers.pandaid)
    return {(worker, job) for worker, job in session.execute(select(*columns))}

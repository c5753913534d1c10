"""What is past its retention goes, partitions as a whole; what is not stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text, update

from pandadb.errors import Outcome
from pandadb.models import (
    HarvesterCommands,
    HarvesterDialogs,
    HarvesterMetrics,
    HarvesterWorkers,
    HarvesterWorkerTime,
    MaintenanceRun,
)
from pandadb.services import harvester
from pandadb.services.harvester import HarvesterCommand, cleaning
from pandadb.services.transaction import VerbOptions
from tests.harvester_workers import report

if TYPE_CHECKING:
    import pytest

    from pandadb.database import Database

TABLES = (
    HarvesterWorkers, HarvesterWorkerTime, HarvesterDialogs, HarvesterMetrics, HarvesterCommands,
)  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def fill(database: Database) -> None:
    """Give each table ten rows, of which five are past any retention."""
    reports = [report(n, lastUpdate=f"{now() - timedelta(1)}") for n in range(10)]
    harvester.update_workers(database, "H1", reports)
    old, new = now() - timedelta(days=200), now()
    for when, numbers in ((old, range(5)), (new, range(5, 10))):
        messages = [
            {
                "diagID": n, "moduleName": "m", "identifier": "i", "messageLevel": "INFO",
                "creationTime": f"{when}", "diagMessage": "d",
            } for n in numbers
        ]  # fmt: skip
        harvester.add_dialogs(database, "H1", messages)
        harvester.add_metrics(database, "H1", [[f"{when}", "host", "{}"] for _ in numbers])
        commands = [HarvesterCommand("H1", f"C{n}") for n in numbers]
        harvester.send_commands(database, commands)
    with database.session() as session:
        for model in (HarvesterWorkers, HarvesterWorkerTime):
            session.execute(update(model).where(model.workerid < 5).values(lastupdate=old))
        of_old = HarvesterCommands.command < "C5"
        session.execute(update(HarvesterCommands).where(of_old).values(status_date=old))


def counts(database: Database) -> list[int]:
    with database.session() as session:
        return [session.scalar(select(func.count()).select_from(one)) or 0 for one in TABLES]


def test_what_is_past_its_retention_goes_and_the_rest_stays(database: Database) -> None:
    fill(database)

    tried = harvester.clean(database, options=VerbOptions(dry_run=True))
    assert counts(database) == [10] * 5
    done, again = harvester.clean(database), harvester.clean(database)

    names = {one.__tablename__: 5 for one in TABLES}
    assert tried.deleted == done.deleted == names
    assert counts(database) == [5] * 5
    assert (done.outcome, again.outcome) == (Outcome.DONE, Outcome.NOTHING)
    with database.session() as session:
        kept = select(HarvesterWorkers.workerid).order_by(HarvesterWorkers.workerid)
        assert session.scalars(kept).all() == [5, 6, 7, 8, 9]
        run = session.get_one(MaintenanceRun, "harvester clean")
        assert (run.outcome, session.get(MaintenanceRun, "partitions maintain")) == (
            "nothing to do",
            None,
        )


def test_partitions_go_as_a_whole(database: Database) -> None:
    day = (now() - timedelta(days=200)).date()
    with database.session() as session:
        session.execute(
            text(
                "CREATE TABLE doma_panda.harvester_workers_p_old PARTITION OF"
                " doma_panda.harvester_workers"
                f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(1)}')"
            )
        )
    fill(database)

    done = harvester.clean(database)

    assert done.dropped == ["harvester_workers_p_old"]
    assert "harvester_workers" not in done.deleted
    assert counts(database)[0] == 5


def test_rows_go_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BATCH", 2)
    fill(database)
    told: list[tuple[str, int]] = []

    done = harvester.clean(database, report=lambda name, rows: told.append((name, rows)))

    assert done.deleted == {one.__tablename__: 5 for one in TABLES}
    of_workers: list[Any] = [rows for name, rows in told if name == "harvester_workers"]
    assert sum(of_workers) == 5

"""Worker nodes, their last day and their CPUs: semantics 6.8, 6.9, without upstream's faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from pandadb.models import (
    HarvesterWorkers,
    JobsArchived4,
    WorkerNode,
    WorkerNodeGPUs,
    WorkerNodeMetrics,
    WorkerNodeQueue,
)
from tests.statistics_rows import add_queue, refresh, rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NUMBERS = count(1)
NOW = datetime.now(UTC).replace(tzinfo=None)
METRICS = WorkerNodeMetrics.__table__


def end_job(session: Session, host: str | None, jobstatus: str = "finished", **more: Any) -> None:
    given = {"computingsite": "Q", "endtime": NOW, "modificationtime": NOW, **more}
    session.add(
        JobsArchived4(
            pandaid=next(NUMBERS), jobstatus=jobstatus, modificationhost=host, **given
        )
    )  # fmt: skip
    session.flush()


def end_worker(session: Session, host: str | None, status: str, **more: Any) -> None:
    given = {"computingsite": "Q", "endtime": NOW, "lastupdate": NOW, **more}
    session.add(
        HarvesterWorkers(
            harvesterid="h", workerid=next(NUMBERS), status=status, nodeid=host, **given
        )
    )  # fmt: skip
    session.flush()


def measured(session: Session) -> list[tuple[Any, ...]]:
    refresh(session, "worker_node_metrics")
    return rows(session, METRICS, "site", "host_name", "key")


def counts(session: Session, key: str) -> Any:
    column = select(METRICS.c.statistics).where(METRICS.c.key == key)
    return session.scalars(column).one()


def test_a_host_with_jobs_and_workers_has_two_rows_where_upstream_fails(session: Session) -> None:
    add_queue(session, "Q", atlas_site="CERN")
    end_job(session, "slot1@host", hs06sec=100)
    end_job(session, "slot2@host", hs06sec=20, produsername="gangarbt")
    end_job(session, "host", "failed", hs06sec=3)
    for status in ("finished", "failed", "cancelled", "cancelled", "running"):
        end_worker(session, "host", status)

    assert measured(session) == [("CERN", "host", "jobs"), ("CERN", "host", "workers")]
    assert counts(session, "jobs") == {
        "jobs_failed": 1, "jobs_finished": 2, "hc_failed": 0, "hc_finished": 1,
        "hssec_failed": 3, "hssec_finished": 120,
    }  # fmt: skip
    assert counts(session, "workers") == {
        "worker_failed": 1, "worker_finished": 1, "worker_cancelled": 2
    }  # fmt: skip
    assert len({time for (time,) in rows(session, METRICS, "timestamp")}) == 1


def test_only_what_has_ended_in_the_last_day_counts(session: Session) -> None:
    add_queue(session, "Q", atlas_site="CERN")
    for age in (timedelta(hours=23), timedelta(hours=25)):
        end_job(session, "host", endtime=NOW - age)
        end_worker(session, "host", "finished", endtime=NOW - age)
    end_job(session, "host", "cancelled")

    measured(session)

    assert counts(session, "jobs")["jobs_finished"] == 1
    assert counts(session, "workers")["worker_finished"] == 1


@pytest.mark.parametrize("host", [None, "", "aipanda042.cern.ch", "grid-job-7"])
def test_servers_and_hosts_without_a_name_are_left_out(session: Session, host: str | None) -> None:
    add_queue(session, "Q", atlas_site="CERN")
    end_job(session, host)

    assert measured(session) == []


@pytest.mark.parametrize("data", [{}, {"atlas_site": None}, {"atlas_site": ""}])
def test_a_queue_without_a_site_does_not_end_the_refresh(session: Session, data: Any) -> None:
    add_queue(session, "Q", **data)
    add_queue(session, "R", atlas_site="DESY")
    end_job(session, "a")
    end_job(session, "b", computingsite="R")
    end_job(session, "c", computingsite="UNKNOWN")

    assert measured(session) == [("DESY", "b", "jobs")]


def test_each_refresh_adds_its_rows(session: Session) -> None:
    add_queue(session, "Q", atlas_site="CERN")
    end_job(session, "host")

    assert [len(measured(session)) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("node", "host"),
    [
        ("host.example.org", "host.example.org"),
        ("slot1_3@host.example.org", "host.example.org"),
        ("a@b@host", "host"),
        ("slot@atlprd55-xrootd-b9p1.cern.ch", "b9p1.cern.ch"),
        ("atlprd55-xrootd-b9p1.cern.ch", "atlprd55-xrootd-b9p1.cern.ch"),
        ("slot@other55-xrootd-b9p1.cern.ch", "other55-xrootd-b9p1.cern.ch"),
        ("slot@", "slot@"),
    ],
)
def test_the_host_of_a_node_is_behind_the_last_at(session: Session, node: str, host: str) -> None:
    assert session.scalar(select(func.pandadb.worker_host(node))) == host


def test_a_host_counts_once_with_the_cpu_that_it_reported_last(session: Session) -> None:
    for model, level, cpus, age in (
        ("old", "v2", 16, 9),
        ("new", "v3", 64, 1),
        ("null", "v4", 8, 0),
    ):
        session.add(
            WorkerNode(
                site="S", host_name="h", cpu_model=model, cpu_architecture_level=level,
                n_logical_cpus=cpus, last_seen=NOW - timedelta(days=age) if age else None,
            )
        )  # fmt: skip
    session.add(WorkerNodeQueue(site="S", host_name="h", panda_queue="Q", last_seen=NOW))
    session.flush()

    refresh(session, "mv_worker_node_summary")

    found = session.execute(text("SELECT * FROM doma_panda.mv_worker_node_summary")).all()
    assert [tuple(map(str, row)) for row in found] == [("S", "Q", "v3", "64", "100.00")]


def test_hosts_are_counted_by_gpu(session: Session) -> None:
    for host in ("a", "b"):
        session.add(WorkerNodeQueue(site="S", host_name=host, panda_queue="Q", last_seen=NOW))
        gpu = {"vendor": "NVIDIA", "model": "A100", "count": 4, "last_seen": NOW}
        session.add(WorkerNodeGPUs(site="S", host_name=host, **gpu))
    session.flush()

    refresh(session, "mv_worker_node_gpu_summary")

    counted = text("SELECT host_count, gpus_per_host FROM doma_panda.mv_worker_node_gpu_summary")
    assert session.execute(counted).all() == [(2, 4)]


def test_a_view_of_another_name_is_refused(session: Session) -> None:
    with pytest.raises(Exception, match="jobs is no view of worker nodes"):
        session.execute(select(func.pandadb.refresh_worker_node_view("jobs")))

"""Counts of jobs, as semantics 6.1, 6.2 and 6.5 have them, and not as upstream's faults."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from pandadb.models import (
    JobsActive4,
    JobsDefined4,
    JobsDefinedShareStats,
    JobsShareStats,
    JobStatsHP,
    MVJobsActive4Stats,
)
from tests.statistics_rows import add_jobs, add_queue, refresh, rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ACTIVE, HIGHEST = MVJobsActive4Stats.__table__, JobStatsHP.__table__
SHARES = {
    JobsActive4: ("jobs_share_stats", JobsShareStats.__table__),
    JobsDefined4: ("jobsdefined_share_stats", JobsDefinedShareStats.__table__),
}


def now(session: Session) -> datetime:
    found = session.scalar(text("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))
    assert isinstance(found, datetime)
    return found


def counted(session: Session, *columns: str) -> list[tuple[Any, ...]]:
    refresh(session, "mv_jobsactive4_stats")
    return rows(session, ACTIVE, *columns)


def highest(session: Session) -> list[tuple[Any, ...]]:
    refresh(session, "job_stats_hp")
    columns = ("jobstatus", "workqueue_id", "max_priority", "max_priority_count")
    return rows(session, HIGHEST, *columns)


def test_fifty_equal_jobs_are_one_row_where_upstream_has_dozens(session: Session) -> None:
    add_jobs(session, "running", 50, corecount=8)

    assert counted(session, "jobstatus", "num_of_jobs", "num_of_cores") == [("running", 50, 400)]


def test_all_rows_of_a_refresh_have_one_time_which_is_after_its_beginning(session: Session) -> None:
    for site in "ABCDE":
        add_jobs(session, "running", 3, computingsite=site)
    began = now(session)

    times = {time for (time,) in counted(session, "cur_date")}

    assert len(times) == 1
    assert began <= times.pop() <= now(session)


def test_each_attribute_of_the_key_makes_a_row(session: Session) -> None:
    others: dict[str, Any] = {
        "cloud": "US", "computingsite": "B", "countrygroup": "us", "workinggroup": "AP_HIGG",
        "relocationflag": 1, "processingtype": "recon", "prodsourcelabel": "user",
        "currentpriority": 600, "vo": "cms", "workqueue_id": None, "resource_type": "SCORE",
    }  # fmt: skip
    add_jobs(session, "running", 2)
    add_jobs(session, "holding", 2)
    for name, value in others.items():
        add_jobs(session, "running", 2, **{name: value})

    assert counted(session, "num_of_jobs") == [(2,)] * (len(others) + 2)


def test_priorities_are_cut_to_tens_towards_zero(session: Session) -> None:
    for priority in (509, 501, 9, -9, -15, -10):
        add_jobs(session, "running", currentpriority=priority)

    assert counted(session, "currentpriority", "num_of_jobs") == [(-10, 2), (0, 2), (500, 2)]


def test_cores_are_the_actual_ones_else_those_asked_for_else_unknown(session: Session) -> None:
    add_jobs(session, "running", corecount=8, actualcorecount=4)
    add_jobs(session, "running", corecount=8)
    add_jobs(session, "sent", 2)

    assert counted(session, "jobstatus", "num_of_cores") == [("running", 12), ("sent", None)]


def test_rows_of_jobs_that_are_gone_are_gone(session: Session) -> None:
    add_jobs(session, "running", 2)
    counted(session)
    session.execute(text("DELETE FROM doma_panda.jobsactive4"))

    assert counted(session, "num_of_jobs") == []


@pytest.mark.parametrize("job", SHARES)
def test_jobs_of_a_share_are_one_row_with_averages_and_power(session: Session, job: Any) -> None:
    name, table = SHARES[job]
    add_queue(session, "A", corepower=10.5)
    usage = {"corecount": 8, "diskio": 100, "minramcount": 15001, "nucleus": "CERN"}
    add_jobs(session, "activated", 30, job, **usage, currentpriority=700)
    add_jobs(session, "activated", 20, job, **{**usage, "diskio": None}, currentpriority=900)
    began = now(session)

    refresh(session, name)

    columns = ("maxpriority", "prorated_diskio_avg", "prorated_mem_avg", "njobs", "hs", "nucleus")
    memory = Decimal("1875.13")  # upstream divides whole numbers on PostgreSQL: 1875.00
    assert rows(session, table, *columns) == [(900, Decimal("12.50"), memory, 50, 4200, "CERN")]
    ((time,),) = rows(session, table, "ts")
    assert began <= time <= now(session)


def test_cores_of_a_share_make_rows_of_their_own(session: Session) -> None:
    add_queue(session, "A", corepower=10)
    for cores in (None, 1, 8):
        add_jobs(session, "running", 2, corecount=cores)

    refresh(session, "jobs_share_stats")

    assert rows(session, SHARES[JobsActive4][1], "hs", "njobs") == [(20, 2), (20, 2), (160, 2)]


def test_jobs_of_queues_that_are_not_known_are_left_out_of_shares_only(session: Session) -> None:
    add_queue(session, "A", corepower=10)
    add_jobs(session, "running")
    add_jobs(session, "running", computingsite="ELSEWHERE")
    add_jobs(session, "running", computingsite=None)

    refresh(session, "jobs_share_stats")

    assert rows(session, SHARES[JobsActive4][1], "computingsite") == [("A",)]
    assert len(counted(session, "num_of_jobs")) == 3


@pytest.mark.parametrize("corepower", ["much", None, "", [1], "NaN", "1e999", 10**30, -5])
def test_an_odd_core_power_leaves_its_own_rows_without_power(
    session: Session, corepower: Any
) -> None:
    add_queue(session, "A", corepower=corepower)
    add_queue(session, "B", corepower="10.0")
    add_queue(session, "C")
    for site in "ABC":
        add_jobs(session, "running", 3, computingsite=site)

    refresh(session, "jobs_share_stats")

    assert rows(session, SHARES[JobsActive4][1], "computingsite", "njobs", "hs") == [
        ("A", 3, None), ("B", 3, 30), ("C", 3, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "memory"),
    [
        ({"corecount": 0, "minramcount": 100}, Decimal(100)),
        ({"corecount": -1, "minramcount": 100}, Decimal(100)),
        ({"corecount": 2, "minramcount": 2**63 - 1}, Decimal("999999999.99")),
    ],
)
def test_an_odd_job_does_not_end_the_refresh(
    session: Session, columns: dict[str, Any], memory: Decimal
) -> None:
    add_queue(session, "A", corepower=10)
    add_jobs(session, "running", **columns)

    refresh(session, "jobs_share_stats")

    assert rows(session, SHARES[JobsActive4][1], "njobs", "prorated_mem_avg") == [(1, memory)]


def test_the_highest_priority_is_counted_for_each_key(session: Session) -> None:
    add_jobs(session, "activated", 3, currentpriority=900)
    add_jobs(session, "activated", 5, currentpriority=100)
    add_jobs(session, "running", 7, currentpriority=999)
    add_jobs(session, "defined", 2, JobsDefined4, currentpriority=800)
    add_jobs(session, "assigned", 1, JobsDefined4, currentpriority=950)
    add_jobs(session, "pending", 1, JobsDefined4, currentpriority=990)

    assert highest(session) == [
        ("activated", 50, 900, 3), ("assigned", 50, 950, 1), ("defined", 50, 800, 2)
    ]  # fmt: skip


def test_merge_jobs_have_no_highest_priority(session: Session) -> None:
    add_jobs(session, "activated", currentpriority=1)
    add_jobs(session, "activated", currentpriority=900, processingtype="pmerge")
    add_jobs(session, "activated", currentpriority=900, eventservice=2)
    add_jobs(session, "activated", currentpriority=5, eventservice=1)
    add_jobs(session, "activated", currentpriority=5, processingtype=None)

    assert highest(session) == [("activated", 50, 5, 2)]


def test_jobs_without_a_work_queue_have_a_highest_priority_where_upstream_has_none(
    session: Session,
) -> None:
    add_jobs(session, "activated", 2, workqueue_id=None)
    add_jobs(session, "activated", 2, gshare=None)

    assert highest(session) == [("activated", None, 505, 2)]


def test_the_last_refresh_is_noted_whoever_calls_the_procedure(session: Session) -> None:
    add_jobs(session, "running", 2)
    ((time,),) = counted(session, "cur_date")

    noted = session.execute(
        text(
            "SELECT refreshed_at, row_count, run_by FROM pandadb.statistics_run WHERE row_count > 0"
        )
    ).one()

    assert noted == (time, 1, session.scalar(select(text("session_user"))))

"""Walltime, numbers of inputs, jumbo tasks: semantics 6.3, 6.4, 6.7, without upstream's faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.models import (
    JediTasks,
    JobsDefined4,
    MVRunningJumboTaskCount,
    TotalWalltimeCache,
    TypicalNumInput,
)
from tests.statistics_rows import KEY, add_jobs, add_resource_queue, refresh, rows
from tests.task_commands import make_commanded_task

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CACHE, INPUTS = TotalWalltimeCache.__table__, TypicalNumInput.__table__
JUMBO = MVRunningJumboTaskCount.__table__
SUMS = ("agg_type", "agg_key", "total_walltime", "n_has_value", "n_no_value")


def summed(session: Session) -> list[tuple[Any, ...]]:
    refresh(session, "total_walltime_cache")
    return rows(session, CACHE, *SUMS)


def medians(session: Session) -> list[tuple[Any, ...]]:
    refresh(session, "typical_num_input")
    return rows(session, INPUTS, "agg_type", "agg_key", "ninputdatafiles")


def versions(session: Session, table: str) -> set[str]:
    """Where the rows of a table are: a row that is written anew is elsewhere."""
    return {*session.scalars(text(f"SELECT ctid::text FROM doma_panda.{table}"))}


def test_active_and_defined_jobs_of_a_key_are_one_row_where_upstream_fails(
    session: Session,
) -> None:
    add_jobs(session, "activated", 2, maxwalltime=100)
    add_jobs(session, "starting", 1)
    add_jobs(session, "defined", 3, JobsDefined4, maxwalltime=50)

    assert summed(session) == [("gshare", "Simulation", 350, 5, 1)]


def test_equal_sums_of_active_and_defined_jobs_are_both_counted(session: Session) -> None:
    add_jobs(session, "activated", maxwalltime=100)
    add_jobs(session, "assigned", 1, JobsDefined4, maxwalltime=100)

    assert summed(session) == [("gshare", "Simulation", 200, 2, 0)]


def test_jobs_that_have_started_want_no_walltime(session: Session) -> None:
    for state in ("sent", "running", "holding", "transferring", "throttled"):
        add_jobs(session, state, maxwalltime=100)

    assert summed(session) == []


def test_resource_queues_have_rows_by_their_id_and_others_by_share(session: Session) -> None:
    add_resource_queue(session, 77)
    add_jobs(session, "activated", maxwalltime=100, workqueue_id=77)
    add_jobs(session, "activated", maxwalltime=10)
    add_jobs(session, "pending", 1, JobsDefined4, maxwalltime=1, workqueue_id=77)

    assert summed(session) == [("gshare", "Simulation", 10, 1, 0), ("workqueue", "77", 101, 2, 0)]


def test_a_work_queue_without_active_jobs_counts_too(session: Session) -> None:
    add_jobs(session, "defined", 1, JobsDefined4, maxwalltime=10, workqueue_id=51)

    assert summed(session) == [("gshare", "Simulation", 10, 1, 0)]


@pytest.mark.parametrize("name", ["vo", "gshare", "prodsourcelabel", "resource_type"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_job_with_a_part_of_the_key_missing_does_not_end_the_refresh(
    session: Session, name: str, value: str | None
) -> None:
    add_jobs(session, "activated", **{name: value}, maxwalltime=5)
    add_jobs(session, "activated", maxwalltime=10)

    assert summed(session) == [("gshare", "Simulation", 10, 1, 0)]


def test_a_sum_beyond_its_column_is_cut(session: Session) -> None:
    add_jobs(session, "activated", 3, maxwalltime=2**62)

    assert summed(session) == [("gshare", "Simulation", 2**63 - 1, 3, 0)]


@pytest.mark.parametrize(
    ("name", "values"),
    [("total_walltime_cache", {"maxwalltime": 9}), ("typical_num_input", {"ninputdatafiles": 9})],
)
def test_only_rows_that_change_are_written(
    session: Session, name: str, values: dict[str, int]
) -> None:
    for share in ("Same", "Changes", "Goes"):
        add_jobs(session, "activated", gshare=share, **values)
    refresh(session, name)
    before = versions(session, name)
    session.execute(text("DELETE FROM doma_panda.jobsactive4 WHERE gshare = 'Goes'"))
    add_jobs(session, "activated", 2, gshare="Changes", **dict.fromkeys(values, 20))
    add_jobs(session, "activated", gshare="New", **values)

    refresh(session, name)

    after = versions(session, name)
    keys = text(f"SELECT agg_key FROM doma_panda.{name} ORDER BY 1")
    assert [*session.scalars(keys)] == ["Changes", "New", "Same"]
    assert len(before & after) == 1


@pytest.mark.parametrize(
    ("files", "typical"), [((1,), 1), ((1, 2), 2), ((2, 3), 3), ((1, 5, 100), 5), ((0, 0, 9), 0)]
)
def test_the_typical_number_of_inputs_is_the_median(
    session: Session, files: tuple[int, ...], typical: int
) -> None:
    for number in files:
        add_jobs(session, "running", ninputdatafiles=number)
    add_jobs(session, "running")
    add_jobs(session, "defined", 5, JobsDefined4, ninputdatafiles=77)

    assert medians(session) == [("gshare", "Simulation", typical)]


@pytest.mark.parametrize("name", ["vo", "gshare", "prodsourcelabel", "processingtype"])
def test_inputs_of_jobs_with_a_part_of_the_key_missing_are_left_out(
    session: Session, name: str
) -> None:
    add_resource_queue(session, 77)
    add_jobs(session, "running", ninputdatafiles=1, **{name: None})
    add_jobs(session, "running", ninputdatafiles=4, workqueue_id=77)

    assert medians(session) == [("workqueue", "77", 4)]


def test_tasks_with_jumbo_jobs_are_counted_where_upstream_fails(session: Session) -> None:
    given = [
        ("running", "R"), ("running", "R"), ("pending", "P"), ("ready", "W"), ("running", None),
        ("scouting", "R"), ("done", "D"),
    ]  # fmt: skip
    for number, (status, jumbo) in enumerate(given, start=10):
        make_commanded_task(session, number, status)
        task = session.get_one(JediTasks, number)
        task.usejumbo, task.gshare, task.workqueue_id = jumbo, KEY["gshare"], 50
    session.flush()

    refresh(session, "mv_running_jumbo_task_count")

    assert rows(session, JUMBO, "status", "usejumbo", "gshare", "task_count") == [
        ("pending", "P", "Simulation", 1),
        ("ready", "W", "Simulation", 1),
        ("running", "R", "Simulation", 2),
    ]
    assert len({time for (time,) in rows(session, JUMBO, "cur_date")}) == 1

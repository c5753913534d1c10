"""What the files of sql/ make: views that tell the truth, functions and a trigger that work."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from pandadb import models as m

NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
LONG_AGO = dt.datetime(2020, 1, 1)


def rows(session: Session, query: str) -> list[tuple[Any, ...]]:
    session.flush()
    return [tuple(row) for row in session.execute(text(query))]


def task(jeditaskid: int, status: str = "ready", **more: Any) -> m.JediTasks:
    given = {"creationdate": NOW, "modificationtime": LONG_AGO, "username": "me", **more}
    return m.JediTasks(jeditaskid=jeditaskid, status=status, **given)


def test_functions_count_bits_and_numbers(session: Session) -> None:
    assert rows(session, "SELECT doma_panda.bitor(5, 3)") == [(7,)]
    session.execute(text("SET LOCAL search_path = doma_panda, public"))
    assert rows(session, "SELECT to_number(12)::text, to_number('7', '9')::text") == [("12", "7")]


def test_a_task_keeps_the_true_time_of_a_change_that_is_dated_back(session: Session) -> None:
    session.add(task(5))
    ((made,),) = rows(session, "SELECT realmodificationtime FROM doma_panda.jedi_tasks")
    assert abs(made - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=1)

    rows(session, "UPDATE doma_panda.jedi_tasks SET status = 'running' RETURNING 1")
    ((untouched,),) = rows(session, "SELECT realmodificationtime FROM doma_panda.jedi_tasks")
    assert untouched == made

    rows(session, "UPDATE doma_panda.jedi_tasks SET modificationtime = '2019-01-01' RETURNING 1")
    ((changed,),) = rows(session, "SELECT realmodificationtime FROM doma_panda.jedi_tasks")
    assert changed > made


def test_the_lowest_task_of_each_status_is_kept_up_to_date(session: Session) -> None:
    call, lowest = (
        "CALL doma_panda.jedi_refr_mintaskids_bystatus()",
        "SELECT status, min_jeditaskid FROM doma_panda.jedi_aux_status_mintaskid ORDER BY 1",
    )
    session.add_all([task(9), task(7), task(3, "done"), task(1, "failed")])
    session.flush()
    session.execute(text(call))
    assert rows(session, lowest) == [("done", 3), ("ready", 7)]

    session.add(task(2))
    session.execute(text("DELETE FROM doma_panda.jedi_tasks WHERE status = 'done'"))
    session.flush()
    session.execute(text(call))
    assert rows(session, lowest) == [("done", 3), ("ready", 2)]


def test_the_monitor_sees_the_jobs_of_all_four_tables_with_their_task(session: Session) -> None:
    session.add(task(5, taskname="simulation", tasktype="prod", username="somebody"))
    for number, job in enumerate(
        (m.JobsDefined4, m.JobsWaiting4, m.JobsActive4, m.JobsArchived4), start=1
    ):
        session.add(job(pandaid=number, jeditaskid=5, modificationtime=NOW))
    session.add(m.JobsActive4(pandaid=9, eventservice=1))
    session.add(m.JobsActive4(pandaid=10, eventservice=1, specialhandling="es,sc:2"))

    seen = rows(
        session,
        "SELECT pandaid, isarchive, taskname, username, es"
        " FROM doma_pandabigmon.combined_wait_act_def_arch4 ORDER BY 1",
    )

    assert seen == [
        (1, 0, "simulation", "somebody", 0),
        (2, 0, "simulation", "somebody", 0),
        (3, 0, "simulation", "somebody", 0),
        (4, 1, "simulation", "somebody", 0),
        (9, 0, None, None, 1),
        (10, 0, None, None, 0),
    ]


def test_events_that_remain_are_in_proportion_to_the_files(session: Session) -> None:
    for datasetid, more in enumerate(
        (
            {"type": "input", "nfiles": 10, "nfilesfinished": 4, "nfilesused": 6, "nevents": 1000},
            {"type": "pseudo_input", "nfiles": 5, "nfilesused": 0, "nevents": 50},
            {"type": "output", "nfiles": 10, "nfilesused": 10, "nevents": 7},
            {"type": "input", "masterid": 1, "nfiles": 10, "nfilesused": 10, "nevents": 7},
            {"type": "input", "nfiles": 0, "nfilesused": 1, "nevents": 0},
        ),
        start=1,
    ):
        session.add(
            m.JediDatasets(
                jeditaskid=5,
                datasetid=datasetid,
                datasetname="d",
                creationtime=NOW,
                modificationtime=NOW,
                **more,
            )
        )

    ((task_id, remaining, total, _),) = rows(
        session, "SELECT * FROM doma_pandabigmon.geteventsfortask"
    )

    assert (task_id, remaining, total) == (5, 600, 1050)


@pytest.mark.parametrize("days", [7, 15, 30, 60, 90, 120, 180, 365])
def test_a_window_of_the_archive_ends_where_it_says(session: Session, days: int) -> None:
    for pandaid, age in ((1, days - 1), (2, days + 1)):
        session.add(m.JobsArchived(pandaid=pandaid, modificationtime=NOW - dt.timedelta(age)))

    seen = rows(session, f"SELECT pandaid FROM doma_pandaarch.jobsarchview_{days}days")

    assert seen == [(1,)]


def test_a_window_reads_no_partition_that_is_older(session: Session) -> None:
    session.execute(
        text(
            "CREATE TABLE doma_pandaarch.jobsarchived_old PARTITION OF"
            " doma_pandaarch.jobsarchived FOR VALUES FROM ('2019-01-01') TO ('2020-01-01')"
        )
    )

    plan = rows(session, "EXPLAIN SELECT pandaid FROM doma_pandaarch.jobsarchview_7days")

    assert "jobsarchived_old" not in str(plan)
    assert "jobsarchived_default" in str(plan)


def test_worker_nodes_are_summed_up_per_queue(session: Session) -> None:
    month_old = NOW - dt.timedelta(days=40)
    for host, level, cpus, seen in (
        ("a", "v3", 64, NOW),
        ("b", "v3", 32, NOW),
        ("c", "v2", 32, NOW),
        ("d", "v2", 99, month_old),
    ):
        session.add(
            m.WorkerNode(
                site="S",
                host_name=host,
                cpu_model="x",
                n_logical_cpus=cpus,
                cpu_architecture_level=level,
            )
        )
        session.add(m.WorkerNodeQueue(site="S", host_name=host, panda_queue="Q", last_seen=seen))
        session.add(
            m.WorkerNodeGPUs(
                site="S", host_name=host, vendor="V", model="M", count=2, last_seen=seen
            )
        )
        session.add(m.WorkerNodeMetrics(site="S", host_name=host, key="jobs", statistics={"n": 1}))
    session.flush()
    for view in ("mv_worker_node_summary", "mv_worker_node_gpu_summary"):
        session.execute(text(f"REFRESH MATERIALIZED VIEW doma_panda.{view}"))

    summary = "SELECT cpu_architecture_level, total_logical_cpus, pct_within_pq::float"
    assert rows(session, f"{summary} FROM doma_panda.mv_worker_node_summary ORDER BY 1") == [
        ("v2", 32, 25.0),
        ("v3", 96, 75.0),
    ]
    gpus = "SELECT panda_queue, model, gpus_per_host, host_count"
    assert rows(session, f"{gpus} FROM doma_panda.mv_worker_node_gpu_summary") == [("Q", "M", 2, 3)]
    by_queue = "SELECT host_name, panda_queue, key, statistics"
    assert rows(session, f"{by_queue} FROM doma_panda.worker_node_metrics_by_queue")[0] == (
        "a",
        "Q",
        "jobs",
        {"n": 1},
    )


def test_a_monitors_row_keeps_the_id_that_it_was_given_and_gets_one_otherwise(
    session: Session,
) -> None:
    insert = "INSERT INTO doma_pandabigmon.auth_group (name{}) VALUES ('g'{}) RETURNING id"
    ((given,),) = rows(session, insert.format(", id", ", 4711"))
    ((first,),) = rows(session, insert.format("", ""))
    ((second,),) = rows(session, insert.format("", ""))

    assert given == 4711
    assert second == first + 1


def test_the_archivings_ledger_takes_rows_of_every_state(session: Session) -> None:
    for state in ("N", "Y", "MUST NOT", "other"):
        session.add(m.TablePart4Copying(table_name="T", partition_name="P", copied_to_arch=state))

    where = rows(
        session, "SELECT tableoid::regclass::text FROM doma_panda.tablepart4copying ORDER BY 1"
    )

    assert [name.removeprefix("doma_panda.tablepart4copying_") for (name,) in where] == [
        "default",
        "must_not",
        "n",
        "y",
    ]

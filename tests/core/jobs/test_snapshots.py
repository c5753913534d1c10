"""Two sessions: what is committed after the snapshot of a statement, but before it has its locks.

A lock returns the newest version of its row. All else that the statement reads is as old as its
snapshot, whether it has waited for the lock or not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import ARRAY, BigInteger, func, literal, select, text, update

from pandadb.core.jobs import advances
from pandadb.core.jobs.dispatch import dispatch_candidates
from pandadb.core.jobs.ending import timeouts
from pandadb.core.jobs.ending.timeout_conditions import Circumstance
from pandadb.core.jobs.heartbeats import Heartbeat, beat
from pandadb.core.jobs.mover import move
from pandadb.core.jobs.refusals import RefusalReason
from pandadb.core.jobs.states import transitions
from pandadb.core.sql.transaction import Lock
from pandadb.models import (
    FilesTable4,
    JediDatasetContents,
    JediDatasets,
    JediTasks,
    JobOutputReport,
    JobParamsTable,
    JobsActive4,
    JobsArchived4,
    MetaTable,
)
from pandadb.services import jobs
from tests.factories import make_job, make_task, make_task_job
from tests.waiting import meanwhile

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from pandadb.database import Database

TASK = 7
PAUSE = 4711
"""The key of an advisory lock, at which a statement waits that has its snapshot."""


def last_heartbeat(session: Session, pandaid: int) -> None:
    beat(session, [Heartbeat(pandaid, "finished", report="{}", metadata="said last")], "node")


def times(session: Session, pandaid: int) -> set[datetime]:
    """Return the times of a job that has ended and of all that belongs to it."""
    tables = (JobsArchived4, FilesTable4, JobParamsTable, MetaTable)
    return {
        time
        for table in tables
        for time in session.scalars(select(table.modificationtime).where(table.pandaid == pandaid))
    }


def metadata(session: Session, pandaid: int) -> list[str | None]:
    return [*session.scalars(select(MetaTable.metadata_).where(MetaTable.pandaid == pandaid))]


@pytest.mark.parametrize(
    "end",
    [
        jobs.finish,
        jobs.fail,
        lambda database, pandaid: jobs.finish(database, [pandaid]),
        lambda database, pandaid: jobs.kill(database, pandaid, by="ann", hard=True),
    ],
    ids=["finish", "fail", "finish many", "kill"],
)
def test_an_end_that_waits_for_the_last_heartbeat_takes_its_metadata_along(
    database: Database, end: Callable[[Database, int], Any]
) -> None:
    with database.session() as session:
        pandaid = make_job(session, "running")

    with database.session() as pilot:
        last_heartbeat(pilot, pandaid)
        with meanwhile(database, lambda: end(database, pandaid)):
            pilot.commit()

    with database.session() as session:
        assert metadata(session, pandaid) == ["said last"]
        assert len(times(session, pandaid)) == 1


@pytest.mark.parametrize("lock", Lock)
def test_an_end_that_locks_what_has_just_changed_takes_along_what_is_new(
    database: Database, lock: Lock
) -> None:
    with database.session() as session:
        pandaid = make_job(session, "running")

    def finish() -> None:
        paused = func.pg_advisory_xact_lock(PAUSE).is_not(None)
        with database.session() as session:
            moved, _ = move(
                session,
                transitions("finish"),
                lambda job: (job.pandaid == pandaid) & paused,
                host="here",
                lock=lock,
            )
            assert moved.before == {pandaid: "holding"}

    with database.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({PAUSE})"))
        with meanwhile(database, finish):
            with database.session() as other:
                last_heartbeat(other, pandaid)
                other.add(FilesTable4(row_id=1, pandaid=pandaid, type="output"))
                other.add(JobParamsTable(pandaid=pandaid, jobparameters="-n 1"))
            session.commit()

    with database.session() as session:
        assert metadata(session, pandaid) == ["said last"]
        assert len(times(session, pandaid)) == 1


def test_an_end_that_waits_for_its_task_takes_along_what_came_meanwhile(
    database: Database,
) -> None:
    with database.session() as session:
        make_task(session, TASK, files=1)
        pandaid = make_task_job(session, TASK, 0)

    with database.session() as pilot:
        pilot.execute(select(JediTasks).with_for_update()).all()
        with meanwhile(database, lambda: jobs.finish(database, pandaid)):
            last_heartbeat(pilot, pandaid)
            pilot.commit()

    with database.session() as session:
        assert metadata(session, pandaid) == ["said last"]
        assert len(times(session, pandaid)) == 1
        used = select(JediDatasets.nfilesused, JediDatasets.nfilesfinished)
        assert session.execute(used.where(JediDatasets.type == "input")).one() == (1, 1)


@pytest.mark.parametrize(
    ("columns", "asked"),
    [
        ({"computingsite": "DESY"}, ()),
        ({"prodsourcelabel": "user"}, ()),
        ({"minramcount": 3000}, ("memory",)),
        ({"resource_type": "MCORE"}, ("resource_type",)),
        ({"jeditaskid": 8}, ("jeditaskid",)),
    ],
)
def test_a_dispatch_takes_no_job_that_has_changed_since_it_was_a_candidate(
    session: Session, columns: dict[str, Any], asked: tuple[str, ...]
) -> None:
    fits = {"computingsite": "CERN", "prodsourcelabel": "managed", "resource_type": "SCORE",
            "jeditaskid": 7}  # fmt: skip
    changed, other = (
        make_job(session, "activated", **{**fits, **new}) for new in (columns, {"minramcount": 1})
    )
    candidates = select(literal([changed, other], ARRAY(BigInteger)).label("pandaids"))
    free = dispatch_candidates.free(candidates.cte("candidates"), by_label=True, asked=asked)
    given = {"site": "CERN", "labels": ["managed"], "njobs": 2}
    wanted = {"wanted_memory": 2000, "wanted_resource_type": "SCORE", "wanted_jeditaskid": 7}

    assert [*session.scalars(select(free.c.pandaid), {**given, **wanted})] == [other]


def test_a_retry_waits_for_jedi_which_gives_its_file_to_another_job(database: Database) -> None:
    with database.session() as session:
        make_task(session, TASK, files=1)
        pandaid = make_task_job(session, TASK, 0)
    jobs.fail(database, pandaid)

    with database.session() as jedi:
        inputs = update(JediDatasetContents).where(JediDatasetContents.type == "input")
        jedi.execute(inputs.values(status="picked"))
        with meanwhile(database, lambda: jobs.retry(database, [pandaid])) as retrying:
            jedi.commit()

    retried = retrying.result()
    assert (retried.jobs, retried.refused[pandaid].reason) == ({}, RefusalReason.GUARD)


def test_a_retry_waits_for_the_end_of_its_job(database: Database) -> None:
    with database.session() as session:
        make_task(session, TASK, files=1)
        pandaid = make_task_job(session, TASK, 0)

    with database.session() as other:
        advances.advance(other, "fail", [pandaid], host="there")
        with meanwhile(database, lambda: jobs.retry(database, [pandaid])) as retrying:
            other.commit()

    assert [*retrying.result().jobs] == [pandaid]


def test_a_report_that_comes_while_a_timeout_looks_saves_the_job(database: Database) -> None:
    old = datetime(2026, 1, 1)
    with database.session() as session:
        columns = {"prodsourcelabel": "user", "modificationtime": old, "endtime": old}
        pandaid = make_job(session, "holding", **columns, statechangetime=datetime(2025, 1, 1))
    (rule,) = timeouts.named(["analysis-holding"])
    paused = Circumstance("", lambda *_: func.pg_advisory_xact_lock(PAUSE).is_not(None))

    def due() -> list[int]:
        with database.session() as session:
            return timeouts.due(session, replace(rule, only=(*rule.only, paused)))

    with database.session() as session:
        assert timeouts.due(session, rule) == [pandaid]
    with database.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({PAUSE})"))
        with meanwhile(database, due) as looking:
            with database.session() as other:
                other.add(
                    JobOutputReport(
                        pandaid=pandaid, attemptnr=0, jobstatus="finished", timestamp=old
                    )
                )
                told = update(JobsActive4).where(JobsActive4.pandaid == pandaid)
                other.execute(told.values(commandtopilot="softkill"))
            session.commit()

    assert looking.result() == []

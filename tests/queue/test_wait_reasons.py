"""The reasons for which a job waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.models import FilesTable4
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob
from tests.controller.queued_jobs import fail
from tests.factories import ROW_IDS, make_job, make_task

if TYPE_CHECKING:
    from pandadb.database import Database


def reasons(database: Database, job: int) -> list[str]:
    return queue.why_waiting(database, jobs.get(database, job)).reasons


def submitted(database: Database, *new: NewQueueJob) -> list[int]:
    return queue.submit(database, new).pandaids


def test_a_job_waits_for_its_time_its_parents_and_its_user(database: Database) -> None:
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)
    parent, child = submitted(
        database,
        NewQueueJob("demo", "P", handler="h"),
        NewQueueJob("demo", "C", handler="h", parents=["P"], run_after=later),
    )
    queue.pause(database, child)
    assert reasons(database, child) == [
        "A user has paused it: resume it.",
        f"It does not go on before {later:%Y-%m-%d %H:%M:%S} UTC.",
        f"Its parent {parent} is activated.",
    ]


def test_a_parent_that_has_failed_keeps_its_child(database: Database) -> None:
    parent, child = submitted(
        database,
        NewQueueJob("demo", "P", handler="h"),
        NewQueueJob("demo", "C", handler="h", parents=["P"]),
    )
    fail(database, parent)
    assert reasons(database, child) == [
        f"Its parent {parent} is failed; it waits until that job is run again."
    ]


def test_the_place_in_a_full_group_goes_by_priority_then_age(database: Database) -> None:
    ids = submitted(
        database, *(NewQueueJob("demo", handler="h", group="g", priority=p) for p in (5, 1, 2, 1))
    )
    queue.set_group(database, "g", 1)
    places = {job: reasons(database, job)[0].partition("number ")[2] for job in ids[1:]}
    assert [places[job] for job in ids[1:]] == [
        "2 of 3 that wait.", "1 of 3 that wait.", "3 of 3 that wait."
    ]  # fmt: skip


def test_a_ready_job_names_the_workers_of_its_queue(database: Database) -> None:
    (job,) = submitted(database, NewQueueJob("demo", handler="h"))
    assert reasons(database, job) == ["Queue demo has no worker: pandadb worker run --queue demo"]
    queue.register(database, "w", ["demo", "other"], 4)
    assert reasons(database, job) == ["It is free for the 1 workers of queue demo, with 4 slots."]


def test_a_lease_that_is_over_is_named(database: Database) -> None:
    (job,) = submitted(database, NewQueueJob("demo", handler="h"))
    queue.claim(database, "demo", 1, owner="w")
    with database.session() as session:
        session.execute(text("UPDATE pandadb.job_lease SET until = '2026-01-01'"))
    assert reasons(database, job) == [
        "Worker w has it; its lease has expired at 2026-01-01 00:00:00 UTC."
    ]


def test_a_job_of_panda_waits_for_inputs_and_its_task(database: Database) -> None:
    with database.session() as session:
        make_task(session, 7, 1)
        session.execute(text("UPDATE doma_panda.jedi_tasks SET status = 'paused'"))
        job = make_job(session, "assigned", jeditaskid=7)
        for state in ("ready", "pending"):
            row = FilesTable4(row_id=next(ROW_IDS), pandaid=job, type="input", status=state)
            session.add(row)
    assert reasons(database, job) == [
        "1 of its 2 input files are not ready.",
        "Its task 7 is paused.",
    ]


def test_a_job_that_has_ended_waits_for_nothing(database: Database) -> None:
    (job,) = submitted(database, NewQueueJob("demo", handler="h"))
    queue.cancel(database, job, by="x")
    wait = queue.why_waiting(database, jobs.get(database, job))
    assert (wait.state, wait.reasons) == ("cancelled", [])

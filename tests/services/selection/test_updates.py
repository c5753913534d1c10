"""Properties of jobs, set while no worker has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.controller import JobFilter
from pandadb.core.jobs.refusals import RefusalReason
from pandadb.core.jobs.states import STATES
from pandadb.errors import InvalidInput
from pandadb.models import JobControl, JobGroupMember
from pandadb.services import jobs, queue
from pandadb.services.queue import NewQueueJob, Success, UnknownQueue, VerbOptions
from pandadb.services.selection import VerbAborted, update
from tests.factories import make_archived, make_job

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.slow

OPEN = {"pending", "defined", "waiting", "assigned", "activated", "throttled"}


@pytest.fixture(autouse=True)
def _worker(database: Database) -> None:
    """A worker of two queues, so that they are known."""
    queue.register(database, "w", ["demo", "other"], 4)


def submitted(database: Database, **given: Any) -> int:
    new = NewQueueJob(**{"queue": "demo", "handler": "nothing", **given})
    return queue.submit(database, [new]).pandaids[0]


def control(database: Database, pandaid: int) -> JobControl:
    with database.session() as session:
        return session.scalars(select(JobControl).where(JobControl.pandaid == pandaid)).one()


@pytest.mark.parametrize("jobstatus", STATES)
def test_properties_of_pandas_jobs_are_set_before_they_are_dispatched(
    database: Database, jobstatus: str
) -> None:
    with database.session() as session:
        pandaid = make_job(session, jobstatus)

    report = update(database, pandaid, priority=7, corecount=8, on_error="skip")

    job = jobs.get(database, pandaid)
    now = (job["currentpriority"], job["assignedpriority"], job["corecount"])
    if jobstatus in OPEN:
        assert (report.changed, now) == ([pandaid], (7, 7, 8))
    else:
        assert f"Job {pandaid} is {jobstatus}, and its properties" in report.skipped[pandaid]
        assert now != (7, 7, 8)


def test_a_queue_is_changed_with_the_control_row(database: Database) -> None:
    made = submitted(database)

    update(database, made, queue="other", maxattempt=4)

    assert control(database, made).queue == "other"
    assert queue.claim(database, "demo", 1, owner="w") == []
    (lease,) = queue.claim(database, "other", 1, owner="w")
    assert (lease.pandaid, lease.maxattempt) == (made, 4)


def test_a_higher_priority_is_the_next_of_its_group(database: Database) -> None:
    first, second, third = (submitted(database, group="g") for _ in range(3))

    update(database, third, priority=50)

    (lease,) = queue.claim(database, "demo", 3, owner="w")
    assert lease.pandaid == first
    with database.session() as session:
        members = dict(
            session.execute(select(JobGroupMember.pandaid, JobGroupMember.priority)).all()
        )
    assert members == {first: 0, second: 0, third: 50}
    queue.finish(database, Success(lease))
    assert [one.pandaid for one in queue.claim(database, "demo", 3, owner="w")] == [third]


def test_details_are_merged_or_replaced(database: Database) -> None:
    made = submitted(
        database, resources={"nodes": 1, "mem": 2}, exec_config="plain", metadata={"a": 1}
    )

    update(database, made, resources={"nodes": 4})
    assert control(database, made).details == {
        "resources": {"nodes": 4, "mem": 2}, "exec_config": "plain", "metadata": {"a": 1},
    }  # fmt: skip
    update(database, made, resources={"gpus": 1}, exec_config={"pre": "x"}, merge=False)
    update(database, made, exec_config={"post": "y"})

    assert control(database, made).details == {
        "resources": {"gpus": 1},
        "exec_config": {"pre": "x", "post": "y"},
        "metadata": {"a": 1},
    }


def test_a_job_without_details_gets_some_and_pandas_own_are_refused(database: Database) -> None:
    made = submitted(database)
    with database.session() as session:
        foreign = make_job(session, "activated")

    report = update(database, [made, foreign], resources={"nodes": 2}, on_error="skip")

    assert report.changed == [made]
    assert report.refused[foreign].reason is RefusalReason.GUARD
    assert control(database, made).details == {"resources": {"nodes": 2}}


def test_a_finished_job_of_the_queue_keeps_properties_for_its_next_attempt(
    database: Database,
) -> None:
    made = submitted(database)
    (lease,) = queue.claim(database, "demo", 1, owner="w")
    with pytest.raises(VerbAborted):
        update(database, made, corecount=5)
    queue.finish(database, Success(lease))

    assert update(database, made, corecount=5).states == {made: "finished"}
    assert jobs.get(database, made)["corecount"] == 5


def test_jobs_of_a_filter_are_set_and_a_dry_run_sets_none(database: Database) -> None:
    made = [submitted(database, name=name) for name in ("evgen.1", "evgen.2", "simul.1")]

    chosen = JobFilter(name="evgen.*")
    dry = update(database, chosen, priority=5, options=VerbOptions(dry_run=True))
    assert jobs.get(database, made[0])["currentpriority"] == 0
    report = update(database, chosen, priority=5)

    assert dry.changed == report.changed == made[:2]
    assert jobs.get(database, made[2])["currentpriority"] == 0


def test_unknown_and_archived_jobs_are_reasons(database: Database) -> None:
    with database.session() as session:
        archived = make_archived(session, "failed")

    report = update(database, [archived, 5], priority=5, on_error="skip")

    assert report.skipped == {
        5: "Job 5 is unknown: no table has it",
        archived: f"Job {archived} is archived: its properties stay",
    }


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "There is no property to set"),
        ({"jobstatus": "failed"}, "jobstatus is no property that can be set"),
        ({"prioritty": 5}, "prioritty is no property that can be set"),
        ({"corecout": 5}, r"corecout is no property that can be set: is it corecount\?"),
        ({"priority": "high"}, "currentpriority has to be a whole number"),
        ({"queue": "nowhere"}, "There is no queue 'nowhere'"),
    ],
    ids=str,
)
def test_invalid_properties_are_sentences(
    database: Database, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        update(database, 5, **given)


def test_a_queue_is_checked_though_no_job_is_chosen(database: Database) -> None:
    nothing = JobFilter(name="nothing")
    assert update(database, nothing, priority=3).states == {}
    with pytest.raises(UnknownQueue, match="There is no queue 'nowhere'"):
        update(database, nothing, queue="nowhere")

"""The share of a job or a task explained, and given to new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.models import JediWorkQueue, ResourceTypes, SchedconfigJSON
from pandadb.services import jobs, shares
from pandadb.services.jobs import NewJob
from pandadb.services.shares import Trial
from tests.factories import make_archived, make_job
from tests.ready_tasks import make_ready_task
from tests.share_rows import make_shares, rows_of

if TYPE_CHECKING:
    from pandadb.database import Database

NOT_GROUP = Trial("Group", "workinggroup 'NULL' is not like 'GP_'")


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as connection:
        make_shares(connection)
        queues = [
            {"queue_id": 50, "queue_name": "off", "queue_order": 0, "status": "inactive"},
            {
                "queue_id": 51,
                "queue_name": "events",
                "queue_order": 1,
                "criteria": "eventService=1",
            },
            {"queue_id": 52, "queue_name": "broken", "queue_order": 2, "criteria": "import os"},
            {"queue_id": 53, "queue_name": "rest", "queue_order": 3},
        ]
        keys = {"status": "active", "criteria": None, "queue_type": "managed", "vo": "wlcg"}
        connection.execute(insert(JediWorkQueue.__table__), [{**keys, **one} for one in queues])
        kind = {"resource_name": "SCORE", "mincore": 1, "maxcore": 1}
        connection.execute(insert(ResourceTypes.__table__), [kind])
    return database


def test_a_job_is_explained_leaf_by_leaf(filled: Database) -> None:
    with Session(filled.engine) as session, session.begin():
        job = make_job(session, "activated", prodsourcelabel="managed", gshare="Old")
        ended = make_archived(session, "finished", prodsourcelabel="user", gshare="Analysis")
        merging = make_job(session, "defined", prodsourcelabel="managed", eventservice=2)

    found = shares.match_job(filled, job)

    assert found.has == {"gshare": "Old", "workqueue_id": None, "resource_type": None}
    assert (found.share, found.resource_type, found.task) == ("Simulation", "SCORE", None)
    assert found.trials == [NOT_GROUP, Trial("Simulation")]
    assert shares.match_job(filled, ended).share == "Analysis"
    assert shares.match_job(filled, merging).share == "Express"
    with pytest.raises(UnknownJob):
        shares.match_job(filled, 5)


def test_a_task_is_explained_with_its_work_queue_and_so_is_its_job(filled: Database) -> None:
    with Session(filled.engine) as session, session.begin():
        make_ready_task(session, 7, "NF=1", gshare="Old", workqueue_id=53)
        job = make_job(session, "activated", jeditaskid=7, prodsourcelabel="user", gshare="Old")

    found = shares.match_task(filled, 7)

    assert found.trials == [
        Trial("Group", "workinggroup ' ' is not like 'GP_'"),
        Trial("Simulation"),
    ]
    assert (found.share, found.asked, found.resource_type) == ("Simulation", None, "SCORE")
    assert [trial.name for trial in found.queue_trials] == ["events", "broken", "rest"]
    assert "the criteria 'import os' have 'import'" in (found.queue_trials[1].reason or "")
    assert found.workqueue == 53
    assert shares.match_job(filled, job).task == found
    with pytest.raises(TaskNotFound):
        shares.match_task(filled, 8)


@pytest.mark.parametrize(
    ("asked", "share"), [("Analysis", "Analysis"), ("None such", "Simulation")]
)
def test_a_leaf_that_the_parameters_ask_for_goes_before_the_rules(
    filled: Database, asked: str, share: str
) -> None:
    with Session(filled.engine) as session, session.begin():
        make_ready_task(session, 7, "NF=1", taskparams={"gshare": asked})

    found = shares.match_task(filled, 7)

    assert (found.asked, found.share) == (asked, share)
    assert found.trials[-1] == Trial("Simulation")


def test_new_jobs_get_their_share_by_the_resource_type_of_their_queue(database: Database) -> None:
    with database.transaction() as connection:
        make_shares(
            connection, rows_of({"Gpu": (1, None, {"rtype": "gpu"}), "Rest": (1, None, {})})
        )
        queues = [{"panda_queue": "A", "data": {"resource_type": "gpu"}},
            {"panda_queue": "B", "data": {"resource_type": "GRID"}}]  # fmt: skip
        connection.execute(insert(SchedconfigJSON.__table__), queues)
    sites = ["A", "B", "A,B", "Unknown", None]
    new = [NewJob({"prodsourcelabel": "test", "computingsite": site}) for site in sites]
    new.append(NewJob({"prodsourcelabel": "test", "eventservice": 2}))

    pandaids = jobs.submit(database, new)

    found = [shares.match_job(database, pandaid) for pandaid in pandaids]
    wanted = ["Gpu", "Rest", "Gpu", "Rest", "Rest", "Express"]
    assert [one.has["gshare"] for one in found] == [one.share for one in found] == wanted


@pytest.mark.parametrize("rtype", [None, "gpu"])
def test_many_jobs_are_matched_as_each_is(database: Database, rtype: str | None) -> None:
    with database.transaction() as connection:
        make_shares(connection)
        more = {"Gpu": (1, None, {"rtype": rtype} if rtype else {"prodsourcelabel": "x"})}
        make_shares(connection, [{**row, "queue_id": 1000} for row in rows_of(more)])
        queue = {"panda_queue": "A", "data": {"resource_type": "gpu"}}
        connection.execute(insert(SchedconfigJSON.__table__), [queue])
    with Session(database.engine) as session, session.begin():
        pandaids = [
            make_job(session, state, prodsourcelabel=label, computingsite=site, eventservice=kind)
            for state in ("defined", "waiting", "running")
            for label in ("none", "user", "managed", "x")
            for site in (None, "A", "B", "A,B")
            for kind in (None, 2)
        ]

    found = shares.match_jobs(database, [*pandaids, 5])

    assert found == {one: shares.match_job(database, one).share for one in pandaids}
    assert {*found.values()} >= {"Analysis", "Simulation", "Express", "Undefined", "Gpu"}


def test_without_shares_all_work_has_the_root(database: Database) -> None:
    (pandaid,) = jobs.submit(database, [NewJob({"prodsourcelabel": "test"})])
    with Session(database.engine) as session, session.begin():
        make_ready_task(session, 7, "NF=1")

    assert shares.match_job(database, pandaid).has["gshare"] == "root"
    assert shares.match_task(database, 7).share == "root"

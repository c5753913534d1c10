"""Shares looked at: the tree, the order of dispatch, a share's page in three statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from pandadb.models import JobsDefinedShareStats, SchedconfigJSON
from pandadb.services import jobs, shares
from pandadb.services.jobs import DispatchRequest
from pandadb.services.shares import QueueUsage, UnknownShare
from tests.factories import make_job
from tests.services.shares.test_reassignments import count_statements
from tests.share_rows import make_shares, make_stats

if TYPE_CHECKING:
    from pandadb.database import Database


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as connection:
        make_shares(connection)
        make_stats(connection, ("Group", "running", 300), ("Simulation", "sent", 100),
            ("Simulation", "activated", 70), ("Analysis", "running", 600))  # fmt: skip
        stats = {"gshare": "Simulation", "jobstatus": "assigned", "njobs": 4, "hs": 40}
        connection.execute(
            insert(JobsDefinedShareStats.__table__), [{**stats, "computingsite": "DESY"}]
        )
        queue = {"panda_queue": "CERN", "data": {"status": "online"}}
        connection.execute(insert(SchedconfigJSON.__table__), [queue])
    return database


def test_the_tree_has_the_power_of_each_share(filled: Database) -> None:
    report = shares.tree(filled)

    assert report.powers["Production"] == shares.Power(400, 70, 600)
    assert report.powers["Analysis"].use == 1.5
    assert [share.name for share in report.tree.shares()] == [
        "Production", "Group", "Simulation", "Analysis",
    ]  # fmt: skip


def test_the_rank_is_the_order_of_dispatch(filled: Database) -> None:
    assert [*shares.rank(filled)] == ["Simulation", "Group", "Analysis"]


def test_a_share_with_its_queues_takes_three_statements(filled: Database) -> None:
    page = shares.page(filled, "Production")

    assert count_statements(filled, lambda: shares.page(filled, "Production")) <= 3
    assert page.path == ["Production"]
    assert page.power == shares.Power(400, 70, 600)
    assert page.queues == [
        QueueUsage("CERN", "online", {"activated": 1, "running": 1, "sent": 1}, 400, 70),
        QueueUsage("DESY", None, {"assigned": 4}),
    ]
    assert shares.page(filled, "Simulation").path == ["Production", "Simulation"]
    assert shares.page(filled, "root").power.executing == 1000


def test_an_unknown_share_has_no_page(filled: Database) -> None:
    with pytest.raises(UnknownShare, match="There is no share 'Groop': is it Group"):
        shares.page(filled, "Groop")


def test_jobs_are_dispatched_in_that_order(database: Database) -> None:
    """Group uses nothing of its target, but its siblings have taken more than their parent's."""
    with Session(database.engine) as session, session.begin():
        make_shares(session)
        make_stats(session, ("Simulation", "running", 900), ("Analysis", "running", 100))
        jobs_of = {
            name: make_job(session, "activated", gshare=name, computingsite="CERN")
            for name in ("Gone", "Simulation", "Group", "Analysis")
        }

    taken = jobs.dispatch(database, DispatchRequest("CERN", 4))

    ranked = [*shares.rank(database)]
    assert ranked == ["Analysis", "Group", "Simulation"]
    assert [job.pandaid for job in taken] == [jobs_of[name] for name in (*ranked, "Gone")]

"""The grid of the demo: shares and sites are loaded once, and its statistics are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pandadb.demo import grid, job_lives
from pandadb.services import shares, sites

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def test_the_grid_is_prepared_once(database: Database) -> None:
    grid.prepare(database)
    first = sites.history(database).changes
    shares.change(database, "Test", {"value": 7})
    grid.prepare(database)

    assert sites.history(database).changes == first
    share = shares.tree(database).tree.find("Test")
    assert share is not None
    assert share.value == 7


@pytest.mark.slow
def test_statistics_are_those_of_the_jobs_that_live(database: Database) -> None:
    grid.prepare(database)
    life = job_lives.live(database, njobs=40)
    counted = grid.count(database)

    shown = sum(one.jobs for one in counted.sites.jobs if one.jobstatus == "running")
    running = [one for one in life.rounds[-1].statuses if one.jobstatus == "running"]
    assert shown == sum(one.jobs for one in running) > 0
    assert counted.tree.powers["Production"].executing > 0
    assert counted.instances[0].states["running"] > 0

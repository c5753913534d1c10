"""The start page: bars of jobs, what needs attention, empty states, shared numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from pandadb.web.drawings import bars
from tests.factories import make_job

if TYPE_CHECKING:
    from pandadb.database import Database
    from tests.web.browsers import Browser

pytestmark = pytest.mark.any_server


def test_jobs_are_drawn_by_state_site_and_hour(reader: Browser, database: Database) -> None:
    with database.session() as session:
        for state, site in (("running", "A & B"), ("running", "C"), ("assigned", "C")):
            make_job(session, state, computingsite=site)
    page = reader.get("/").text
    assert '<rect class="fill running"' in page
    assert 'href="/jobs?computingsite=A+%26+B">A &amp; B</a>' in page
    assert 'href="/jobs?jobstatus=running"' in page
    rows = reader.get("/?table=sites&format=json").json()["rows"]
    assert {"site": "C", "state": "assigned", "jobs": 1} in rows
    assert len(reader.get("/?table=hours&format=csv").text.splitlines()) == 25
    assert reader.get("/?table=x").status_code == 404


def test_an_empty_database_has_hints(reader: Browser) -> None:
    page = reader.get("/").text
    for words in ("There are no jobs yet", "No worker runs", "No queue has a job or a worker"):
        assert words in page


def test_problems_are_named_with_their_remedy(reader: Browser, database: Database) -> None:
    queue.submit(database, [NewQueueJob("left", handler="h")])
    with database.session() as session:
        session.execute(
            text("UPDATE doma_panda.jobsactive4 SET statechangetime = now() - interval '2 hours'")
        )
    assert "pandadb worker run --queue left" in reader.get("/").text


def test_bars_fill_the_width_and_small_numbers_are_seen() -> None:
    drawn = bars.by_site({"big": {"running": 600, "failed": 400}, "small": {"running": 1}})
    assert sum(part.width for part in drawn[0].parts) == bars.WIDTH
    assert drawn[1].parts[0].width == 2.0
    assert bars.by_state({}) == []

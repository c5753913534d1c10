"""One's own jobs among those of a thousand others: page by page, by an index."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.core.sql.validation import InvalidValue
from pandadb.services import applications
from tests.web.applications.forms import Browser, slow_div

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

CONTROL = """
INSERT INTO pandadb.job_control (pandaid, public_id, queue, name, kind, details)
SELECT 7000000000 + n, translate(lpad(n::text, 12, '0'), '0123456789', 'bcdfghjkmn'),
       'demo', 'slow_div', 'argv',
       jsonb_build_object('metadata', jsonb_build_object('mail', 'user@example.org', 'application',
         jsonb_build_object('name', 'slow_div', 'submitter', 'user ' || n % 1000,
                            'computes', n || ' / 2', 'inputs', '{}'::jsonb)))
FROM generate_series(1, 100000) n
"""
JOBS = """
INSERT INTO doma_panda.jobsarchived4
       (pandaid, jobstatus, produsername, creationtime, endtime, modificationtime)
SELECT 7000000000 + n, 'finished', 'user@example.org', now(), now(), now()
FROM generate_series(1, 100000) n
"""


def thousand_users(database: Database) -> None:
    """Make 100,000 jobs of 1,000 users."""
    with database.session() as session:
        for statement in (CONTROL, JOBS):
            session.execute(text(statement))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE pandadb.job_control"))
        connection.execute(text("VACUUM ANALYZE doma_panda.jobsarchived4"))


@pytest.fixture
def crowd(database: Database) -> Database:
    return database


CONTENTS = {"crowd": thousand_users}


def test_25_a_page_of_own_jobs_takes_milliseconds(crowd: Database) -> None:
    seen, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = applications.find_own(crowd, "user 7", limit=20, after=after)
        seen, after, pages = seen + page.results, page.next, pages + 1

    assert [one.computes for one in seen] == [f"{n} / 2" for n in range(99_007, 0, -1000)]
    assert {one.state for one in seen} == {"success"}
    assert pages == 5
    assert any(timed(crowd) < limit() for _ in range(60))


def limit() -> float:
    """Return 20 ms; more if other processes want more processors than there are."""
    return 0.02 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def timed(database: Database) -> float:
    began = time.perf_counter()
    applications.find_own(database, "user 8", limit=50)
    return time.perf_counter() - began


def test_a_cursor_of_others_and_a_malformed_one_are_refused(crowd: Database) -> None:
    (first,) = applications.find_own(crowd, "user 7", limit=1).results
    for after in (first.public_id, "x", "", "\u00fc" * 12):
        with pytest.raises(InvalidValue, match="no such page"):
            applications.find_own(crowd, "user 8", after=after)
    browser = Browser(crowd, slow_div())
    browser.submitted()
    assert browser.get("/my-jobs", params={"after": first.public_id}).status_code == 400
    assert browser.get("/my-jobs", params={"limit": "5000"}).status_code == 400

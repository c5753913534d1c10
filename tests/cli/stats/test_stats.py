"""Statistics from the command line: refreshed, their age, jobs by site and state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_commands import run
from tests.statistics_rows import STATEMENTS, add_jobs

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


@pytest.fixture
def url(database: Database, database_url: str) -> str:
    """A database with three jobs that run."""
    with database.session() as session:
        add_jobs(session, "running", 3)
    return database_url


def test_statistics_are_refreshed_and_have_their_age(url: str) -> None:
    refreshed = run("stats", "refresh", url=url)
    status = run("stats", "status", "--json", "--check", url=url)

    assert refreshed.returncode == 0, refreshed.stderr
    assert "mv_jobsactive4_stats" in refreshed.stdout
    assert status.returncode == 0
    found = json.loads(status.stdout)
    assert found["problems"] == []
    by_name = {one["name"]: one for one in found["tables"]}
    assert by_name["mv_jobsactive4_stats"]["row_count"] == 1
    assert 0 <= by_name["mv_jobsactive4_stats"]["age"] < 600
    assert by_name["worker_node_metrics"]["every"] == 86400


def test_json_has_each_table_and_the_outcome(url: str) -> None:
    done = json.loads(run("stats", "refresh", "job_stats_hp", "--json", url=url).stdout)

    assert [one["name"] for one in done["done"]] == ["job_stats_hp"]
    assert (done["outcome"], done["busy"], done["failed"]) == ("done", [], [])


def test_a_dry_run_says_what_would_be_and_changes_nothing(url: str) -> None:
    dry = run("stats", "refresh", "mv_jobsactive4_stats", "--dry-run", url=url)
    checked = run("stats", "status", "--check", url=url)

    assert dry.returncode == 0
    assert "Would be refreshed" in dry.stdout
    assert "Nothing was changed." in dry.stderr
    assert checked.returncode == 1
    assert "mv_jobsactive4_stats was never refreshed" in checked.stderr


def test_nothing_due_is_code_3_and_another_session_at_work_code_4(
    url: str, database: Database
) -> None:
    with database.engine.connect() as connection:
        connection.exec_driver_sql(STATEMENTS["worker_node_metrics"])
        busy = run("stats", "refresh", "worker_node_metrics", url=url)
        connection.commit()
    idle = run("stats", "refresh", "--due", "worker_node_metrics", url=url)
    quiet = run("stats", "refresh", "--due", "worker_node_metrics", "--quiet", url=url)

    assert (busy.returncode, idle.returncode, quiet.returncode) == (4, 3, 3)
    assert "another session refreshes it" in busy.stderr
    assert "Nothing was due." in idle.stdout
    assert quiet.stdout + quiet.stderr == ""


def test_a_name_that_is_none_is_a_sentence(url: str) -> None:
    done = run("stats", "refresh", "jobs", url=url)

    assert done.returncode == 2
    assert "There are no statistics 'jobs': there are jedi_aux_status_mintaskid" in done.stderr


def test_a_table_that_fails_is_named_and_the_others_are_done(url: str, database: Database) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql("DROP TABLE doma_panda.job_stats_hp")

    done = run("stats", "refresh", "job_stats_hp", "mv_jobsactive4_stats", url=url)

    assert done.returncode == 1
    assert "mv_jobsactive4_stats" in done.stdout
    assert "job_stats_hp" in done.stderr


def test_jobs_are_counted_by_site_and_state(url: str) -> None:
    before = run("stats", "sites", url=url)
    run("stats", "refresh", url=url)
    after = json.loads(run("stats", "sites", "--hours", "6", "--json", url=url).stdout)

    assert "Active jobs were never counted: pandadb stats refresh" in before.stderr
    assert after["jobs"] == [{"computingsite": "A", "jobstatus": "running", "jobs": 3}]
    assert run("stats", "sites", "--hours", "73", url=url).returncode == 2

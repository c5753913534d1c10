"""Locks of other sessions from the command line: listed, and broken after a question."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import DBAPIError

from pandadb.models import JediTasks, JobControl
from pandadb.services import queue
from pandadb.services.queue import NewQueueJob
from tests.controller.queued_jobs import Q
from tests.controller.row_locks import locked
from tests.typed import pandadb

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def test_locks_of_jobs_are_listed_and_broken(database: Database) -> None:
    first, second = queue.submit(database, [NewQueueJob(Q), NewQueueJob(Q)]).pandaids
    with locked(database, JobControl, first) as other:
        listed = json.loads(pandadb(database, "queue", "locks", "list", "--json").stdout)
        free = pandadb(database, "queue", "locks", "break", str(second), "--yes")
        tried = pandadb(database, "queue", "locks", "break", "--computingsite", Q, "--dry-run")
        asked = pandadb(database, "queue", "locks", "break", str(first))
        assert other.exec_driver_sql("SELECT 1").scalar() == 1
        broken = pandadb(database, "queue", "locks", "break", str(first), "--yes", "--json")
        with pytest.raises(DBAPIError):
            other.exec_driver_sql("SELECT 1")

    assert [one["locked"] for one in listed["jobs"]] == [first]
    assert (free.returncode, free.stdout) == (3, "Nothing is locked.\n")
    assert (tried.returncode, str(first) in tried.stdout) == (0, True)
    assert (asked.returncode, "pass --yes" in asked.stderr) == (1, True)
    assert (broken.returncode, json.loads(broken.stdout)) == (0, listed)


def test_locks_of_a_flow_are_broken(database: Database) -> None:
    flow = queue.submit(database, [NewQueueJob(Q, name="A")], flow="f").jeditaskid
    assert flow is not None
    with locked(database, JediTasks, flow) as other:
        broken = pandadb(database, "queue", "locks", "break", "--flow", str(flow), "--yes")
        with pytest.raises(DBAPIError):
            other.exec_driver_sql("SELECT 1")

    assert (broken.returncode, f"flow   │ {flow}" in broken.stdout) == (0, True), broken.stdout


def test_without_a_job_a_flow_or_an_option_nothing_is_broken(database: Database) -> None:
    ended = pandadb(database, "queue", "locks", "break", "--yes")

    said = " ".join(ended.stderr.replace("│", " ").split())
    assert (ended.returncode, "or by at least one option" in said) == (2, True)

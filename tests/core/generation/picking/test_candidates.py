"""Tasks that a generator works on, and how it locks them: job generation 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from pandadb.core.generation.picking.candidates import Selection, candidates, like
from pandadb.core.generation.picking.task_locks import lock
from pandadb.core.tasks.search.pages import TaskNotFound
from pandadb.models import JediWorkQueue, Users
from tests.core.generation.tables import (
    NOW,
    add_dataset,
    add_secondary,
    add_task,
    lock_of,
    minutes_ago,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pandadb.database import Database

ATLAS = Selection("atlas")


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as transaction:
        yield transaction
        transaction.rollback()


def add(connection: Connection, task: int, **columns: Any) -> None:
    """A task with a file."""
    add_task(connection, task, **columns)
    add_dataset(connection, task, 1, [{}])


def add_user(connection: Connection, name: str, dn: str | None) -> None:
    known = {"id": 900 + ord(name[0]), "name": name, "dn": dn, "ncurrent": 0, "jobid": 1}
    times = dict.fromkeys(("cachetime", "lastmod", "firstjob", "latestjob"), NOW)
    connection.execute(insert(Users.__table__).values({**known, **times}))


def test_tasks_come_by_priority_with_scouts_before_the_rest(connection: Connection) -> None:
    add(connection, 1)
    add(connection, 2, currentpriority=700)
    add(connection, 3, status="scouting")
    add(connection, 4, status="running", currentpriority=400)
    add_dataset(connection, 4, 2, [], nfilestobeused=1, type="trn_log")
    add_task(connection, 5, currentpriority=1)
    add_dataset(connection, 5, 1, [{}], type="trn_log")
    assert candidates(connection, ATLAS) == [5, 2, 3, 1, 4]
    assert candidates(connection, ATLAS, ntasks=2) == [5, 2]


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "paused"}, {"status": "pending"}, {"lockedby": "another"}, {"vo": "wlcg"},
        {"prodsourcelabel": "user", "username": "nobody"},
    ],
)  # fmt: skip
def test_tasks_that_are_not_free_are_left_out(
    connection: Connection, columns: dict[str, Any]
) -> None:
    add(connection, 1, **columns)
    assert candidates(connection, ATLAS) == []


def test_a_task_that_was_touched_in_the_last_ten_minutes_rests(connection: Connection) -> None:
    add(connection, 1, modificationtime=minutes_ago(connection, 9))
    add(connection, 2, modificationtime=minutes_ago(connection, 11))
    assert candidates(connection, ATLAS) == [2]
    assert [one["jeditaskid"] for one in lock(connection, [1, 2], "generator")] == [2]


def test_tasks_without_files_or_with_datasets_that_are_not_settled_are_left_out(
    connection: Connection,
) -> None:
    add_task(connection, 1)
    add_dataset(connection, 1, 1, [{"status": "running"}])
    add_task(connection, 2)
    add_dataset(connection, 2, 1, [{}], status="finished")
    add(connection, 3)
    add_secondary(connection, 3, 2, [], status="toupdate")
    add(connection, 4)
    add_dataset(connection, 4, 2, [], status="toupdate", type="output")
    assert candidates(connection, ATLAS) == [4], "outputs are not looked at"


def test_a_user_has_to_be_known_by_a_name_of_the_grid(connection: Connection) -> None:
    add_user(connection, "known", "/CN=known")
    add_user(connection, "empty", "")
    for task, name in enumerate(("known", "empty", "absent"), start=1):
        add(connection, task, prodsourcelabel="user", username=name)
    assert candidates(connection, Selection("atlas", "user")) == [1]
    assert len(lock(connection, [1, 2, 3], "generator")) == 1


def test_a_selection_is_of_a_label_a_cloud_and_a_resource_type(connection: Connection) -> None:
    add(connection, 1, cloud="WORLD", resource_type="SCORE")
    add(connection, 2, cloud="XX", resource_type="MCORE")
    assert candidates(connection, Selection("atlas", "managed", "XX")) == [2]
    assert candidates(connection, Selection("atlas", "any", "any")) == [1, 2]
    assert candidates(connection, Selection("atlas", resource_type="SCORE")) == [1]
    assert candidates(connection, Selection("atlas", "test")) == []


def test_tasks_of_a_queue_of_its_own_are_not_those_of_the_share(connection: Connection) -> None:
    queue = {"queue_id": 901, "queue_name": "own", "queue_type": "managed", "vo": "atlas"}
    connection.execute(insert(JediWorkQueue.__table__).values(**queue, queue_function="Resource"))
    add(connection, 1, workqueue_id=901)
    add(connection, 2)
    add(connection, 3, gshare="Test")

    own = like(connection, 1, "atlas", "managed", "any")
    share = like(connection, 2, "atlas", "managed", "any")

    assert (own.workqueue_id, own.gshare) == (901, None)
    assert (share.workqueue_id, share.gshare) == (None, "Production")
    assert candidates(connection, own) == [1]
    assert candidates(connection, share) == [2]


def test_a_task_that_is_not_there_has_no_selection(connection: Connection) -> None:
    with pytest.raises(TaskNotFound, match="no task 99"):
        like(connection, 99, "atlas", "managed", "any")


def test_tasks_are_locked_in_the_given_order(connection: Connection) -> None:
    for task in (1, 2, 3):
        add(connection, task)
    found = lock(connection, [3, 1, 3, 99], "generator")
    assert [one["jeditaskid"] for one in found] == [3, 1]
    assert [lock_of(connection, task) for task in (1, 2, 3)] == ["generator", None, "generator"]
    assert {one["lockedby"] for one in found} == {"generator"}


def test_a_task_whose_row_another_transaction_has_is_skipped(database: Database) -> None:
    with database.transaction() as setup:
        add(setup, 1)
        add(setup, 2)
    with database.transaction() as first, database.transaction() as second:
        assert len(lock(first, [1], "first")) == 1
        assert [one["jeditaskid"] for one in lock(second, [1, 2], "second")] == [2]

"""Files that no job was made of are ready again: job generation 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from pandadb.core.generation.picking.chunks import pick
from pandadb.core.generation.picking.put_back import put_back
from pandadb.models import JediDatasetContents
from tests.core.generation.tables import (
    add_dataset,
    add_secondary,
    add_task,
    counters,
    states,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pandadb.database import Database

FILE = JediDatasetContents.__table__.c


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as transaction:
        yield transaction
        transaction.rollback()


def test_files_are_ready_and_no_longer_count_as_used(connection: Connection) -> None:
    add_task(connection)
    master = add_dataset(connection, 1, 1, [{"status": "finished"}, {}, {}])
    other = add_secondary(connection, 1, 2, [{}, {}, {}])
    chunks = pick(connection, [1], generator="generator")

    assert put_back(connection, chunks) == 4

    assert states(connection, master) == ["finished", "ready", "ready"]
    assert counters(connection, master) == (3, 3, 1)
    assert counters(connection, other) == (3, 3, 0)
    assert put_back(connection, chunks) == 0, "it is idempotent"


def test_files_that_a_job_has_stay_with_it(connection: Connection) -> None:
    add_task(connection)
    master = add_dataset(connection, 1, 1, [{}, {}])
    chunks = pick(connection, [1], generator="generator")
    first = chunks[0].master.files[0]["fileid"]
    made = update(JediDatasetContents.__table__).where(FILE.fileid == first)
    connection.execute(made.values(status="running"))

    assert put_back(connection, chunks) == 1

    assert states(connection, master) == ["running", "ready"]
    assert counters(connection, master) == (2, 2, 1)


def test_files_of_another_memory_and_those_that_wait_are_left(connection: Connection) -> None:
    add_task(connection)
    files = [{}, {"ramcount": 3000}, {"is_waiting": "Y"}]
    master = add_dataset(connection, 1, 1, files)
    usual, _ = pick(connection, [1], generator="generator")

    assert put_back(connection, [usual]) == 1

    assert states(connection, master) == ["ready", "picked", "picked"]
    assert counters(connection, master) == (3, 3, 2)


def test_no_memory_and_0_are_one(connection: Connection) -> None:
    """[bug] The server leaves files of 0 picked where those of the master have NULL."""
    add_task(connection)
    add_dataset(connection, 1, 1, [{"ramcount": None}])
    other = add_secondary(connection, 1, 2, [{"ramcount": 0}])
    assert put_back(connection, pick(connection, [1], generator="generator")) == 2
    assert states(connection, other) == ["ready"]


def test_nothing_is_put_back_of_no_chunks(connection: Connection) -> None:
    assert put_back(connection, []) == 0

"""Files are picked and put back, each in a transaction of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pandadb.core.sql.validation import InvalidValue
from pandadb.services.tasks.picking import pick_files, put_back_files
from pandadb.services.transaction import VerbOptions
from tests.core.generation.tables import add_dataset, add_task, counters, lock_of, states

if TYPE_CHECKING:
    from pandadb.database import Database

TASKS = range(1, 9)


def fill(database: Database) -> None:
    with database.transaction() as connection:
        for task in TASKS:
            add_task(connection, task)
            add_dataset(connection, task, 1, [{}] * 5)


def test_files_are_picked_and_put_back(database: Database) -> None:
    fill(database)
    chunks = pick_files(database, 1, generator="generator")
    assert [len(one.master.files) for one in chunks] == [5]
    with database.transaction() as connection:
        assert states(connection, 11) == ["picked"] * 5

    assert put_back_files(database, chunks) == 5

    with database.transaction() as connection:
        assert states(connection, 11) == ["ready"] * 5
        assert counters(connection, 11) == (5, 5, 0)
        assert lock_of(connection, 1) == "generator", "the lock is not of the files"


def test_a_dry_run_leaves_nothing(database: Database) -> None:
    fill(database)
    assert pick_files(database, 1, generator="generator", options=VerbOptions(dry_run=True))
    with database.transaction() as connection:
        assert states(connection, 11) == ["ready"] * 5
        assert lock_of(connection, 1) is None


def test_generators_side_by_side_take_each_file_once(database: Database) -> None:
    fill(database)

    def generate(number: int) -> list[tuple[int, int]]:
        chunks = pick_files(database, TASKS, generator=f"generator {number}")
        return [(file["jeditaskid"], file["fileid"]) for one in chunks for file in one.master.files]

    with ThreadPoolExecutor(4) as pool:
        taken = [file for files in pool.map(generate, range(8)) for file in files]
    assert len(taken) == len({*taken})
    more = pick_files(database, TASKS, generator="last")
    assert len(taken) + sum(len(one.master.files) for one in more) == 5 * len(TASKS)
    with database.transaction() as connection:
        assert all(counters(connection, 10 * task + 1) == (5, 5, 5) for task in TASKS)


@pytest.mark.parametrize("generator", ["a\0b", "a" * 1000, 5, None])
def test_a_name_that_is_none_is_refused(database: Database, generator: object) -> None:
    with pytest.raises(InvalidValue, match=r"generator|lockedby"):
        pick_files(database, 1, generator=generator)  # type: ignore[arg-type]

"""Files of secondary datasets are picked, and added again where there are too few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.generation.picking.chunks import pick
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

    from pandadb.core.generation.slices import Row
    from pandadb.database import Database

FILE = JediDatasetContents.__table__.c


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as transaction:
        yield transaction
        transaction.rollback()


def taken(connection: Connection, attributes: str | None, n: int, **columns: Any) -> list[str]:
    """The names of the secondary files that five files of a master get, of so many."""
    add_task(connection)
    add_dataset(connection, 1, 1, [{}] * 5)
    add_secondary(connection, 1, 2, [columns] * n, attributes)
    (chunk,) = pick(connection, [1], generator="generator")
    return [one["lfn"] for one in chunk.secondaries[0].files]


def rows(connection: Connection, dataset: int) -> list[Row]:
    query = select(*FILE).where(FILE.datasetid == dataset).order_by(FILE.fileid)
    return [*connection.execute(query).mappings()]


def test_as_many_come_as_the_master_has(connection: Connection) -> None:
    assert taken(connection, None, 7) == [f"in.{n:03d}" for n in range(5)]
    assert counters(connection, 12) == (7, 7, 5)


def test_all_files_are_added_again_until_there_are_enough(connection: Connection) -> None:
    assert taken(connection, "ratio=3", 6, attemptnr=1, failedattempt=1, pandaid=9) == (
        [f"in.{n:03d}" for n in range(6)] * 2 + ["in.000", "in.001", "in.002"]
    )
    assert counters(connection, 12) == (18, 18, 15)
    assert states(connection, 12) == ["picked"] * 15 + ["ready"] * 3
    new = rows(connection, 12)[6:]
    assert {(one["attemptnr"], one["failedattempt"], one["pandaid"]) for one in new} == {
        (0, 0, None)
    }
    assert {(one["maxattempt"], one["keeptrack"], one["nevents"]) for one in new} == {(3, 1, 100)}


def test_different_ranges_of_a_file_are_different(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}] * 3)
    ranges = [{"lfn": "a", "startevent": one, "endevent": one + 9} for one in (0, 10, 10)]
    add_secondary(connection, 1, 2, [*ranges, {"lfn": "a", "startevent": 0, "status": "lost"}])
    add_secondary(connection, 1, 3, [{**one, "status": "running"} for one in ranges])
    (chunk,) = pick(connection, [1], generator="generator")
    assert [len(one.files) for one in chunk.secondaries] == [3, 3]
    assert counters(connection, 13) == (7, 7, 6), "two files, twice"


def test_files_that_no_job_may_take_again_are_not_added(connection: Connection) -> None:
    assert taken(connection, "ratio=2", 3, maxattempt=0) == []
    assert counters(connection, 12) == (3, 3, 0)


@pytest.mark.parametrize("attributes", ["nosplit", "repeat,nosplit"])
def test_a_whole_dataset_is_not_added_again(connection: Connection, attributes: str) -> None:
    assert len(taken(connection, attributes, 2)) == 2
    assert counters(connection, 12)[0] == 2


def test_reusable_files_stay_ready_and_each_turn_begins_anew(connection: Connection) -> None:
    assert taken(connection, "ratio=0.5,ru", 2) == ["in.000", "in.001", "in.000"]
    assert counters(connection, 12) == (4, 4, 0)
    assert states(connection, 12) == ["ready"] * 4


def test_files_in_a_random_order_are_all_there_in_each_round(connection: Connection) -> None:
    found = taken(connection, "ratio=8,rd", 20)
    assert found[:20] == sorted(found[:20])
    assert found[20:] != sorted(found[20:])
    assert sorted(found[20:]) == sorted({*found})


def test_a_ratio_of_events_takes_what_has_enough(connection: Connection) -> None:
    assert len(taken(connection, "er=1", 4, nevents=60)) == 12
    assert counters(connection, 12) == (12, 12, 12)


def test_a_chunk_of_more_memory_has_no_files_added(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{"ramcount": 3000}] * 4)
    add_secondary(connection, 1, 2, [{"ramcount": 3000}, {}, {}])
    (chunk,) = pick(connection, [1], generator="generator")
    assert [one["ramcount"] for one in chunk.secondaries[0].files] == [3000]
    assert counters(connection, 12) == (3, 3, 1)


def test_reusable_files_that_a_chunk_adds_are_there_for_the_next(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}, {}, {"ramcount": 3000}, {"ramcount": 3000}])
    add_secondary(connection, 1, 2, [{}, {}, {}], "ru")
    usual, more = pick(connection, [1], generator="generator")
    assert [len(one.secondaries[0].files) for one in (usual, more)] == [4, 4]
    assert counters(connection, 12) == (6, 6, 0)


def numbered(connection: Connection, jobs: list[int | None], *numbers: dict[str, Any]) -> list[Any]:
    """The sequence numbers that files of a master get, which had these jobs before."""
    add_task(connection)
    add_dataset(connection, 1, 1, [{"pandaid": one} for one in jobs])
    add_secondary(connection, 1, 2, numbers, datasetname="seq_number", type="pseudo_input")
    (chunk,) = pick(connection, [1], generator="generator")
    return [one["lfn"] for one in chunk.secondaries[0].files]


def test_missing_sequence_numbers_follow_the_last_one(connection: Connection) -> None:
    assert numbered(connection, [None] * 4, {"lfn": "7"}, {"lfn": "8"}) == ["7", "8", "9", "10"]
    assert counters(connection, 12) == (4, 4, 4)


def test_numbers_that_are_added_are_tracked_so_that_none_is_given_twice(
    connection: Connection,
) -> None:
    """[bug] The server's have no KEEPTRACK, so that they stay ready while a job has them."""
    numbered(connection, [None] * 2, {"lfn": "7"})
    new = rows(connection, 12)[1]
    assert (new["keeptrack"], new["status"], new["fsize"], new["maxattempt"]) == (1, "picked", 0, 3)
    assert len(new["guid"]) == 36


def test_the_number_of_a_failed_job_goes_with_its_files(connection: Connection) -> None:
    pool = [{"lfn": "1"}, {"lfn": "2", "pandaid": 51}, {"lfn": "3", "pandaid": 50}]
    found = numbered(connection, [50, None, 51], *pool)
    assert found == ["3", "2", "1"], "in the order of the jobs, and at the end without one"


def test_files_of_a_master_with_numbers_come_by_their_former_jobs(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{"pandaid": one} for one in (None, 51, 50, 51)])
    add_secondary(connection, 1, 2, [{"lfn": "1"}], datasetname="seq_number")
    (chunk,) = pick(connection, [1], generator="generator")
    assert [one["pandaid"] for one in chunk.master.files] == [50, 51, 51, None]


def test_the_first_number_of_an_empty_dataset_is_1(connection: Connection) -> None:
    assert numbered(connection, [None]) == ["1"]

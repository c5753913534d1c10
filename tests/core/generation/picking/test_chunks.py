"""Files of tasks are picked in chunks: job generation 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from pandadb.core.generation.picking.chunks import pick
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JediDatasets
from tests.core.generation.tables import (
    add_dataset,
    add_secondary,
    add_task,
    counters,
    lock_of,
    states,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from pandadb.core.generation.slices import Chunk, PickedDataset
    from pandadb.database import Database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as transaction:
        yield transaction
        transaction.rollback()


def picked(connection: Connection, *tasks: int, nfiles: int = 100) -> list[Chunk]:
    return pick(connection, tasks or (1,), nfiles=nfiles, generator="generator")


def names(dataset: PickedDataset) -> list[str]:
    return [one["lfn"] for one in dataset.files]


def test_files_are_picked_by_id_and_count_as_used(connection: Connection) -> None:
    add_task(connection)
    dataset = add_dataset(connection, 1, 1, [{"status": "finished"}, {}, {}])

    (chunk,) = picked(connection)

    assert names(chunk.master) == ["in.001", "in.002"]
    assert states(connection, dataset) == ["finished", "picked", "picked"]
    assert counters(connection, dataset) == (3, 3, 3)
    assert chunk.master.row["nfilesused"] == 3
    assert {one["status"] for one in chunk.master.files} == {"picked"}
    assert chunk.task["lockedby"] == lock_of(connection, 1) == "generator"


def test_a_second_generator_finds_nothing(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}])
    assert picked(connection)
    assert not picked(connection)


def test_the_least_limit_is_100_files_and_more_are_a_block(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}] * 103)
    (chunk,) = picked(connection, nfiles=2)
    assert len(chunk.master.files) == 100
    assert chunk.is_block


def test_as_many_files_as_the_limit_are_a_block_and_less_are_none(connection: Connection) -> None:
    for task, number in ((1, 100), (2, 99)):
        add_task(connection, task)
        add_dataset(connection, task, 1, [{}] * number)
    assert [one.is_block for one in picked(connection, 1, 2)] == [True, False]


def test_only_as_many_files_as_may_be_used_are_picked(connection: Connection) -> None:
    add_task(connection)
    dataset = add_dataset(connection, 1, 1, [{}] * 5, nfilestobeused=3)
    (chunk,) = picked(connection)
    assert len(chunk.master.files) == 3
    assert counters(connection, dataset) == (5, 3, 3)


def test_files_without_attempts_are_left(connection: Connection) -> None:
    add_task(connection)
    files = [
        {"attemptnr": 3}, {"failedattempt": 3}, {"failedattempt": 3, "maxfailure": None},
        {"attemptnr": 9, "maxattempt": None}, {"status": "lost"},
    ]  # fmt: skip
    add_dataset(connection, 1, 1, files, nfilesused=0)
    (chunk,) = picked(connection)
    assert names(chunk.master) == ["in.002", "in.003"]


@pytest.mark.parametrize("rule", ["RL=1", "OL=1"])
def test_files_come_by_luminosity_block_and_name(connection: Connection, rule: str) -> None:
    add_task(connection, splitrule=rule)
    files = [{"lumiblocknr": block, "lfn": name} for block, name in [(7, "b"), (5, "z"), (7, "a")]]
    add_dataset(connection, 1, 1, [*files, {"lfn": "c"}])
    (chunk,) = picked(connection)
    assert names(chunk.master) == ["z", "a", "b", "c"]


def test_files_of_another_memory_are_a_chunk_apart(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{"ramcount": one} for one in (0, 3000, None, 4000, 3000)])
    found = picked(connection)
    assert [(one.ramcount, names(one.master)) for one in found] == [
        (0, ["in.000", "in.002"]),
        (3000, ["in.001", "in.004"]),
        (4000, ["in.003"]),
    ]


def test_files_of_the_least_memory_are_taken_first(connection: Connection) -> None:
    add_task(connection)
    memory = [3000, 0, None, 4000, 3000, 0]
    add_dataset(connection, 1, 1, [{"ramcount": one} for one in memory], nfilestobeused=4)
    found = picked(connection)
    assert [(one.ramcount, names(one.master)) for one in found] == [
        (0, ["in.001", "in.002", "in.005"]),
        (3000, ["in.000"]),
    ]


def test_only_the_last_part_of_a_block_may_lack_files(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{"ramcount": 3000}] * 60 + [{}] * 60)
    found = picked(connection)
    assert [(len(one.master.files), one.is_block) for one in found] == [(60, False), (40, True)]


def test_masters_to_be_merged_come_first_each_with_its_secondaries(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}])
    add_secondary(connection, 1, 2, [{}])
    add_dataset(connection, 1, 3, [{}], type="trn_log")
    add_secondary(connection, 1, 4, [{}], type="trn_output", masterid=13)
    add_secondary(connection, 1, 5, [{}], type="trn_output", masterid=11)

    found = picked(connection)

    assert [one.is_merging for one in found] == [True, False]
    ids = [[each.row["datasetid"] for each in (one.master, *one.secondaries)] for one in found]
    assert ids == [[13, 14], [11, 12]]


def test_a_task_whose_dataset_is_being_fed_waits(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}])
    add_secondary(connection, 1, 2, [], status="pending")
    assert not picked(connection)


@pytest.mark.parametrize(
    ("splitrule", "held", "columns", "scouts"),
    [
        ("US=2", 1, {}, True), ("US=2", 0, {}, False), ("US=2", 0, {"state": "mutable"}, True),
        ("US=3", 1, {}, False), ("NF=1", 1, {}, False),
    ],
)  # fmt: skip
def test_scouts_are_asked_for_while_files_are_held_back(
    connection: Connection, splitrule: str, held: int, columns: dict[str, Any], scouts: bool
) -> None:
    add_task(connection, splitrule=splitrule)
    add_dataset(connection, 1, 1, [{}] * 3, nfilestobeused=3 - held, **columns)
    (chunk,) = picked(connection)
    assert chunk.is_scouting is scouts


def test_counters_are_mended_where_no_file_is_left(connection: Connection) -> None:
    add_task(connection)
    spent = {"attemptnr": 3}
    files = [{"status": "finished"}, {"status": "running"}, spent, {"status": "lost"}]
    dataset = add_dataset(connection, 1, 1, files, nfilesused=2)

    assert not picked(connection)

    assert counters(connection, dataset) == (4, 3, 3)
    assert status(connection, dataset) == "ready"


def test_a_dataset_whose_files_have_all_ended_is_finished(connection: Connection) -> None:
    add_task(connection)
    dataset = add_dataset(connection, 1, 1, [{"status": "finished"}, {"attemptnr": 3}])
    assert not picked(connection)
    assert counters(connection, dataset) == (2, 2, 2)
    assert status(connection, dataset) == "finished"


def status(connection: Connection, dataset: int) -> str:
    table = JediDatasets.__table__
    return str(connection.scalar(table.select().with_only_columns(table.c.status).where(
        table.c.datasetid == dataset
    )))  # fmt: skip


def test_files_that_are_not_tracked_stay_ready(connection: Connection) -> None:
    add_task(connection)
    add_dataset(connection, 1, 1, [{}])
    whole = add_secondary(connection, 1, 2, [{}, {}], "repeat,nosplit")
    (chunk,) = picked(connection)
    assert len(chunk.secondaries[0].files) == 2
    assert states(connection, whole) == ["ready"] * 2
    assert counters(connection, whole) == (2, 2, 0)


def test_an_unknown_rule_leaves_the_task_as_it_was(connection: Connection) -> None:
    add_task(connection, splitrule="NF=1,LX=1")
    dataset = add_dataset(connection, 1, 1, [{}])
    with pytest.raises(InvalidValue, match=r"LX \(loadXML\)"), connection.begin_nested():
        picked(connection)
    assert states(connection, dataset) == ["ready"]
    assert lock_of(connection, 1) is None


def test_a_number_of_files_that_is_none_is_refused(connection: Connection) -> None:
    with pytest.raises(InvalidValue, match="nfiles"):
        picked(connection, nfiles=-1)


def test_ten_tasks_take_as_many_statements_as_one(connection: Connection) -> None:
    def statements(tasks: Sequence[int]) -> int:
        sent: list[str] = []
        listener = lambda *given: sent.append(given[2])  # noqa: E731
        event.listen(connection, "before_cursor_execute", listener)
        try:
            assert len(picked(connection, *tasks)) == len(tasks)
        finally:
            event.remove(connection, "before_cursor_execute", listener)
        return len(sent)

    for task in range(1, 12):
        add_task(connection, task)
        add_dataset(connection, task, 1, [{}] * 3)
        add_secondary(connection, task, 2, [{}], "ratio=2")
    assert statements([1]) == statements([*range(2, 12)]) <= 12


def test_counters_without_a_value_count_as_0(connection: Connection) -> None:
    add_task(connection)
    dataset = add_dataset(connection, 1, 1, [{}])
    connection.execute(update(JediDatasets.__table__).values(nfilesused=None))
    assert picked(connection)
    assert counters(connection, dataset) == (1, 1, 1)

"""Datasets' verbs: each is one call, with a dry run and reasons for what was refused."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.row_locks import TasksLocked
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks
from pandadb.services.datasets import JsonCatalogue, feed, lose, recount
from pandadb.services.transaction import VerbOptions
from tests.fed_tasks import MASTER, OUTPUT, TASK, add_file, catalogue_of, make_fed_task

if TYPE_CHECKING:
    from pandadb.database import Database

DRY = VerbOptions(dry_run=True)


def make(database: Database, **options: Any) -> None:
    with Session(database.engine) as session, session.begin():
        make_fed_task(session, **options)


def make_finished(database: Database) -> None:
    with Session(database.engine) as session, session.begin():
        make_fed_task(session, status="done")
        add_file(session, 1, "finished", pandaid=501, attemptnr=1)
        add_file(session, 2, "finished", datasetid=OUTPUT, type="output", pandaid=501,
                 outpandaid=501)  # fmt: skip


def status(database: Database) -> str:
    with database.transaction() as connection:
        return str(connection.scalar(select(JediTasks.status)))


def nfiles(database: Database) -> int:
    with database.transaction() as connection:
        return len(connection.execute(select(JediDatasetContents.fileid)).all())


def test_a_task_is_fed(database: Database) -> None:
    make(database)
    report = feed(database, TASK, catalogue_of(range(3)), vo="wlcg", label="managed")
    assert report.refused == {}
    assert report.fed[TASK].status == status(database) == "ready"
    assert nfiles(database) == 3


def test_a_dry_run_of_a_feed_reports_and_changes_nothing(database: Database) -> None:
    make(database)
    report = feed(database, TASK, catalogue_of(range(3)), options=DRY)
    assert (report.fed[TASK].status, report.fed[TASK].datasets[0].new) == ("ready", 3)
    assert (status(database), nfiles(database)) == ("defined", 0)


@pytest.mark.parametrize("places", [{"vo": "atlas"}, {"label": "user"}])
def test_tasks_of_other_places_and_unknown_ones_are_refused(
    database: Database, places: dict[str, str]
) -> None:
    make(database)
    report = feed(database, [TASK, 4], catalogue_of(range(3)), **places)
    assert {*report.refused} == {TASK, 4}
    assert "has no dataset to feed" in report.refused[TASK]
    assert nfiles(database) == 0


def test_of_several_tasks_one_that_is_locked_is_refused(database: Database) -> None:
    make(database)
    short = VerbOptions(patience=0.1)
    with database.transaction() as connection:
        connection.execute(text("SELECT FROM doma_panda.jedi_tasks FOR UPDATE"))
        assert [*feed(database, [TASK, 4], catalogue_of((1,)), options=short).refused] == [TASK, 4]
        with pytest.raises(TasksLocked):
            feed(database, TASK, catalogue_of((1,)), options=short)


def test_of_several_tasks_one_with_bad_parameters_is_refused(database: Database) -> None:
    make(database, params={"nFiles": -1})
    report = feed(database, [TASK], catalogue_of(range(3)))
    assert "nFiles has to be a whole number" in report.refused[TASK]
    with pytest.raises(InvalidValue, match="task 9: nFiles"):
        feed(database, TASK, catalogue_of(range(3)))


def test_a_task_that_is_fed_by_another_is_skipped(database: Database) -> None:
    make(database)
    with database.transaction() as connection:
        connection.execute(select(JediTasks.jeditaskid).with_for_update())
        options = VerbOptions(lock=Lock.SKIP)
        report = feed(database, TASK, catalogue_of(range(3)), options=options)
    assert "is locked" in report.refused[TASK]


def test_two_feeds_at_once_register_each_file_once(database: Database) -> None:
    make(database)
    catalogue = catalogue_of(range(300))
    errors: list[BaseException] = []

    def run() -> None:
        try:
            feed(database, TASK, catalogue)
        except BaseException as error:  # noqa: BLE001 - it is reported
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    assert (nfiles(database), recount(database)) == (300, [])


def test_lost_files_are_done_again(database: Database) -> None:
    make_finished(database)
    recount(database)
    found = lose(database, "out", "f.002", by="somebody", options=DRY)
    assert (found.task, found.loss.outputs, found.loss.inputs) == (TASK, 1, 1)
    assert status(database) == "done"
    assert lose(database, "out", ["f.002"], by="somebody").loss == found.loss
    assert status(database) == "finished"
    assert recount(database) == []


def test_names_of_lost_files_are_texts(database: Database) -> None:
    with pytest.raises(InvalidValue, match="texts"):
        lose(database, "out", [3], by="somebody")  # type: ignore[list-item]
    with pytest.raises(InvalidValue):
        lose(database, "out\0", ["a"], by="somebody")


def test_wrong_counters_are_listed_and_repaired(database: Database) -> None:
    make_finished(database)
    dry = recount(database, TASK, options=DRY)
    assert (TASK, MASTER, "nfilesfinished", None, 1) in dry
    assert recount(database) == dry
    assert recount(database) == []
    assert recount(database, [4]) == []


def test_a_recount_skips_tasks_that_are_locked_and_waits_for_none_that_is_right(
    database: Database,
) -> None:
    make_finished(database)
    with database.transaction() as connection:
        connection.execute(text("SELECT FROM doma_panda.jedi_tasks FOR UPDATE"))
        assert recount(database, options=VerbOptions(lock=Lock.SKIP)) == []
    recount(database)
    with database.transaction() as connection:
        connection.execute(text("SELECT FROM doma_panda.jedi_tasks FOR UPDATE"))
        assert recount(database, options=VerbOptions(patience=0.1)) == []
    with database.transaction() as connection:
        found = connection.execute(select(JediDatasets.nfilesfinished)).scalars().all()
    assert sorted(found) == [1, 1]


def test_an_empty_catalogue_has_no_dataset() -> None:
    assert JsonCatalogue({}).list_files("scope:in") is None

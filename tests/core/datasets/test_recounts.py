"""Counters are recounted from files: wrong ones are listed and repaired, right ones stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pandadb.core.datasets import recounts
from pandadb.core.datasets.counters import COUNTERS, NAMES
from pandadb.models import JediDatasets, JediTasks
from tests.fed_tasks import (
    MASTER,
    OUTPUT,
    TASK,
    THEN,
    add_dataset,
    add_file,
    dataset_of,
    make_fed_task,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def recount(session: Session, **options: Any) -> dict[str, tuple[int | None, int]]:
    session.flush()
    found = recounts.recount(session, [TASK], **options)
    session.expire_all()
    return {one.counter: (one.was, one.right) for one in found if one.datasetid == MASTER}


def test_each_counter_is_what_the_files_give(session: Session) -> None:
    make_fed_task(session)
    spent: list[dict[str, Any]] = [{"attemptnr": 3}, {"failedattempt": 2, "maxfailure": 2}]
    files: list[tuple[str, dict[str, Any]]] = [("ready", {}), *(("ready", one) for one in spent)]
    files += [("picked", {}), ("running", {}), ("finished", {"startevent": 0, "endevent": 4})]
    files += [("pending", {}), ("lost", {}), ("picked", {"is_waiting": "Y"})]
    for number, (status, columns) in enumerate(files, start=1):
        add_file(session, number, status, **columns)
    add_file(session, 11, "finished", datasetid=OUTPUT, nevents=7, type="output")
    add_file(session, 12, "cancelled", datasetid=OUTPUT, nevents=7, type="output")

    assert recount(session) == {
        "nfiles": (None, 7),
        "nfilestobeused": (None, 5),
        "nfilesused": (None, 5),
        "nfilesfinished": (None, 1),
        "nfilesfailed": (None, 2),
        "nfileswaiting": (None, 1),
        "nfilesmissing": (None, 1),
        "nevents": (None, 10 + 20 + 30 + 40 + 50 + 5 + 70 + 90),
        "neventsused": (None, 5),
    }
    assert dataset_of(session).nfilesused == 5
    output = dataset_of(session, OUTPUT)
    found = (output.nfiles, output.nfilesfinished, output.nfilesfailed, output.nevents)
    assert found == (1, 1, 1, 7)
    assert recount(session) == {}


def test_a_dry_run_lists_and_changes_nothing(session: Session) -> None:
    make_fed_task(session, dataset={"nfiles": 9})
    add_file(session, 1, "ready")
    assert recount(session, repair=False)["nfiles"] == (9, 1)
    assert dataset_of(session).nfiles == 9


def test_a_dataset_without_files_counts_none(session: Session) -> None:
    make_fed_task(session, dataset={"nfiles": 2, "nevents": 3, "nfilesused": 1})
    assert recount(session) == {"nfiles": (2, 0), "nevents": (3, 0), "nfilesused": (1, 0)}


@pytest.mark.parametrize(("released", "right"), [(4, None), (3, None), (5, 4), (1, 2)])
def test_released_files_are_at_least_those_used_and_at_most_those_there(
    session: Session, released: int, right: int | None
) -> None:
    make_fed_task(session, dataset={"nfilestobeused": released})
    for number, status in enumerate(("finished", "running", "ready", "ready"), start=1):
        add_file(session, number, status)
    found = recount(session).get("nfilestobeused")
    assert found == (None if right is None else (released, right))


def test_no_more_files_are_on_hold_than_run(session: Session) -> None:
    make_fed_task(session, dataset={"nfilesonhold": 2})
    for number, status in enumerate(("running", "running", "finished"), start=1):
        add_file(session, number, status)
    assert "nfilesonhold" not in recount(session)
    for wrong, right in ((3, 2), (-1, 0)):
        dataset_of(session).nfilesonhold = wrong
        assert recount(session)["nfilesonhold"] == (wrong, right)


def test_a_missing_file_counts_until_its_dataset_is_fed_again(session: Session) -> None:
    make_fed_task(session)
    add_file(session, 1, "missing")
    for known in ((1, 0, 1), (0, 1, 0)):
        dataset = dataset_of(session)
        dataset.nfiles, dataset.nfilesmissing, dataset.nfilesfailed = known
        assert not {"nfiles", "nfilesmissing", "nfilesfailed"} & {*recount(session)}


def test_unmerged_datasets_and_other_tasks_are_left_alone(session: Session) -> None:
    make_fed_task(session)
    add_dataset(session, 95, "trn_output", nfiles=7, nfilesused=3)
    session.add(JediDatasets(**_other_task()))
    other = {"jeditaskid": 5, "taskname": "other", "status": "done", "username": "somebody"}
    session.add(JediTasks(**other, creationdate=THEN, modificationtime=THEN))
    session.flush()
    assert recounts.recount(session, [TASK]) == []
    assert recounts.recount(session) == []  # the files of an old task may be gone
    named = recounts.recount(session, [5])
    assert [(one.task, one.counter, one.was) for one in named] == [(5, "nfiles", 4)]


def _other_task() -> dict[str, Any]:
    return {
        "jeditaskid": 5, "datasetid": 51, "datasetname": "d", "type": "input", "nfiles": 4,
        "creationtime": THEN, "modificationtime": THEN,
    }  # fmt: skip


def test_each_counter_has_one_definition_for_a_type_and_says_it_in_words() -> None:
    seen = [(one.counter, kind) for one in COUNTERS for kind in one.types]
    assert len(seen) == len({*seen})
    assert {one.counter for one in COUNTERS} == {*NAMES}
    assert all(one.words for one in COUNTERS)

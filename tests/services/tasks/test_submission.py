"""Tasks from JSON to `defined`, as services."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from pandadb.core.tasks.requesters import Requester
from pandadb.core.tasks.submission.parameters import InvalidTask
from pandadb.core.tasks.submission.requests import SubmissionCode
from pandadb.models import Base, JediDatasets, JediTasks, TTask, Users
from pandadb.services.tasks import submission
from pandadb.services.transaction import VerbOptions
from tests.task_drafts import PARAMETERS

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

USER = Requester("/DC=ch/CN=A Newcomer")
PRODUCTION = Requester("/DC=ch/CN=prodsys", production_role=True)


def number_of(database: Database, model: type[Base]) -> int:
    with database.transaction() as connection:
        return connection.scalar(select(func.count()).select_from(model.__table__)) or 0


def test_a_task_is_entered_in_one_transaction(database: Database) -> None:
    answer, refined = submission.enter(database, PARAMETERS, requester=PRODUCTION)
    assert answer.code is SubmissionCode.ACCEPTED
    assert refined is not None
    assert (refined.jeditaskid, refined.status) == (answer.jeditaskid, "defined")
    assert number_of(database, JediDatasets) == 3


def test_a_task_that_cannot_be_refined_leaves_nothing(database: Database) -> None:
    given = {**PARAMETERS, "nFilesPerJob": "many"}
    with pytest.raises(InvalidTask, match="the task cannot be refined: nFilesPerJob has to be"):
        submission.enter(database, given, requester=PRODUCTION)
    for model in (TTask, JediTasks, Users):
        assert number_of(database, model) == 0


@pytest.mark.parametrize("mistake", [{"include": "(a+)+$"}, {"files": 3}, {"exclude": [1]}])
def test_a_task_that_could_not_be_fed_leaves_nothing(
    database: Database, mistake: dict[str, Any]
) -> None:
    first, *rest = PARAMETERS["jobParameters"]
    given = {**PARAMETERS, "jobParameters": [{**first, **mistake}, *rest]}
    with pytest.raises(InvalidTask, match="the task cannot be fed: "):
        submission.enter(database, given, requester=PRODUCTION)
    assert number_of(database, TTask) == number_of(database, JediTasks) == 0


def test_a_task_that_exists_is_not_entered_again(database: Database) -> None:
    given = {**PARAMETERS, "uniqueTaskName": True}
    first, _ = submission.enter(database, given, requester=USER)
    answer, refined = submission.enter(database, given, requester=USER)
    assert (answer.code, answer.jeditaskid) == (SubmissionCode.ACTIVE, first.jeditaskid)
    assert refined is None


def test_a_dry_run_leaves_nothing(database: Database) -> None:
    options = VerbOptions(dry_run=True)
    answer, refined = submission.enter(database, PARAMETERS, requester=PRODUCTION, options=options)
    assert answer.is_accepted
    assert refined is not None
    assert number_of(database, TTask) == number_of(database, JediTasks) == 0


def test_of_two_requests_at_once_with_a_unique_name_one_is_accepted(database: Database) -> None:
    given = {**PARAMETERS, "uniqueTaskName": True}
    with ThreadPoolExecutor(4) as pool:
        answers = [
            pool.submit(submission.submit, database, given, requester=USER) for _ in range(8)
        ]
    codes = sorted(answer.result().code for answer in answers)
    assert codes == [SubmissionCode.ACCEPTED] + [SubmissionCode.QUEUED] * 7
    assert number_of(database, Users) == 1


def test_two_refiners_at_once_refine_each_task_once(database: Database) -> None:
    for _ in range(5):
        submission.submit(database, PARAMETERS, requester=PRODUCTION)
    tasks = submission.take(database)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(submission.refine, database, order) for order in (tasks, tasks[::-1])]
    refined = [one.jeditaskid for part in both for one in part.result()]
    assert sorted(refined) == sorted(tasks)
    assert number_of(database, JediDatasets) == 15


@pytest.mark.parametrize(
    ("name", "label", "masters"),
    [("production", "managed", 1), ("user", "user", 1), ("noinput", "user", 1)],
)
def test_the_tasks_of_the_material_are_defined(
    database: Database, pytestconfig: pytest.Config, name: str, label: str, masters: int
) -> None:
    path: Path = pytestconfig.rootpath.parent / "shared" / "data" / "tasks" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    given: dict[str, Any] = submission.read(path.read_text())
    given["vo"] = "wlcg"  # the database has work queues for this one
    requester = PRODUCTION if label == "managed" else USER
    answer, refined = submission.enter(database, given, requester=requester)
    assert refined is not None
    assert refined.status == "defined"
    with database.transaction() as connection:
        rows = connection.execute(
            select(JediDatasets.__table__).where(
                JediDatasets.__table__.c.jeditaskid == answer.jeditaskid
            )
        ).all()
    inputs = [row for row in rows if row.type in ("input", "pseudo_input") and row.masterid is None]
    assert len(inputs) == masters
    assert json.loads(path.read_text())["taskName"] == given["taskName"]

"""Attributes of tasks: priority, columns, split rules, resource types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.sql.validation import InvalidValue
from pandadb.core.tasks.changes import attributes
from pandadb.models import JediTasks, JobsActive4, JobsDefined4, ResourceTypes, TTask
from tests.factories import make_job
from tests.task_commands import make_commanded_task, task_row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7


def change(session: Session, name: str, value: Any) -> list[int]:
    done = attributes.change_attribute(session, [TASK], name, value)
    session.expire_all()
    return done


def test_a_priority_reaches_the_live_jobs_and_production(session: Session) -> None:
    make_commanded_task(session, TASK)
    for state in ("defined", "activated", "running"):
        make_job(session, state, jeditaskid=TASK, currentpriority=500)
    other = make_job(session, "activated", jeditaskid=TASK + 1, currentpriority=500)

    assert attributes.change_priority(session, [TASK, 99], 777) == [TASK]

    session.expire_all()
    assert task_row(session, TASK).currentpriority == 777
    assert session.get_one(TTask, TASK).current_priority == 777
    jobs = [*session.scalars(select(JobsActive4)), *session.scalars(select(JobsDefined4))]
    assert {job.pandaid: job.currentpriority for job in jobs if job.pandaid == other} == {
        other: 500
    }
    assert {job.currentpriority for job in jobs if job.pandaid != other} == {777}


def test_the_priority_of_a_task_that_only_production_knows_is_set_there(session: Session) -> None:
    make_commanded_task(session, TASK)
    session.delete(task_row(session, TASK))
    session.flush()

    assert attributes.change_priority(session, [TASK], 777) == []
    session.expire_all()
    assert session.get_one(TTask, TASK).current_priority == 777


def types(session: Session) -> None:
    for name, cores, memory in (
        ("MCORE", (2, None), (0, 2000)), ("MCORE_HIMEM", (2, None), (2001, None)),
        ("SCORE", (1, 1), (0, 2000)), ("SCORE_HIMEM", (1, 1), (2001, None)),
    ):  # fmt: skip
        session.add(
            ResourceTypes(
                resource_name=name, mincore=cores[0], maxcore=cores[1],
                minrampercore=memory[0], maxrampercore=memory[1],
            )
        )  # fmt: skip
    session.flush()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"corecount": 1, "ramcount": 2222, "ramunit": "MBPerCore"}, "SCORE"),
        ({"corecount": 1, "ramcount": 2300, "ramunit": "MBPerCore"}, "SCORE_HIMEM"),
        ({"corecount": 8, "ramcount": 2000, "ramunit": "MBPerCore"}, "MCORE"),
        ({"corecount": 8, "ramcount": 16000, "ramunit": "MB"}, "MCORE"),
        ({"corecount": 8, "ramcount": 2000, "baseramcount": 9000, "ramunit": "MBPerCore"},
         "MCORE_HIMEM"),
        ({"corecount": 0, "ramcount": None, "ramunit": None}, "MCORE"),
        ({"corecount": None, "ramcount": 4000, "ramunit": "MB"}, "SCORE_HIMEM"),
    ],
)  # fmt: skip
def test_the_resource_type_follows_cores_and_memory(
    session: Session, given: dict[str, Any], kind: str
) -> None:
    types(session)
    make_commanded_task(session, TASK, **{**given, "resource_type": "old"})

    change(session, "wallTime", 900)

    assert task_row(session, TASK).resource_type == kind


def test_a_column_is_found_by_its_name_in_any_case(session: Session) -> None:
    make_commanded_task(session, TASK, corecount=1)

    assert change(session, "ramCount", 3000) == [TASK]
    assert (task_row(session, TASK).ramcount, task_row(session, TASK).resource_type) == (
        3000, "Undefined",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ramCoun", 1, "no column 'ramcoun': is it ramcount"),
        ("status", "done", "status is set by changes of the state"),
        ("jediTaskID", 1, "jeditaskid is set by"),
        ("goal", 5, "goal cannot be changed: ramcount"),
        ("ramCount", "much", "ramcount has to be a whole number"),
        ("ramCount; DROP TABLE x", 1, "no column"),
    ],
)
def test_a_wrong_attribute_is_refused(
    session: Session, name: str, value: Any, sentence: str
) -> None:
    make_commanded_task(session, TASK, ramcount=1)

    with pytest.raises(InvalidValue, match=sentence):
        change(session, name, value)
    assert task_row(session, TASK).ramcount == 1


@pytest.mark.parametrize(
    ("rules", "rule", "value", "new"),
    [
        ("FT=1", "NF", 5, "FT=1,NF=5"),
        ("NF=5,FT=1", "nFilesPerJob", 7, "FT=1,NF=7"),
        ("NF=5,FT=1", "NF", None, "FT=1"),
        ("NF=5", "NF", "None", ""),
        (None, "NF", "5", "NF=5"),
        ("AN=2,4,NF=5", "NF", 6, "AN=2,4,NF=6"),
    ],
)
def test_a_split_rule_is_set_at_the_end(
    session: Session, rules: str | None, rule: str, value: Any, new: str
) -> None:
    make_commanded_task(session, TASK, splitrule=rules)

    changed = attributes.change_split_rule(session, [TASK, 99], rule, value, any_rule=True)
    assert changed == [TASK]

    session.expire_all()
    assert task_row(session, TASK).splitrule == new


@pytest.mark.parametrize(
    ("rule", "value", "sentence"),
    [
        ("QQ", 1, "no split rule 'QQ'"),
        ("useScout", 2, "useScout cannot be changed: allowIncompleteInDS"),
        ("AN", "1", "cannot be changed"),
        ("NF", "1,US=2", "cannot have a comma"),
        ("NF", "9" * 200, "splitrule is too long"),
    ],
)
def test_a_wrong_split_rule_is_refused(
    session: Session, rule: str, value: Any, sentence: str
) -> None:
    make_commanded_task(session, TASK, splitrule="FT=1")

    with pytest.raises(InvalidValue, match=sentence):
        attributes.change_split_rule(session, [TASK], rule, value)
    assert session.scalars(select(JediTasks.splitrule)).all() == ["FT=1"]

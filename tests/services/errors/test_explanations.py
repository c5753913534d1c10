"""Errors of jobs explained and counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pandadb.core.jobs.search.pages import UnknownJob
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import ErrorDescriptions, JobsArchived
from pandadb.services import errors
from tests.given_errors import give_actions, give_class, give_failed, give_rule
from tests.task_rows import LONG_AGO

if TYPE_CHECKING:
    from pandadb.database import Database


def give_meaning(database: Database, code: int, text: str) -> None:
    row = {"component": "Pilot", "code": code, "description": text, "category": 1}
    with database.session() as session:
        session.add(ErrorDescriptions(**row))


def test_an_explanation_names_each_rule_with_its_verdict(database: Database) -> None:
    give_actions(database)
    give_rule(database, 1, 1305, "limit_retry", parameters="maxAttempt=4")
    give_rule(database, 2, 1305, "no_retry", errordiag="disk full")
    give_rule(database, 3, 1305, "limit_retry", parameters="maxAttempt=2")
    give_rule(database, 4, 65, "no_retry", errorsource="exeErrorCode")
    number = give_class(database, 1305, "system")
    give_meaning(database, 1305, "The payload ran out of memory")
    give_failed(database, 11, 1305, exeerrorcode=65)

    found = errors.explain(database, 11)[11]
    assert [(v.rule.number, v.counts) for v in found.verdicts] == [
        (1, False), (2, False), (3, True), (4, False),
    ]  # fmt: skip
    reasons = {v.rule.number: v.why for v in found.verdicts}
    assert "stricter" in reasons[1]
    assert "disk full" in reasons[2]
    assert reasons[3] == "limit_retry"
    assert "error before" in reasons[4]
    assert found.meanings == ["The payload ran out of memory", None]
    assert found.error_class is not None
    assert found.error_class.rule.number == number


def test_the_explanation_is_what_is_done(database: Database) -> None:
    give_actions(database)
    for number, action in enumerate(("increase_memory", "no_retry", "limit_retry"), start=1):
        give_rule(database, number, 1305, action, parameters="maxAttempt=2")
    give_failed(database, 11, 1305)
    counted = {v.rule.number for v in errors.explain(database, 11)[11].verdicts if v.counts}
    assert counted == {one.rule.number for one in errors.react(database, 11).rules} == {1, 2}


def test_an_archived_job_is_explained_too(database: Database) -> None:
    columns = {"jobstatus": "failed", "modificationtime": LONG_AGO, "ddmerrorcode": 200}
    with database.session() as session:
        session.add(JobsArchived(pandaid=77, **columns))
    (error,) = errors.explain(database, 77)[77].errors
    assert (error.source, error.code) == ("ddmErrorCode", 200)


def test_an_unknown_job_is_an_error(database: Database) -> None:
    with pytest.raises(UnknownJob):
        errors.explain(database, 99)


def test_errors_are_counted_by_code_site_and_task(database: Database) -> None:
    give_meaning(database, 1305, "Out of memory")
    for job, code, site in ((11, 1305, "A"), (12, 1305, "A"), (13, 1305, "B"), (14, 7, "B")):
        give_failed(database, job, code, computingsite=site)
    give_failed(database, 15, 1305, jobstatus="finished")
    give_failed(database, 16, 0, transexitcode="65")

    whole = errors.count(database)
    assert {(one.source, one.code): one.jobs for one in whole} == {
        ("pilotErrorCode", 1305): 3, ("pilotErrorCode", 7): 1, ("transExitCode", 65): 1,
    }  # fmt: skip
    assert whole[0].meaning == "Out of memory"
    assert whole[0].tasks == 3
    by_site = errors.count(database, ["site"])
    assert {(one.code, one.group["site"]): one.jobs for one in by_site} == {
        (1305, "A"): 2, (1305, "B"): 1, (7, "B"): 1, (65, "QUEUE_A"): 1,
    }  # fmt: skip
    of_task = errors.count(database, ["task"], jeditaskid=14)
    assert [(one.code, one.group["task"]) for one in of_task] == [(7, 14)]
    assert len(errors.count(database, ["task"], limit=2)) == 2
    assert not errors.count(database, since=LONG_AGO + timedelta(minutes=1))
    assert [one.code for one in errors.count(database, site="A")] == [1305]


def test_counting_by_something_else_is_refused(database: Database) -> None:
    with pytest.raises(InvalidValue, match="site"):
        errors.count(database, ["colour"])

"""The rules of verbs on a selection of jobs: the limit, all or nothing, the dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from pandadb.core.jobs import advances
from pandadb.core.jobs.refusals import RefusalReason, Refused
from pandadb.core.sql.transaction import Lock
from pandadb.core.sql.validation import InvalidValue
from pandadb.models import JobsActive4
from pandadb.services import jobs
from pandadb.services.jobs import Filter, VerbOptions
from pandadb.services.selection import TooMany, VerbAborted, VerbReport, run_verb
from tests.factories import make_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pandadb.database import Database

OF_TASK = Filter(jeditaskid=5)


def throttle(connection: Connection, pandaids: Sequence[int]) -> VerbReport:
    moved = advances.advance(
        connection, "throttle", pandaids, values={}, host="here", lock=Lock.WAIT
    )
    return VerbReport.of(moved)


def make(database: Database, *states: str) -> list[int]:
    with database.session() as session:
        return [make_job(session, state, jeditaskid=5) for state in states]


def states(database: Database) -> list[str]:
    found = jobs.find(database, columns=["jobstatus"]).jobs
    return [job["jobstatus"] for job in found]


def test_a_filter_or_ids_or_one_job_give_the_same_report(database: Database) -> None:
    made = make(database, "activated")
    choices: list[Any] = [OF_TASK, made, {*made}, made[0]]

    dry = [
        run_verb(database, "throttle", one, throttle, options=VerbOptions(dry_run=True))
        for one in choices
    ]

    assert dry == [dry[0]] * 4
    assert (dry[0].changed, dry[0].skipped, dry[0].dry_run) == (made, {}, True)
    assert states(database) == ["activated"]
    assert run_verb(database, "throttle", OF_TASK, throttle).before == {made[0]: "activated"}
    assert states(database) == ["throttled"]


def test_one_refusal_undoes_all_unless_it_is_skipped(database: Database) -> None:
    made = make(database, "activated", "running", "activated", "running")

    with pytest.raises(VerbAborted, match=r"is running, which throttle .*, and 1 more jobs") as e:
        run_verb(database, "throttle", OF_TASK, throttle)

    assert ([*e.value.refused], e.value.reason) == ([made[1], made[3]], RefusalReason.STATE)
    assert "throttled" not in states(database)
    report = run_verb(database, "throttle", OF_TASK, throttle, on_error="skip")
    assert (report.changed, [*report.skipped]) == ([made[0], made[2]], [made[1], made[3]])
    assert f"Job {made[1]} is running" in report.skipped[made[1]]
    assert states(database) == ["throttled", "running"] * 2


def test_an_unknown_job_is_a_reason(database: Database) -> None:
    assert run_verb(database, "throttle", 7, throttle, on_error="skip").skipped == {
        7: "Job 7 is unknown: no table has it"
    }
    with pytest.raises(Refused, match="Job 7 is unknown"):
        run_verb(database, "throttle", 7, throttle)


def test_beyond_the_limit_nothing_is_begun(database: Database) -> None:
    made = make(database, *["activated"] * 3)

    with pytest.raises(TooMany, match="throttle would take 3 jobs, and the limit is 1") as error:
        run_verb(database, "throttle", OF_TASK, throttle, limit=1)

    assert (error.value.number, error.value.limit) == (3, 1)
    with pytest.raises(TooMany):
        run_verb(database, "throttle", made, throttle, limit=2)
    assert run_verb(database, "throttle", made, throttle, limit=3).changed == made


def test_no_limit_is_none_or_zero_and_no_job_is_no_work(database: Database) -> None:
    made = make(database, *["activated"] * 3)

    assert run_verb(database, "throttle", made[:1], throttle, limit=0).changed == made[:1]
    assert run_verb(database, "throttle", made[1:], throttle, limit=None).changed == made[1:]
    assert run_verb(database, "throttle", [], throttle) == VerbReport(verb="throttle")


def test_a_job_that_has_ceased_to_match_while_it_was_waited_for_is_left_alone(
    database: Database,
) -> None:
    made = make(database, "activated", "activated")
    given: list[int] = []

    def lock(connection: Connection, pandaids: Sequence[int]) -> None:
        with database.transaction() as other:  # was quicker
            other.execute(
                update(JobsActive4).where(JobsActive4.pandaid == made[0]).values(jeditaskid=6)
            )

    def work(connection: Connection, pandaids: list[int]) -> VerbReport:
        given.extend(pandaids)
        return VerbReport()

    run_verb(database, "throttle", OF_TASK, work, lock=lock)

    assert given == made[1:]


@pytest.mark.parametrize(
    ("chosen", "rules", "sentence"),
    [
        (Filter(), {}, "A filter without a condition matches every job"),
        (5, {"on_error": "stop"}, "on_error has to be abort or skip, not 'stop'"),
        (5, {"limit": -1}, "limit has to be from 0"),
        (5, {"limit": True}, "limit has to be a whole number"),
        (True, {}, "pandaid has to be a whole number, not True"),
    ],
)
def test_invalid_rules_are_a_sentence(
    database: Database, chosen: Any, rules: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        run_verb(database, "throttle", chosen, throttle, **rules)


def test_a_report_for_json_has_the_reasons(database: Database) -> None:
    made = make(database, "activated", "running")

    plain = run_verb(database, "throttle", made, throttle, on_error="skip").plain()

    assert plain["verb"] == "throttle"
    assert plain["states"] == {made[0]: "throttled"}
    assert plain["reasons"] == {made[1]: "wrong state"}

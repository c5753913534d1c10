"""F.4-8: each verb on a job in each state leads where the matrix says, or changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.controller import JobController, NotAllowed
from pandadb.models import JobControl, Jobs
from pandadb.services.queue import OUTCOMES, Standing
from tests.controller.queued_jobs import newest, status, trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandadb.database import Database
    from pandadb.services.selection import VerbReport

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

S = Standing
VERBS: dict[str, Callable[[JobController, int], VerbReport]] = {
    "rerun": lambda c, job: c.rerun(job),
    "rerun by force": lambda c, job: c.rerun(job, force=True),
    "retry": lambda c, job: c.retry(job),
    "pause": lambda c, job: c.pause(job),
    "resume": lambda c, job: c.resume(job),
    "stop": lambda c, job: c.stop(job),
    "delete": lambda c, job: c.delete(job),
    "set state": lambda c, job: c.set_state(job, "running"),
    "set priority": lambda c, job: c.update(job, priority=7),
    "set properties": lambda c, job: c.update(job, resources={"n": 1}),
}
AFTER: dict[str, str | None] = {
    "rerun": "activated",
    "rerun by force": "activated",
    "resume": "activated",
    "stop": "cancelled",
    "delete": None,
    "set state": "running",
}
"""The state after a verb; others leave it, and a pause holds it back."""
ENDED = ("finished", "failed", "cancelled", "closed")
FAST = (S.PAUSED, S.FAILED)


def seen(database: Database, job: int) -> list[Any]:
    with database.session() as session:
        control = session.scalars(select(JobControl).where(JobControl.pandaid == job)).one()
        row = session.scalars(select(Jobs).where(Jobs.pandaid == job)).one()
        both = [(control, JobControl), (row, Jobs)]
        return [
            {c.name: getattr(one, c.name) for c in model.__table__.c if c.name != "metadata"}
            for one, model in both
        ]


def test_the_matrix_has_every_verb_and_every_state() -> None:
    assert {*VERBS} == {*OUTCOMES}
    assert {state for states in OUTCOMES.values() for state in states} == {*Standing}


@pytest.mark.parametrize(
    "state",
    [pytest.param(one, marks=[] if one in FAST else [pytest.mark.slow]) for one in Standing],
)
def test_verbs_on_a_job_in_a_state(database: Database, state: Standing) -> None:
    for verb, call in VERBS.items():
        with database.transaction() as connection:
            for table in ("jobsdefined4", "jobsactive4", "jobsarchived4"):
                connection.exec_driver_sql(f"DELETE FROM doma_panda.{table}")
            for table in ("job_control", "job_dependency", "job_group_member"):
                connection.exec_driver_sql(f"DELETE FROM pandadb.{table}")
        job = trio(database, state).job
        before = seen(database, job)
        controller = JobController(database)
        if state not in OUTCOMES[verb]:
            with pytest.raises(NotAllowed, match=f"is {state} "):
                call(controller, job)
            assert seen(database, job) == before, verb
            continue
        report = call(controller, job)
        assert report.changed == [job], verb
        if verb == "delete":
            assert status(database, job) is None
            continue
        now = status(database, newest(database, "J"))
        assert report.states[job] == now, verb
        if verb == "pause":
            assert now == ("pending" if state is S.WAITING else "throttled")
        else:
            assert now == AFTER.get(verb, before[1]["jobstatus"]), verb
        if verb in ("rerun", "rerun by force", "resume", "set state"):
            assert (job in report.attempts) == (before[1]["jobstatus"] in ENDED), verb

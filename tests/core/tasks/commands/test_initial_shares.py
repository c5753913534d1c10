"""Shares of retried tasks and of their jobs, found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from pandadb.core.tasks.commands import initial_shares
from pandadb.models import GlobalShares, JediTaskParams, JobsActive4, JobsDefined4
from tests.factories import make_job
from tests.task_commands import make_commanded_task, sent_statements, task_row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TASK = 7


def make_task(session: Session, task: int = TASK, params: str | None = "{}", **more: Any) -> int:
    given = {"prodsourcelabel": "user", "gshare": "Old", **more}
    make_commanded_task(session, task, "toretry", **given)
    session.add(JediTaskParams(jeditaskid=task, taskparams=params))
    session.flush()
    return task


@pytest.fixture(autouse=True)
def _shares(session: Session) -> None:
    for number, (name, label) in enumerate((("Analysis", "user"), ("Production", "managed"))):
        share = GlobalShares(name=name, value=50, prodsourcelabel=label, queue_id=number, vo="x")
        session.add(share)
    session.flush()


@pytest.mark.parametrize(
    ("params", "more", "share"),
    [
        ("{}", {}, "Analysis"),
        ('{"gshare": "Production"}', {}, "Production"),
        ('{"gshare": "None such"}', {}, "Analysis"),
        ("no JSON", {}, "Analysis"),
        (None, {}, "Analysis"),
        ("{}", {"prodsourcelabel": "other"}, "Old"),
        ("{}", {"lockedby": "agent"}, "Old"),
    ],
)
def test_a_task_has_the_share_that_a_new_one_would_have(
    session: Session, params: str | None, more: dict[str, Any], share: str
) -> None:
    make_task(session, params=params, **more)

    changes = initial_shares.reset(session, [TASK])

    session.expire_all()
    assert task_row(session, TASK).gshare == share
    assert changes.tasks == ({TASK: ("Old", share)} if share != "Old" else {})
    assert [*changes.refused] == ([TASK] if share == "Old" else [])


def test_jobs_that_have_not_run_to_their_end_go_with_their_task(session: Session) -> None:
    make_task(session)
    for state in ("defined", "activated", "running", "holding"):
        make_job(session, state, jeditaskid=TASK, gshare="Old")

    initial_shares.reset(session, [TASK])

    session.expire_all()
    jobs = [*session.scalars(select(JobsActive4)), *session.scalars(select(JobsDefined4))]
    assert {job.jobstatus: job.gshare for job in jobs} == {
        "defined": "Analysis", "activated": "Analysis", "running": "Analysis", "holding": "Old",
    }  # fmt: skip


def test_shares_of_many_tasks_take_the_statements_of_one(session: Session) -> None:
    def count(*tasks: int) -> int:
        for task in tasks:
            make_task(session, task)
        with sent_statements(session) as sent:
            initial_shares.reset(session, tasks)
        return len(sent)

    assert count(1) == count(*range(100, 120))
    assert initial_shares.reset(session, []).tasks == {}
    assert initial_shares.reset(session, [99]).refused == {99: "There is no task 99"}

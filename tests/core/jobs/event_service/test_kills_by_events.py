"""Kills of consumers, and of jobs that merge events, with the others of their job sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from pandadb.core.events.states import EventStatus as Is
from pandadb.core.jobs.ending import kills
from pandadb.core.jobs.ending.lost_heartbeat import give_up
from pandadb.models import JediEvents, JobsActive4
from tests.core.jobs.event_service.test_consumer_ends import (
    begin,
    end,
    ended,
    input_file,
    live,
    take,
)
from tests.core.jobs.event_service.test_merge_ends import merge
from tests.event_tasks import JOBSET, holders

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from pandadb.core.jobs.ending.kills import KillResult


def kill(session: Session, *jobs: int, code: int = 9) -> KillResult:
    killed = kills.kill(session, jobs, code=code, by="somebody", host="here")
    assert killed.refused == {}
    return killed


def states(session: Session) -> list[int]:
    return [status for _, status, _ in holders(session).values()]


def test_the_other_consumers_end_with_one_that_is_killed(session: Session) -> None:
    job, busy, idle = begin(session, jobs=3)
    take(session, job, Is.FINISHED, 1)
    take(session, busy, Is.FINISHED, 2)
    take(session, busy, Is.RUNNING, 3)

    killed = kill(session, job)

    assert (killed.jobs, killed.merged) == (
        {job: "cancelled"}, {busy: "cancelled", idle: "closed"},
    )  # fmt: skip
    assert ended(session, job) == ("cancelled", None, 100)
    assert ended(session, busy) == ("cancelled", "es_killed", 120)
    assert ended(session, idle) == ("closed", "es_unused", 116)
    assert states(session) == [Is.FINISHED, Is.DISCARDED, Is.CANCELLED, Is.CANCELLED]
    file = input_file(session)
    assert (file.status, file.attemptnr, file.failedattempt) == ("ready", 1, 0)


def test_processed_events_are_kept_where_the_job_says_so(session: Session) -> None:
    job, busy = begin(session, jobs=2, specialhandling="eventservice,de")
    take(session, busy, Is.FINISHED, 2)
    take(session, busy, Is.RUNNING, 3)

    kill(session, job)

    assert states(session) == [Is.READY, Is.FINISHED, Is.CANCELLED, Is.READY]


def test_of_consumers_that_are_killed_together_the_first_is_the_one(session: Session) -> None:
    first, second = begin(session, jobs=2)
    take(session, second, Is.FINISHED, 2)

    killed = kill(session, first, second)

    assert killed.jobs | killed.merged == {first: "cancelled", second: "cancelled"}
    assert ended(session, second) == ("cancelled", "es_killed", 120)
    assert input_file(session).attemptnr == 1


def test_a_consumer_that_expires_drops_its_own_events(session: Session) -> None:
    (job,) = begin(session)
    take(session, job, Is.FINISHED, 1)
    take(session, job, Is.RUNNING, 2)

    kill(session, job, code=2)

    assert ended(session, job) == ("closed", "toreassign", 102)
    assert states(session) == [Is.DISCARDED, *[Is.CANCELLED] * 3]


def test_earlier_consumers_get_the_state_of_one_that_is_killed(session: Session) -> None:
    (job,) = begin(session)
    take(session, job, Is.FINISHED, 1)
    new = end(session, "finish", job).follow[job]

    kill(session, new, code=50)

    assert ended(session, job)[0] == "cancelled"
    assert states(session) == [Is.DISCARDED, *[Is.CANCELLED] * 3]


def test_a_consumer_that_was_replaced_is_killed_alone(session: Session) -> None:
    job, other = begin(session, jobs=2)
    take(session, other, Is.RUNNING, 1)
    session.execute(
        update(JobsActive4).where(JobsActive4.pandaid == job).values(taskbuffererrorcode=106)
    )

    killed = kill(session, job)

    assert (killed.merged, live(session, other).jobstatus) == ({}, "running")
    assert states(session) == [Is.RUNNING, *[Is.READY] * 3]


def test_a_failed_consumer_keeps_its_state_and_the_others_end_with_it(session: Session) -> None:
    job, other = begin(session, jobs=2)
    take(session, other, Is.FINISHED, 1)
    failed = update(JobsActive4).where(JobsActive4.pandaid == job).values(jobstatus="failed")
    session.execute(failed)

    killed = kill(session, job)

    assert killed.jobs == {job: "failed"}
    assert ended(session, other) == ("cancelled", "es_killed", 120)


def test_a_merge_job_that_is_killed_drops_the_events(session: Session) -> None:
    job, new = merge(session)
    session.execute(
        update(JobsActive4).where(JobsActive4.pandaid == new).values(jobstatus="activated")
    )

    kill(session, new)

    assert ended(session, job)[0] == "cancelled"
    assert {*states(session)} == {Is.DISCARDED}
    assert {*session.scalars(select(JediEvents.file_not_deleted))} == {"Y"}


def test_a_merge_job_that_runs_is_told_to_end(session: Session) -> None:
    job, new = merge(session)

    killed = kill(session, new, code=2)

    assert (killed.told, ended(session, job)[0]) == ([new], "merging")


def test_ranges_of_a_jumbo_job_that_is_killed_go_back(session: Session) -> None:
    (job,) = begin(session, eventservice=4)
    take(session, job, Is.FINISHED, 1, is_jumbo=1)
    take(session, job, Is.RUNNING, 2, is_jumbo=1)

    kill(session, job)

    assert holders(session)[1] == (job, Is.FINISHED, 2)
    assert holders(session)[11] == (JOBSET, Is.READY, 1)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ({}, ("failed", "es_heartbeat", 123)),
        ({1: Is.RUNNING}, ("failed", "es_heartbeat", 123)),
        ({1: Is.FINISHED}, ("merging", "es_retry", 111)),
    ],
)
def test_a_silent_consumer_is_lost_unless_it_has_finished_a_range(
    session: Session, taken: dict[int, Is], expected: tuple[Any, ...]
) -> None:
    (job,) = begin(session)
    for number, status in taken.items():
        take(session, job, status, number)

    give_up(session, [job], code=100, diag="silent", host="here")

    assert ended(session, job) == expected

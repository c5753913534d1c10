"""What a job has been through: states with their times, and the chain of attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.core.jobs.search.histories import Attempt, history
from pandadb.core.jobs.search.pages import UnknownJob
from tests.factories import make_archived, make_job, make_log, make_retry
from tests.plans import plans

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAY = datetime(2026, 11, 20)


def states(session: Session, pandaid: int) -> list[tuple[str, float | None]]:
    return [(step.jobstatus, step.seconds) for step in history(session, pandaid).states]


def chain(session: Session, pandaid: int) -> list[tuple[Any, ...]]:
    attempts = history(session, pandaid).attempts
    return [(one.pandaid, one.follows, one.relationtype) for one in attempts]


def test_states_are_in_the_order_of_time_with_the_seconds_in_each(session: Session) -> None:
    pandaid = make_job(session, "finished")
    later = [DAY + timedelta(seconds=seconds) for seconds in (0, 5, 65.5)]
    log = zip(("defined", "running", "finished"), later, strict=True)
    make_log(session, pandaid, *reversed([*log]))

    found = states(session, pandaid)

    assert found == [("defined", 5), ("running", 60.5), ("finished", None)]


def test_states_of_the_same_moment_are_in_the_order_of_a_life(session: Session) -> None:
    pandaid = make_job(session, "activated")
    make_log(session, pandaid, ("activated", DAY), ("assigned", DAY), ("defined", DAY))

    assert [name for name, _ in states(session, pandaid)] == ["defined", "assigned", "activated"]


def test_the_state_that_a_job_is_in_lasts_until_now(session: Session) -> None:
    pandaid = make_job(session, "running")
    make_log(session, pandaid, ("running", DAY))
    missed = make_job(session, "holding")
    make_log(session, missed, ("running", DAY))

    (_, seconds), *_ = states(session, pandaid)
    so_far = (datetime.now(UTC).replace(tzinfo=None) - DAY).total_seconds()
    assert seconds is not None
    assert abs(seconds - so_far) < 60
    assert states(session, missed) == [("running", None)]


def test_the_chain_of_attempts_is_the_same_from_each_of_them(session: Session) -> None:
    first = make_job(session, "failed", jeditaskid=7, attemptnr=1, computingsite="A")
    second = make_archived(session, "failed", jeditaskid=7, attemptnr=2)
    third = make_job(session, "running", jeditaskid=7, attemptnr=3)
    make_retry(session, first, second, first)
    make_retry(session, second, third, first, None)
    make_retry(session, 999, first, 999, "jobset_id")

    expected = [(first, (), None), (second, (first,), "retry"), (third, (second,), None)]
    expected.sort()

    for pandaid in (first, second, third):
        assert chain(session, pandaid) == expected
    assert history(session, third).attempts[0] == Attempt(
        first, (), None, 1, "failed", "A", "jobsarchived4"
    )


def test_a_merge_job_follows_all_that_it_merges_with_their_attempts(session: Session) -> None:
    one, lost, other, merge = (make_job(session, "merging", jeditaskid=7) for _ in range(4))
    make_retry(session, lost, other, lost)
    make_retry(session, one, merge, one, "merge")
    make_retry(session, other, merge, lost, "merge")

    assert [job for job, *_ in chain(session, merge)] == [one, lost, other, merge]
    assert chain(session, merge)[-1] == (merge, (one, other), "merge")


def test_attempts_that_no_table_has_any_more_have_no_state(session: Session) -> None:
    pandaid = make_job(session, "running", jeditaskid=7)
    make_retry(session, 5, pandaid)

    assert history(session, pandaid).attempts[0] == Attempt(5, (), None, *[None] * 4)
    assert [one.pandaid for one in history(session, 5).attempts] == [5, pandaid]


def test_a_job_that_was_never_tried_again_is_its_only_attempt(session: Session) -> None:
    pandaid = make_job(session, "sent")

    assert chain(session, pandaid) == [(pandaid, (), None)]


def test_a_job_that_nothing_is_known_of_is_a_sentence(session: Session) -> None:
    with pytest.raises(UnknownJob, match="Job 5 is unknown"):
        history(session, 5)


def test_a_history_uses_indexes(session: Session) -> None:
    pandaid = make_job(session, "running", jeditaskid=7)

    for plan in plans(session, lambda: history(session, pandaid)):
        assert "Seq Scan" not in plan

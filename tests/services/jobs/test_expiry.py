"""Expiry: each rule's jobs end once, in batches, whoever else is at work."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from pandadb.core.jobs.ending.timeouts import UnknownRule
from pandadb.database import Database
from pandadb.models import JobsActive4, JobsArchived4, JobsStatusLog
from pandadb.services import jobs
from pandadb.services.jobs import ExpiryResult, VerbOptions, expiry
from tests.factories import make_job

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def make(
    database: Database, state: str, number: int, hours: float = 30, **more: object
) -> list[int]:
    """Make jobs of that age, the first the oldest."""
    with database.session() as session:
        return [
            make_job(
                session, state, modificationtime=NOW - timedelta(hours=hours, seconds=-i),
                **{"prodsourcelabel": "managed", **more},
            )
            for i in range(number)
        ]  # fmt: skip


def count(database: Database, model: type) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_jobs_end_by_the_rule_that_is_theirs(database: Database) -> None:
    sent, silent = make(database, "sent", 2), make(database, "running", 1)
    make(database, "running", 1, hours=0)

    found = jobs.expire(database)

    assert [(each.rule, each.before) for each in found] == [
        ("sent", dict.fromkeys(sent, "sent")),
        ("heartbeat", dict.fromkeys(silent, "running")),
    ]
    assert jobs.expire(database) == []
    assert (count(database, JobsActive4), count(database, JobsStatusLog)) == (1, 3)


def test_at_most_so_many_jobs_end_for_a_rule_the_oldest_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 2)
    sent = make(database, "sent", 7)

    first = jobs.expire(database, rules=["sent"], limit=5)
    second = jobs.expire(database, rules=["sent"], limit=5)

    assert [[*each.jobs] for each in (*first, *second)] == [sent[:5], sent[5:]]


def test_a_dry_run_names_each_job_once_and_changes_nothing(database: Database) -> None:
    sent = make(database, "holding", 3, hours=100, prodsourcelabel="user", currentpriority=900)

    found = jobs.expire(database, options=VerbOptions(dry_run=True))

    assert [(each.rule, [*each.jobs]) for each in found] == [("analysis-holding", sent)]
    assert (count(database, JobsActive4), count(database, JobsArchived4)) == (3, 0)


def test_running_jobs_are_told_once(database: Database) -> None:
    make(database, "merging", 1, hours=200, prodsourcelabel="user")
    more = {
        "eventservice": 2,
        "prodsourcelabel": "user",
        "statechangetime": NOW - timedelta(hours=30),
    }
    merge = make(database, "running", 1, hours=0, **more)

    found = jobs.expire(database)

    assert [each.rule for each in found] == ["analysis-active", "merge-running"]
    assert found[1].told == merge
    assert jobs.expire(database) == []


def test_locked_jobs_are_left_for_the_next_run(database: Database) -> None:
    busy, free = make(database, "sent", 2)
    with database.session() as other:
        other.execute(select(JobsActive4).where(JobsActive4.pandaid == busy).with_for_update())
        first = jobs.expire(database)

    second = jobs.expire(database)

    assert [[*each.jobs] for each in (*first, *second)] == [[free], [busy]]


@pytest.mark.slow
def test_two_runs_at_once_end_each_job_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 10)
    ids = {
        *make(database, "sent", 60),
        *make(database, "defined", 60),
        *make(database, "waiting", 9),
    }
    results: list[list[ExpiryResult]] = []
    threads = [
        threading.Thread(target=lambda: results.append(jobs.expire(database))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.append(jobs.expire(database))  # what one skipped while another had it locked

    ended = [job for found in results for each in found for job in each.jobs]
    assert sorted(ended) == sorted(ids)
    assert not any(each.refused for found in results for each in found)
    assert count(database, JobsArchived4) == count(database, JobsStatusLog) == len(ids)


def test_an_unknown_rule_ends_nothing(database: Database) -> None:
    make(database, "sent", 1)

    with pytest.raises(UnknownRule, match="There is no rule 'sand'"):
        jobs.expire(database, rules=["sent", "sand"])
    assert count(database, JobsActive4) == 1


def test_a_job_that_is_heard_of_again_in_time_is_left_alone(database: Database) -> None:
    (pandaid,) = make(database, "running", 1)
    ended: list[list[ExpiryResult]] = []
    with database.session() as pilot:
        job = pilot.get_one(JobsActive4, pandaid, with_for_update=True)
        job.modificationtime = NOW
        pilot.flush()
        ended.append(jobs.expire(database))
    ended.append(jobs.expire(database))

    assert ended == [[], []]
    with database.session() as session:
        session.execute(delete(JobsActive4))

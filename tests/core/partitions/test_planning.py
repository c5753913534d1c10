"""Plans: never a partition too many, none that overlaps, none dropped before its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandadb.core.partitions.catalog import Partition
from pandadb.core.partitions.intervals import Span
from pandadb.core.partitions.planning import Do, PlanStep, plan
from pandadb.core.partitions.policies import POLICIES, Policy, Then

LOG = POLICIES["doma_panda.jobs_statuslog"]
TASKS = POLICIES["doma_panda.jedi_tasks"]
NOW = datetime(2026, 11, 21, 13, 30)
TODAY = datetime(2026, 11, 21)
DEFAULT = Partition("doma_panda", "jobs_statuslog_default", None, None, is_default=True)


def day(policy: Policy, start: datetime, days: int = 1) -> Partition:
    name = f"{policy.table.partition('.')[2]}_{Span.of('1 day').suffix(start)}"
    return Partition("doma_panda", name, start, start + timedelta(days))


def made(steps: list[PlanStep]) -> list[str]:
    return [step.partition for step in steps if step.do in (Do.MAKE, Do.DRAIN)]


def test_a_new_database_gets_today_and_the_days_ahead() -> None:
    steps = plan(replace(LOG, ahead=2), [DEFAULT], NOW, NOW, {})

    assert [(step.do, step.partition, step.lower) for step in steps] == [
        (Do.MAKE, "jobs_statuslog_p2026_11_21", TODAY),
        (Do.MAKE, "jobs_statuslog_p2026_11_22", TODAY + timedelta(1)),
        (Do.MAKE, "jobs_statuslog_p2026_11_23", TODAY + timedelta(2)),
    ]


def test_ids_get_the_range_of_the_greatest_and_those_ahead() -> None:
    steps = plan(replace(TASKS, ahead=1), [], 13_332_803, NOW, {})

    assert made(steps) == ["jedi_tasks_p13000000", "jedi_tasks_p14000000"]
    assert [step.upper for step in steps] == [14_000_000, 15_000_000]


def test_rows_in_the_default_partition_are_a_reason_for_theirs() -> None:
    old = datetime(2026, 9, 1)
    steps = plan(replace(LOG, ahead=0), [DEFAULT], NOW, NOW, {old: 7, TODAY: 2})

    assert [(step.do, step.lower, step.rows) for step in steps] == [
        (Do.DRAIN, old, 7),
        (Do.DRAIN, TODAY, 2),
    ]


def test_days_begin_where_a_partition_of_a_month_ends() -> None:
    month = Partition("doma_panda", "jobs_statuslog_p2026_11", datetime(2026, 11, 1), None)
    month = replace(month, upper=datetime(2026, 12, 1))
    steps = plan(replace(LOG, ahead=11), [month, DEFAULT], NOW, NOW, {})

    assert made(steps) == ["jobs_statuslog_p2026_12_01", "jobs_statuslog_p2026_12_02"]


def test_a_month_fills_the_gaps_between_days() -> None:
    days = [day(LOG, datetime(2026, 11, 1)), day(LOG, TODAY)]
    monthly = replace(LOG, interval=Span.of("1 month"), ahead=0)

    steps = plan(monthly, [*days, DEFAULT], NOW, NOW, {})

    assert [(step.partition, step.lower, step.upper) for step in steps] == [
        ("jobs_statuslog_p2026_11_02", datetime(2026, 11, 2), TODAY),
        ("jobs_statuslog_p2026_11_22", datetime(2026, 11, 22), datetime(2026, 12, 1)),
    ]


def test_a_day_is_dropped_when_its_last_moment_is_old_enough() -> None:
    week = replace(LOG, retention=Span.of("7 days"), ahead=0)
    days = [day(week, TODAY - timedelta(n)) for n in (9, 8, 7, 0)]

    steps = plan(week, [*days, DEFAULT], NOW, NOW, {})

    assert [(step.do, step.lower) for step in steps] == [
        (Do.DROP, TODAY - timedelta(9)),
        (Do.DROP, TODAY - timedelta(8)),
    ]


def test_a_day_of_jobs_is_the_archivers() -> None:
    jobs = POLICIES["doma_panda.jobsarchived4"]
    steps = plan(replace(jobs, ahead=0), [day(jobs, datetime(2026, 9, 1))], NOW, NOW, {})

    assert [step.do for step in steps] == [Do.MAKE, Do.ARCHIVE]


def test_rows_of_live_jobs_are_never_due() -> None:
    files = POLICIES["doma_panda.filestable4"]
    live = Partition("doma_panda", "filestable4_live", None, datetime(1970, 1, 2))

    assert made(plan(files, [live], NOW, NOW, {})) == [
        f"filestable4_p2026_11_{day}" for day in range(21, 29)
    ]
    assert all(step.do is Do.MAKE for step in plan(files, [live], NOW, NOW, {}))


STARTS = st.dates(datetime(2026, 9, 1).date(), datetime(2026, 12, 31).date()).map(
    lambda date: datetime(date.year, date.month, date.day)
)
KNOWN = st.dictionaries(STARTS, st.integers(1, 9), max_size=12)


def without_overlap(widths: dict[datetime, int]) -> list[Partition]:
    found: list[Partition] = []
    for start, days in sorted(widths.items()):
        if not found or not found[-1].overlaps(start, start + timedelta(days)):
            found.append(day(LOG, start, days))
    return found


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    interval = Span.of(draw(st.sampled_from(["1 day", "3 days", "1 month"])))
    kept = draw(st.sampled_from([None, "1 day", "30 days", "1 month"]))
    retention = Span.of(kept) if kept else None
    ahead = draw(st.integers(0, 9))
    return Policy(LOG.table, interval, ahead, retention, Then.DROP if retention else Then.KEEP)


@pytest.mark.slow
@given(
    policies(),
    KNOWN.map(without_overlap),
    st.datetimes(datetime(2026, 9, 1), datetime(2027, 1, 1)),
    st.sets(STARTS, max_size=3),
)
def test_after_a_plan_all_times_ahead_have_one_partition_and_nothing_young_is_gone(
    policy: Policy, has: list[Partition], now: datetime, strays: set[datetime]
) -> None:
    interval, retention = policy.interval, policy.retention
    outside = {s for s in strays if not any(p.overlaps(s, s + timedelta(1)) for p in has)}
    stray = {interval.start(start): 1 for start in outside}

    steps = plan(policy, [*has, DEFAULT], now, now, stray)

    made_ = [
        Partition("doma_panda", s.partition, s.lower, s.upper)
        for s in steps
        if s.do in (Do.MAKE, Do.DRAIN)
    ]
    every = sorted([*has, *made_], key=lambda p: str(p.lower))
    assert all(one.upper <= two.lower for one, two in pairwise(every))  # type: ignore[operator]
    assert len({p.name for p in every}) == len(every)
    for moment in (now, *(interval.after(now, n) for n in range(1, policy.ahead + 1)), *outside):
        assert any(p.overlaps(moment, moment + timedelta(microseconds=1)) for p in every)
    for step in steps:
        if step.do is Do.DROP:
            assert retention
            assert step.upper <= retention.before(now)  # type: ignore[operator]
    assert made(plan(policy, [*every, DEFAULT], now, now, {})) == []

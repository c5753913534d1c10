"""Whatever the policies, the time, the partitions and the holds: nothing goes that is too young.

The pure plans get many random cases, archiver and maintenance of a real database a few.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, days
from pandadb.core.partitions import catalog, planning
from pandadb.core.partitions.catalog import Partition
from pandadb.core.partitions.intervals import Span, Unit
from pandadb.core.partitions.planning import Do
from pandadb.core.partitions.policies import POLICIES, Policy, Then
from pandadb.services import archive, partitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

LOG = "doma_panda.jobs_statuslog"
JOBS = "doma_panda.jobsarchived4"
FIRST = datetime(2024, 1, 1)
MOMENTS = st.datetimes(FIRST, datetime(2027, 12, 31))
SPANS = st.one_of(
    st.builds(Span, st.integers(1, 45), st.just(Unit.DAY)),
    st.builds(Span, st.integers(1, 14), st.just(Unit.MONTH)),
)
POLICY = st.builds(
    Policy,
    table=st.just(LOG),
    interval=SPANS,
    ahead=st.integers(0, 4),
    retention=st.none() | SPANS,
    then=st.sampled_from(Then),
)
CUTS = st.lists(st.integers(0, 2500), min_size=2, max_size=12, unique=True).map(sorted)
"""Days after the first one, between which partitions are."""


def between(cuts: Sequence[int], left_out: int = 0) -> list[Partition]:
    """Return partitions between some days, of which one may be missing."""
    bounds = [FIRST + timedelta(day) for day in cuts]
    named = [Partition("doma_panda", f"jobs_statuslog_p{lower:%Y_%m_%d}", lower, upper)
             for lower, upper in pairwise(bounds)]  # fmt: skip
    return [one for number, one in enumerate(named) if number != left_out - 1]


def is_over(end: datetime, kept: Span, now: datetime) -> bool:
    """Tell whether what has ended then need not be kept any more, reckoned from its end."""
    if kept.unit is Unit.DAY:
        return now - end >= timedelta(kept.size)
    months = now.year * 12 + now.month - end.year * 12 - end.month
    clock = (end.day, end.time()) <= (now.day, now.time())
    return months > kept.size or (months == kept.size and clock)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(policy=POLICY, cuts=CUTS, left_out=st.integers(0, 11), now=MOMENTS)
def test_a_plan_ends_only_what_is_older_than_is_kept(
    policy: Policy, cuts: list[int], left_out: int, now: datetime
) -> None:
    there = between(cuts, left_out)
    steps = planning.plan(policy, there, now, now, {})
    ending = [step for step in steps if step.do in (Do.DROP, Do.ARCHIVE)]

    assert {step.do for step in ending} <= {str(policy.then)}
    if policy.retention is None or policy.then is Then.KEEP:
        assert ending == []
        return
    over = [one.name for one in there if one.upper <= policy.retention.before(now)]  # type: ignore[operator]
    assert [step.partition for step in ending] == over
    for step in ending:
        assert isinstance(step.upper, datetime)
        assert is_over(step.upper, policy.retention, now)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    policy=POLICY,
    cuts=CUTS,
    left_out=st.integers(0, 11),
    now=MOMENTS,
    stray=st.lists(MOMENTS, max_size=4),
)
def test_what_a_plan_makes_fits_between_what_is_there_and_has_every_stray_row(
    policy: Policy, cuts: list[int], left_out: int, now: datetime, stray: list[datetime]
) -> None:
    there = between(cuts, left_out)
    strays = [moment for moment in stray if not any(_has(one, moment) for one in there)]
    rows = {policy.interval.start(moment): 1 for moment in strays}

    steps = planning.plan(policy, there, now, now, rows)

    made = [Partition("doma_panda", step.partition, step.lower, step.upper)
            for step in steps if step.do in (Do.MAKE, Do.DRAIN)]  # fmt: skip
    everything = sorted([*there, *made], key=lambda one: one.lower)  # type: ignore[arg-type,return-value]
    assert all(one.upper <= other.lower for one, other in pairwise(everything))  # type: ignore[operator]
    assert len({one.name for one in everything}) == len(everything)
    for moment in (now, *strays):
        assert any(_has(one, moment) for one in everything)


def _has(one: Partition, moment: datetime) -> bool:
    assert isinstance(one.lower, datetime)
    assert isinstance(one.upper, datetime)
    return one.lower <= moment < one.upper


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(layouts=st.tuples(*[st.tuples(CUTS, st.integers(0, 11))] * 4))
def test_partitions_of_one_time_are_of_one_day_and_in_order(
    layouts: tuple[tuple[list[int], int], ...],
) -> None:
    there = {table: between(*layout) for table, layout in zip(ARCHIVE_OF, layouts, strict=True)}

    found = days(there)

    assert sum(len(day.parts) for day in found) == sum(map(len, there.values()))
    assert all(one.upper <= other.lower for one, other in pairwise(found))
    assert all(day.lower <= part.lower and part.upper <= day.upper
               for day in found for part in day.parts)  # fmt: skip


AGO = st.lists(st.integers(2, 80), min_size=2, max_size=6, unique=True)
LAYOUTS = st.fixed_dictionaries(dict.fromkeys((*ARCHIVE_OF, LOG), AGO))
"""For each table, the days ago between which it has partitions."""


@pytest.mark.slow
@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    layouts=LAYOUTS,
    kept=st.builds(Span, st.integers(1, 70), st.just(Unit.DAY)) | st.just(Span.of("1 month")),
    then=st.sampled_from(Then),
    jobs=st.lists(st.tuples(st.integers(1, 90), st.sampled_from([7, 8, 9])), max_size=8),
    held=st.sets(st.sampled_from([8, 9])),
    ahead=st.integers(-40, 40),
)
def test_no_run_takes_what_is_young_or_held_and_none_drops_what_is_not_archived(
    *,
    database: Database,
    layouts: dict[str, list[int]],
    kept: Span,
    then: Then,
    jobs: list[tuple[int, int]],
    held: set[int],
    ahead: int,
) -> None:
    now = begin(database, layouts, jobs)
    archive.hold(database, held)
    policies = {**POLICIES, LOG: replace(POLICIES[LOG], retention=kept, then=then)}
    policies |= {table: replace(POLICIES[table], retention=kept) for table in ARCHIVE_OF}
    young = {name: end for name, end in ends(database, [*ARCHIVE_OF, LOG]).items()
             if not is_over(end, kept, now)}  # fmt: skip
    old_log = {*ends(database, [LOG])} - {*young}

    then_is = now + timedelta(ahead)
    for day in archive.plan(database, policies, now=then_is):
        assert day.put_off or is_over(day.upper, kept, then_is)
    done = partitions.maintain(database, policies, tables=[*ARCHIVE_OF, LOG])
    ran = archive.run(database, policies)

    assert {*young} <= {*ends(database, [*ARCHIVE_OF, LOG])}
    dropped = {step.partition for step in done.done if step.do is Do.DROP}
    assert dropped == (old_log if then is Then.DROP else set())
    went = [moved.day.lower for moved in ran.done]
    assert went == sorted(went)
    assert archive.plan(database, policies) == ran.put_off
    live, archived = (tasks(database, table) for table in (JOBS, ARCHIVE_OF[JOBS]))
    assert sorted(live + archived) == sorted(task for _, task in jobs)
    assert not held & {*archived}


def begin(
    database: Database, layouts: dict[str, list[int]], jobs: list[tuple[int, int]]
) -> datetime:
    """Have these partitions and jobs, and nothing else; return the time."""
    with database.session() as session:
        there = catalog.partitions(session, [*ARCHIVE_OF, *LIVE_OF, LOG])
        for one in [one for ones in there.values() for one in ones if one.lower is not None]:
            session.execute(text(f"DROP TABLE {one.schema}.{one.name}"))
        books = ", ".join((*ARCHIVE_OF, "pandadb.archive_proof", "pandadb.archive_hold",
                           "doma_panda.tablepart4copying"))  # fmt: skip
        session.execute(text(f"TRUNCATE {books}"))
        now = catalog.now(session)
        for table, cuts in layouts.items():
            for older, younger in pairwise(sorted(cuts, reverse=True)):
                lower, upper = (f"{now - timedelta(ago):%Y-%m-%d}" for ago in (older, younger))
                name = f"{table}_p{lower.replace('-', '_')}"
                session.execute(text(f"CREATE TABLE {name} PARTITION OF {table}"
                                     f" FOR VALUES FROM ('{lower}') TO ('{upper}')"))  # fmt: skip
        for pandaid, (ago, task) in enumerate(jobs):
            words = {"id": pandaid, "at": now - timedelta(ago), "task": task}
            session.execute(
                text(f"INSERT INTO {JOBS} (pandaid, jobstatus, modificationtime, jeditaskid)"
                     " VALUES (:id, 'finished', :at, :task)"), words)  # fmt: skip
    return now


def ends(database: Database, tables: list[str]) -> dict[str, datetime]:
    """Return where the partitions of tables end, by their names."""
    with database.session() as session:
        there = catalog.partitions(session, tables)
    return {one.name: one.upper for ones in there.values() for one in ones
            if isinstance(one.lower, datetime) and isinstance(one.upper, datetime)}  # fmt: skip


def tasks(database: Database, table: str) -> list[int]:
    with database.session() as session:
        return [*session.scalars(text(f"SELECT jeditaskid FROM {table}"))]

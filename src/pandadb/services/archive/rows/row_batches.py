"""Rows of jobs from one side to the other, batch by batch, each a transaction that is proven."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import ARCHIVED_JOBS, ENDED_JOBS
from pandadb.core.archive.lookup import scan
from pandadb.core.archive.transfer import rows
from pandadb.core.archive.transfer.rows import BACK
from pandadb.core.sql.batch_size import Batch
from pandadb.services.archive.rows import ensure_partitions
from pandadb.services.archive.swaps import PATIENCE
from pandadb.services.locks import patiently
from pandadb.services.lockwaits import Contended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from pandadb.core.archive.transfer.rows import Carried, Way
    from pandadb.core.partitions.policies import Policy
    from pandadb.core.sql.time_range import TimeRange
    from pandadb.database import Database
    from pandadb.services.archive.throttle import Throttle


@dataclass
class Gone:
    """What has gone by rows, and what has not."""

    jobs: list[int] = field(default_factory=list)
    """PandaIDs; some may be of rows that no job belongs to."""
    rows: dict[str, int] = field(default_factory=dict)
    """For each table, how many came to it."""
    refused: dict[int, str] = field(default_factory=dict)
    """Jobs that are on both sides, each with a sentence: nothing of them was touched."""
    contended: list[int] = field(default_factory=list)
    """Jobs whose locks were not free."""
    strayed: dict[str, int] = field(default_factory=dict)
    """Rows that came to DEFAULT partitions."""
    unproven: list[str] = field(default_factory=list)
    """Partitions of the archive without a proof: there is none now either."""
    is_over: bool = False
    """Whether the time was over before all had gone."""

    def add(self, pandaids: Collection[int], carried: Carried) -> None:
        """Add what a batch has moved."""
        self.jobs += pandaids
        for table, number in carried.rows.items():
            self.rows[table] = self.rows.get(table, 0) + number
        for (_, name), number in carried.landed.items():
            if name.endswith("_default"):
                self.strayed[name] = self.strayed.get(name, 0) + number
        self.unproven = sorted({*self.unproven, *carried.unproven})


@dataclass
class Course:
    """Work that goes on batch by batch."""

    database: Database
    way: Way
    policies: Mapping[str, Policy]
    throttle: Throttle
    tell: Callable[[int, str | None], None]
    """Is told how many jobs are done, and what we wait for, if we do."""
    check: Callable[[Session], None] = lambda _: None
    """Raises within a batch's transaction what keeps it from going."""
    gone: Gone = field(default_factory=Gone)
    done: int = 0
    batch: Batch = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a small batch."""
        self.batch = Batch(target=self.throttle.limits.batch_seconds)


def go(course: Course, times: TimeRange, pandaids: Collection[int]) -> Gone:
    """Move jobs of some time, with all that belongs to them."""
    left = sorted({*pandaids})
    while left and _may_go_on(course):
        size = course.batch.size
        _go(course, times, left[:size])
        left = left[size:]
    return course.gone


def go_all(course: Course, times: TimeRange) -> Gone:
    """Move all rows of some time."""
    after = -(2**63)
    while _may_go_on(course):
        with course.database.session() as session:
            found = scan.next_jobs(session, course.way.tables, times, after, course.batch.size)
        if not found:
            break
        after = found[-1]
        _go(course, times, found)
    return course.gone


def _may_go_on(course: Course) -> bool:
    course.gone.is_over = not course.throttle.wait(lambda why: course.tell(course.done, why))
    return not course.gone.is_over


def _go(course: Course, times: TimeRange, pandaids: Collection[int]) -> None:
    began = time.monotonic()
    elsewhere = _elsewhere(course, pandaids)
    make = partial(
        ensure_partitions.make,
        way=course.way,
        policies=course.policies,
        times=times,
        pandaids=pandaids,
    )
    try:
        patiently(course.database, make, PATIENCE)
        going, refused, carried = _carry(course, times, pandaids, elsewhere)
    except Contended:
        course.gone.contended += pandaids
    else:
        course.gone.add(going, carried)
        course.gone.refused |= refused
    course.done += len(pandaids)
    course.batch = course.batch.after(len(pandaids), time.monotonic() - began)
    course.tell(course.done, None)


def _elsewhere(course: Course, pandaids: Collection[int]) -> dict[int, str]:
    """Return which of the jobs the other side has, whatever their time there."""
    if course.way is BACK:
        with course.database.session() as session:
            return scan.live(session, "pandaid", pandaids)
    return dict.fromkeys(archived(course.database, "pandaid", pandaids), ARCHIVED_JOBS)


def archived(database: Database, column: str, values: Collection[int]) -> dict[int, list[datetime]]:
    """Return the jobs of the archive that have one of the values, each with its times there.

    The column is `pandaid` or `jeditaskid`. Each stretch of time is a transaction of its own.
    """
    found: dict[int, list[datetime]] = {}
    with database.session() as session:
        stretches = scan.stretches(session)
    for times in stretches:
        with database.session() as session:
            for pandaid, when in scan.archived(session, times, column, values):
                found.setdefault(pandaid, []).append(when)
    return found


def _carry(
    course: Course, times: TimeRange, pandaids: Collection[int], elsewhere: Mapping[int, str]
) -> tuple[list[int], dict[int, str], Carried]:
    result = None

    def work(session: Session) -> None:
        nonlocal result
        course.check(session)
        refused = _refused(session, course.way, times, pandaids, elsewhere)
        going = [pandaid for pandaid in pandaids if pandaid not in refused]
        result = going, refused, rows.carry(session, course.way, times, going)

    patiently(course.database, work, PATIENCE)
    assert result is not None  # noqa: S101 - or it would have been contended
    return result


def _refused(
    session: Session,
    way: Way,
    times: TimeRange,
    pandaids: Collection[int],
    elsewhere: Mapping[int, str],
) -> dict[int, str]:
    """Say of the jobs that both sides have, or one twice, where they are."""
    source = ARCHIVED_JOBS if way is BACK else ENDED_JOBS
    both = {pandaid: table for pandaid, table in elsewhere.items()
            if pandaid in rows.jobs_in(session, source, times, [*elsewhere])}  # fmt: skip
    both = rows.doubled(session, way, times, pandaids) | both
    twice = dict.fromkeys(rows.twice(session, source, times, pandaids), source)
    return {
        pandaid: str(both_have(pandaid, source, table)) for pandaid, table in (twice | both).items()
    }


def both_have(pandaid: int, source: str, target: str) -> Deferral:
    """Say that a job is on both sides, or twice on one."""
    here, there = (table.rpartition(".")[2] for table in (source, target))
    reason = Reason.TWICE if here == there else Reason.TWO_PLACES
    return Deferral.of(reason, pandaid=pandaid, here=here, there=there)

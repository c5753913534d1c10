"""A run of a scenario, and what is measured: jobs lost and doubled, throughput, the longest gap."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import text

from pandadb.database import Database
from tests.chaos.fleet import EXECUTED, RATE, Fleet, Load, warm_up
from tests.chaos.phases import Stage
from tests.queue import queue_invariants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.phases import Scenario
    from tests.servers import PrivateServer

WARM_UP, QUIET = 2.0, 5.0
"""Seconds before the baseline, and of the baseline and of the recovery."""
DRAIN = 90.0
"""Seconds within which all jobs end once no more come."""
NOW = text("SELECT extract(epoch FROM clock_timestamp())::float")
LEFT = text("SELECT count(*) FROM pandadb.job_control JOIN doma_panda.jobsactive4 USING (pandaid)")
NAMES = text("""
SELECT c.name FROM pandadb.job_control c JOIN doma_panda.jobsarchived4 j USING (pandaid)
 WHERE j.jobstatus = 'finished'
""")
ENDS = text("""
SELECT extract(epoch FROM modificationtime)::float FROM doma_panda.jobs_statuslog
 WHERE jobstatus = 'finished' ORDER BY 1
""")
WAITS = text("""
SELECT extract(epoch FROM a.at)::float, extract(epoch FROM min(s.modificationtime) - a.at)::float
  FROM (SELECT pandaid, min(modificationtime) AS at FROM doma_panda.jobs_statuslog
         WHERE jobstatus = 'activated' GROUP BY pandaid) a
  JOIN doma_panda.jobs_statuslog s ON s.pandaid = a.pandaid AND s.jobstatus = 'sent'
 GROUP BY a.pandaid, a.at
""")
DOUBLED = text("""
SELECT count(*) FROM (SELECT pandaid FROM doma_panda.jobs_statuslog WHERE jobstatus = 'finished'
 GROUP BY pandaid HAVING count(*) > 1) AS twice
""")
STALE = text("""
SELECT count(*) FROM (SELECT pandaid FROM doma_panda.jobsarchived4 j
 WHERE jobstatus = 'finished' AND NOT EXISTS (
   SELECT FROM public.executed e WHERE e.pandaid = j.pandaid)) AS unexecuted
""")
AGAIN = text("SELECT count(*) - count(DISTINCT pandaid) FROM public.executed")


@dataclass(frozen=True)
class Outcome:
    """What a scenario has come to; rates are jobs a second, times seconds."""

    name: str
    jobs: int
    lost: int
    doubled: int
    repeated: int
    """Executions beyond the first: of attempts whose worker or connection had gone."""
    before: float
    during: float
    after: float
    offered: float
    """Jobs submitted afterwards."""
    resumed: float
    """Seconds from the end of the phase to the next job that ended; 0 if some ended in it."""
    gap: float
    """The longest time without an end of a job."""
    wait_before: float
    """Seconds from activated to sent, the 95th percentile."""
    wait_during: float
    series: tuple[float, ...]
    """Ends of jobs, as seconds since the begin of the baseline."""
    marks: tuple[float, ...]
    """Begin and end of the phase, and of the recovery, in the same seconds."""

    @property
    def recovered(self) -> float:
        """Return the throughput afterwards as a share of the one before, or of what comes in."""
        wanted = min(self.before, self.offered)
        return self.after / wanted if wanted else 0.0


def run(
    scenario: Scenario,
    server: PrivateServer,
    url: str,
    scale: float = 1.0,
    rate: int = RATE,
    *,
    real: bool = True,
) -> Outcome:
    """Run a scenario in a migrated database of a server that it may kill."""
    with TemporaryDirectory() as folder:
        acknowledged = Path(folder, "acknowledged")
        with closing(Database(url)) as database, database.session() as session:
            session.execute(text(EXECUTED))
        warm_up(url)
        load = Load(scenario.queues, rate, seconds=scenario.payload)
        fleet = Fleet(url, load, acknowledged, scenario.payload, real=real)
        try:
            marks = _phases(scenario, fleet, server, url, scale)
            fleet.stop_producer()
            with closing(Database(url)) as database:
                _drain(database)
        finally:
            fleet.stop()
        with closing(Database(url)) as database:
            return _measured(scenario.name, database, acknowledged, marks)


def _phases(
    scenario: Scenario, fleet: Fleet, server: PrivateServer, url: str, scale: float
) -> list[float]:
    """Go through the phases; return the times at which they began, and the end of the last."""
    fleet.start()
    time.sleep(WARM_UP * scale)
    marks = [time.time()]
    time.sleep(QUIET * scale)
    marks.append(time.time())
    scenario.act(Stage(fleet, server, url, scenario.seconds * scale))
    marks.append(time.time())
    time.sleep(QUIET * scale)
    return [*marks, time.time()]


def _drain(database: Database) -> None:
    """Wait until all jobs have ended."""
    end = time.monotonic() + DRAIN
    while time.monotonic() < end:
        with database.session() as session:
            if not session.scalar(LEFT):
                return
        time.sleep(0.2)


def _measured(name: str, database: Database, acknowledged: Path, marks: Sequence[float]) -> Outcome:
    known = {*acknowledged.read_text().splitlines()}
    with database.session() as session:
        now = session.scalar(text("SELECT timezone('UTC', now())"))
        queue_invariants.hold(session, now, quiet=True)
        finished = {*session.scalars(NAMES)}
        ends = [*session.scalars(ENDS)]
        waits = [(at, wait) for at, wait in session.execute(WAITS)]
        doubled = int(session.scalar(DOUBLED)) + int(session.scalar(STALE))
        repeated = int(session.scalar(AGAIN))
    begin, act, over, end = marks
    return Outcome(
        name=name,
        jobs=len(finished),
        lost=len(known - finished),
        doubled=doubled,
        repeated=repeated,
        before=_rate(ends, begin, act),
        during=_rate(ends, act, over),
        after=_rate(ends, over + (end - over) / 5, end),
        offered=_rate([at for at, _ in waits], over + (end - over) / 5, end),
        resumed=_resumed(ends, act, over),
        gap=_gap(ends, begin, end),
        wait_before=_percentile([wait for at, wait in waits if begin <= at < act]),
        wait_during=_percentile([wait for at, wait in waits if act <= at < over]),
        series=tuple(at - begin for at in ends if begin <= at),
        marks=tuple(mark - begin for mark in marks[1:]),
    )


def _rate(ends: Sequence[float], begin: float, end: float) -> float:
    return sum(begin <= at < end for at in ends) / (end - begin)


def _resumed(ends: Sequence[float], act: float, over: float) -> float:
    if any(act + (over - act) / 3 <= at < over for at in ends):
        return 0.0
    return min((at - over for at in ends if at >= over), default=float("inf"))


def _gap(ends: Sequence[float], begin: float, end: float) -> float:
    inside = [begin, *(at for at in ends if begin <= at < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


def _percentile(values: Sequence[float], share: float = 0.95) -> float:
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0

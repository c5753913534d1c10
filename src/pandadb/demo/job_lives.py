"""Simulation of a task's jobs in rounds: submitted, dispatched, finished, failed, killed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pandadb.core.jobs.search.counts import StatusCount
from pandadb.core.jobs.states import STATES
from pandadb.demo import sample_tasks, task_progress
from pandadb.demo.sample_records import SITES
from pandadb.models.jobs.all_tables import JOB_TABLES, LIVE_TABLES
from pandadb.services import jobs
from pandadb.services.jobs import DispatchRequest, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pandadb.core.jobs.search.histories import HistoryStep
    from pandadb.database import Database
    from pandadb.demo.task_progress import Counters, JobPlace

ROUNDS = 12
SLOTS = 12
"""Jobs that a site takes in a round."""

CRASH_ERROR: dict[str, Any] = {"piloterrorcode": 1305, "piloterrordiag": "the payload has failed"}
LOST_OUTPUT_ERROR: dict[str, Any] = {
    "ddmerrorcode": 200,
    "ddmerrordiag": "an output was lost on its way",
}


@dataclass(frozen=True)
class Round:
    """The changes of a round, and the jobs' states after it."""

    number: int
    of: int
    jeditaskid: int
    done: Mapping[str, int]
    """The number of jobs by verb."""
    statuses: list[StatusCount]


@dataclass(frozen=True)
class Life:
    """The result of a simulated task."""

    jeditaskid: int
    rounds: list[Round]
    datasets: list[Counters]
    pandaid: int
    """The first job that has finished."""
    history: list[HistoryStep]
    left: list[int]
    """Jobs that have not ended."""


@dataclass
class _Play:
    database: Database
    jeditaskid: int
    chance: random.Random
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    bad: set[int] = field(default_factory=set)
    """Jobs reported as failed by their pilots."""

    def some(self, pandaids: Sequence[int], part: float) -> list[int]:
        return [pandaid for pandaid in pandaids if self.chance.random() < part]


def live(
    database: Database,
    njobs: int = 200,
    seed: int = 4,
    on_round: Callable[[Round], None] = lambda _round: None,
) -> Life:
    """Create a task and simulate its jobs in rounds; a few jobs stay live for inspection.

    Each call creates another task; the same seed has the same results.
    """
    with database.session() as session:
        jeditaskid = sample_tasks.make(session, njobs)
    play = _Play(database, jeditaskid, random.Random(seed), seed)  # noqa: S311 - nothing is secret
    found: list[JobPlace] = []
    rounds = []
    for number in range(1, ROUNDS + 1):
        play.done.clear()
        _go_on(play, _by_state(found))
        if number in (1, 2):
            _submit(play, (njobs + 1) // 2)
        with database.session() as session:
            found = task_progress.places(session, jeditaskid)
        rounds.append(Round(number, ROUNDS, jeditaskid, dict(+play.done), _counted(found)))
        on_round(rounds[-1])
    return _looked_at(database, jeditaskid, rounds, found)


def _looked_at(
    database: Database, jeditaskid: int, rounds: list[Round], found: Sequence[JobPlace]
) -> Life:
    live_tables = [table.__tablename__ for table in LIVE_TABLES]
    left = [place.pandaid for place in found if place.table in live_tables]
    finished = [place.pandaid for place in found if place.jobstatus == "finished"]
    pandaid = (finished or left)[0]
    history = jobs.history(database, pandaid)
    with database.session() as session:
        datasets = task_progress.counters(session, jeditaskid)
    return Life(jeditaskid, rounds, datasets, pandaid, history.states, left)


def _by_state(found: Iterable[JobPlace]) -> defaultdict[str, list[int]]:
    states = defaultdict(list)
    for place in found:
        states[place.jobstatus].append(place.pandaid)
    return states


def _counted(found: Iterable[JobPlace]) -> list[StatusCount]:
    """Return the number of jobs per table and state, in life-cycle order."""
    tables = [table.__tablename__ for table in JOB_TABLES]
    states = [*STATES]
    counted = Counter((tables.index(place.table), states.index(place.jobstatus)) for place in found)
    return [StatusCount(tables[t], states[s], counted[t, s]) for t, s in sorted(counted)]


def _go_on(play: _Play, now: Mapping[str, Sequence[int]]) -> None:
    """Advance the jobs by a step, the most advanced first."""
    _end(play, now)
    _hear(play, now)
    _dispatch(play)
    _prepare(play, now)


def _submit(play: _Play, njobs: int) -> None:
    with play.database.session() as session:
        new = sample_tasks.next_jobs(session, play.jeditaskid, njobs, play.seed)
    play.done["submit"] += len(jobs.submit(play.database, new))


def _end(play: _Play, now: Mapping[str, Sequence[int]]) -> None:
    """Process the reports of pilots, end jobs with transferred outputs, and kill one."""
    lost = play.some(now["transferring"], 0.03)
    bad = [pandaid for pandaid in now["holding"] if pandaid in play.bad]
    finished, good = _without(now["transferring"], lost), _without(now["holding"], bad)
    play.done["finish"] += len(jobs.finish(play.database, finished).jobs)
    play.done["fail"] += len(jobs.fail(play.database, lost, **LOST_OUTPUT_ERROR).jobs)
    play.done["fail"] += len(jobs.fail(play.database, bad).jobs)
    play.done["transfer"] += len(jobs.transfer(play.database, good).jobs)
    if now["transferring"] and not now["finished"]:
        unwanted = now["activated"][-1:]
        play.done["kill"] += len(jobs.kill(play.database, unwanted, by="the demo").jobs)


def _prepare(play: _Play, now: Mapping[str, Sequence[int]]) -> None:
    """Transfer inputs; a few do not arrive, and their jobs are closed later."""
    play.done["close"] += len(jobs.close(play.database, now["waiting"], code=4).jobs)
    late = play.some(now["assigned"], 0.04)
    play.done["wait"] += len(jobs.wait(play.database, late).jobs)
    here = _without(now["assigned"], late)
    play.done["activate"] += len(jobs.activate(play.database, here).jobs)
    play.done["assign"] += len(jobs.assign(play.database, play.some(now["defined"], 0.6)).jobs)


def _dispatch(play: _Play) -> None:
    for number, site in enumerate(SITES, start=1):
        wanted = DispatchRequest(site, njobs=SLOTS, jeditaskid=play.jeditaskid)
        worker = (sample_tasks.HARVESTER, number)
        play.done["dispatch"] += len(jobs.dispatch(play.database, wanted, worker=worker))


def _hear(play: _Play, now: Mapping[str, Sequence[int]]) -> None:
    """Send the heartbeats of pilots: jobs start, run, and finish or fail."""
    ending = play.some(now["running"], 0.6)
    bad = play.some(ending, 0.08)
    play.bad |= {*bad}
    beats = [
        *(Heartbeat(pandaid, "starting") for pandaid in now["sent"]),
        *(Heartbeat(pandaid, "running") for pandaid in now["starting"]),
        *(Heartbeat(pandaid, "finished") for pandaid in _without(ending, bad)),
        *(Heartbeat(pandaid, "failed", values=CRASH_ERROR) for pandaid in bad),
    ]
    answers = jobs.heartbeat(play.database, beats)
    play.done["heartbeat"] += sum(not answer.ignored for answer in answers.values())


def _without(pandaids: Sequence[int], others: Sequence[int]) -> list[int]:
    return [pandaid for pandaid in pandaids if pandaid not in {*others}]

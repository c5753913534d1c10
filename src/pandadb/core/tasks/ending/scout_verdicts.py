"""Whether the jobs of a task go on after its scouts: rules of the server and of CONFIG.

CONFIG's component is `dbproxy`; most keys end with the task's `prodsourcelabel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pandadb.core.shares.resource_types import PER_CORE
from pandadb.core.tasks.ending.scout_values import Measured, Ranks, efficiency, median_efficiency
from pandadb.core.tasks.split_rules import rule_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from pandadb.core.tasks.ending.scout_jobs import Finished, FinishedJobs
    from pandadb.core.tasks.jedi_config import JediConfig

    Rules = Mapping[str, str]
    """Split rules, by code."""

FEW_NEW_JOBS = 20
"""A task with at most so many jobs to come is not exhausted."""
AVALANCHE_MB, SCOUTS_MB = 500_000, 50_000
"""Input of a job at most, where nothing else limits it: usually, and of a scout."""
LIMITS_OF_JOBS = ("nFilesPerJob", "nEventsPerJob", "nGBPerJob", "nMaxFilesPerJob")
HS06_UNITS = ("HS06sPerEvent", "HS06sPerEventFixed", "mHS06sPerEvent", "mHS06sPerEventFixed")
"""Values of CPUTIMEUNIT by which the time goes by events; by others it goes by size."""
LONG = 24 * 3600
"""Seconds of a scout; above, its CPU time counts against the task."""
MOST_CPU = 2
"""Factor on cores and wall time that CPU time may reach."""
MAX_FILES = 200
"""Files of a job, where short jobs had fewer."""


@dataclass(frozen=True)
class Counts:
    """Files, events and jobs of a task's master inputs."""

    files: int = 0
    finished: int = 0
    used: int = 0
    events: int = 0
    finished_events: int = 0
    jobs: int = 0
    """Jobs of files by their outcome: those that still run count, too."""
    finished_jobs: int = 0
    failed_jobs: int = 0
    """Jobs of files that have no attempts left."""

    @property
    def success_rate(self) -> float:
        """The share of finished jobs among those that have ended."""
        ended = self.finished_jobs + self.failed_jobs
        return self.finished_jobs / ended if self.jobs and ended else 0


@dataclass(frozen=True)
class Requested:
    """Values that the parameters of a task asked for."""

    cputime: float | None = None
    """In the unit of the task, HS06 seconds or thousandths of them."""
    ramcount: int | None = None
    """MB."""


@dataclass(frozen=True)
class Scouts:
    """A task with its scouts, for a verdict."""

    task: Row[Any]
    rules: Rules
    jobs: FinishedJobs
    counts: Counts
    requested: Requested
    measured: Measured
    """The values that the scouts gave."""


@dataclass(frozen=True)
class Expected:
    """Jobs of a task, estimated from those that have finished."""

    jobs: int = 0
    by_events: int = 0
    new: int = 0
    """Those that have yet to be made."""


@dataclass(frozen=True)
class ScoutVerdict:
    """The consequences of a task's scouts."""

    exhausted: str | None = None
    """Why it is exhausted, as a sentence."""
    rules: Rules | None = None
    """Split rules for longer jobs, where they change."""


def ranks_of(config: JediConfig) -> Ranks:
    """Return the percentiles and margins for the values of scouts."""
    usual = Ranks()
    return Ranks(
        memory=_or(config.number("SCOUT_RAMCOUNT_RANK"), usual.memory),
        memory_margin=_or(config.number("SCOUT_RAMCOUNT_MARGIN"), usual.memory_margin),
        least_memory=config.number("SCOUT_RAMCOUNT_MIN"),
        cputime=_or(config.number("SCOUT_CPUTIME_RANK"), usual.cputime),
        most_diskio=config.number("SCOUT_DISK_IO_CAP"),
    )


def _or(number: float | None, usual: float) -> float:
    return usual if number is None else number


def have_succeeded(scouts: Scouts, config: JediConfig) -> bool:
    """Return whether scouts have finished, and enough of them where the task asks for a rate.

    A rate above the one of CONFIG only exhausts the task; the one of CONFIG is needed.
    """
    if not scouts.jobs.number:
        return False
    wanted = rule_number(scouts.rules, "scoutSuccessRate")
    if not wanted or scouts.rules.get("US") != "2" or not scouts.counts.jobs:
        return True
    least = _least_rate(scouts, config)
    return scouts.counts.success_rate >= (wanted / 10 if least is None else least)


def _least_rate(scouts: Scouts, config: JediConfig) -> float | None:
    """Return the rate that scouts need to have succeeded, if it is below the task's."""
    wanted = rule_number(scouts.rules, "scoutSuccessRate")
    least = config.number(f"SCOUT_MIN_OK_RATE_EXHAUSTED_{scouts.task.prodsourcelabel}")
    return least if wanted and least and wanted > least * 10 else None


def expected(scouts: Scouts) -> Expected:
    """Return the jobs that the task will have, as its finished ones suggest."""
    counts, number = scouts.counts, scouts.jobs.number
    if counts.finished <= 0 or not number:
        return Expected()
    jobs = counts.files * number // counts.finished
    new = (counts.files - counts.used) * number // counts.finished
    by_events = 0
    if counts.finished_events > 0:
        by_events = counts.events * number // counts.finished_events
    if not any(rule_number(scouts.rules, name) for name in LIMITS_OF_JOBS):
        filled = scouts.jobs.input_bytes / 1024 / 1024 / number / AVALANCHE_MB
        jobs, new = int(jobs * filled), int(new * filled)
        if scouts.rules.get("US") == "2":
            by_events = int(by_events * SCOUTS_MB / AVALANCHE_MB)
    return Expected(jobs, by_events, new)


def _rules_for_short_jobs(scouts: Scouts, config: JediConfig) -> dict[str, str] | None:
    """Return split rules that make longer jobs, where too many were short; else None.

    The server means to exhaust such tasks where it may not change the rules, and never does.
    """
    label = scouts.task.prodsourcelabel
    most, enough = (config.number(f"SCOUT_{key}_{label}") for key in ("NUM_SHORT", "THR_SHORT"))
    jobs = expected(scouts)
    if not (most and enough and config.is_on(f"SCOUT_CHANGE_SR_{label}")):
        return None
    if (
        _share_of_short(scouts.jobs.jobs, config.number(f"SCOUT_SHORT_EXECTIME_{label}"))
        < most / 10
    ):
        return None
    if min(jobs.jobs, jobs.by_events) < enough:
        return None
    changed = {code: value for code, value in scouts.rules.items() if code not in ("NF", "NG")}
    files = rule_number(changed, "nMaxFilesPerJob")
    if files is not None and files < MAX_FILES:
        changed["MF"] = str(MAX_FILES)
    return changed if changed != scouts.rules else None


def _share_of_short(jobs: Sequence[Finished], minutes: float | None) -> float:
    times = [job.seconds for job in jobs if job.seconds is not None]
    short = sum(time <= (minutes or 0) * 60 for time in times)
    return short / len(times) if times else -1


def judge(scouts: Scouts, config: JediConfig) -> ScoutVerdict:
    """Return whether a task with successful scouts is exhausted, and whether its jobs are longer.

    Other split rules do not help against too much CPU time or memory, and are enough against a low
    efficiency.
    """
    if expected(scouts).new <= FEW_NEW_JOBS:
        return ScoutVerdict()
    if needs := _too_much_cpu(scouts, config) or _too_much_memory(scouts, config):
        return ScoutVerdict(needs)
    rules = _rules_for_short_jobs(scouts, config)
    checks = (
        None if rules else _inefficient(scouts, config),
        _more_cpu_than_cores(scouts),
        _too_few_succeed(scouts, config),
    )
    return ScoutVerdict(next((sentence for sentence in checks if sentence), None), rules)


def _too_much_cpu(scouts: Scouts, config: JediConfig) -> str | None:
    found, asked = scouts.measured.columns.get("cputime"), scouts.requested.cputime
    factor = _or(config.number("SCOUT_WRONG_CPUTIME_THRESHOLD"), 2)
    tags = scouts.measured.tags
    slow = [job for job in scouts.jobs.jobs if "cpuTime" in tags.get(job.pandaid, ())]
    if not found or not asked or factor <= 0 or scouts.task.cputimeunit not in HS06_UNITS:
        return None
    if scouts.measured.columns.get("cputimeunit") == "mHS06sPerEvent":
        asked = int(asked * 1000)
    if found <= factor * asked or max((job.seconds or 0 for job in slow), default=0) <= LONG:
        return None
    return f"scouts need a cputime of {found}, more than {factor:g} times {asked:g} as asked for"


def _too_much_memory(scouts: Scouts, config: JediConfig) -> str | None:
    found, asked = scouts.measured.columns.get("ramcount"), scouts.requested.ramcount
    most = _or(config.number("RAM_THR_EXAUSTED"), 4) * 1000
    if not found or asked is None or scouts.task.ramunit not in PER_CORE:
        return None
    if not asked < most < found:
        return None
    return f"scouts need {found} MB a core, more than {most:g} MB; {asked} MB were asked for"


def _inefficient(scouts: Scouts, config: JediConfig) -> str | None:
    label = scouts.task.prodsourcelabel
    median = median_efficiency(scouts.jobs.jobs)
    most_io = config.number(f"SCOUT_MAX_IO_INTENSITY_FOR_EXHAUSTED_{label}")
    if most_io is not None and most_io < (scouts.measured.columns.get("iointensity") or 0):
        return None
    least = rule_number(scouts.rules, "minCpuEfficiency")
    if least and median is not None:
        if median >= least:
            return None
        return f"the CPU efficiency of scouts is {median} %, {least} % are asked for"
    return _many_inefficient(scouts, config, label)


def _many_inefficient(scouts: Scouts, config: JediConfig, label: str | None) -> str | None:
    most = config.number(f"SCOUT_NUM_CPU_INEFFICIENT_{label}")
    enough = config.number(f"SCOUT_THR_CPU_INEFFICIENT_{label}")
    least = _or(config.number(f"SCOUT_LOW_CPU_EFFICIENCY_{label}"), 0)
    values = [value for job in scouts.jobs.jobs if (value := efficiency(job)) is not None]
    low = sum(value < least for value in values)
    jobs = expected(scouts)
    if not (most and enough and values) or low / len(values) < most / 10:
        return None
    if max(jobs.jobs, jobs.by_events) <= enough:
        return None
    return f"{low} of {len(values)} scouts have a CPU efficiency below {least:g} %"


def _more_cpu_than_cores(scouts: Scouts) -> str | None:
    """Check the job with the most CPU time: it may have run on more cores than it had."""
    times = [(job.cpuconsumptiontime, job) for job in scouts.jobs.jobs if job.cpuconsumptiontime]
    if not times:
        return None
    most, job = max(times, key=lambda one: one[0])
    if job.seconds is None or most <= job.seconds * job.cores * MOST_CPU:
        return None
    return f"a scout used {most} s of CPU on {job.cores} cores in {job.seconds} s"


def _too_few_succeed(scouts: Scouts, config: JediConfig) -> str | None:
    wanted = rule_number(scouts.rules, "scoutSuccessRate")
    if _least_rate(scouts, config) is None or not wanted:
        return None
    rate = scouts.counts.success_rate
    if scouts.rules.get("US") != "2" or rate >= wanted / 10:
        return None
    return f"{rate:.2f} of the scouts succeeded, {wanted / 10:g} are asked for"

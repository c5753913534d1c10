"""Scouts at their end: their values go into their task, and its other jobs follow, or do not.

The server does so for `scouting` tasks (job generation 4, semantics 3.2), and fills in the values
of running tasks that have none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, String, bindparam, func, select, update

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.shares import resource_types
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_given, unnested
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks import jedi_config, split_rules
from pandadb.core.tasks.changes.outcomes import TaskOutcome
from pandadb.core.tasks.ending import (
    gb_per_job,
    scout_input,
    scout_jobs,
    scout_values,
    scout_verdicts,
)
from pandadb.core.tasks.ending.scout_values import Preset
from pandadb.core.tasks.ending.scout_verdicts import Counts, Requested, Scouts, ScoutVerdict
from pandadb.models import JediDatasetContents, JediDatasets, JobsArchived, JobsArchived4

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row, Select, Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.ending.scout_jobs import FinishedJobs
    from pandadb.core.tasks.jedi_config import JediConfig

FILE, DATASET = JediDatasetContents.__table__.c, JediDatasets.__table__.c
NOT_THERE = ("pending", "lost", "missing", "staging")
"""States of files that no job can use yet, or any more."""
COLUMNS = (
    "outdiskcount", "outdiskunit", "walltime", "walltimeunit", "cputime", "cputimeunit",
    "iointensity", "iointensityunit", "diskio", "diskiounit", "memory_leak_core",
    "memory_leak_x2", "ramcount", "ramunit", "workdiskcount", "workdiskunit", "mergewalltime",
    "mergewalltimeunit", "mergeramcount", "mergeramunit", "resource_type", "splitrule",
)  # fmt: skip
"""Columns of a task that its scouts give."""
OF_MERGE_JOBS = ("walltime", "walltimeunit", "ramcount", "ramunit")
METRICS_LENGTH = 500


@dataclass(frozen=True)
class Assessment:
    """The assessment of a task by its scouts."""

    columns: Mapping[str, Any]
    """All of COLUMNS; those that scouts give nothing for as they were."""
    succeeded: bool
    exhausted: str | None
    """Why the task is exhausted, as a sentence."""
    tags: Mapping[int, str]
    """New `jobmetrics` of jobs, by PandaID: the names of the values that they gave."""

    def outcome(self, task: Row[Any], *, forced: bool) -> TaskOutcome:
        """Return the new state of the task; without success it is to be broken, unless forced."""
        if not (self.succeeded or forced):
            rate = split_rules.parse_rules(task.splitrule).get("SS")
            number = "no" if rate is None else "not enough"
            return TaskOutcome("tobroken", f"{number} scout jobs succeeded", values=self.columns)
        rules = {**split_rules.parse_rules(self.columns["splitrule"])}
        rules["US"] = split_rules.AFTER_SCOUTS
        columns = {**self.columns, "splitrule": split_rules.format_rules(rules)}
        if self.exhausted is None:
            return TaskOutcome("scouted", values=columns)
        return TaskOutcome(
            "exhausted",
            self.exhausted,
            oldstatus=task.status,
            superstatus="exhausted",
            deft="exhausted",
            values=columns,
        )


def assess(
    session: Transaction, tasks: Sequence[Row[Any]], *, only_values: Iterable[int] = ()
) -> dict[int, Assessment]:
    """Return the assessments of tasks by their scouts; `only_values` are not exhausted by it.

    Raises:
        InvalidSetting: A setting of JEDI in CONFIG is no number.
    """
    if not tasks:
        return {}
    source = _Source.read(session, tasks)
    running = {*only_values}
    scouts = [source.scouts_of(task) for task in tasks]
    sizes = gb_per_job.outputs(session, scouts)
    return {
        one.task.jeditaskid: _assessed(
            source, one, gb_per_job.estimate(one, sizes), one.task.jeditaskid not in running
        )
        for one in scouts
    }


def _assessed(source: _Source, scouts: Scouts, size: int | None, may_exhaust: bool) -> Assessment:
    task, config = scouts.task, source.config
    succeeded = scout_verdicts.have_succeeded(scouts, config)
    columns = {name: getattr(task, name) for name in COLUMNS} | scouts.measured.columns
    columns |= source.of_merge_jobs(task)
    rules = {**scouts.rules, **({} if size is None else {"NG": str(size)})}
    verdict = ScoutVerdict()
    if may_exhaust and succeeded:
        verdict = scout_verdicts.judge(scouts, config)
        rules = {**(verdict.rules or rules)}
    columns["splitrule"] = split_rules.format_rules(rules)
    columns["resource_type"] = resource_types.of_task(
        {**task._mapping, **columns}, source.resource_types
    )
    return Assessment(columns, succeeded, verdict.exhausted, source.metrics_of(scouts))


def tag_jobs(session: Transaction, assessments: Iterable[Assessment]) -> None:
    """Note in `jobmetrics` of finished jobs, live or archived, the values that they gave."""
    tags = {job: text for one in assessments for job, text in one.tags.items()}
    if not tags:
        return
    given = {"jobs": [*tags], "metrics": [*tags.values()]}
    live = {*connection_of(session).scalars(_tagging(JobsArchived4), given)}
    if left := [job for job in tags if job not in live]:
        given = {"jobs": left, "metrics": [tags[job] for job in left]}
        connection_of(session).execute(_tagging(JobsArchived), given)


def release_files(session: Transaction, tasks: Sequence[int]) -> None:
    """Have all files that are there be used, not only those for scouts (`nfilestobeused`)."""
    if tasks:
        connection_of(session).execute(_release(), {"pandaids": [*tasks]})


@dataclass(frozen=True)
class _Source:
    """All that is read for the scouts of several tasks at once."""

    config: JediConfig
    parameters: Mapping[int, Mapping[str, Any]]
    jobs: Mapping[int, FinishedJobs]
    merge_jobs: Mapping[int, FinishedJobs]
    counts: Mapping[int, Counts]
    libraries: Mapping[int, float]
    resource_types: Sequence[Row[Any]]

    @classmethod
    def read(cls, session: Transaction, tasks: Sequence[Row[Any]]) -> _Source:
        ids = [task.jeditaskid for task in tasks]
        merging = [one.jeditaskid for one in tasks if _merges(one)]
        return cls(
            jedi_config.read(session, "dbproxy"),
            scout_input.parameters(session, ids),
            scout_jobs.read(session, ids),
            scout_jobs.read(session, merging, merging=True) if merging else {},
            scout_input.counts(session, ids),
            scout_input.libraries(session, ids),
            resource_types.read(session),
        )

    def scouts_of(self, task: Row[Any]) -> Scouts:
        jobs = self.jobs.get(task.jeditaskid, NO_JOBS)
        asked = self.parameters.get(task.jeditaskid, {})
        preset = self.preset(task, asked)
        measured = scout_values.measure(jobs.jobs, preset, scout_verdicts.ranks_of(self.config))
        return Scouts(
            task,
            split_rules.parse_rules(task.splitrule),
            jobs,
            self.counts.get(task.jeditaskid, Counts()),
            _requested(asked, preset.cputimeunit),
            measured,
        )

    def preset(self, task: Row[Any], asked: Mapping[str, Any], *, merging: bool = False) -> Preset:
        unit = asked.get("cpuTimeUnit") or ("HS06sPerEvent" if asked.get("cpuTime") else None)
        return Preset(
            task.outdiskunit,
            task.walltime,
            task.ramunit,
            0 if merging else task.baseramcount or 0,
            task.workdiskcount,
            100 if task.cpuefficiency is None else task.cpuefficiency,
            task.basewalltime or 0,
            unit,
            self.libraries.get(task.jeditaskid),
        )

    def of_merge_jobs(self, task: Row[Any]) -> dict[str, Any]:
        """Return the wall time and memory of merge jobs, as columns of the task."""
        if not _merges(task):
            return {}
        jobs = self.merge_jobs.get(task.jeditaskid, NO_JOBS).jobs
        preset = self.preset(task, self.parameters.get(task.jeditaskid, {}), merging=True)
        ranks = scout_verdicts.ranks_of(self.config)
        found = scout_values.measure(jobs, preset, ranks).columns
        return {f"merge{name}": found[name] for name in OF_MERGE_JOBS if name in found}

    def metrics_of(self, scouts: Scouts) -> dict[int, str]:
        """Return the new `jobmetrics` of the jobs that gave a value."""
        found = {}
        for job in scouts.jobs.jobs:
            if names := scouts.measured.tags.get(job.pandaid):
                words = (job.jobmetrics or "").split(" ") if job.jobmetrics else []
                kept = [word for word in words if not word.startswith("scout=")]
                text = " ".join([*kept, "scout=" + "|".join(names)])
                found[job.pandaid] = text[:METRICS_LENGTH]
        return found


NO_JOBS = scout_jobs.FinishedJobs((), 0, 0)


def _merges(task: Row[Any]) -> bool:
    return split_rules.has_rule(split_rules.parse_rules(task.splitrule), "mergeOutput")


def _requested(asked: Mapping[str, Any], unit: str | None) -> Requested:
    """Return the values that a task asked for; texts that are no numbers count as not given."""
    cputime, ramcount = (_number(asked.get(name)) for name in ("cpuTime", "ramCount"))
    if cputime and unit and str(unit).startswith("m"):
        cputime /= 1000
    return Requested(cputime, None if ramcount is None else int(ramcount))


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


@cache
def _release() -> Select[Any]:
    files = (
        select(FILE.jeditaskid, FILE.datasetid, func.count().label("files"))
        .join_from(DATASET.datasetid.table, FILE.fileid.table, same_dataset(FILE, DATASET))
        .where(
            is_given(DATASET.jeditaskid),
            DATASET.type.in_(INPUTS),
            DATASET.masterid.is_(None),
            FILE.status.not_in(NOT_THERE),
        )
        .group_by(FILE.jeditaskid, FILE.datasetid)
        .cte("files")
    )
    released = (
        update(JediDatasets.__table__)
        .where(same_dataset(DATASET, files.c))
        .values(nfilestobeused=files.c.files, modificationtime=now())
        .cte("released")
    )
    return select(func.count()).select_from(files).add_cte(released)


@cache
def _tagging(model: type[JobsArchived4 | JobsArchived]) -> Update:
    metrics = bindparam("metrics", type_=ARRAY(String))
    given = unnested("given", pandaid=array("jobs"), metrics=metrics)
    job = model.__table__.c
    chosen = [job.pandaid == given.c.pandaid, job.jobstatus == "finished"]
    if model is JobsArchived:
        chosen.append(job.modificationtime > now() - scout_jobs.ARCHIVED_SINCE)
    return (
        update(model.__table__)
        .where(*chosen)
        .values(jobmetrics=given.c.metrics)
        .returning(job.pandaid)
    )

"""More memory for jobs that ran out of it: RAMCOUNT of their files, or of their task.

Source: `increaseRamLimitJobJEDI`, `increaseRamLimitJobJEDI_xtimes` and `increaseRamLimitJEDI` of
panda-server. Memory is in MB, of tasks in `MBPerCore` for each core.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from pandadb.core.datasets.dataset_types import PROCESSED
from pandadb.core.datasets.file_keys import same_dataset, same_file
from pandadb.core.shares.resource_types import MEMORY_COMPENSATION
from pandadb.core.sql.id_arrays import array, is_given, unnested, written
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks.changes.attributes import reset_resource_types
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.core.tasks.split_rules import CODES, parse_rules
from pandadb.models import FilesTable4, JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.errors.failed_jobs import FailedJob
    from pandadb.core.sql.transaction import Transaction

STEPS = (1000, 2000, 3000, 4000, 6000, 8000)
"""Memory in MB that limits are raised to, one step after the other."""
MANY = 0.3
"""The part of a task's files with more memory, above which the task gets more."""
FIXED = "MBPerCoreFixed"
BY_CORE = ("MBPerCore", FIXED)
TASK, DATASET = JediTasks.__table__.c, JediDatasets.__table__.c
CONTENTS, FILE = JediDatasetContents.__table__.c, FilesTable4.__table__.c


@dataclass
class TaskMemory:
    """The memory of a task, and of its files, when jobs are looked at; raised on the way."""

    ramcount: int
    ramunit: str | None
    base: int
    rules: Mapping[str, str]
    files: int = 0
    """Files that jobs are made from."""
    files_above: int = 0
    """Those with more memory than the task."""
    most: int = 0
    """The memory of the file with the most."""
    is_raised: bool = False

    @property
    def needs_more(self) -> bool:
        """Whether so many files need more memory that the task is to have it."""
        return self.ramunit != FIXED and self.files_above > MANY * self.files

    def raise_to(self, least: float, *, capped: bool = True) -> str:
        """Raise the memory of the task above `least`, to a step; return the result as a phrase."""
        if self.ramcount > least:
            return f"the task has {self.ramcount} MB, which is more"
        if capped and self.ramcount >= STEPS[-1]:
            return f"the task has {self.ramcount} MB, the most"
        limit = max(self.ramcount, least)
        step = _step_above(limit)
        before, self.ramcount = self.ramcount, step if capped else _whole(max(step, limit))
        self.is_raised = True
        return f"the task gets {self.ramcount} MB instead of {before}"


@dataclass
class MemoryNeed:
    """The memory that the files of a job get, in MB, or none, and a phrase on it."""

    phrase: str
    ramcount: int | None = None


def raise_by_step(session: Transaction, jobs: Sequence[FailedJob]) -> dict[int, str]:
    """Give the files of jobs, or their tasks, the next step of memory; return phrases by PandaID.

    The share of a task's files that need more is that at the beginning of the call.
    """
    return _raise(session, jobs, _next_step)


def raise_by_factor(session: Transaction, jobs: Sequence[FailedJob]) -> dict[int, str]:
    """Give them memory by the task's split rules RY (factor) and RZ (the most, MB of a job)."""
    return _raise(session, jobs, _times)


def _raise(session: Transaction, jobs: Sequence[FailedJob], need: Any) -> dict[int, str]:
    tasks = _read(session, {job.jeditaskid for job in jobs if job.jeditaskid})
    needs = {}
    for job in jobs:
        task = tasks.get(job.jeditaskid or 0)
        no_task = MemoryNeed("the job is of no task")
        needs[job.pandaid] = no_task if task is None else need(job, task)
    _write_tasks(session, tasks)
    _write_files(
        session, {job: need.ramcount for job, need in needs.items() if need.ramcount is not None}
    )
    return {job: need.phrase for job, need in needs.items()}


def _next_step(job: FailedJob, task: TaskMemory) -> MemoryNeed:
    used = _memory_of(job, task, task.base)
    if task.needs_more:
        least = max(used, 0)
        if task.most > least:
            least = task.most - 1  # or the task would get the step after that of the file
        if least:
            return MemoryNeed(task.raise_to(least))
    if used >= STEPS[-1]:
        return MemoryNeed(f"the job had {used:g} MB, the most")
    step = _step_above(used)
    if task.ramcount > step:
        return MemoryNeed(f"the task has {task.ramcount} MB, more than the next step, {step}")
    return MemoryNeed(f"the files get {step} MB", step)


def _times(job: FailedJob, task: TaskMemory) -> MemoryNeed:
    factor, most = task.rules.get(CODES["retryRamStep"]), task.rules.get(CODES["retryRamMax"])
    offset = task.rules.get(CODES["retryRamOffset"])
    for rule, text in (("RX", offset), ("RY", factor), ("RZ", most)):
        if text is not None and _number(text) is None:
            return MemoryNeed(f"split rule {rule} of the task is no number: {text!r}")
    if not task.ramcount or job.minramcount is None:
        return MemoryNeed("the memory of the task or of the job is unknown")
    used = _memory_of(job, task, 0)
    wanted = used * (_number(factor or "1") or 0) / task.ramcount
    if limit := _number(most or "0"):
        wanted = min(wanted, limit / (job.corecount or 1))
    if task.needs_more and wanted > task.ramcount:
        return MemoryNeed(task.raise_to(wanted, capped=False))
    if task.ramcount > wanted or used >= wanted:
        return MemoryNeed(f"{wanted:g} MB are not more than before")
    return MemoryNeed(f"the files get {_whole(wanted)} MB", _whole(wanted))


def _memory_of(job: FailedJob, task: TaskMemory, base: int) -> float:
    """Return the memory that a job had, in the unit of its task; 0 if it is not known."""
    if job.minramcount is None:
        return 0
    memory: float = int(job.minramcount / MEMORY_COMPENSATION) - base
    if task.ramunit in BY_CORE and job.minramunit in ("MB", None):
        memory /= job.corecount or 1
    return memory


def _read(session: Transaction, tasks: set[int]) -> dict[int, TaskMemory]:
    """Lock tasks, and return their memory, and that of their files."""
    columns = ("ramcount", "ramunit", "baseramcount", "splitrule")
    locked = lock_tasks(session, sorted(tasks), Lock.WAIT, *columns)
    found = {
        number: TaskMemory(
            row.ramcount or 0, row.ramunit, row.baseramcount or 0, parse_rules(row.splitrule)
        )
        for number, row in locked.items()
    }
    above = func.count().filter(CONTENTS.ramcount > TASK.ramcount)
    counted = (
        select(TASK.jeditaskid, func.count(), above, func.max(CONTENTS.ramcount))
        .join_from(TASK.ramcount.table, DATASET.type.table, DATASET.jeditaskid == TASK.jeditaskid)
        .join(CONTENTS.ramcount.table, same_dataset(CONTENTS, DATASET))
        .where(is_given(TASK.jeditaskid), DATASET.type.in_(PROCESSED), DATASET.masterid.is_(None))
        .group_by(TASK.jeditaskid)
    )
    for number, files, files_above, most in session.execute(counted, {"pandaids": written(found)}):
        task = found[number]
        task.files, task.files_above, task.most = files, files_above, most or 0
    return {number: task for number, task in found.items() if task.files}


def _write_tasks(session: Transaction, tasks: Mapping[int, TaskMemory]) -> None:
    raised = {number: task.ramcount for number, task in tasks.items() if task.is_raised}
    if not raised:
        return
    given = unnested("given", jeditaskid=array("tasks"), ramcount=array("memory")).c
    session.execute(
        update(JediTasks.__table__)
        .where(TASK.jeditaskid == given.jeditaskid)
        .values(ramcount=given.ramcount),
        {"tasks": [*raised], "memory": [*raised.values()]},
    )
    reset_resource_types(session, [*raised])


def _write_files(session: Transaction, memory: Mapping[int, int]) -> None:
    if not memory:
        return
    given = unnested("given", pandaid=array("jobs"), ramcount=array("memory")).c
    used = (
        select(
            FILE.jeditaskid, FILE.datasetid, FILE.fileid, func.max(given.ramcount).label("ramcount")
        )
        .join_from(FILE.pandaid.table, given.pandaid.table, FILE.pandaid == given.pandaid)
        .where(FILE.type.in_(PROCESSED), FILE.fileid.is_not(None))
        .group_by(FILE.jeditaskid, FILE.datasetid, FILE.fileid)
        .cte("used")
    )
    session.execute(
        update(JediDatasetContents.__table__)
        .where(same_file(CONTENTS, used.c), CONTENTS.ramcount < used.c.ramcount)
        .values(ramcount=used.c.ramcount),
        {"jobs": [*memory], "memory": [*memory.values()]},
    )


def _step_above(memory: float) -> int:
    return next((step for step in STEPS if memory < step), STEPS[-1])


def _whole(memory: float) -> int:
    return int(Decimal(memory).quantize(Decimal(1), ROUND_HALF_UP))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

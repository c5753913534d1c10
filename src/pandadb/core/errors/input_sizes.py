"""Less input for the next jobs of tasks whose jobs fail again and again: split rules NG and MF.

Source: `reduce_input_per_job` of panda-server. The rule RM keeps the sizes of the beginning, as
`NG:10|MF:20`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.datasets.dataset_types import INPUTS
from pandadb.core.datasets.file_keys import same_dataset
from pandadb.core.sql.id_arrays import is_given, written
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks.changes import split_rule_changes
from pandadb.core.tasks.row_locks import lock_tasks
from pandadb.core.tasks.split_rules import CODES, change_rule, code_of, format_rules, parse_rules
from pandadb.models import FilesTable4, JediDatasets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.errors.failed_jobs import FailedJob
    from pandadb.core.sql.transaction import Transaction

EXCLUDED = "nEventsPerJob,nFilesPerJob"
"""Rules of a task that leave nothing to reduce."""
STEPS = "2,4,7"
"""Attempts from which on a job gets half of the input, a quarter, and the least."""
GB = 1024**3
SIZE, FILES = CODES["nGBPerJob"], CODES["nMaxFilesPerJob"]
KEPT = CODES["retryModuleRules"]
FILE, DATASET = FilesTable4.__table__.c, JediDatasets.__table__.c

if TYPE_CHECKING:
    Parameters = Mapping[str, str]
    Rules = Mapping[str, str]


@dataclass(frozen=True)
class JobSize:
    """The input of a job: all its files in GB, rounded up, and the files of its master datasets."""

    gigabytes: int
    files: int


def reduce(
    session: Transaction, jobs: Sequence[tuple[FailedJob, Parameters]]
) -> dict[int, tuple[bool, str]]:
    """Reduce the input of the next jobs of tasks, by their attempts and the parameters of rules.

    Returns:
        For each PandaID whether something changed, and a phrase.
    """
    numbers = sorted({job.jeditaskid for job, _ in jobs if job.jeditaskid})
    locked = lock_tasks(session, numbers, Lock.WAIT, "splitrule")
    rules: dict[int, Rules] = {task: parse_rules(row.splitrule) for task, row in locked.items()}
    before = dict(rules)
    sizes = _sizes(session, [job.pandaid for job, _ in jobs])
    done = {}
    for job, parameters in jobs:
        task = job.jeditaskid or 0
        if task not in rules:
            done[job.pandaid] = (False, "the job is of no task")
        elif why := _refusal(job, rules[task], parameters):
            done[job.pandaid] = (False, why)
        else:
            less = _reduced(rules[task], sizes[job.pandaid], _step(job, parameters))
            done[job.pandaid] = (less != rules[task], _phrase(rules[task], less))
            rules[task] = less
    changed = {task: new for task, new in rules.items() if new != before[task]}
    split_rule_changes.write(session, {t: format_rules(new) or "" for t, new in changed.items()})
    return done


def _refusal(job: FailedJob, rules: Rules, parameters: Parameters) -> str | None:
    excluded = (parameters.get("excluded_rules") or EXCLUDED).split(",")
    steps = _steps(parameters)
    if steps is None:
        return f"the steps of the rule are not three numbers: {parameters.get('steps')!r}"
    if unknown := [name for name in excluded if name not in CODES]:
        return f"the rule excludes split rules that do not exist: {', '.join(unknown)}"
    if (job.attemptnr or 0) < steps[0]:
        return f"attempt {job.attemptnr or 0} is before {steps[0]}"
    used = next((name for name in excluded if rules.get(code_of(name))), None)
    return None if used is None else f"the task uses {used}"


def _reduced(rules: Rules, size: JobSize, step: int) -> Rules:
    """Return the rules with less input, in the order in which the server sets them."""
    kept = dict(part.split(":", 1) for part in rules.get(KEPT, "").split("|") if ":" in part)
    first = {}
    for code, of_job in ((SIZE, size.gigabytes), (FILES, size.files)):
        first[code] = int(kept.get(code) or 0) or int(rules.get(code) or 0) or of_job
    new = dict(rules)
    if not all(int(kept.get(code) or 0) for code in (SIZE, FILES)):
        others = [f"{c}:{text}" for c, text in kept.items() if c not in (SIZE, FILES)]
        begun = [f"{code}:{number}" for code, number in first.items()]
        new = change_rule(new, KEPT, "|".join(others + begun))
    for code, number in first.items():
        target = max(1, number // (2, 4)[step]) if step < 2 else 1
        if rules.get(code) != str(target):
            new = change_rule(new, code, target)
    return new


def _step(job: FailedJob, parameters: Parameters) -> int:
    """Return 0 for half of the input, 1 for a quarter, 2 for the least."""
    _, middle, high = _steps(parameters) or (0, 0, 0)
    attempt = job.attemptnr or 0
    return 0 if attempt < middle else 1 if attempt < high else 2


def _steps(parameters: Parameters) -> tuple[int, ...] | None:
    found = [part.strip() for part in (parameters.get("steps") or STEPS).split(",")]
    if len(found) != 3 or not all(part.isascii() and part.isdigit() for part in found):
        return None
    return tuple(map(int, found))


def _phrase(before: Rules, after: Rules) -> str:
    changed = [f"{code}={text}" for code, text in after.items() if before.get(code) != text]
    return (
        f"the split rules of the task get {','.join(changed)}" if changed else "nothing to reduce"
    )


def _sizes(session: Transaction, pandaids: Sequence[int]) -> dict[int, JobSize]:
    is_master = DATASET.type.in_(INPUTS) & DATASET.masterid.is_(None)
    query = (
        select(FILE.pandaid, func.sum(FILE.fsize), func.count().filter(is_master))
        .join_from(
            FILE.pandaid.table, DATASET.type.table, same_dataset(DATASET, FILE), isouter=True
        )
        .where(is_given(FILE.pandaid))
        .group_by(FILE.pandaid)
    )
    none: dict[int, JobSize] = {pandaid: JobSize(0, 0) for pandaid in pandaids}
    rows: Any = session.execute(query, {"pandaids": written(pandaids)})
    return none | {job: JobSize(ceil((size or 0) / GB), files) for job, size, files in rows}

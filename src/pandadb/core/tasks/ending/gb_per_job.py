"""The input of a job for an output of the size that is asked for: rule `tgtMaxOutputForNG`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from pandadb.core.sql.id_arrays import is_given
from pandadb.core.sql.transaction import connection_of
from pandadb.core.tasks.ending.scout_jobs import MB
from pandadb.core.tasks.split_rules import rule_number
from pandadb.models import FilesTable4

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.ending.scout_jobs import Finished
    from pandadb.core.tasks.ending.scout_verdicts import Scouts

GB = 1024 * MB
USUAL_OUTPUT = 1500 * MB
"""Output of a job that is taken for granted."""
SCRATCH_MARGIN = 300 * MB
MOST = 100
"""GB."""


def outputs(session: Transaction, tasks: Iterable[Scouts]) -> dict[int, tuple[int, int]]:
    """Return the bytes of all outputs and of the largest stream, of jobs that gave their size.

    Only jobs of tasks with the rule are looked up.
    """
    jobs = [job.pandaid for scouts in tasks if _target(scouts) for job in _measured(scouts)]
    if not jobs:
        return {}
    file = FilesTable4.__table__.c
    streams = (
        select(file.pandaid, func.sum(file.fsize).label("size"))
        .where(is_given(file.pandaid), file.type == "output")
        .group_by(file.pandaid, file.dataset)
        .subquery("streams")
    )
    query = (
        select(streams.c.pandaid, func.sum(streams.c.size), func.max(streams.c.size))
        .group_by(streams.c.pandaid)
        .having(func.max(streams.c.size) > 0)
    )
    rows = connection_of(session).execute(query, {"pandaids": [*jobs]})
    return {pandaid: (int(total), int(largest)) for pandaid, total, largest in rows}


def estimate(scouts: Scouts, sizes: Mapping[int, tuple[int, int]]) -> int | None:
    """Return the GB of input for a job (`NG`) whose largest output has the size asked for, GB.

    It is taken from a scout that gave the size of the output; None without the rule, or such a job.
    """
    target = _target(scouts)
    jobs = [job for job in _measured(scouts) if job.pandaid in sizes]
    if target is None or not jobs:
        return None
    return _size(scouts, jobs[-1], sizes[jobs[-1].pandaid], target)


def _target(scouts: Scouts) -> int | None:
    return rule_number(scouts.rules, "tgtMaxOutputForNG")


def _measured(scouts: Scouts) -> list[Finished]:
    tags = scouts.measured.tags
    return [job for job in scouts.jobs.jobs if "outDiskCount" in tags.get(job.pandaid, ())]


def _size(scouts: Scouts, job: Finished, outputs: tuple[int, int], target: int) -> int:
    """Return the input of a job, GB: output, input and scratch, less what is taken for granted."""
    columns: dict[str, Any] = scouts.measured.columns
    total, largest = outputs
    output = total * target * GB // largest
    times = output // max(columns["outdiskcount"] * 1024, 1)
    if columns["outdiskunit"] == "kBPerEvent":
        scratch = (columns.get("workdiskcount") or 0) * MB + SCRATCH_MARGIN
        whole = job.input_mb * MB + (job.inputfilebytes or 0) - job.input_bytes
        size = output + whole * times // max(job.events, 1) + scratch - USUAL_OUTPUT
    else:
        size = output + times * MB - USUAL_OUTPUT
    return int(min(size / GB if size > 0 else 1, MOST))

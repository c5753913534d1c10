"""Jobs of runs: each reduces one, one at a time of an RB number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.core.gateway import runs
from pandadb.core.queue import submission
from pandadb.core.queue.input.new_jobs import NewQueueJob

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from pandadb.core.gateway.requests import JobRules, RunKey
    from pandadb.core.gateway.runs import Run


def submit_run(
    connection: Connection,
    run_id: int,
    rules: JobRules,
    given: Mapping[str, Any],
    *,
    is_flat: bool,
    host: str,
    delay: float = 0,
) -> int:
    """Submit the job of a run, one at a time of an RB number; return its PandaID."""
    run = runs.by_id(connection, run_id)
    if run is None:
        raise LookupError(run_id)
    return submit_runs(connection, [(run, rules, given, is_flat)], host, delay)[run_id]


def submit_runs(
    connection: Connection,
    queued: Sequence[tuple[Run, JobRules, Mapping[str, Any], bool]],
    host: str,
    delay: float = 0,
) -> dict[int, int]:
    """Submit the jobs of runs; return their PandaIDs by the numbers of the records.

    Each run comes with its rules, its variables, and whether its output is flat.
    """
    if not queued:
        return {}
    jobs = [_job(*one, delay) for one in queued]
    pandaids = submission.submit(connection, jobs, host).pandaids
    made = {run.run_id: pandaid for (run, *_), pandaid in zip(queued, pandaids, strict=True)}
    runs.note_jobs(connection, made)
    return made


def _job(
    run: Run, rules: JobRules, given: Mapping[str, Any], is_flat: bool, delay: float
) -> NewQueueJob:
    return NewQueueJob(
        rules.queue,
        f"RB{run.rb_number} {run.instrument} {run.run_number} version {run.run_version}",
        handler=rules.handler,
        arguments={"run": _argument(run, given, is_flat), **rules.arguments},
        timeout=rules.timeout,
        priority=rules.priority,
        group=group_of(run.key),
        delay=delay,
        max_attempts=max(1, rules.last_version - run.run_version + 1),
        announce=True,
    )


def group_of(key: RunKey) -> str:
    """Return the group of the jobs of a run: those of its RB number."""
    return group_of_number(key.rb_number)


def group_of_number(rb_number: int) -> str:
    """Return the group of the jobs of an RB number."""
    return f"RB{rb_number}"


def _argument(run: Run, given: Mapping[str, Any], is_flat: bool) -> dict[str, Any]:
    return {
        "facility": run.facility,
        "instrument": run.instrument,
        "rb_number": run.rb_number,
        "run_number": run.run_number,
        "run_version": run.run_version,
        "data": run.data[0] if run.data else "",
        "script": run.script,
        "variables": given,
        "overwrite": bool(run.overwrite),
        "description": run.description,
        "is_flat": is_flat,
    }

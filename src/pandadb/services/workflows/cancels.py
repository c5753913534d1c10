"""Cancels of sequences: at once without a lease, else when their process has ended the step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandadb.core.control import notices
from pandadb.core.jobs.ending import kills
from pandadb.core.notifications import targets
from pandadb.core.notifications.targets import Target
from pandadb.core.queue import cancels
from pandadb.core.sql.validation import check_text, ids
from pandadb.core.workflows import search, sequence_rows, step_rows, transitions
from pandadb.core.workflows.states import OPEN
from pandadb.services.queue.attempts import repeated
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction
from pandadb.services.workflows.owners import is_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from pandadb.core.workflows.search import StepRun
    from pandadb.database import Database


@dataclass
class SequenceCancelResult:
    """The result of a cancel."""

    sequences: list[int] = field(default_factory=list)
    """The sequences that have ended."""
    asked: list[int] = field(default_factory=list)
    """The sequences whose processes end the step that runs, and then the sequence."""
    refused: dict[int, str] = field(default_factory=dict)
    """The others, each with a sentence."""
    jobs: dict[int, str] = field(default_factory=dict)
    """Jobs of their steps that have ended, each with its state."""
    asked_jobs: list[int] = field(default_factory=list)
    """Jobs that end when their workers, or pilots, have ended the payloads."""


@repeated
def cancel(
    database: Database,
    workflow_ids: int | Sequence[int],
    options: VerbOptions = DEFAULT_OPTIONS,
    *,
    by: str,
    jobs: bool = False,
) -> SequenceCancelResult:
    """Cancel sequences; with `jobs` those jobs, too, that their steps have submitted.

    Raises:
        InvalidValue: A number is none, or `by` is no text.
        JobsLocked: A job was locked for longer than the lock timeout.
    """
    check_text("by", by)
    done = SequenceCancelResult()
    with transaction(database, options) as connection:
        for number in sorted(ids(workflow_ids, "workflow_id")):
            try:
                _cancel(connection, number, by, done)
            except sequence_rows.SequenceNotFound as error:
                done.refused[number] = str(error)
        if jobs:
            chosen = [*done.sequences, *done.asked]
            _cancel_jobs(connection, chosen, by, options.host, done)
        if done.asked:
            notices.announce_ends(connection)
    return done


def _cancel(connection: Connection, number: int, by: str, done: SequenceCancelResult) -> None:
    row = sequence_rows.lock(connection, number)
    if row.status != OPEN:
        done.refused[number] = f"Sequence {number} has ended: it is {row.status}"
        return
    sequence_rows.request_cancel(connection, row, by)
    if row.is_live and not is_gone(row.locked_by):
        done.asked.append(number)
        return
    transitions.carry(connection, "cancel", [number])
    step_rows.interrupt(connection, number)
    done.sequences.append(number)


def _cancel_jobs(
    connection: Connection,
    sequences: Sequence[int],
    by: str,
    host: str,
    done: SequenceCancelResult,
) -> None:
    """Cancel the jobs of queues, and kill those of PanDA, that steps have submitted."""
    steps = [step for number in sequences for step in search.steps(connection, number)]
    found = targets.live_jobs(connection, [target_of(step) for step in steps if step.jobs])
    if not found:
        return
    cancelled = cancels.cancel(connection, found, by=by, host=host)
    done.jobs |= cancelled.jobs
    done.asked_jobs += cancelled.asked
    if foreign := [job for job in found if job in cancelled.refused]:
        killed = kills.kill(connection, foreign, code=cancels.KILL_CODE, by=by, host=host)
        done.jobs |= killed.jobs | killed.merged
        done.asked_jobs += killed.told


def target_of(step: StepRun) -> Target:
    """Return the target of the jobs of a step."""
    numbers = step.jobs or {}
    return Target(numbers.get("jobset"), numbers.get("task"), numbers.get("job"))

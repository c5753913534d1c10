"""The feed of a task: files of its input datasets from a catalogue, then its next state (3.2, 4.2).

The catalogue is asked first, without a lock; its files then go in, in one transaction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pandadb.core.datasets.catalogue import CatalogueError, Listing
from pandadb.core.datasets.feeds import contents, dataset_feeds, feed_settings, feed_writes
from pandadb.core.datasets.feeds.dataset_feeds import TO_UPDATE
from pandadb.core.datasets.feeds.feed_context import MUTABLE, FeedContext
from pandadb.core.datasets.feeds.feed_writes import FeedWrites
from pandadb.core.datasets.feeds.file_selection import TooManyRecords
from pandadb.core.datasets.index_consistency import drop_inconsistent
from pandadb.core.sql.transaction import Lock
from pandadb.core.tasks.feeds import feed_plans, feed_sources
from pandadb.core.tasks.feeds.feed_outcomes import FeedOutcome, conclude
from pandadb.core.tasks.feeds.feed_progress import DatasetFeed, FeedProgress, TaskFeed
from pandadb.core.tasks.row_locks import lock_tasks, refusing_to_wait
from pandadb.models import JediDatasetContents, JediDatasets, JediTasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.core.datasets.attributes import InputDataset
    from pandadb.core.datasets.feeds.content_changes import ContentChange
    from pandadb.core.sql.transaction import Transaction
    from pandadb.core.tasks.feeds.feed_plans import FeedPlan
    from pandadb.core.tasks.feeds.feed_sources import Answer

TASK, DATASET, FILE = (m.__table__.c for m in (JediTasks, JediDatasets, JediDatasetContents))


def feed(
    session: Transaction,
    plan: FeedPlan,
    answers: Mapping[str, Answer],
    *,
    host: str,
    lock: Lock = Lock.WAIT,
) -> TaskFeed | None:
    """Feed the datasets of a task that are still due; None if the task is locked, or none is.

    Locks the task, then its datasets by id. A task that is defined becomes ready or assigning;
    pending, if its input is not complete; tobroken or finishing, if it has none.

    Raises:
        TasksLocked: With NOWAIT, or after the lock timeout: the task is locked.
        InvalidValue: The parameters of the task are not usable.
    """
    if not lock_tasks(session, [plan.jeditaskid], lock):
        return None
    due = feed_plans.plan(session, plan.jeditaskid)
    known = {one.datasetid for one in plan.datasets}
    if due is None or not known & {one.datasetid for one in due.datasets}:
        return None
    ours = [one for one in due.datasets if one.datasetid in known]
    with refusing_to_wait():
        numbers = [one.datasetid for one in ours]
        locked = dataset_feeds.lock(session, plan.jeditaskid, numbers, lock)
    plan = replace(due, datasets=[one for one in ours if one.datasetid in locked])
    progress = _progress(session, plan, answers)
    for dataset in plan.datasets:
        if not _feed_dataset(session, plan, dataset, answers, progress):
            break
    feed_writes.write(session, progress.writes)
    outcome = _without_input(plan, progress.outcome)
    if progress.consistent and not (outcome.waits or outcome.is_broken):
        drop_inconsistent(session, plan.jeditaskid, progress.consistent)
    status = conclude(session, plan, outcome, host)
    names = [one.name for one in plan.datasets]
    return TaskFeed(plan.jeditaskid, status, names, progress.fed, outcome.reason)


def _progress(session: Transaction, plan: FeedPlan, answers: Mapping[str, Answer]) -> FeedProgress:
    """Return the state at the beginning, with all that is read of the datasets, at once."""
    task = plan.jeditaskid
    read: list[InputDataset] = []
    kept: list[InputDataset] = []
    for dataset in plan.datasets:
        state = _state(plan, dataset, _answer(dataset, answers))
        if state is not None:
            (read if _is_to_be_read(plan, dataset, state) else kept).append(dataset)
    follows = any(one.row["masterid"] is not None for one in read)
    return FeedProgress(
        plan.settings.nfiles,
        FeedWrites(task, feed_writes.statuses(session, task) if follows else {}),
        contents.read(session, task, [one.datasetid for one in read]),
        contents.count(session, task, [one.datasetid for one in kept]),
        feed_sources.other_tasks_files(session, plan, read),
    )


def _answer(dataset: InputDataset, answers: Mapping[str, Answer]) -> Answer:
    return Listing(()) if dataset.is_pseudo else answers.get(dataset.name)


def _feed_dataset(
    session: Transaction,
    plan: FeedPlan,
    dataset: InputDataset,
    answers: Mapping[str, Answer],
    progress: FeedProgress,
) -> bool:
    """Feed one dataset; return whether those after it follow."""
    if progress.skips_secondaries and not dataset.is_master:
        return True
    if dataset.is_index_consistent:
        progress.consistent.append(dataset.datasetid)
    answer = _answer(dataset, answers)
    if isinstance(answer, CatalogueError):
        _note_silence(plan, dataset, answer, progress)
        return True
    state = _state(plan, dataset, answer)
    if state is None:
        progress.writes.close(dataset, "finished", "closed")
        return True
    if dataset.is_master and answer is not None and answer.state == "open":
        progress.note(master_is_open=True)
    if not _is_to_be_read(plan, dataset, state):
        return _keep(plan, dataset, progress)
    context = _context(plan, dataset, state, progress)
    return _feed_files(session, plan, context, answers, progress)


def _context(
    plan: FeedPlan, dataset: InputDataset, state: str, progress: FeedProgress
) -> FeedContext:
    return FeedContext(
        dataset,
        plan.settings,
        feed_settings.limits(plan.settings, dataset, progress.left),
        state,
        plan.task["status"],
        plan.task["oldstatus"],
        plan.stages(dataset),
        plan.follows_parent,
        progress.scout_chunks,
    )


def _note_silence(
    plan: FeedPlan,
    dataset: InputDataset,
    error: CatalogueError,
    progress: FeedProgress,
) -> None:
    """Let the task wait for the catalogue; or do without the dataset (IM)."""
    reason = f"The catalogue does not answer for {dataset.name}: {error}"
    progress.note(reason=reason)
    if plan.has("IM"):
        progress.writes.close(dataset, "failed", None)
    else:
        progress.note(waits=True, is_complete=False)


def _state(plan: FeedPlan, dataset: InputDataset, answer: Answer) -> str | None:
    """Return the state of a dataset: mutable while files may come; None if it does not exist."""
    listing = None if isinstance(answer, CatalogueError) else answer
    written = plan.is_written_by_parent(dataset)
    stages = plan.stages(dataset)
    is_open = listing is not None and listing.state == "open"
    if plan.has("WH"):
        return MUTABLE
    waits = plan.follows_parent or plan.has("RC") or stages
    if waits and (is_open or written or stages):
        return MUTABLE
    return listing.state if listing is not None else None


def _is_to_be_read(plan: FeedPlan, dataset: InputDataset, state: str) -> bool:
    """Return whether the state of a dataset, or of its source, asks for its files."""
    if dataset.row["status"] in TO_UPDATE or dataset.is_sequence:
        return plan.takes_files
    mutable = MUTABLE in (state, dataset.row["state"])
    return mutable and plan.takes_files and plan.task["status"] != "defined"


def _keep(plan: FeedPlan, dataset: InputDataset, progress: FeedProgress) -> bool:
    """Count the files that a dataset has already; one in another state ends the feed."""
    if dataset.row["status"] != "ready" or not plan.takes_files:
        progress.note(is_complete=False)
        return False
    if dataset.is_master:
        _count_master(dataset, progress, progress.nfiles[dataset.datasetid], 0)
    return True


def _feed_files(
    session: Transaction,
    plan: FeedPlan,
    context: FeedContext,
    answers: Mapping[str, Answer],
    progress: FeedProgress,
) -> bool:
    dataset = context.dataset
    if dataset.is_sequence:  # it is as long as its master: that has to be written
        feed_writes.write(session, progress.writes)
    try:
        files = feed_sources.files_of(session, plan, dataset, answers, progress.others)
    except CatalogueError as error:
        reason = f"The catalogue has no files of {dataset.name}: {error}"
        progress.note(waits=True, is_complete=False, reason=reason)
        return True
    except TooManyRecords as error:
        progress.writes.close(dataset, "broken", None)
        _note_excess(dataset, error, progress)
        return True
    existing = progress.existing[dataset.datasetid]
    used = progress.others.used.get(dataset.name, ())
    try:
        selection, change = dataset_feeds.feed(existing, context, files, used=used)
    except TooManyRecords as error:
        _note_excess(dataset, error, progress)
        return False
    progress.writes.add(context, change, feed_sources.constituents_of(plan, dataset, answers))
    _account(context, change, selection.nfiles, progress)
    return True


def _note_excess(dataset: InputDataset, error: TooManyRecords, progress: FeedProgress) -> None:
    reason = f"The files of {dataset.name} cannot be fed: {error}"
    progress.note(is_broken=True, is_complete=False, reason=reason)


def _account(
    context: FeedContext, change: ContentChange, nfiles: int, progress: FeedProgress
) -> None:
    """Note consequences of the feed of a dataset for its task and for the next datasets."""
    dataset = context.dataset
    counts = len(change.records), len(change.released), len(change.lost)
    progress.fed.append(DatasetFeed(dataset.datasetid, dataset.name, *counts))
    if context.limits.uses_scouts:
        progress.scout_chunks = change.scout_chunks
    if dataset.is_master:
        _count_master(dataset, progress, nfiles, change.nready)
    scouts_left = not (context.limits.uses_scouts and progress.scout_chunks <= 0)
    waits = context.follows_parent or context.stages
    lacks = change.nreleased == 0 and context.state != "closed"
    if waits and dataset.is_master and lacks and scouts_left:
        tape = " It is being staged from tape." if context.stages else ""
        reason = f"Too little input is ready.{tape} {change.reason}".rstrip()
        progress.skips_secondaries = True
        progress.note(waits=True, keeps_frozen_time=False, reason=reason)


def _count_master(dataset: InputDataset, progress: FeedProgress, nfiles: int, nready: int) -> None:
    if progress.left is not None:
        progress.left -= nfiles
    progress.note(
        has_master=True,
        nfiles=progress.outcome.nfiles + nfiles,
        nready=progress.outcome.nready + nready,
        offset=dataset.offset,
    )


def _without_input(plan: FeedPlan, outcome: FeedOutcome) -> FeedOutcome:
    """Return the outcome of a task with masters without files, or too few for a workflow."""
    if outcome.waits or outcome.is_broken or not outcome.is_complete or not outcome.has_master:
        return outcome
    if plan.has("WH") and outcome.nready < max(plan.settings.files_per_job or 0, 1):
        outcome = replace(outcome, waits=True)
    if outcome.waits or outcome.nfiles:
        return outcome
    offset = f", with an offset of {outcome.offset}" if outcome.offset else ""
    reason = (
        plan.task["errordialog"] or f"The input is empty, or all its files are left out{offset}"
    )
    outcome = replace(outcome, reason=reason)
    if plan.follows_parent or (outcome.master_is_open and plan.has("RC")):
        return replace(outcome, waits=True)
    if plan.has("AE"):
        return replace(outcome, finishes=True)
    return replace(outcome, is_broken=True)

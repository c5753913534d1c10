"""Input of tasks picked in chunks: files of a master dataset, and what belongs to them.

Job generation 1. A chunk has files of one RAMCOUNT, so that its jobs ask for the same memory.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pandadb.core.generation.dataset_attributes import is_merge, usage_of
from pandadb.core.generation.picking import (
    counters,
    input_datasets,
    search_points,
    secondary_files,
    task_locks,
)
from pandadb.core.generation.picking.ready_files import Wanted, take
from pandadb.core.generation.picking.secondary_files import SecondaryRequest
from pandadb.core.generation.picking.task_locks import LEAST_REST
from pandadb.core.generation.slices import Chunk, PickedDataset
from pandadb.core.generation.task_rules import is_by_lumiblock, rules_of, uses_scouts
from pandadb.core.sql.validation import check_columns, check_number, check_text
from pandadb.models import JediTasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from pandadb.core.generation.picking.input_datasets import TaskInput
    from pandadb.core.generation.picking.search_points import Points
    from pandadb.core.generation.picking.secondary_files import Key
    from pandadb.core.generation.slices import Row
    from pandadb.core.sql.transaction import Transaction

LEAST_FILES = 100
"""Files of a master in a call at least, so that chunks do not become too small."""
MOST_FILES = 2**31 - 1


@dataclass(frozen=True)
class MasterWish:
    """Files of a master that are wanted for a task."""

    task: Row
    rules: Mapping[str, str]
    dataset: Row
    secondaries: Sequence[Row]
    number: int
    is_block: bool
    """Whether the counters have as many files as the limit, or more."""
    is_scouting: bool


def pick(
    session: Transaction,
    tasks: Sequence[int],
    *,
    nfiles: int = LEAST_FILES,
    generator: str,
    rest: timedelta = LEAST_REST,
) -> list[Chunk]:
    """Lock tasks and pick files of their input datasets; return chunks in the order of the tasks.

    `nfiles` is the largest number of files of a master; less than 100 count as 100. Tasks that are
    locked, not free or without files are left out; one that has been locked stays so.

    Raises:
        InvalidValue: A split rule of a task is unknown or not supported, `nfiles` is no number, or
            the name of the generator does not fit LOCKEDBY.
    """
    check_number("nfiles", nfiles, 0, MOST_FILES)
    check_text("generator", generator)
    check_columns(JediTasks, {"lockedby": generator})
    locked = task_locks.lock(session, tasks, generator, rest)
    rows, points = search_points.read(session, locked)
    inputs = input_datasets.read(session, [row["jeditaskid"] for row in rows])
    wishes = [
        wish
        for row in rows
        if row["jeditaskid"] in inputs
        for wish in _wishes(
            row,
            inputs[row["jeditaskid"]],
            max(nfiles, LEAST_FILES),
            points.get(row["jeditaskid"]),
        )
        if wish.number
    ]
    taken = take(session, [_wanted(wish) for wish in wishes])
    counters.mend(session, [w.dataset for w, files in zip(wishes, taken, strict=True) if not files])
    chunks = [*_parts(wishes, taken)]
    asked = [request for chunk, wish in chunks for request in _requests(chunk, wish)]
    found = secondary_files.take_secondaries(session, asked)
    return _counted(session, [_complete(chunk, found) for chunk, _ in chunks])


def _wishes(task: Row, found: TaskInput, limit: int, points: Points | None) -> Iterator[MasterWish]:
    """Yield the files that are wanted of a task; of a search, one for each point without a job."""
    rules = rules_of(task)
    for master in found.masters:
        unprocessed = input_datasets.unprocessed(master)
        if points is not None:
            unprocessed = min(unprocessed, points.free(master["datasetid"]))
        is_held_back = found.is_held_back or master["state"] == "mutable"
        yield MasterWish(
            task=task,
            rules=rules,
            dataset=master,
            secondaries=found.secondaries[master["datasetid"]],
            number=min(limit, unprocessed),
            is_block=unprocessed >= limit,
            is_scouting=uses_scouts(rules) and is_held_back,
        )


def _wanted(wish: MasterWish) -> Wanted:
    return Wanted(
        wish.dataset,
        wish.number,
        by_lumiblock=is_by_lumiblock(wish.rules),
        by_memory=True,
        is_tracked=usage_of(wish.dataset).is_tracked,
    )


def _parts(
    wishes: Iterable[MasterWish], taken: Iterable[Sequence[Row]]
) -> Iterator[tuple[Chunk, MasterWish]]:
    """Part the files of each master by RAMCOUNT; 0 and NULL are one.

    Files of less memory are taken first, so that only the last part may lack some.
    """
    for wish, files in zip(wishes, taken, strict=True):
        parts: dict[int, list[Row]] = defaultdict(list)
        for file in files:
            parts[int(file["ramcount"] or 0)].append(file)
        is_block = wish.is_block and len(files) == wish.number
        for ramcount in sorted(parts):
            is_last = ramcount == max(parts)
            yield _part(wish, ramcount, parts[ramcount], is_block=is_block and is_last), wish


def _part(wish: MasterWish, ramcount: int, files: Sequence[Row], *, is_block: bool) -> Chunk:
    if secondary_files.is_by_former_job(wish.rules, wish.secondaries):
        files = sorted(files, key=_former_job)
    return Chunk(
        task=wish.task,
        master=PickedDataset(wish.dataset, files),
        ramcount=ramcount,
        is_merging=is_merge(wish.dataset),
        is_scouting=wish.is_scouting,
        is_block=is_block,
    )


def _former_job(file: Row) -> tuple[bool, int]:
    """Return the key by which files of one former job are together, those without one last."""
    return file["pandaid"] is None, int(file["pandaid"] or 0)


def _requests(chunk: Chunk, wish: MasterWish) -> Iterator[SecondaryRequest]:
    for dataset in wish.secondaries:
        yield SecondaryRequest(chunk, dataset, wish.rules, wish.number)


def _complete(chunk: Chunk, found: Mapping[Key, Sequence[PickedDataset]]) -> Chunk:
    return replace(chunk, secondaries=found.get(secondary_files.key_of(chunk), ()))


def _counted(session: Transaction, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Count the picked files as used, in the database and in the chunks."""
    used: dict[tuple[int, int], int] = defaultdict(int)
    for chunk in chunks:
        for one in (chunk.master, *chunk.secondaries):
            if usage_of(one.row).is_tracked:
                used[one.row["jeditaskid"], one.row["datasetid"]] += len(one.files)
    counters.count_used(session, used)
    return [_with_counters(chunk, used) for chunk in chunks]


def _with_counters(chunk: Chunk, used: Mapping[tuple[int, int], int]) -> Chunk:
    def counted(one: PickedDataset) -> PickedDataset:
        number = used.get((one.row["jeditaskid"], one.row["datasetid"]), 0)
        row = {**one.row, "nfilesused": (one.row["nfilesused"] or 0) + number}
        return PickedDataset(row, one.files)

    return replace(
        chunk,
        master=counted(chunk.master),
        secondaries=[counted(one) for one in chunk.secondaries],
    )

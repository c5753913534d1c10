"""Tasks to slices: input is picked, and split into the input of jobs. Job generation 1 and 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.generation.picking.chunks import pick
from pandadb.core.generation.picking.queue_configurations import with_facts
from pandadb.core.generation.picking.task_locks import LEAST_REST
from pandadb.core.generation.slices import ChunkSlices
from pandadb.core.generation.splitting.splitter import split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from random import Random

    from pandadb.core.generation.slices import Queue
    from pandadb.core.sql.transaction import Transaction


def slices(
    session: Transaction,
    tasks: Sequence[int],
    queues: Sequence[Queue],
    *,
    nfiles: int = 100,
    generator: str,
    random: Random,
    rest: timedelta = LEAST_REST,
) -> list[ChunkSlices]:
    """Lock tasks for a generator, pick input of them and split it for the queues.

    Tasks come in the given order, of a task the datasets to be merged first; tasks that another
    generator has or that have no input are left out. The files are `picked` and counted as used
    afterwards; `picking.put_back.put_back(session, chunks)` puts back those of which no job was
    made. A chunk without slices had no queue for it. The locked task has `generator` in LOCKEDBY,
    also if it had no chunk: the caller unlocks it in the same transaction.

    `nfiles` is the largest number of files of a master dataset; less than 100 count as 100. Tasks
    that were touched within the time `rest` are left out. Queues without facts get them from
    SCHEDCONFIG_JSON. `random` draws the queues.

    Raises:
        UnknownQueue: No row of SCHEDCONFIG_JSON has the name of a queue.
        InvalidValue: A task has a rule in SPLITRULE that is unknown or not supported; `nfiles` is
            negative, or a queue's fact is no number.
    """
    known = with_facts(session, queues)
    chunks = pick(session, tasks, nfiles=nfiles, generator=generator, rest=rest)
    return [ChunkSlices(chunk, split(chunk, known, random)) for chunk in chunks]

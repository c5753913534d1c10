"""Input of tasks picked for jobs, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandadb.core.generation.picking import chunks
from pandadb.core.generation.picking import put_back as unused_files
from pandadb.core.sql.validation import ids
from pandadb.services.transaction import DEFAULT_OPTIONS, VerbOptions, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pandadb.core.generation.slices import Chunk
    from pandadb.database import Database


def pick_files(
    database: Database,
    tasks: int | Iterable[int],
    *,
    generator: str,
    nfiles: int = chunks.LEAST_FILES,
    options: VerbOptions = DEFAULT_OPTIONS,
) -> list[Chunk]:
    """Lock tasks for a generator and pick files of their input; return them in chunks.

    At most `nfiles` of a master dataset are picked; less than 100 count as 100. Tasks that another
    generator has, that were touched in the last ten minutes or that have no input are left out.
    They stay locked (LOCKEDBY), and the files `picked`, until jobs are made of them or they are put
    back.

    Raises:
        InvalidValue: A task has a split rule that is unknown or not supported, or an argument is
            not valid.
    """
    with transaction(database, options) as connection:
        return chunks.pick(connection, ids(tasks), nfiles=nfiles, generator=generator)


def put_back_files(
    database: Database, picked: Iterable[Chunk], *, options: VerbOptions = DEFAULT_OPTIONS
) -> int:
    """Make picked files that no job was made of ready again; return how many. It is idempotent."""
    with transaction(database, options) as connection:
        return unused_files.put_back(connection, picked)

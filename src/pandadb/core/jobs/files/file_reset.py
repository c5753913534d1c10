"""Files of jobs that go back to be set up, to another site perhaps: semantics 2.6."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import case, func, null, update

from pandadb.core.jobs.effects import PRODUCTION
from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JobsDefined4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction

SUB_SUFFIX = "_sub[0-9]+$"
"""The suffix of a dataset's name while a part of it is transferred."""


def reset_files(session: Transaction, pandaids: Sequence[int]) -> None:
    """Undo the setup for the previous site of jobs that are defined now.

    Files are marked as not available, except JEDI's, which looks itself; production's are moved by
    another dataset, and outputs go to the dataset itself.
    """
    session.execute(_reset(), {"pandaids": [*pandaids]})


@cache
def _reset() -> Update:
    file, job = FilesTable4.__table__, JobsDefined4.__table__
    return (
        update(file)
        .where(
            id_arrays.is_given(file.c.pandaid),
            file.c.modificationtime == EPOCH,
            job.c.pandaid == file.c.pandaid,
        )
        .values(
            guid=case((file.c.status == "missing", null()), else_=file.c.guid),
            status=case((job.c.lockedby == "jedi", file.c.status), else_="unknown"),
            dispatchdblock=case((PRODUCTION.of(job.c), null()), else_=file.c.dispatchdblock),
            destinationdblock=func.regexp_replace(file.c.destinationdblock, SUB_SUFFIX, ""),
        )
    )

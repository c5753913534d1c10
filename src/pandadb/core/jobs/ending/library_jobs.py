"""Jobs that wait for a library that another job builds: they end if that fails, semantics 2.8."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, union

from pandadb.core.sql import id_arrays
from pandadb.models import FilesTable4, JobsDefined4, JobsWaiting4
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import CompoundSelect

    from pandadb.core.sql.transaction import Transaction

WITHOUT_LIBRARY = {
    "taskbuffererrorcode": 100,
    "taskbuffererrordiag": "The job that was to build its library has failed",
}
"""The message of a job whose library is not built any more."""


def waiting(session: Transaction, pandaids: Sequence[int]) -> list[int]:
    """Return the jobs not yet activated that have outputs of these jobs as input, by PandaID."""
    return sorted(session.scalars(_waiting(), {"pandaids": [*pandaids]}))


@cache
def _waiting() -> CompoundSelect[Any]:
    made, wanted = FilesTable4.__table__.alias("made"), FilesTable4.__table__.alias("wanted")
    jobs = (
        select(job.pandaid)
        .join(wanted, wanted.c.pandaid == job.pandaid)
        .join(made, made.c.lfn == wanted.c.lfn)
        .where(
            id_arrays.is_given(made.c.pandaid),
            made.c.type == "output",
            wanted.c.type == "input",
            wanted.c.modificationtime == EPOCH,
        )
        for job in (JobsDefined4, JobsWaiting4)
    )
    return union(*jobs)

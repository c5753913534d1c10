"""The sub-state, code and message of jobs that are about to end, each with its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Integer, String, bindparam, update

from pandadb.core.sql import id_arrays
from pandadb.models.jobs.all_tables import LIVE_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Update

    from pandadb.core.sql.transaction import Transaction
    from pandadb.models.jobs.all_tables import JobTable

MARKS = ("jobsubstatus", "taskbuffererrorcode", "taskbuffererrordiag")
Mark = tuple[str | None, int | None, str | None]
"""The values of the columns `MARKS`."""


def mark(session: Transaction, marks: Mapping[int, Mark]) -> None:
    """Set the columns of jobs that live, before they move."""
    if not marks:
        return
    columns = [list(column) for column in zip(*marks.values(), strict=True)]
    given = {"pandaids": [*marks], **dict(zip(MARKS, columns, strict=True))}
    for table in LIVE_TABLES:
        session.execute(_marked(table), given)


@cache
def _marked(table: JobTable) -> Update:
    job = table.__table__
    given = id_arrays.unnested(
        "given",
        pandaid=id_arrays.array("pandaids"),
        jobsubstatus=bindparam("jobsubstatus", type_=ARRAY(String)),
        taskbuffererrorcode=bindparam("taskbuffererrorcode", type_=ARRAY(Integer)),
        taskbuffererrordiag=bindparam("taskbuffererrordiag", type_=ARRAY(String)),
    )
    return (
        update(job)
        .where(job.c.pandaid == given.c.pandaid)
        .values({name: given.c[name] for name in MARKS})
    )

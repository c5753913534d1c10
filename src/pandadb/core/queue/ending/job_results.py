"""Results of jobs as their metadata, and values that are noted with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.queue.job_details import with_values
from pandadb.core.sql.expressions import now
from pandadb.core.sql.id_arrays import array, is_among, unnested
from pandadb.models import JobControl, MetaTable
from pandadb.models.types import EPOCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pandadb.core.sql.transaction import Transaction

CONTROL = JobControl.__table__.c


def store_results(session: Transaction, results: Mapping[int, Any]) -> None:
    """Store the results of jobs as their metadata, in JSON; None is no result."""
    rows = {job: json.dumps(value) for job, value in results.items() if value is not None}
    if not rows:
        return
    texts = bindparam("texts", type_=ARRAY(Text))
    given = unnested("given", pandaid=array("pandaids"), metadata=texts)
    new = insert(MetaTable.__table__).from_select(
        ["pandaid", "metadata", "modificationtime"],
        select(given.c.pandaid, given.c.metadata, EPOCH),
    )
    key = ["pandaid", "modificationtime"]
    stored = new.on_conflict_do_update(index_elements=key, set_={"metadata": new.excluded.metadata})
    session.execute(stored, {"pandaids": [*rows], "texts": [*rows.values()]})


def drop_results(session: Transaction, jobs: Sequence[int]) -> None:
    """Drop results stored for jobs that had ended: their own ones have the time of the end."""
    meta = MetaTable.__table__
    stored = is_among(meta.c.pandaid, jobs), meta.c.modificationtime == EPOCH
    session.execute(delete(meta).where(*stored))


def note(session: Transaction, values: Mapping[int, Any]) -> None:
    """Note values in the control rows of jobs, as `stored`."""
    for job, value in values.items():
        mine = update(JobControl.__table__).where(CONTROL.pandaid == job)
        details = with_values({"stored": value})
        session.execute(mine.values(details=details, last_changed=now()))

"""Results that jobs without a payload pass on: those of their parents, the outputs of graphs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from pandadb.core.jobs.search import lookup
from pandadb.core.sql.id_arrays import is_among
from pandadb.models import JobControl, JobDependency, JobMetadata

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

CONTROL, EDGE, META = (one.__table__.c for one in (JobControl, JobDependency, JobMetadata))
OUTPUT_OF = "output_of"
"""The key in the details of a job that only passes on the result of its parent."""


def of_parents(session: Transaction, jobs: Collection[int]) -> dict[int, Any]:
    """Return the results of the parents of those jobs that pass them on."""
    parents = (
        select(EDGE.child, EDGE.parent)
        .join(CONTROL.pandaid.table, CONTROL.pandaid == EDGE.child)
        .where(is_among(EDGE.child, jobs), CONTROL.details.has_key(OUTPUT_OF))
    )
    parent_of = dict(session.execute(parents).all())
    if not parent_of:
        return {}
    ends = lookup.rows(
        session, [*parent_of.values()], lambda job: select(job.pandaid, job.modificationtime)
    )
    found = session.execute(
        select(META.pandaid, META.metadata).where(
            is_among(META.pandaid, parent_of.values()),
            META.modificationtime.in_({row.modificationtime for row in ends.values()}),
        )
    )
    texts = dict(found.all())
    return {job: json.loads(texts[parent]) for job, parent in parent_of.items() if parent in texts}

"""Jobs of queues by the names that they have outside, live or archived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Text, any_, bindparam, literal, select, union_all

from pandadb.models import JobControl, JobControlArch

if TYPE_CHECKING:
    from collections.abc import Collection

    from pandadb.core.sql.transaction import Transaction

PLACES = (JobControl, JobControlArch)


@dataclass(frozen=True)
class PublicJob:
    """A job of a queue, found by its public id."""

    public_id: str
    pandaid: int
    queue: str
    name: str | None
    is_archived: bool
    """Whether its control row is in the archive: so is the job, here or elsewhere."""


def find_public(session: Transaction, public_ids: Collection[str]) -> dict[str, PublicJob]:
    """Return the jobs that have public ids, by these; unknown ids are missing in the result."""
    wanted = bindparam("wanted", [*public_ids], ARRAY(Text))
    parts = (
        select(
            table.public_id,
            table.pandaid,
            table.queue,
            table.name,
            literal(place is not JobControl),
        ).where(table.public_id == any_(wanted))
        for place in PLACES
        for table in (place.__table__.c,)
    )
    return {row[0]: PublicJob(*row) for row in session.execute(union_all(*parts))}

"""The copy of a partition in another database, and the guard that drops the partition here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.months import rows_of
from pandadb.core.archive.transfer import ddl
from pandadb.core.archive.transfer.ddl import LockMode
from pandadb.core.partitions import catalog
from pandadb.models import Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.partitions.catalog import Partition

MISSING = (
    "SELECT count(*) FROM {old} AS old"
    " WHERE NOT EXISTS (SELECT 1 FROM {staged} AS staged WHERE staged.{key} = old.{key})"
)
DROP = text("SELECT pandadb.drop_archived(:table, :partition)")


def archive_fingerprint(there: Session, part: Part, names: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of the archive's rows in a partition's time, over some columns."""
    return fingerprint_of(there, names, rows_of(there, part.target, part))


def overlapping(there: Session, part: Part) -> list[Partition]:
    """Return the partitions of the archive that overlap a partition's time."""
    found = catalog.partitions(there, [part.target])[part.target]
    return [one for one in found if one.overlaps(part.lower, part.upper)]


def missing(there: Session, part: Part, old: Part) -> int:
    """Return how many rows of an old copy have a key that the staged table lacks."""
    key = next(iter(Base.metadata.tables[part.source].primary_key)).name
    found = ddl.run(
        there,
        MISSING,
        old=ddl.place(old),
        staged=ddl.staged(there, part),
        key=sql.Identifier(key),
    )
    return int(found.scalar_one())


def lock_copies(there: Session, parts: Collection[Part]) -> None:
    """Lock the archive's partitions of the time of some parts against writers; readers go on."""
    for part in parts:
        for one in overlapping(there, part):
            ddl.lock(there, LockMode.WRITERS, ddl.place(one))


def drop(live: Session, part: Part) -> int:
    """Have the guard drop a partition; return how many rows it had.

    Raises:
        DBAPIError: It refuses, in a sentence (P0001), or locks were not free.
    """
    words = {"table": part.source.partition(".")[2], "partition": part.name}
    return int(live.execute(DROP, words).scalar_one())

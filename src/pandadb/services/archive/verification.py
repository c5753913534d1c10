"""Verification of the archive against its proofs, and holds of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.archive.months import UPDATED_FOR
from pandadb.core.archive.transfer import rows
from pandadb.core.partitions import catalog
from pandadb.core.sql.validation import check_columns
from pandadb.models import ArchiveHold, ArchiveProof
from pandadb.services.archive.copies.remote import refuse_unready
from pandadb.services.failures import Failure, isolated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    from pandadb.core.partitions.catalog import Partition
    from pandadb.database import Database


class CheckResult(StrEnum):
    """The result of the verification of a partition."""

    SAME = "same"
    UPDATED = "updated"
    """As many rows as proven, other values."""
    DIFFERS = "differs"
    """Other rows than proven."""
    UNPROVEN = "unproven"
    UNREADABLE = "unreadable"
    """It could not be counted."""
    MISSING = "missing"
    """There is a proof, but no partition."""


@dataclass(frozen=True)
class Verified:
    """A partition of the archive, with the verdict of its newest proof."""

    table: str
    partition: str
    lower: datetime
    upper: datetime
    found: CheckResult
    is_young: bool
    """Whether servers may still have updated it, which is legitimate."""
    proven: Fingerprint | None
    now: Fingerprint | None
    why: str | None = None
    """The error that ended its count."""


def known_proofs(database: Database, archive: Database | None) -> dict[proofs.Range, ArchiveProof]:
    """Return the newest proofs of an archive.

    Another database has proofs of its own, of changes that were made there; of those that both
    databases have, a later one of the archive counts, else that of the source.
    """
    with database.session() as session:
        known = proofs.newest(session)
    if not archive:
        return known
    refuse_unready(database, archive)
    with archive.session() as session:
        own = proofs.newest(session)
    return own | {
        key: proof
        for key, proof in known.items()
        if proof.how == proofs.COPY and not _is_later(own.get(key), proof)
    }


def _is_later(own: ArchiveProof | None, proof: ArchiveProof) -> bool:
    """Return whether an archive has changed a copy later, with a proof of its own."""
    return own is not None and own.how != proofs.COPY and own.proved_at > proof.proved_at


def is_proof(proof: ArchiveProof) -> bool:
    """Return whether a proof shows that the archive is equal to its source."""
    return proof.how != proofs.RESTORE and proofs.target_of(proof) == proofs.source_of(proof)


def ranged(partitions: Collection[Partition]) -> Iterator[Partition]:
    """Yield the partitions of times that have a beginning and an end."""
    for one in partitions:
        if isinstance(one.lower, datetime) and isinstance(one.upper, datetime):
            yield one


def range_of(table: str, one: Partition) -> proofs.Range:
    """Return the key of the proofs of a partition of the archive."""
    assert isinstance(one.lower, datetime)  # noqa: S101 - those without are left out
    assert isinstance(one.upper, datetime)  # noqa: S101
    return LIVE_OF[table].partition(".")[2], one.lower, one.upper


def verify(
    database: Database,
    *,
    only: Collection[date] = (),
    tell: Callable[[str], None] = lambda _: None,
    archive: Database | None = None,
) -> list[Verified]:
    """Recount the partitions of the archive, and compare them with their newest proofs.

    With `only`, those of these days; with `archive`, those of this other database. It reads all of
    them, one transaction each.
    """
    known = known_proofs(database, archive)
    with database.session() as session:
        today = catalog.now(session)
    where = archive or database
    with where.session() as session:
        there = catalog.partitions(session, LIVE_OF)
    verified = []
    for table, one in ((t, p) for t in LIVE_OF for p in ranged(there[t])):
        key = range_of(table, one)
        proof = known.pop(key, None)
        if not only or any(key[1].date() <= day < key[2].date() for day in only):
            tell(one.name)
            failed: list[Failure] = []
            with isolated(failed, one.name), where.session() as session:
                verified.append(_verify(session, table, one, proof, today))
            if failed:
                verified.append(_unreadable(table, one, proof, failed[0].why))
    if not only:
        went = (proofs.COPY,) if archive else (proofs.SWAP, rows.TAKE, rows.MERGE)
        verified += [
            _missing(proof)
            for key, proof in known.items()
            if proof.how in went and not (archive and _has_gone_on(archive, key, proof, there))
        ]
    return verified


def _has_gone_on(
    archive: Database,
    key: proofs.Range,
    proof: ArchiveProof,
    there: Mapping[str, Collection[Partition]],
) -> bool:
    """Return whether a copy is in a wider partition now, or has left the archive with a proof."""
    name, lower, upper = key
    if any(one.overlaps(lower, upper) for one in there[ARCHIVE_OF[f"doma_panda.{name}"]]):
        return True
    with archive.session() as session:
        own = proofs.newest(session).get(key)
    return own is not None and own.proved_at > proof.proved_at


def _missing(proof: ArchiveProof) -> Verified:
    table = ARCHIVE_OF[f"doma_panda.{proof.table_name}"]
    name = proofs.part_of(proof).new_name
    bounds = (proof.lower_bound, proof.upper_bound)
    return Verified(table, name, *bounds, CheckResult.MISSING, False, proofs.target_of(proof), None)


def _unreadable(table: str, one: Partition, proof: ArchiveProof | None, why: str) -> Verified:
    _, lower, upper = range_of(table, one)
    said = proofs.target_of(proof) if proof else None
    return Verified(table, one.name, lower, upper, CheckResult.UNREADABLE, False, said, None, why)


def _verify(
    session: Session,
    table: str,
    one: Partition,
    proof: ArchiveProof | None,
    today: datetime,
) -> Verified:
    now = fingerprint(session, one.schema, one.name)
    said = proofs.target_of(proof) if proof and proof.how != proofs.RESTORE else None
    _, lower, upper = range_of(table, one)
    found = CheckResult.SAME
    if said is None:
        found = CheckResult.UNPROVEN
    elif now.rows != said.rows or (proof and proofs.source_of(proof) != said):
        found = CheckResult.DIFFERS
    elif now != said:
        found = CheckResult.UPDATED
    is_young = upper > today - UPDATED_FOR
    return Verified(table, one.name, lower, upper, found, is_young, said, now)


def hold(database: Database, jeditaskids: Collection[int], reason: str | None = None) -> None:
    """Keep the jobs of tasks out of the archive; a no-op for tasks that are held already.

    Raises:
        InvalidValue: A number is no valid task id, or the reason is no valid text.
    """
    rows = [{"jeditaskid": task, "reason": reason} for task in dict.fromkeys(jeditaskids)]
    for row in rows:
        check_columns(ArchiveHold, row)
    with database.session() as session:
        if rows:
            session.execute(insert(ArchiveHold).values(rows).on_conflict_do_nothing())


def release(database: Database, jeditaskids: Collection[int]) -> list[int]:
    """Release holds; return the tasks that were held."""
    query = delete(ArchiveHold).where(ArchiveHold.jeditaskid.in_([*jeditaskids]))
    with database.session() as session:
        return sorted(session.scalars(query.returning(ArchiveHold.jeditaskid)))


def holds(database: Database) -> list[ArchiveHold]:
    """Return the tasks that are held, the first held first."""
    with database.session() as session:
        return [*session.scalars(select(ArchiveHold).order_by(ArchiveHold.since))]

"""The books of the archiver: its proofs, the ledger TABLEPART4COPYING, and tasks that are held."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on

from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, Part
from pandadb.models import ArchiveHold, ArchiveProof, TablePart4Copying

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

UTC_NOW = text("clock_timestamp() AT TIME ZONE 'UTC'")
NEVER = "MUST NOT"
"""What the ledger says of a partition that is not to be archived."""

SWAP, COPY, RESTORE = "swap", "copy", "restore"
"""How a partition has gone."""

Range = tuple[str, "datetime", "datetime"]
"""Table among the live ones without its schema, first time and end of a partition."""
Key = tuple[str, str]
"""Table and partition as they are, or were, among the live ones; the table without its schema."""


def key(part: Part) -> Key:
    """Return by what a partition is known in the books, wherever it is."""
    return part.live.partition(".")[2], part.live_name


def range_of(part: Part) -> Range:
    """Return the key of a partition's newest proof."""
    return key(part)[0], part.lower, part.upper


def prove(
    session: Session, part: Part, how: str, source: Fingerprint, target: Fingerprint | None = None
) -> None:
    """Add a proof; without a target it says what was there when the partition went."""
    table, partition = key(part)
    row = {
        "table_name": table,
        "partition_name": partition,
        "lower_bound": part.lower,
        "upper_bound": part.upper,
        "how": how,
        "source_rows": source.rows,
        "source_sum": source.sum,
        "target_rows": target and target.rows,
        "target_sum": target and target.sum,
        "host": socket.gethostname()[:255],
    }
    session.execute(insert(ArchiveProof).values(row))


def newest(session: Session) -> dict[Range, ArchiveProof]:
    """Return the newest proof of each partition, by its table among the live ones and its range."""
    of = (ArchiveProof.table_name, ArchiveProof.lower_bound, ArchiveProof.upper_bound)
    query = select(ArchiveProof).ext(distinct_on(*of)).order_by(*of, ArchiveProof.id.desc())
    return {
        (proof.table_name, proof.lower_bound, proof.upper_bound): proof
        for proof in session.scalars(query)
    }


def part_of(proof: ArchiveProof) -> Part:
    """Return the partition of a proof, as one that leaves where it was before."""
    live = f"doma_panda.{proof.table_name}"
    limits = (proof.lower_bound, proof.upper_bound)
    part = Part(*limits, live, ARCHIVE_OF[live], "doma_panda", proof.partition_name)
    return part.back("doma_pandaarch") if proof.how == RESTORE else part


def source_of(proof: ArchiveProof) -> Fingerprint:
    """Return what a proof says of the partition before."""
    return Fingerprint(proof.source_rows, int(proof.source_sum))


def target_of(proof: ArchiveProof) -> Fingerprint | None:
    """Return what a proof says of the partition after; None if it does not yet."""
    if proof.target_rows is None or proof.target_sum is None:
        return None
    return Fingerprint(proof.target_rows, int(proof.target_sum))


def enter(session: Session, part: Part, copied: str, *, is_gone: bool = True) -> None:
    """Write a partition's line in the ledger: it has gone to the archive (`Y`), or must not.

    One that `is_gone` is no live one any more; a copy is, until it is dropped.
    """
    session.execute(delete(TablePart4Copying).where(*_line(part)))
    table, partition = _ledger_key(part)
    gone: dict[str, Any] = {"copying_done_on": UTC_NOW} if copied == "Y" else {}
    if gone and is_gone:
        gone["deleted_on"] = UTC_NOW
    row: dict[str, Any] = {"table_name": table, "partition_name": partition}
    session.execute(insert(TablePart4Copying).values({**row, "copied_to_arch": copied, **gone}))


def enter_verified(session: Session, part: Part, *, passed: bool) -> None:
    """Write into a partition's line whether it has been proven."""
    said = {"data_verif_passed": "YES" if passed else "NO", "data_verified_on": UTC_NOW}
    session.execute(update(TablePart4Copying).where(*_line(part)).values(said))


def gone(session: Session) -> set[Key]:
    """Return the partitions that were archived and are no live ones, as the ledger writes them."""
    query = select(TablePart4Copying.table_name, TablePart4Copying.partition_name).where(
        TablePart4Copying.deleted_on.is_not(None)
    )
    return {(table, partition) for table, partition in session.execute(query)}


def kept_out(session: Session) -> set[Key]:
    """Return the partitions that must not be archived, with names as the ledger writes them."""
    query = select(TablePart4Copying.table_name, TablePart4Copying.partition_name).where(
        TablePart4Copying.copied_to_arch == NEVER
    )
    return {(table, partition) for table, partition in session.execute(query)}


def refused(session: Session) -> set[str]:
    """Return the partitions that the ledger has as not proven after they went, or were copied."""
    query = select(TablePart4Copying.partition_name).where(
        TablePart4Copying.data_verif_passed == "NO"
    )
    return {*session.scalars(query)}


def is_among(part: Part, lines: Collection[Key]) -> bool:
    """Tell whether a partition is among those that the ledger writes so."""
    return _ledger_key(part) in lines


def _ledger_key(part: Part) -> Key:
    """Return table and partition as the ledger writes them, which has 30 characters for each."""
    table, partition = key(part)
    return table.upper(), partition[:30]


def _line(part: Part) -> tuple[ColumnElement[bool], ...]:
    table, partition = _ledger_key(part)
    return (
        TablePart4Copying.table_name == table,
        TablePart4Copying.partition_name == partition,
    )


def held(session: Session) -> Mapping[int, ArchiveHold]:
    """Return the tasks that are held."""
    return {hold.jeditaskid: hold for hold in session.scalars(select(ArchiveHold))}

"""The proofs of the archiver: rows and checksums of a partition before and after its transfer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, Part
from pandadb.models import ArchiveProof

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

SWAP, COPY, RESTORE = "swap", "copy", "restore"
"""The kind of a transfer."""

Range = tuple[str, "datetime", "datetime"]
"""Table among the live ones without its schema, first time and end of a partition."""
Key = tuple[str, str]
"""Table and partition as they are, or were, among the live ones; the table without its schema."""


def key(part: Part) -> Key:
    """Return the name that a partition has in proofs and ledger, wherever it is."""
    return part.live.partition(".")[2], part.live_name


def range_of(part: Part) -> Range:
    """Return the key of a partition's newest proof."""
    return key(part)[0], part.lower, part.upper


def prove(
    session: Session, part: Part, how: str, source: Fingerprint, target: Fingerprint | None = None
) -> None:
    """Add a proof; without a target it has only the count from before the transfer."""
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
    """Return the fingerprint of a partition before its transfer."""
    return Fingerprint(proof.source_rows, int(proof.source_sum))


def target_of(proof: ArchiveProof) -> Fingerprint | None:
    """Return the fingerprint of a partition after its transfer; None if it is not counted yet."""
    if proof.target_rows is None or proof.target_sum is None:
        return None
    return Fingerprint(proof.target_rows, int(proof.target_sum))

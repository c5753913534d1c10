"""The ledger TABLEPART4COPYING: a line for each partition that has gone, or must not go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, text, update

from pandadb.core.archive.proofs import Key, key
from pandadb.models import TablePart4Copying

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part

CLOCK = text("clock_timestamp() AT TIME ZONE 'UTC'")
"""The time of the statement; `now()` is that of the transaction, which may be long."""
MUST_NOT = "MUST NOT"
"""`copied_to_arch` of a partition that is not to be archived."""
LINE = TablePart4Copying


def enter(session: Session, part: Part, copied: str, *, is_gone: bool = True) -> None:
    """Write a partition's line: it has gone to the archive (`Y`), or must not.

    One that `is_gone` is no live one any more; a copy is, until it is dropped.
    """
    session.execute(delete(LINE).where(*_of(part)))
    table, partition = _key(part)
    gone: dict[str, Any] = {"copying_done_on": CLOCK} if copied == "Y" else {}
    if gone and is_gone:
        gone["deleted_on"] = CLOCK
    row: dict[str, Any] = {"table_name": table, "partition_name": partition}
    session.execute(insert(LINE).values({**row, "copied_to_arch": copied, **gone}))


def enter_verified(session: Session, part: Part, *, passed: bool) -> None:
    """Write into a partition's line whether it has been proven."""
    values = {"data_verif_passed": "YES" if passed else "NO", "data_verified_on": CLOCK}
    session.execute(update(LINE).where(*_of(part)).values(values))


def gone(session: Session) -> set[Key]:
    """Return the lines of partitions that were archived and are no live ones."""
    return _lines(session, LINE.deleted_on.is_not(None))


def kept_out(session: Session) -> set[Key]:
    """Return the lines of partitions that must not be archived."""
    return _lines(session, LINE.copied_to_arch == MUST_NOT)


def refused(session: Session) -> set[str]:
    """Return the partitions that were not proven after they went, or were copied."""
    return {partition for _, partition in _lines(session, LINE.data_verif_passed == "NO")}


def is_among(part: Part, lines: Collection[Key]) -> bool:
    """Return whether a partition's line is among some."""
    return _key(part) in lines


def _lines(session: Session, condition: ColumnElement[bool]) -> set[Key]:
    query = select(LINE.table_name, LINE.partition_name).where(condition)
    return {(table, partition) for table, partition in session.execute(query)}


def _key(part: Part) -> Key:
    """Return table and partition as in the ledger: it has 30 characters for each."""
    table, partition = key(part)
    return table.upper(), partition[:30]


def _of(part: Part) -> tuple[ColumnElement[bool], ...]:
    table, partition = _key(part)
    return LINE.table_name == table, LINE.partition_name == partition

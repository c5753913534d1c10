"""A day to another database: copied, counted there, attached as a whole, and proven.

The work there is one transaction, so no reader finds a job without its files, and an interrupted
copy leaves nothing behind. If it is interrupted after that, but before the proof is written here,
the next run finds the same rows in the archive, and proves them without a second copy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.layout import Part, part_of
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.orphans import findings
from pandadb.core.archive.transfer import day_copy, ddl, staging
from pandadb.core.archive.transfer.exchange import Exchange
from pandadb.core.sql.table_columns import column_names
from pandadb.errors import PandaDBError
from pandadb.services.archive.copies.remote import archive_session
from pandadb.services.archive.exchange import exchange
from pandadb.services.archive.plans import held_tasks
from pandadb.services.archive.report import CopyStep, Deferred, MovedDay, Verdict
from pandadb.services.archive.transactions import snapshot
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day
    from pandadb.database import Database
    from pandadb.services.locks import LockPolicy

EMPTY = Fingerprint(0, 0)


class CopyRefused(PandaDBError):
    """Partitions that differ from their copies as they must not: a day that stays."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(reasons.values()))
        self.reasons = reasons
        """Why, by the names that they have here."""


@dataclass(frozen=True)
class _Copy:
    """A partition and its copy."""

    part: Part
    names: list[str]
    """Its columns."""
    source: Fingerprint
    """Nothing, while it is not counted."""
    target: Fingerprint | None = None
    """None while it is not counted."""
    is_new: bool = False
    """Whether it is copied now."""
    old: Part | None = None
    """The partition of the archive that it replaces."""
    wrong: Deferral | None = None


def copy(
    database: Database,
    archive: Database,
    day: Day,
    tell: Callable[[CopyStep], None],
    locks: LockPolicy,
    *,
    parts: Collection[Part] = (),
    is_new: bool = False,
) -> MovedDay:
    """Copy a day, or some of its partitions, to the archive, and prove it.

    Partitions that the archive has already are not copied again. A partition that has changed here
    since it was copied replaces its copy. Of a day that `is_new` findings are reported, too.

    Raises:
        ArchiveLost: Its server went away.
        LockNotAvailable: Locks were not free there.
        Deferred: A task of the day is held now, or the archive has other rows of that time.
        Refused: The archive is not as it was when it was copied, or has rows that are missing here.
    """
    tell(CopyStep.COPY)
    with or_contended(), archive_session(archive) as there:
        with snapshot(database) as live:
            if why := held_tasks(live, day):
                raise Deferred(why)
            odd = findings(live, day) if is_new else []
            copies = [_compare(live, there, part) for part in parts or day.parts]
            _refuse(database, copies)
            copies = [_copy(live, there, one) if one.is_new else one for one in copies]
        tell(CopyStep.BUILD)
        copies = [_build(there, one) if one.is_new else one for one in copies]
        _refuse(database, copies)
        tell(CopyStep.ATTACH)
        locked = _attach(there, copies, locks)
    tell(CopyStep.PROVE)
    _enter(database, copies)
    verdicts = {one.part.name: Verdict.CHANGED if one.old else Verdict.SAME for one in copies}
    return MovedDay(day, {one.part.name: one.source.rows for one in copies}, odd, verdicts, locked)


def _compare(live: Session, there: Session, part: Part) -> _Copy:
    """Compare a partition with the archive: it has nothing, the same, an older state, a fault."""
    names = column_names(live, ddl.place(part))
    has = day_copy.archive_fingerprint(there, part, names)
    others = day_copy.overlapping(there, part)
    if not others and not has.rows:
        if staging.is_name_taken(there, part):
            raise Deferred(Deferral.of(Reason.NAME_TAKEN, table=part.new_name))
        return _Copy(part, names, EMPTY, is_new=True)
    source = fingerprint_of(live, names, ddl.place(part))
    if source == has:
        return _Copy(part, names, source, has)
    arrived = _arrived(there, part)
    where = ", ".join(one.name for one in others) or "its DEFAULT partition"
    if arrived is None:
        raise Deferred(Deferral.of(Reason.OTHER_ROWS, table=part.target, where=where))
    if arrived != has:
        words = {"table": part.target, "where": where, "partition": part.name}
        wrong = Deferral.of(Reason.COPY_CHANGED, **words, then=arrived.rows, now=has.rows)
        return _Copy(part, names, source, has, wrong=wrong)
    if [(one.lower, one.upper) for one in others] != [(part.lower, part.upper)]:
        raise Deferred(Deferral.of(Reason.OTHER_TIMES, where=where))
    old = part_of(part.target, others[0])
    return _Copy(part, names, source, has, is_new=True, old=old)


def _copy(live: Session, there: Session, one: _Copy) -> _Copy:
    """Copy a partition, and count it as of the same moment."""
    staging.copy(live, there, one.part)
    if one.old:
        return one
    return replace(one, source=fingerprint_of(live, one.names, ddl.place(one.part)))


def _arrived(there: Session, part: Part) -> Fingerprint | None:
    """Return the count that the archive itself has written down when a copy was attached."""
    proof = proofs.newest(there).get(proofs.range_of(part))
    return proofs.target_of(proof) if proof else None


def _build(there: Session, one: _Copy) -> _Copy:
    """Build the indexes of a new copy, and count it."""
    staging.build(there, one.part)
    target = staging.count(there, one.part, one.names)
    wrong = None
    if target != one.source:
        wrong = Deferral.of(Reason.COPY_UNLIKE, partition=one.part.name)
    elif one.old and (rows := day_copy.missing(there, one.part, one.old)):
        names = {"partition": one.part.name, "where": one.old.name}
        wrong = Deferral.of(Reason.ROWS_MISSING, **names, rows=rows)
        target = one.target or target
    return replace(one, target=target, wrong=wrong)


def _refuse(database: Database, copies: Collection[_Copy]) -> None:
    """Enter wrong copies into the ledger, and refuse them.

    Raises:
        Refused: A copy is wrong.
    """
    if wrong := {one.part.name: str(one.wrong) for one in copies if one.wrong}:
        _enter(database, [one for one in copies if one.wrong])
        raise CopyRefused(wrong)


def _attach(there: Session, copies: Collection[_Copy], locks: LockPolicy) -> float:
    """Attach all copies that are new, and prove them in the archive."""
    new = [one.part for one in copies if one.is_new]
    replaced = [one.old for one in copies if one.old]
    locked = exchange(there, Exchange(leaving=replaced, arriving=new), locks)
    for part in new:
        pandaid_index.forget(there, part)
    for one in copies:
        if one.target and one.target != _arrived(there, one.part):
            proofs.prove(there, one.part, proofs.COPY, one.source, one.target)
    return locked


def _enter(database: Database, copies: Collection[_Copy]) -> None:
    """Write proofs and the ledger's lines here, unless the newest proof is the same."""
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        known = proofs.newest(session)
        for one in copies:
            proof = known.get(proofs.range_of(one.part))
            has = proof and (proof.how, proofs.source_of(proof), proofs.target_of(proof))
            if has != (proofs.COPY, one.source, one.target):
                proofs.prove(session, one.part, proofs.COPY, one.source, one.target)
                ledger.enter(session, one.part, "Y", is_gone=False)
                ledger.enter_verified(session, one.part, passed=one.wrong is None)

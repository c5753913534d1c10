"""A day to another database: copied, counted there, attached as a whole, and proven.

All that is done there is one transaction, so nobody sees a job without its files, and who is killed
leaves nothing behind. Killed after that, but before the proof is written here, the next run finds
that the archive has what the database has, and proves it without a second copy.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg import sql

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint_of
from pandadb.core.archive.deferrals import Deferral, Reason
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.orphans import findings
from pandadb.core.archive.transfer import day_copy
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import columns
from pandadb.core.sql.transaction import schema_of
from pandadb.errors import PandaDBError
from pandadb.services.archive import patience
from pandadb.services.archive.copies.remote import reached
from pandadb.services.archive.plans import held_tasks
from pandadb.services.archive.snapshot import snapshot
from pandadb.services.archive.swaps import Moved, PutOff, Verdict
from pandadb.services.grants import act_as_owner
from pandadb.services.lockwaits import or_contended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part
    from pandadb.core.partitions.catalog import Partition
    from pandadb.database import Database


class CopyStep(StrEnum):
    """What is done with a day that goes to another database; the last two at its end here."""

    COPY = "copy"
    BUILD = "build"
    ATTACH = "attach"
    PROVE = "prove"
    RECOUNT = "recount"
    DROP = "drop"


class Refused(PandaDBError):
    """Partitions that differ from their copies as they must not: a day that stays."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(reasons.values()))
        self.reasons = reasons
        """Why, by the names that they have here."""


NOTHING = Fingerprint(0, 0)


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
    old: Partition | None = None
    """What it replaces in the archive."""
    wrong: Deferral | None = None


def copy(
    database: Database,
    archive: Database,
    day: Day,
    tell: Callable[[CopyStep], None],
    *,
    parts: Collection[Part] = (),
    is_new: bool = False,
) -> Moved:
    """Copy a day, or some of its partitions, to the archive, and prove it.

    What the archive has already is not copied again. What has changed here since it was copied
    replaces its copy. Of a day that `is_new` what is odd is told, too.

    Raises:
        ArchiveLost: Its server went away.
        Contended: Locks were not free there.
        PutOff: A task of the day is held now, or the archive has other rows of that time.
        Refused: The archive is not as it was when it was copied, or has rows that are missing here.
    """
    tell(CopyStep.COPY)
    with or_contended(), reached(archive) as there:
        with snapshot(database) as live:
            if why := held_tasks(live, day):
                raise PutOff(why)
            odd = findings(live, day) if is_new else []
            copies = [_look(live, there, part) for part in parts or day.parts]
            _refuse(database, copies)
            copies = [_fill(live, there, one) for one in copies]
        tell(CopyStep.BUILD)
        copies = [_build(there, one) for one in copies]
        _refuse(database, copies)
        tell(CopyStep.ATTACH)
        locked = _attach(there, copies)
    tell(CopyStep.PROVE)
    _enter(database, copies)
    verdicts = {one.part.name: Verdict.CHANGED if one.old else Verdict.SAME for one in copies}
    return Moved(day, {one.part.name: one.source.rows for one in copies}, odd, verdicts, locked)


def _look(live: Session, there: Session, part: Part) -> _Copy:
    """See what the archive has of a partition: nothing, the same, an older state, or a fault."""
    place = sql.Identifier(part.schema, part.name)
    names = [column.name for column in columns(live, place)]
    has = day_copy.archived(there, part, names)
    others = day_copy.overlapping(there, part)
    if not others and not has.rows:
        _refuse_taken(there, part)
        return _Copy(part, names, NOTHING, is_new=True)
    source = fingerprint_of(live, names, place)
    if source == has:
        return _Copy(part, names, source, has)
    arrived = _arrived(there, part)
    named = ", ".join(one.name for one in others) or "its DEFAULT partition"
    if arrived is None:
        raise PutOff(Deferral.of(Reason.OTHER_ROWS, table=part.target, where=named))
    if arrived != has:
        said = {"table": part.target, "where": named, "partition": part.name}
        wrong = Deferral.of(Reason.COPY_CHANGED, **said, then=arrived.rows, now=has.rows)
        return _Copy(part, names, source, has, wrong=wrong)
    if [(one.lower, one.upper) for one in others] != [(part.lower, part.upper)]:
        raise PutOff(Deferral.of(Reason.OTHER_TIMES, where=named))
    return _Copy(part, names, source, has, is_new=True, old=others[0])


def _fill(live: Session, there: Session, one: _Copy) -> _Copy:
    """Copy a partition that is to be copied, and count it as of the same moment."""
    if not one.is_new:
        return one
    part = one.part
    day_copy.fill(live, there, part)
    place = sql.Identifier(part.schema, part.name)
    return one if one.old else replace(one, source=fingerprint_of(live, one.names, place))


def _refuse_taken(there: Session, part: Part) -> None:
    schema = schema_of(there, part.target.partition(".")[0])
    if catalog.is_taken(there, schema, part.new_name):
        raise PutOff(Deferral.of(Reason.NAME_TAKEN, table=part.new_name))


def _arrived(there: Session, part: Part) -> Fingerprint | None:
    """Return what the archive itself has written down when a copy was attached."""
    proof = proofs.newest(there).get(proofs.range_of(part))
    return proofs.target_of(proof) if proof else None


def _build(there: Session, one: _Copy) -> _Copy:
    """Build the indexes of a new copy, and count it."""
    if not one.is_new:
        return one
    day_copy.build(there, one.part)
    target = day_copy.fresh(there, one.part, one.names)
    wrong = None
    if target != one.source:
        wrong = Deferral.of(Reason.COPY_UNLIKE, partition=one.part.name)
    elif one.old and (rows := day_copy.lacking(there, one.part, one.old)):
        names = {"partition": one.part.name, "where": one.old.name}
        wrong = Deferral.of(Reason.ROWS_MISSING, **names, rows=rows)
        target = one.target or target
    return replace(one, target=target, wrong=wrong)


def _refuse(database: Database, copies: Collection[_Copy]) -> None:
    """Enter what is wrong with copies, if anything is, and refuse to go on."""
    if wrong := {one.part.name: str(one.wrong) for one in copies if one.wrong}:
        _enter(database, [one for one in copies if one.wrong])
        raise Refused(wrong)


def _attach(there: Session, copies: Collection[_Copy]) -> float:
    """Attach all copies that are new, and write into the archive what has arrived."""
    replaced = {one.part: one.old for one in copies if one.old}
    new = [one.part for one in copies if one.is_new]
    began = time.monotonic()
    patience.within(there, lambda: day_copy.attach(there, new, replaced))
    locked = time.monotonic() - began
    for part in new:
        pandaid_index.forget(there, part)
    for one in copies:
        if one.target and one.target != _arrived(there, one.part):
            proofs.prove(there, one.part, proofs.COPY, one.source, one.target)
    return locked


def _enter(database: Database, copies: Collection[_Copy]) -> None:
    """Write proofs and the ledger's lines here, unless the newest proof says just that."""
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        known = proofs.newest(session)
        for one in copies:
            proof = known.get(proofs.range_of(one.part))
            said = proof and (proof.how, proofs.source_of(proof), proofs.target_of(proof))
            if said != (proofs.COPY, one.source, one.target):
                proofs.prove(session, one.part, proofs.COPY, one.source, one.target)
                proofs.enter(session, one.part, "Y", is_gone=False)
                proofs.enter_verified(session, one.part, passed=one.wrong is None)

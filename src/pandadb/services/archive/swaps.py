"""Swap of a day: prepared while other sessions work, exchanged under short locks, then counted.

Crash-safe: a day that has not been swapped is prepared once more, which is idempotent; one that has
been swapped has unfinished proofs, and is counted by the next run.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.orphans import findings
from pandadb.core.archive.transfer import control_rows, partition_indexes, rows, swaps
from pandadb.core.archive.transfer.exchange import Exchange, carry_out
from pandadb.core.partitions import catalog
from pandadb.core.sql.transaction import schema_of
from pandadb.services.archive.plans import obstacle
from pandadb.services.archive.report import Deferred, MovedDay, Step, Verdict
from pandadb.services.archive.transactions import outside, snapshot
from pandadb.services.failures import isolated
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import retry_transaction
from pandadb.services.lockwaits import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Day, Part
    from pandadb.database import Database
    from pandadb.services.failures import Failure
    from pandadb.services.locks import LockPolicy

RECOUNTS = 4


def remove_leftovers(database: Database, failed: list[Failure], locks: LockPolicy) -> None:
    """Remove the preparation of an interrupted restore from the archive's partitions."""
    with database.session() as session:
        left = swaps.leftovers(session, LIVE_OF)
    for statement in left:
        with (
            isolated(failed, statement),
            suppress(LockNotAvailable),
            outside(database, locks.tables[0]) as session,
        ):
            session.connection().exec_driver_sql(statement)


def swap(
    database: Database, day: Day, how: str, tell: Callable[[Step], None], locks: LockPolicy
) -> MovedDay:
    """Swap a day into the other tables, and prove it.

    Raises:
        LockNotAvailable: Locks were not free; the preparation stays.
        Deferred: A task of the day is held now, or its place is taken.
        NotMoved: A table has other columns than the one that its partition goes to.
    """
    with database.session() as session:
        for part in day.parts:
            rows.same_columns(session, part.source, part.target)
    _prepare(database, day, tell, locks)
    tell(Step.COUNT)
    with snapshot(database) as session:
        odd = findings(session, day)
        before = {part: fingerprint(session, part.schema, part.name) for part in day.parts}
    tell(Step.SWAP)
    locked = _exchange(database, day, how, before, locks)
    tell(Step.PROVE)
    verdicts = {part.live_name: prove(database, part, how, before[part]) for part in day.parts}
    counted = {part.live_name: found.rows for part, found in before.items()}
    return MovedDay(day, counted, odd, verdicts, locked)


def _prepare(database: Database, day: Day, tell: Callable[[Step], None], locks: LockPolicy) -> None:
    tell(Step.INDEX)
    for part in day.parts:
        with outside(database, locks.indexes) as session:
            for statement in partition_indexes.build_statements(session, part):
                session.connection().exec_driver_sql(statement)
    tell(Step.BOUND)
    for part in day.parts:
        retry_transaction(database, partial(swaps.add_check, part=part), locks.tables)
        with outside(database, locks.indexes) as session:
            swaps.validate_check(session, part)


def _exchange(
    database: Database, day: Day, how: str, before: dict[Part, Fingerprint], locks: LockPolicy
) -> float:
    """Exchange the partitions of a day; return the seconds with locked tables.

    The proofs have no count of the other side yet: `prove` adds it, or the next run.
    """

    def work(session: Session) -> float:
        if why := obstacle(session, day):
            raise Deferred(why)
        for part, source in before.items():
            proofs.prove(session, part, how, source)
            ledger.enter(session, part, "Y" if how == proofs.SWAP else ledger.MUST_NOT)
        pandaid_index.forget(session, day)
        if how == proofs.RESTORE:
            control_rows.restore_day(session, session, day)
        swaps.lock_against_vacuum(session, day, locks.autovacuum)
        began = time.monotonic()
        carry_out(session, Exchange(moving=day.parts))
        return began

    began = retry_transaction(database, work, locks.tables)
    return time.monotonic() - began


def prove(database: Database, part: Part, how: str, source: Fingerprint) -> Verdict:
    """Count a partition in its new place, and add the proof.

    The partition is the same file as before, so a difference is a change by another session. The
    same number of rows with another sum, or more rows, are an update or a late job: the count is
    repeated until it is stable. Fewer rows are a loss.
    """
    with snapshot(database) as session:
        target = _count(session, part)
    verdict = Verdict.SAME
    for _ in range(RECOUNTS):
        if target == source or target.rows < source.rows:
            break
        verdict, source = Verdict.CHANGED, target
        with snapshot(database) as session:
            target = _count(session, part)
    if target.rows < source.rows:
        verdict = Verdict.LOST
    elif target != source:
        return Verdict.RESTLESS
    with database.session() as session:
        act_as_owner(session.connection(), local=True)
        proofs.prove(session, part, how, source, target)
        if how == proofs.SWAP:
            ledger.enter_verified(session, part, passed=verdict is not Verdict.LOST)
    return verdict


def finish(database: Database, failed: list[Failure]) -> dict[str, Verdict]:
    """Count the partitions of swaps that were interrupted before the count, unless they are gone.

    Those that cannot be counted are added to `failed`.
    """
    with database.session() as session:
        known = proofs.newest(session).values()
        there = catalog.partitions(session, [*ARCHIVE_OF, *LIVE_OF]).values()
    names = {one.name for partitions in there for one in partitions}
    finished: dict[str, Verdict] = {}
    for proof in known:
        if proofs.target_of(proof) is not None:
            continue
        part, name = proofs.part_of(proof), proof.partition_name
        if part.new_name in names:
            with isolated(failed, f"count of {name}"):
                finished[name] = prove(database, part, proof.how, proofs.source_of(proof))
    return finished


def _count(session: Session, part: Part) -> Fingerprint:
    schema = schema_of(session, part.target.partition(".")[0])
    return fingerprint(session, schema, part.new_name)

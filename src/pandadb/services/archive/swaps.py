"""One day on its way: prepared while everybody works, swapped in a moment, counted afterwards.

Whoever is killed at whatever point: a day that has not been swapped is prepared once more, which
finds what is done; one that has been is known by its unfinished proofs, and is counted.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint
from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.orphans import Finding, findings
from pandadb.core.archive.transfer import partition_indexes, rows, swaps
from pandadb.core.sql.transaction import schema_of
from pandadb.errors import PandaDBError
from pandadb.services.archive.plans import obstacle
from pandadb.services.archive.snapshot import snapshot
from pandadb.services.failures import isolated
from pandadb.services.grants import act_as_owner
from pandadb.services.locks import patiently
from pandadb.services.lockwaits import Contended, or_contended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandadb.core.archive.deferrals import Deferral
    from pandadb.core.archive.layout import Day, Part
    from pandadb.database import Database
    from pandadb.models import ArchiveProof
    from pandadb.services.failures import Failure

PATIENCE = (0.2, 0.4, 0.6, 0.8, 0.8, 0.8)
"""Seconds to wait for a table, try by try, with others behind us. A server looks for deadlocks
after a second, and its victim could be somebody else: so we give up before."""
LONG = 60.0
"""Seconds for which building an index waits for others, who do not wait for it."""
LOOKS = 4


class Step(StrEnum):
    """What is done with a day, in this order."""

    INDEX = "index"
    BOUND = "bound"
    COUNT = "count"
    SWAP = "swap"
    PROVE = "prove"
    ROWS = "rows"
    """Instead of all these, for a day whose place is taken."""


class Verdict(StrEnum):
    """What the count after the swap says."""

    SAME = "same"
    CHANGED = "changed"
    """Rows were updated or added meanwhile; it is proven as it is now."""
    LOST = "lost"
    """There are fewer rows than before."""
    RESTLESS = "restless"
    """It changes all the time: the next run counts again."""


@dataclass(frozen=True)
class Moved:
    """A day that has gone."""

    day: Day
    rows: dict[str, int]
    """Rows of each partition, by its name among the live ones."""
    findings: list[Finding]
    verdicts: dict[str, Verdict]
    locked: float
    """Seconds for which the tables were locked, at most."""


class PutOff(PandaDBError):
    """Something that has come in the way meanwhile."""

    def __init__(self, why: Deferral) -> None:
        super().__init__(str(why))
        self.why = why


def tidy(database: Database, failed: list[Failure]) -> None:
    """Remove from the archive's partitions what a restore that was killed has made for them."""
    with database.session() as session:
        left = swaps.leftovers(session, LIVE_OF)
    for statement in left:
        with (
            isolated(failed, statement),
            suppress(Contended),
            _outside(database, PATIENCE[0]) as session,
        ):
            session.connection().exec_driver_sql(statement)


def move(database: Database, day: Day, how: str, tell: Callable[[Step], None]) -> Moved:
    """Move a day to the other tables, and prove it.

    Raises:
        Contended: Locks were not free; what is prepared stays.
        NotMoved: A table has other columns than the one that its partition goes to.
        PutOff: A task of the day is held now, or its place is taken.
    """
    with database.session() as session:
        for part in day.parts:
            rows.same_columns(session, part.source, part.target)
    _prepare(database, day, tell)
    tell(Step.COUNT)
    with snapshot(database) as session:
        odd = findings(session, day)
        before = {part: fingerprint(session, part.schema, part.name) for part in day.parts}
    tell(Step.SWAP)
    locked = _swap(database, day, how, before)
    tell(Step.PROVE)
    verdicts = {part.live_name: prove(database, part, how, before[part]) for part in day.parts}
    counted = {part.live_name: found.rows for part, found in before.items()}
    return Moved(day, counted, odd, verdicts, locked)


def _prepare(database: Database, day: Day, tell: Callable[[Step], None]) -> None:
    tell(Step.INDEX)
    for part in day.parts:
        with _outside(database) as session:
            for statement in partition_indexes.building(session, part):
                session.connection().exec_driver_sql(statement)
    tell(Step.BOUND)
    for part in day.parts:
        patiently(database, partial(swaps.say_bounds, part=part), PATIENCE)
        with _outside(database) as session:
            swaps.validate_bounds(session, part)


def _swap(database: Database, day: Day, how: str, before: dict[Part, Fingerprint]) -> float:
    began = 0.0

    def work(session: Session) -> None:
        nonlocal began
        if why := obstacle(session, day):
            raise PutOff(why)
        for part, source in before.items():
            proofs.prove(session, part, how, source)
            proofs.enter(session, part, "Y" if how == proofs.SWAP else proofs.NEVER)
        pandaid_index.forget(session, day)
        swaps.keep_vacuum_away(session, day)
        began = time.monotonic()
        swaps.swap(session, day)

    patiently(database, work, PATIENCE)
    return time.monotonic() - began


def prove(database: Database, part: Part, how: str, source: Fingerprint) -> Verdict:
    """Count a partition where it is now, and add the proof.

    The partition is the same file as before: what is other in it, somebody has changed. As many
    rows with another sum, or more, are an update or a late job, and are counted until they stand
    still. Fewer rows are a loss.
    """
    with snapshot(database) as session:
        target = _count(session, part)
    verdict = Verdict.SAME
    for _ in range(LOOKS):
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
            proofs.enter_verified(session, part, passed=verdict is not Verdict.LOST)
    return verdict


def finish(database: Database, proof: ArchiveProof) -> Verdict:
    """Count what has gone when somebody was killed before he could."""
    return prove(database, proofs.part_of(proof), proof.how, proofs.source_of(proof))


def _count(session: Session, part: Part) -> Fingerprint:
    schema = schema_of(session, part.target.partition(".")[0])
    return fingerprint(session, schema, part.new_name)


@contextmanager
def _outside(database: Database, patience: float | None = None) -> Iterator[Session]:
    """Open a session without transactions, for what is done CONCURRENTLY."""
    seconds = LONG if patience is None else patience
    with database.direct("a statement without a transaction").engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
        try:
            act_as_owner(connection)
            connection.execute(text(f"SET lock_timeout = '{seconds}s'"))
            connection.execute(text("SET statement_timeout = 0"))
            with or_contended(connection, seconds):
                yield Session(connection)
        finally:
            connection.invalidate()  # role and timeouts end, instead of in a pool

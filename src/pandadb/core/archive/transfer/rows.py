"""Jobs with all that belongs to them, by rows: from the tables of one side to those of the other.

The archive's proofs go along. A fingerprint is a sum over rows, so that of a partition changes by
the sum of the rows that leave it or come: a new proof is the one before, minus or plus these rows.
The other rows are not counted, and a partition that differs from its proof goes on to do so.

Control rows of the job queue follow their jobs, without proofs. The proof of rows that have come
back keeps them live for a while. Where there can be no proof, the
ledger does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from psycopg import sql
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pandadb.core.archive import ledger, proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint_of, summed
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, part_of
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.lookup.scan import id_list
from pandadb.core.archive.transfer import control_rows
from pandadb.core.archive.transfer.ddl import run
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import column_names, named, writable
from pandadb.errors import PandaDBError
from pandadb.models import ArchiveProof, Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from typing import Any

    import psycopg
    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.sql.time_range import TimeRange

Place = tuple[str, str]
"""Schema and name of a partition."""

TAKE, MERGE = "take", "merge"
"""The causes of a proof: rows have left a partition of the archive, or have come to it."""

ROWS_OF_JOBS = "{table} WHERE {times} AND pandaid = ANY({pandaids})"
JOBS = "SELECT DISTINCT pandaid FROM {these}"
DUPLICATES = "SELECT pandaid FROM {these} GROUP BY 1 HAVING count(*) > 1"
DAYS = "SELECT DISTINCT date_trunc('day', modificationtime) FROM {these}"
# A site may have added columns, but none of that name.
MOVE = """
WITH gone AS (
    DELETE FROM {source} WHERE {times} AND pandaid = ANY({pandaids})
    RETURNING tableoid AS "the place", {columns}
), put AS (
    INSERT INTO {target} ({written}) OVERRIDING SYSTEM VALUE SELECT {written} FROM gone
    RETURNING tableoid AS "the place", {columns}
)
SELECT found.*, n.nspname, c.relname
  FROM (SELECT true, "the place" AS place, {summed} FROM gone GROUP BY 2
         UNION ALL SELECT false, "the place", {summed} FROM put GROUP BY 2) AS found
  JOIN pg_class c ON c.oid = found.place JOIN pg_namespace n ON n.oid = c.relnamespace
"""
ALREADY_THERE = """
SELECT DISTINCT s.pandaid
  FROM (SELECT {columns} FROM {source} WHERE {times} AND pandaid = ANY({pandaids})) AS s
  JOIN (SELECT {key} FROM {target} WHERE {times} AND pandaid = ANY({pandaids})) AS t USING ({key})
"""


class NotMoved(PandaDBError):
    """Rows that would not be the same on the other side; nothing was changed."""


@dataclass(frozen=True)
class Direction:
    """From the tables of one side to those of the other, and the cause that its proofs name."""

    tables: Mapping[str, str]
    how: str


TO_LIVE = Direction(LIVE_OF, TAKE)
TO_ARCHIVE = Direction(ARCHIVE_OF, MERGE)


@dataclass
class MovedRows:
    """Rows that have moved, and the proofs of that."""

    rows: dict[str, int] = field(default_factory=dict)
    """How many came to each table."""
    arrived: dict[Place, int] = field(default_factory=dict)
    """How many came to each partition."""
    left: dict[Place, int] = field(default_factory=dict)
    """How many left each partition."""
    unproven: set[str] = field(default_factory=set)
    """Partitions of the archive without a proof to add to or to subtract from."""
    proven: list[Part] = field(default_factory=list)
    """Those that have a new proof."""


def move(
    session: Session, direction: Direction, times: TimeRange, pandaids: Collection[int]
) -> MovedRows:
    """Move all rows of jobs that are of some time, and add proofs of that.

    The rows that the other side then has of these jobs are counted: as many must have come as have
    left, with the same sum.

    Raises:
        NotMoved: Other rows have come, or the other table has other columns.
    """
    moved = MovedRows()
    for source, target in direction.tables.items():
        gone, put = _move(session, source, target, times, pandaids)
        moved.left |= {place: found.rows for place, found in gone.items()}
        moved.arrived |= {place: found.rows for place, found in put.items()}
        moved.rows[target] = sum(found.rows for found in put.values())
        archive, changes = (source, gone) if direction.how == TAKE else (target, put)
        _prove(session, archive, direction.how, changes, moved)
    if direction.how == TAKE and len(moved.proven) < len(moved.left):
        _keep_live(session, moved)
    follow = control_rows.to_live if direction.how == TAKE else control_rows.to_archive
    moved.rows |= {table: n for table, n in follow(session, pandaids).items() if n}
    return moved


def _keep_live(session: Session, moved: MovedRows) -> None:
    """Enter live partitions as ones that must not go, where no new proof keeps their jobs live."""
    for live, ones in catalog.partitions(session, ARCHIVE_OF).items():
        for one in ones:
            if one.is_default or one.lower is None or not moved.arrived.get((one.schema, one.name)):
                continue
            part = part_of(live, one)
            if not any(map(part.overlaps, moved.proven)):
                ledger.enter(session, part, ledger.MUST_NOT)


def _move(
    session: Session, source: str, target: str, times: TimeRange, pandaids: Collection[int]
) -> tuple[dict[Place, Fingerprint], dict[Place, Fingerprint]]:
    """Move rows; return the fingerprints of those that have left and have come, by partition."""
    names = same_columns(session, source, target)
    words = _words(session, source, target, times, pandaids)
    here, there = (
        sql.SQL(ROWS_OF_JOBS).format(**words | {"table": words[side]})
        for side in ("source", "target")
    )
    before = fingerprint_of(session, names, there)
    words |= {
        "columns": _listed(names),
        "written": _listed(writable(session, named(session, target))),
        "summed": summed(session, names, here),
    }
    found: dict[bool, dict[Place, Fingerprint]] = {True: {}, False: {}}
    try:
        for has_gone, _, rows, total, schema, name in run(session, MOVE, **words):
            found[has_gone][schema, name] = Fingerprint(int(rows), int(total))
    except IntegrityError as error:
        said = cast("psycopg.Error", error.orig).diag.message_primary
        raise NotMoved(f"{source} has a row that {target} does not take: {said}") from error
    left = sum(found[True].values(), Fingerprint(0, 0))
    if fingerprint_of(session, names, there) != before + left:
        raise NotMoved(f"What came to {target} is not what has left {source}: nothing was changed")
    return found[True], found[False]


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def same_columns(session: Session, source: str, target: str) -> list[str]:
    """Return the names of the columns of two tables, which have to be the same.

    Raises:
        NotMoved: A column of one of them is missing in the other.
    """
    ours, theirs = (column_names(session, named(session, table))
                    for table in (source, target))  # fmt: skip
    if odd := sorted({*ours} ^ {*theirs}):
        raise NotMoved(f"Only one of {source} and {target} has the column {odd[0]}: add it there")
    return ours


def _prove(
    session: Session, archive: str, how: str, changes: Mapping[Place, Fingerprint], moved: MovedRows
) -> None:
    """Add proofs of the partitions that rows have left or come to; enter those in `moved`."""
    ones = {(one.schema, one.name): one for one in catalog.partitions(session, [archive])[archive]}
    for place, change in changes.items():
        one = ones[place]
        if one.is_default or one.lower is None or one.upper is None:
            continue
        part = part_of(archive, one)
        if how == MERGE:
            pandaid_index.forget(session, part)
        proof = _newest(session, part)
        if proof is None or proof.target_rows is None or proof.how == proofs.RESTORE:
            moved.unproven.add(one.name)
            continue
        before = (proofs.source_of(proof), proofs.target_of(proof))
        now = (was - change if how == TAKE else was + change for was in before if was)
        proofs.prove(session, part, how, *now)
        moved.proven.append(part)


def _newest(session: Session, part: Part) -> ArchiveProof | None:
    table, lower, upper = proofs.range_of(part)
    query = select(ArchiveProof).filter_by(table_name=table, lower_bound=lower, upper_bound=upper)
    return session.scalars(query.order_by(ArchiveProof.id.desc()).limit(1)).one_or_none()


def doubled(
    session: Session, direction: Direction, times: TimeRange, pandaids: Collection[int]
) -> dict[int, str]:
    """Return the jobs with a row on the other side already, each with its table."""
    found: dict[int, str] = {}
    for source, target in direction.tables.items():
        there = jobs_in(session, target, times, pandaids)
        if not there:  # as a rule
            continue
        key = _key(source)
        words = _words(session, source, target, times, there)
        words |= {"key": _listed(key), "columns": _listed(dict.fromkeys([*key, "pandaid"]))}
        rows = run(session, ALREADY_THERE, **words).scalars()
        found = {int(pandaid): target for pandaid in rows} | found
    return found


def _key(table: str) -> list[str]:
    """Return the columns that are unique in a table; of jobs the PandaID, whatever their time."""
    names = [column.name for column in Base.metadata.tables[table].primary_key.columns]
    return ["pandaid"] if "jobs" in table and "param" not in table else names


def jobs_in(session: Session, table: str, times: TimeRange, pandaids: Collection[int]) -> set[int]:
    """Return the PandaIDs, of some, with rows of some time in a table."""
    return {int(pandaid) for pandaid in _column(session, JOBS, table, times, pandaids)}


def twice(session: Session, table: str, times: TimeRange, pandaids: Collection[int]) -> set[int]:
    """Return the jobs, of some, that a table has more than once."""
    return {int(pandaid) for pandaid in _column(session, DUPLICATES, table, times, pandaids)}


def days_of(
    session: Session, table: str, times: TimeRange, pandaids: Collection[int]
) -> list[datetime]:
    """Return the days of the rows that a table has of jobs."""
    return _column(session, DAYS, table, times, pandaids)


def _column(
    session: Session, template: str, table: str, times: TimeRange, pandaids: Collection[int]
) -> list[Any]:
    words = {"times": times.condition(), "pandaids": id_list(pandaids)}
    these = sql.SQL(ROWS_OF_JOBS).format(table=named(session, table), **words)
    return [*run(session, template, these=these).scalars()]


def _words(
    session: Session, source: str, target: str, times: TimeRange, pandaids: Collection[int]
) -> dict[str, sql.Composable]:
    return {
        "source": named(session, source),
        "target": named(session, target),
        "times": times.condition(),
        "pandaids": id_list(pandaids),
    }

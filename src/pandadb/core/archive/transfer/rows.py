"""Jobs with all that belongs to them, by rows: from the tables of one side to those of the other.

The archive's books go along. A fingerprint is a sum over rows, so that of a partition changes by
just that of the rows that leave it or come: a new proof is the one before, less or more by these.
Nothing else of the partition is counted, and what differs from its proof already goes on to do so.

The proof of what has come back keeps it live for a while. Where there can be none, the ledger does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from psycopg import sql
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pandadb.core.archive import proofs
from pandadb.core.archive.checksums import Fingerprint, fingerprint_of, summed
from pandadb.core.archive.layout import ARCHIVE_OF, LIVE_OF, part_of
from pandadb.core.archive.lookup import pandaid_index
from pandadb.core.archive.lookup.scan import array
from pandadb.core.partitions import catalog
from pandadb.core.sql.table_columns import columns, named, writable
from pandadb.errors import PandaDBError
from pandadb.models import ArchiveProof, Base

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Any, LiteralString

    import psycopg
    from sqlalchemy.orm import Session

    from pandadb.core.archive.layout import Part
    from pandadb.core.sql.time_range import TimeRange

Place = tuple[str, str]
"""Schema and name of a partition."""

TAKE, MERGE = "take", "merge"
"""How rows leave a partition of the archive, and how they come: what a proof says of it."""

WHERE = "{table} WHERE {times} AND pandaid = ANY({pandaids})"
JOBS = "SELECT DISTINCT pandaid FROM {table} WHERE {times} AND pandaid = ANY({pandaids})"
TWICE = (
    "SELECT pandaid FROM {table} WHERE {times} AND pandaid = ANY({pandaids})"
    " GROUP BY 1 HAVING count(*) > 1"
)
DAYS = (
    "SELECT DISTINCT date_trunc('day', modificationtime) FROM {table}"
    " WHERE {times} AND pandaid = ANY({pandaids})"
)
# A site may have added columns, but none of that name.
MOVED = """
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
DOUBLED = """
SELECT DISTINCT s.pandaid
  FROM (SELECT {columns} FROM {source} WHERE {times} AND pandaid = ANY({pandaids})) AS s
  JOIN (SELECT {key} FROM {target} WHERE {times} AND pandaid = ANY({pandaids})) AS t USING ({key})
"""


class NotMoved(PandaDBError):
    """Rows that would not be the same on the other side; nothing was changed."""


@dataclass(frozen=True)
class Way:
    """From the tables of one side to those of the other, and what the archive's books call it."""

    tables: Mapping[str, str]
    how: str


BACK = Way(LIVE_OF, TAKE)
THERE = Way(ARCHIVE_OF, MERGE)


@dataclass
class Carried:
    """What has gone."""

    rows: dict[str, int] = field(default_factory=dict)
    """How many came to each table."""
    landed: dict[Place, int] = field(default_factory=dict)
    """How many came to each partition."""
    left: dict[Place, int] = field(default_factory=dict)
    """How many left each partition."""
    unproven: set[str] = field(default_factory=set)
    """Partitions of the archive without a proof, which cannot get one by adding to it."""
    proven: list[Part] = field(default_factory=list)
    """Those that have a new proof."""


def carry(session: Session, way: Way, times: TimeRange, pandaids: Collection[int]) -> Carried:
    """Move all rows of jobs that are of some time, and add proofs of that.

    The rows that the other side then has of these jobs are counted: it must have got what has left.

    Raises:
        NotMoved: It has not, or its table has other columns.
    """
    done = Carried()
    for source, target in way.tables.items():
        gone, put = _carry(session, source, target, times, pandaids)
        done.left |= {place: found.rows for place, found in gone.items()}
        done.landed |= {place: found.rows for place, found in put.items()}
        done.rows[target] = sum(found.rows for found in put.values())
        archive, changes = (source, gone) if way.how == TAKE else (target, put)
        proven, unproven = _enter(session, archive, way.how, changes)
        done.proven += proven
        done.unproven |= unproven
    if way.how == TAKE and len(done.proven) < len(done.left):
        _keep(session, done)
    return done


def _keep(session: Session, done: Carried) -> None:
    """Enter live partitions as ones that must not go, if no new proof says that jobs came back."""
    for live, ones in catalog.partitions(session, ARCHIVE_OF).items():
        for one in ones:
            if one.is_default or one.lower is None or not done.landed.get((one.schema, one.name)):
                continue
            part = part_of(live, one)
            if not any(map(part.overlaps, done.proven)):
                proofs.enter(session, part, proofs.NEVER)


def _carry(
    session: Session, source: str, target: str, times: TimeRange, pandaids: Collection[int]
) -> tuple[dict[Place, Fingerprint], dict[Place, Fingerprint]]:
    names = same_columns(session, source, target)
    written = writable(session, named(session, target))
    words = _words(session, source, target, times, pandaids)
    here, there = (
        sql.SQL(WHERE).format(**words | {"table": words[side]}) for side in ("source", "target")
    )
    before = fingerprint_of(session, names, there)
    query = sql.SQL(MOVED).format(
        **words,
        columns=_listed(names),
        written=_listed(written),
        summed=summed(session, names, here),
    )
    found: dict[bool, dict[Place, Fingerprint]] = {True: {}, False: {}}
    try:
        for has_gone, _, rows, total, schema, name in _run(session, query):
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
    """Return the names of all columns of a table, which the other one has to have, too.

    Raises:
        NotMoved: It has not.
    """
    ours, theirs = ([column.name for column in columns(session, named(session, table))]
                    for table in (source, target))  # fmt: skip
    if odd := sorted({*ours} ^ {*theirs}):
        raise NotMoved(f"Only one of {source} and {target} has the column {odd[0]}: add it there")
    return ours


def _enter(
    session: Session, archive: str, how: str, changes: Mapping[Place, Fingerprint]
) -> tuple[list[Part], set[str]]:
    """Add proofs of partitions that rows have left, or come to; return these, and who has none."""
    proven, unproven = [], set()
    ones = {(one.schema, one.name): one for one in catalog.partitions(session, [archive])[archive]}
    for place, change in changes.items():
        one = ones[place]
        if one.is_default or one.lower is None or one.upper is None:
            continue
        part = part_of(archive, one)
        if how == MERGE:
            pandaid_index.forget(session, part)
        proof = newest(session, part)
        if proof is None or proof.target_rows is None or proof.how == proofs.RESTORE:
            unproven.add(one.name)
            continue
        now = (_changed(was, change, how)
               for was in (proofs.source_of(proof), proofs.target_of(proof)) if was)  # fmt: skip
        proofs.prove(session, part, how, *now)
        proven.append(part)
    return proven, unproven


def _changed(was: Fingerprint, change: Fingerprint, how: str) -> Fingerprint:
    return was - change if how == TAKE else was + change


def newest(session: Session, part: Part) -> ArchiveProof | None:
    """Return the newest proof of a partition."""
    query = (
        select(ArchiveProof)
        .where(
            ArchiveProof.table_name == proofs.key(part)[0],
            ArchiveProof.lower_bound == part.lower,
            ArchiveProof.upper_bound == part.upper,
        )
        .order_by(ArchiveProof.id.desc())
    )
    return session.scalars(query.limit(1)).one_or_none()


def doubled(
    session: Session, way: Way, times: TimeRange, pandaids: Collection[int]
) -> dict[int, str]:
    """Return the jobs of which the other side has a row already, each with its table."""
    found: dict[int, str] = {}
    for source, target in way.tables.items():
        there = jobs_in(session, target, times, pandaids)
        if not there:  # as a rule
            continue
        key = _key(source)
        names = {"key": key, "columns": [*dict.fromkeys([*key, "pandaid"])]}
        listed = {word: sql.SQL(", ").join(map(sql.Identifier, of)) for word, of in names.items()}
        words = _words(session, source, target, times, there) | listed
        query = sql.SQL(DOUBLED).format(**words)
        found = {int(pandaid): target for (pandaid,) in _run(session, query)} | found
    return found


def _key(table: str) -> list[str]:
    """Return what is unique in a table; a job is so by its PandaID, whatever its time."""
    names = [column.name for column in Base.metadata.tables[table].primary_key.columns]
    return ["pandaid"] if "jobs" in table and "param" not in table else names


def jobs_in(session: Session, table: str, times: TimeRange, pandaids: Collection[int]) -> set[int]:
    """Return which of the PandaIDs a table has rows of, of some time."""
    return {int(pandaid) for pandaid in _column(session, JOBS, table, times, pandaids)}


def twice(session: Session, table: str, times: TimeRange, pandaids: Collection[int]) -> set[int]:
    """Return which of the jobs a table has more than once."""
    return {int(pandaid) for pandaid in _column(session, TWICE, table, times, pandaids)}


def days_of(
    session: Session, table: str, times: TimeRange, pandaids: Collection[int]
) -> list[datetime]:
    """Return the days that a table has rows of jobs of."""
    return _column(session, DAYS, table, times, pandaids)


def _column(
    session: Session,
    template: LiteralString,
    table: str,
    times: TimeRange,
    pandaids: Collection[int],
) -> list[Any]:
    words = _words(session, table, table, times, pandaids)
    query = sql.SQL(template).format(**words, table=words["source"])
    return [value for (value,) in _run(session, query)]


def _words(
    session: Session, source: str, target: str, times: TimeRange, pandaids: Collection[int]
) -> dict[str, sql.Composable]:
    return {
        "source": named(session, source),
        "target": named(session, target),
        "times": times.condition(),
        "pandaids": array(pandaids),
    }


def _run(session: Session, query: sql.Composed) -> Iterator[tuple[Any, ...]]:
    words = {"no_parameters": True}  # a name of a column may have a %
    found = session.connection().exec_driver_sql(query.as_string(), execution_options=words)
    return (tuple(row) for row in found.all())

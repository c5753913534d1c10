"""Days of jobs with a copy that nobody archives: by it one sees whether something was lost.

The copy has a table for each of the four. Who writes jobs writes the same into the copy, in the
same transaction: so it is what has been committed, whoever was killed when.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import text

from pandadb.core.archive.checksums import Fingerprint, fingerprint
from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.core.archive.parquet import files, manifests, verification

if TYPE_CHECKING:
    import random
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

LIVE = {table.partition(".")[2]: table for table in ARCHIVE_OF}
ROWS = {
    "jobsarchived4": "(pandaid, modificationtime, jobstatus, jeditaskid)"
    " SELECT n, at, 'finished', CASE WHEN n % 499 = 0 THEN 8 ELSE 7 END FROM jobs",
    "filestable4": "(row_id, pandaid, modificationtime, type, lfn)"
    " SELECT n * 2 + k, n, at, 'input', md5(n::text) FROM jobs, generate_series(0, 1) k",
    "jobparamstable": "(pandaid, modificationtime, jobparameters)"
    " SELECT n, at, repeat(md5(n::text), 3) FROM jobs",
    "metatable": "(pandaid, modificationtime, metadata)"
    " SELECT n, at, '{}' FROM jobs WHERE n % 3 = 0",
}
TIMES = (
    "WITH jobs AS (SELECT n, CAST(:day AS timestamp) - (n - :first) / :each * interval '1 day'"
    " + n % 86400 * interval '1 second' AS at FROM generate_series(:first, :last) n)"
)
CHANGES = {
    "jobsarchived4": "superrorcode = coalesce(superrorcode, 0) + 1",
    "filestable4": "status = coalesce(status, '') || 'x'",
    "jobparamstable": "jobparameters = jobparameters || 'x'",
    "metatable": "metadata = metadata || ' '",
}
BLOCK = 100_000
"""So many PandaIDs are free behind each that the sequence gives."""


def prepare(session: Session) -> None:
    """Make the copy's tables, empty."""
    session.execute(text("CREATE SCHEMA copy"))
    session.execute(text(f"CREATE SEQUENCE copy.ids INCREMENT {BLOCK} START {BLOCK}"))
    for name, live in LIVE.items():
        session.execute(text(f"CREATE TABLE copy.{name} (LIKE {live} INCLUDING DEFAULTS)"))
        session.execute(text(f"CREATE INDEX ON copy.{name} (pandaid)"))


def add(session: Session, day: datetime, jobs: int, each: int) -> None:
    """Add jobs with what belongs to them: so many each day, of that day and those before."""
    first = session.scalar(text("SELECT nextval('copy.ids')"))
    last = first + jobs - 1
    words = {"day": day, "first": first, "last": last, "each": each}
    for name, rows in ROWS.items():
        into, _, values = rows.partition(" SELECT ")
        insert = f"INSERT INTO copy.{name} {into} {TIMES} SELECT {values}".replace("::", r"\:\:")
        session.execute(text(insert), words)
        same = f"INSERT INTO {LIVE[name]} SELECT * FROM copy.{name} WHERE pandaid BETWEEN"
        session.execute(text(f"{same} :first AND :last"), {"first": first, "last": last})


def change(session: Session, chance: random.Random) -> None:
    """Change a row wherever it is, as servers do for months after a job's end."""
    name = chance.choice([*LIVE])
    anyone = f"SELECT pandaid, modificationtime FROM copy.{name} ORDER BY random() LIMIT 1"
    words = dict(zip(("id", "at"), session.execute(text(anyone)).one(), strict=True))
    this = f"SET {CHANGES[name]} WHERE pandaid = :id AND modificationtime = :at"
    for table in (LIVE[name], ARCHIVE_OF[LIVE[name]]):
        done: Any = session.execute(text(f"UPDATE {table} {this}"), words)
        if done.rowcount:
            session.execute(text(f"UPDATE copy.{name} {this}"), words)
            return


def compare(session: Session, folder: Path) -> None:
    """See that live tables, archive and Parquet files together have just what the copy has."""
    for name, live in LIVE.items():
        there = [fingerprint(session, *table.split(".")) for table in (live, ARCHIVE_OF[live])]
        there += _filed(session, ARCHIVE_OF[live], folder)
        found = Fingerprint(sum(one.rows for one in there), sum(one.sum for one in there))
        wanted = fingerprint(session, "copy", name)
        assert found == wanted, (name, found, wanted, there, _other(session, name, folder))


def _filed(session: Session, table: str, folder: Path) -> list[Fingerprint]:
    found = []
    for month in sorted(folder.glob("[0-9]*")):
        manifest = manifests.read(month, month.name)
        (filed,) = (one for one in manifest.tables if one.table == table)
        assert verification.fault_of_bytes(month, filed) is None
        path = month / filed.file
        found.append(files.content(session, manifest.label(filed), path).fingerprint)
        assert found[-1] == filed.fingerprint
    return found


def _other(session: Session, name: str, folder: Path) -> str:
    """Say which jobs have other rows than they should, and where these are."""
    import pyarrow.parquet

    count = sql.SQL("SELECT pandaid FROM {}")
    places = {}
    for table in (LIVE[name], ARCHIVE_OF[LIVE[name]], f"copy.{name}"):
        query = count.format(sql.Identifier(*table.split("."))).as_string()
        places[table] = Counter(session.connection().exec_driver_sql(query).scalars())
    for path in folder.glob(f"[0-9]*/{ARCHIVE_OF[LIVE[name]].partition('.')[2]}.parquet"):
        ids = pyarrow.parquet.read_table(path, columns=["pandaid"])["pandaid"]
        places[str(path)] = Counter(ids.to_pylist())
    wanted = places[f"copy.{name}"]
    found: Counter[int] = sum(
        (ids for place, ids in places.items() if not place.startswith("copy")), Counter()
    )
    wrong = [job for job in wanted | found if wanted[job] != found[job]][:5]
    return str({job: {place: ids[job] for place, ids in places.items()} for job in wrong})

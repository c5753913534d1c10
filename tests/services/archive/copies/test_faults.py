"""What happens to copies: a byte changes, a row is gone, the archive's server dies."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from sqlalchemy import text

from pandadb.core.archive.layout import ARCHIVE_OF
from pandadb.database import Database, DatabaseUnreachable
from pandadb.services import archive, partitions
from pandadb.services.archive import ArchiveLost, CopyStep, Waits
from pandadb.services.schema import upgrade
from tests.databases import temporary_database
from tests.servers import mortal_server

if TYPE_CHECKING:
    from pandadb.services.archive import Progress, Ran
    from tests.databases import Server
    from tests.servers import PrivateServer

SEEDS = 100
DAY = datetime.now(UTC).date() - timedelta(50)
JOBS = 5
AT_ONCE = Waits.of_days(0, 0)
ROWS = (
    "INSERT INTO doma_panda.jobsarchived4 (pandaid, jobstatus, modificationtime, jobname)"
    " SELECT n * 10, 'finished', :at, 'job' || n FROM generate_series(1, :jobs) AS n",
    "INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime, type, lfn)"
    " SELECT n * 10, n / 2 * 10, :at, 'input', 'file' || n"
    " FROM generate_series(2, :jobs * 2 + 1) AS n",
    "INSERT INTO doma_panda.jobparamstable (pandaid, modificationtime, jobparameters)"
    " SELECT n * 10, :at, '--events 10' FROM generate_series(1, :jobs) AS n",
    "INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)"
    " SELECT n * 10, :at, '{\"key\": ' || n || '}' FROM generate_series(1, :jobs) AS n",
)
CHANGED = {
    "text": "CASE WHEN coalesce({0}, '') = '' THEN 'x' ELSE overlay({0} PLACING"
    " CASE substr({0}, {1}, 1) WHEN 'x' THEN 'y' ELSE 'x' END FROM {1} FOR 1) END",
    "number": "coalesce({0}, 0) + 1",
    "time": "coalesce({0}, '2026-10-01') + interval '1 microsecond'",
}
"""What another value of a column is, a character or the least that it can be away."""


def write(database: Database, jobs: int = JOBS) -> None:
    """Make a day of jobs with two files each, parameters and metadata."""
    with database.session() as session:
        for statement in ROWS:
            session.execute(text(statement), {"at": f"{DAY} 12:00", "jobs": jobs})
    partitions.maintain(database, tables=[*ARCHIVE_OF], drain=True)


def run(database: Database, there: Database, **words: object) -> Ran:
    return archive.run(database, archive=there, waits=AT_ONCE, **words)  # type: ignore[arg-type]


def fault(connection: psycopg.Connection, table: str, chance: random.Random) -> str:
    """Change a character of a row, or delete it; return what was done."""
    has = connection.execute(
        "SELECT quote_ident(attname), CASE typcategory WHEN 'S' THEN 'text' WHEN 'N' THEN 'number'"
        " ELSE 'time' END FROM pg_attribute JOIN pg_type t ON t.oid = atttypid"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND typcategory IN ('S', 'N', 'D')"
        " ORDER BY attnum",
        [table],
    ).fetchall()
    rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    row = f"ctid = (SELECT ctid FROM {table} ORDER BY 1 LIMIT 1 OFFSET {chance.randrange(rows[0])})"
    if chance.random() < 0.3:
        statement = f"DELETE FROM {table} WHERE {row}"
    else:
        column, kind = chance.choice(has)
        value = CHANGED[kind].format(column, chance.choice([1, 2, 3]))
        statement = f"UPDATE {table} SET {column} = {value} WHERE {row}"
    assert connection.execute(statement).rowcount == 1, statement
    return statement


@pytest.mark.slow
def test_100_faults_of_100_are_found_and_nothing_is_dropped(
    database: Database, server: Server, template: str
) -> None:
    """Each is undone afterwards, the archive's rows and what the run has written of it."""
    seed = random.randrange(10**6)
    print("seed", seed)  # noqa: T201 - shown when it fails
    suffix = f"p{DAY:%Y_%m_%d}"
    kept = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in ARCHIVE_OF)
    write(database)
    with temporary_database(server, template) as url, Database(url) as there:
        assert len(run(database, there).done) == 1
        with psycopg.connect(url, autocommit=True) as connection:
            for number in range(SEEDS):
                chance = random.Random(seed + number)
                live, archived = chance.choice([*ARCHIVE_OF.items()])
                table = f"{archived}_{suffix}"
                connection.execute(f"CREATE TEMP TABLE saved AS SELECT * FROM {table}")
                said = fault(connection, table, chance)

                ran = run(database, there)

                partition = f"{live.partition('.')[2]}_{suffix}"
                assert ([*ran.refused], ran.dropped) == ([partition], {}), said
                assert f"is not as it was copied from {partition}" in ran.refused[partition]
                with database.session() as session:
                    assert session.execute(text(kept)).one() == (JOBS, 2 * JOBS, JOBS, JOBS)
                    ledger = (
                        "SELECT partition_name FROM doma_panda.tablepart4copying"
                        " WHERE data_verif_passed = 'NO'"
                    )
                    assert session.scalars(text(ledger)).all() == [partition]
                    for undo in (
                        "DELETE FROM pandadb.archive_proof WHERE source_sum <> target_sum"
                        " OR source_rows <> target_rows",
                        "UPDATE doma_panda.tablepart4copying SET data_verif_passed = 'YES'",
                    ):
                        session.execute(text(undo))
                connection.execute(f"DELETE FROM {table}")
                connection.execute(f"INSERT INTO {table} SELECT * FROM saved")
                connection.execute("DROP TABLE saved")
        assert len(run(database, there).dropped) == 4


@pytest.mark.slow
def test_an_archive_that_is_not_as_it_was_is_refused_until_it_is_mended(
    database: Database, server: Server, template: str
) -> None:
    write(database)
    with temporary_database(server, template) as url, Database(url) as there:
        run(database, there)
        change = "UPDATE doma_pandaarch.jobsarchived SET jobname = 'job{}' WHERE pandaid = 10"
        with there.session() as session:
            session.execute(text(change.format("x")))
        refused = [run(database, there).refused for _ in range(2)]
        assert refused[0] == refused[1] != {}
        proofs = "SELECT count(*) FROM pandadb.archive_proof"
        with database.session() as session:
            assert session.scalar(text(proofs)) == 5  # not one more each night
        with there.session() as session:
            session.execute(text(change.format("1")))

        assert len(run(database, there).done) == 1
        assert len(run(database, there).dropped) == 4


def kill_while_it_copies(mortal: PrivateServer) -> None:
    """Kill a server as soon as somebody copies into it."""
    copying = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY %' AND state = 'active'"
    with psycopg.connect(mortal.url(), autocommit=True) as connection:
        while connection.execute(copying).fetchone() == (0,):
            pass
    mortal.kill()


def kill_whole(mortal: PrivateServer) -> None:
    """Kill a server, and wait until its sessions have noticed: until then their locks hold."""
    assert mortal.child_process
    processes = psutil.Process(mortal.child_process.pid).children()
    mortal.kill()
    psutil.wait_procs(processes, timeout=10)


@pytest.mark.slow
def test_an_archive_whose_server_dies_in_the_middle_loses_nothing(
    database: Database, pytestconfig: pytest.Config
) -> None:
    choice = pytestconfig.getoption("--postgres")
    jobs = 2000  # so that it copies long enough to be killed meanwhile
    write(database, jobs)
    with (
        mortal_server("embedded" if "://" in choice else choice) as mortal,
        Database(mortal.url()) as there,
    ):
        upgrade(there)
        for step in (CopyStep.COPY, CopyStep.ATTACH, CopyStep.DROP):
            if step is CopyStep.DROP:
                assert len(run(database, there).done) == 1
            die_at(step, database, there, mortal)
            with pytest.raises(DatabaseUnreachable):
                run(database, there)
            mortal.revive()

        while run(database, there).dropped:  # those that it could not drop any more
            pass
        with database.session() as session:
            for table in ARCHIVE_OF:
                assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        with there.session() as session:
            for table in ARCHIVE_OF.values():
                found = f"SELECT count(DISTINCT pandaid) FROM {table}"
                assert session.scalar(text(found)) == jobs


def die_at(step: CopyStep, database: Database, there: Database, mortal: PrivateServer) -> None:
    """Have the archive's server die in a step of a run, or as soon as it copies."""
    killing = [threading.Thread(target=kill_while_it_copies, args=[mortal])]

    def kill(progress: Progress) -> None:
        if progress.step is step:
            killing[0].start() if step is CopyStep.COPY else kill_whole(mortal)

    with pytest.raises(ArchiveLost, match="The archive's server went away") as lost:
        run(database, there, tell=kill)
    assert lost.value.ran is not None
    assert lost.value.ran.dropped == {}  # for want of the locks on the copies, too
    if step is CopyStep.COPY:
        killing[0].join()

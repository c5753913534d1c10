"""A month of a real archive in Parquet files: proven, refused, dropped, and jobs found in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.months import InvalidMonth
from pandadb.core.archive.parquet import files
from pandadb.core.archive.parquet.libraries import ParquetMissing
from pandadb.database import Database
from pandadb.services import archive, grants, jobs, schema
from pandadb.services.archive import (
    NotDropped,
    NotExported,
    NotTheOwner,
    UnreadableExport,
)
from pandadb.services.archive.months import exports
from pandadb.services.locks import LockPolicy
from tests.factories import make_retry

pytestmark = pytest.mark.slow

TABLES = {
    "jobsarchived": "(pandaid, modificationtime, jobstatus, jeditaskid) VALUES (:id, :at, 'x', 7)",
    "filestable_arch": "(row_id, pandaid, modificationtime, type) VALUES"
    " (:id * 2, :id, :at, 'input'), (:id * 2 + 1, :id, :at, 'log')",
    "jobparamstable_arch": "(pandaid, modificationtime, jobparameters) VALUES (:id, :at, '-e 10')",
    "metatable_arch": "(pandaid, modificationtime, metadata) VALUES (:id, :at, '{}')",
}


def do(database: Database, statement: str, **words: Any) -> None:
    with database.session() as session:
        session.execute(text(statement), words)


def scalar(database: Database, query: str) -> Any:
    with database.session() as session:
        return session.scalar(text(query))


def write(database: Database, pandaid: int, at: str) -> None:
    for table, rest in TABLES.items():
        do(database, f"INSERT INTO doma_pandaarch.{table} {rest}", id=pandaid, at=at)


def partition(database: Database, name: str, lower: str, upper: str) -> None:
    for table in TABLES:
        do(database, f"CREATE TABLE doma_pandaarch.{table}_{name} PARTITION OF"
           f" doma_pandaarch.{table} FOR VALUES FROM ('{lower}') TO ('{upper}')")  # fmt: skip


def rows(database: Database) -> dict[str, int]:
    return {t: scalar(database, f"SELECT count(*) FROM doma_pandaarch.{t}") for t in TABLES}


def three_days(database: Database) -> None:
    partition(database, "p2026_03_01", "2026-03-01", "2026-03-02")
    partition(database, "p2026_03_31", "2026-03-31", "2026-04-01")
    partition(database, "p2026_04_01", "2026-04-01", "2026-04-02")
    write(database, 1, "2026-03-01")
    write(database, 2, "2026-03-31 23:59:59.999999")
    write(database, 3, "2026-04-01")


CONTENTS = {"month": three_days}


@pytest.fixture
def month(database: Database) -> Database:
    """An archive with two days of March 2026 and one of April."""
    return database


def test_a_month_is_written_with_a_manifest_and_read_back(month: Database, tmp_path: Path) -> None:
    done = archive.export(month, "2026-03", tmp_path)

    manifest = json.loads((tmp_path / "2026-03" / "manifest.json").read_text())
    assert (done.is_new, done.folder) == (True, tmp_path / "2026-03")
    assert {table["table"]: table["rows"] for table in manifest["tables"]} == {
        "doma_pandaarch.jobsarchived": 2,
        "doma_pandaarch.filestable_arch": 4,
        "doma_pandaarch.jobparamstable_arch": 2,
        "doma_pandaarch.metatable_arch": 2,
    }
    (jobs,) = (table for table in manifest["tables"] if "jobs" in table["table"])
    assert jobs["pandaids"] == [1, 2]
    assert {"name": "jobstatus", "type": "character varying(15)"} in jobs["columns"]
    revision = schema.current(month).revision
    assert (manifest["revision"], manifest["panda"]) == (revision, "0.1.6")
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "2026-03",
        *(f"{table}.parquet" for table in sorted(TABLES)[:3]),
        "manifest.json",
        "metatable_arch.parquet",
    ]


def test_odd_values_make_the_round_trip(month: Database, tmp_path: Path) -> None:
    odd = "a\tb\nc\r\n\\.\n\\N \\ \"quoted\", 'é' 東 🐼"
    do(month, "UPDATE doma_pandaarch.jobparamstable_arch SET jobparameters = :odd WHERE pandaid=1",
       odd=odd)  # fmt: skip
    do(month, "UPDATE doma_pandaarch.metatable_arch SET metadata = '' WHERE pandaid = 1")
    do(month, "UPDATE doma_pandaarch.metatable_arch SET metadata = NULL WHERE pandaid = 2")
    do(month, """
        UPDATE doma_pandaarch.jobsarchived SET jobname = '\\N', cpuconversion = 0.0001,
               cpuconsumptiontime = 99999999999999999999, memory_leak = -0.01,
               creationtime = '4713-01-01 BC', starttime = '294246-12-31 23:59:59.999999',
               endtime = 'infinity', statechangetime = '-infinity',
               proddbupdatetime = '0001-12-31 23:59:59.999999 BC', jobdefinitionid = -1,
               pilotid = repeat('é', 200)
         WHERE pandaid = 1""")  # fmt: skip

    archive.export(month, "2026-03", tmp_path)

    assert not archive.export(month, "2026-03", tmp_path).is_new
    found = archive.exported(tmp_path, pandaid=1)
    assert found
    assert (found.parameters[0]["jobparameters"], found.metadata[0]["metadata"]) == (odd, "")
    assert str(found.job["cpuconsumptiontime"]) == "99999999999999999999"


def test_columns_that_pandadb_does_not_know_are_exported_and_proven(
    month: Database, tmp_path: Path
) -> None:
    do(month, "ALTER TABLE doma_pandaarch.metatable_arch ADD site jsonb, ADD weight numeric")
    do(month, """UPDATE doma_pandaarch.metatable_arch SET site = '{"a": [1.50]}', weight = 1e-30
                  WHERE pandaid = 1""")  # fmt: skip

    archive.export(month, "2026-03", tmp_path)
    do(month, "UPDATE doma_pandaarch.metatable_arch SET weight = 2 WHERE pandaid = 1")

    found = archive.exported(tmp_path, pandaid=1)
    assert found
    assert found.metadata[0]["site"] == '{"a": [1.50]}'
    with pytest.raises(NotDropped, match="metatable_arch has other rows"):
        archive.drop_exported(month, "2026-03", tmp_path)


def test_an_export_that_fits_is_left_alone(month: Database, tmp_path: Path) -> None:
    archive.export(month, "2026-03", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    again = archive.export(month, "2026-03", tmp_path)

    assert (again.is_new, again.is_gone) == (False, False)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_one_byte_of_a_file_that_changed_is_refused_and_named(
    month: Database, tmp_path: Path
) -> None:
    archive.export(month, "2026-03", tmp_path)
    change_a_byte(tmp_path / "2026-03" / "filestable_arch.parquet")
    before = rows(month)

    with pytest.raises(NotExported, match=r"filestable_arch\.parquet is not as it was written"):
        archive.export(month, "2026-03", tmp_path)
    with pytest.raises(NotDropped, match=r"filestable_arch\.parquet is not as it was written"):
        archive.drop_exported(month, "2026-03", tmp_path)
    assert rows(month) == before
    assert archive.export(month, "2026-03", tmp_path, overwrite=True).is_new
    assert not archive.export(month, "2026-03", tmp_path).is_new


@pytest.mark.slow
def test_a_row_that_changed_after_the_export_is_not_dropped(
    month: Database, tmp_path: Path
) -> None:
    archive.export(month, "2026-03", tmp_path)
    do(month, "UPDATE doma_pandaarch.jobsarchived SET superrorcode = 1 WHERE pandaid = 2")
    before = rows(month)

    with pytest.raises(NotDropped, match=r"doma_pandaarch\.jobsarchived has other rows of 2026-03"):
        archive.drop_exported(month, "2026-03", tmp_path)
    with pytest.raises(NotExported, match=r"doma_pandaarch\.jobsarchived has other rows"):
        archive.export(month, "2026-03", tmp_path)
    assert rows(month) == before
    assert scalar(month, "SELECT count(*) FROM pandadb.archive_proof") == 0


def test_a_month_that_is_proven_leaves_the_database_and_can_be_found(
    month: Database, tmp_path: Path
) -> None:
    archive.export(month, "2026-03", tmp_path)

    dropped = archive.drop_exported(month, "2026-03", tmp_path)

    assert dropped.partitions["filestable_arch_p2026_03_01"] == 2
    assert (len(dropped.partitions), dropped.beyond) == (8, {})
    assert {*rows(month).values()} == {1, 2}
    proofs = "SELECT count(*) FROM pandadb.archive_proof WHERE how = 'copy' AND source_rows = {}"
    assert [scalar(month, proofs.format(rows)) for rows in (1, 2)] == [6, 2]
    found = archive.exported(tmp_path, pandaid=2)
    assert found
    assert (found.job["pandaid"], len(found.files)) == (2, 2)
    assert (archive.drop_exported(month, "2026-03", tmp_path).partitions) == {}
    assert archive.export(month, "2026-03", tmp_path).is_gone


def test_a_job_that_only_a_file_has_is_got_as_if_the_database_had_it(
    month: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with month.session() as session:
        make_retry(session, 2, 3)
    before = jobs.get(month, 2)
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)

    with pytest.raises(jobs.UnknownJob):
        jobs.get(month, 2)
    with pytest.raises(jobs.UnknownJob):
        jobs.get(month, 4, exports=tmp_path)
    assert jobs.get(month, 3, exports=tmp_path)["table"] == "jobsarchived"
    assert jobs.get(month, 2, exports=tmp_path) == {**before, "table": "parquet"}
    found = [(one.pandaid, one.jobstatus, one.table)
             for one in jobs.history(month, 3, exports=tmp_path).attempts]  # fmt: skip
    assert found == [(2, "x", "parquet"), (3, "x", "jobsarchived")]
    assert jobs.history(month, 1, exports=tmp_path).attempts[0].table == "parquet"

    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ParquetMissing, match="need duckdb, which is not installed"):
        jobs.get(month, 2, exports=tmp_path)
    with pytest.raises(UnreadableExport, match="nowhere: it is no folder"):
        jobs.history(month, 4, exports=tmp_path / "nowhere")


def test_partitions_that_reach_beyond_the_month_stay_and_are_told(
    month: Database, tmp_path: Path
) -> None:
    do(month, "CREATE TABLE doma_pandaarch.jobsarchived_wide PARTITION OF doma_pandaarch."
       "jobsarchived FOR VALUES FROM ('2026-02-20') TO ('2026-03-01')")  # fmt: skip
    do(month, "CREATE TABLE doma_pandaarch.metatable_arch_wide PARTITION OF doma_pandaarch."
       "metatable_arch FOR VALUES FROM ('2026-04-20') TO ('2026-06-01')")  # fmt: skip
    write(month, 4, "2026-04-25")
    archive.export(month, "2026-04", tmp_path)

    dropped = archive.drop_exported(month, "2026-04", tmp_path)

    assert [*dropped.partitions] == [f"{table.partition('.')[2]}_p2026_04_01" for table in LIVE_OF]
    assert dropped.beyond == {
        "jobsarchived_default": 1,
        "filestable_arch_default": 2,
        "jobparamstable_arch_default": 1,
        "metatable_arch_wide": 1,
    }


def test_what_was_dropped_is_not_missing_to_verify(month: Database, tmp_path: Path) -> None:
    archive.export(month, "2026-03", tmp_path)
    insert = """
        INSERT INTO pandadb.archive_proof (table_name, partition_name, lower_bound, upper_bound,
               how, source_rows, source_sum, target_rows, target_sum)
        VALUES ('jobsarchived4', 'jobsarchived4_p2026_03_01', '2026-03-01', '2026-03-02', 'swap',
               1, 1, 1, 1)"""
    do(month, insert)

    archive.drop_exported(month, "2026-03", tmp_path)

    assert archive.CheckResult.MISSING not in {one.found for one in archive.verify(month)}


def test_jobs_of_held_tasks_are_not_dropped(month: Database, tmp_path: Path) -> None:
    archive.export(month, "2026-03", tmp_path)
    archive.hold(month, [7, 8])

    with pytest.raises(NotDropped, match="it has jobs of tasks that are held: 7"):
        archive.drop_exported(month, "2026-03", tmp_path)


def test_a_session_that_writes_into_the_month_is_waited_for_until_the_lock_timeout(
    month: Database, tmp_path: Path
) -> None:
    archive.export(month, "2026-03", tmp_path)

    with month.session() as session:
        session.execute(text("UPDATE doma_pandaarch.metatable_arch SET metadata = metadata"))
        with pytest.raises(NotDropped, match="locks were not free"):
            archive.drop_exported(month, "2026-03", tmp_path, locks=LockPolicy(writers=0.05))


def test_an_export_that_may_be_all_that_is_left_is_not_replaced(
    month: Database, tmp_path: Path
) -> None:
    archive.export(month, "2026-03", tmp_path)
    do(month, "DELETE FROM doma_pandaarch.jobsarchived WHERE pandaid = 1")

    with pytest.raises(NotExported, match="jobsarchived: it has 1 rows that the database has not"):
        archive.export(month, "2026-03", tmp_path, overwrite=True)
    assert archive.exported(tmp_path, pandaid=1)
    do(month, "TRUNCATE " + ", ".join(LIVE_OF))
    file = tmp_path / "2026-03" / "metatable_arch.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(NotExported, match="The archive has nothing of 2026-03"):
        archive.export(month, "2026-03", tmp_path, overwrite=True)
    assert len([*(tmp_path / "2026-03").iterdir()]) == 5
    with pytest.raises(UnreadableExport, match=r"metatable_arch\.parquet cannot be read"):
        archive.exported(tmp_path, pandaid=1)


def test_an_export_is_not_replaced_by_more_rows_that_are_others(
    month: Database, tmp_path: Path
) -> None:
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)
    partition(month, "p2026_03_01", "2026-03-01", "2026-03-02")
    for pandaid in (4, 5, 6):  # ended late, or had been held
        write(month, pandaid, "2026-03-01")

    with pytest.raises(NotExported, match="it has 2 rows that the database has not"):
        archive.export(month, "2026-03", tmp_path, overwrite=True)
    assert archive.exported(tmp_path, pandaid=1)
    with pytest.raises(NotDropped, match="has other rows"):
        archive.drop_exported(month, "2026-03", tmp_path)


def test_a_file_that_is_not_what_was_read_is_no_export(
    month: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = files.values.lines
    monkeypatch.setattr(
        files.values, "lines", lambda batch: bytes(plain(batch)).replace(b"log", b"lag")
    )

    with pytest.raises(NotExported, match=r"filestable_arch\.parquet differs from its manifest"):
        archive.export(month, "2026-03", tmp_path)
    assert [*tmp_path.iterdir()] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from pandadb.database import Database
from pandadb.services import archive, grants

def die(what):
    if what == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

archive.export(Database(sys.argv[1]), "2026-03", Path(sys.argv[2]), tell=die)
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["writing doma_pandaarch.filestable_arch",
                                   "proving doma_pandaarch.metatable_arch"])  # fmt: skip
def test_an_export_that_is_killed_leaves_nothing_under_the_final_name(
    month: Database, database_url: str, tmp_path: Path, where: str
) -> None:
    words = [sys.executable, "-c", KILLED, database_url, str(tmp_path), where]
    assert subprocess.run(words, check=False).returncode == -9

    assert [path.name for path in tmp_path.iterdir()] == [".2026-03.part"]
    assert archive.exported(tmp_path, pandaid=1) is None
    assert archive.export(month, "2026-03", tmp_path).is_new
    assert [path.name for path in tmp_path.iterdir()] == ["2026-03"]


def test_an_export_that_was_being_replaced_is_put_back(month: Database, tmp_path: Path) -> None:
    place = archive.export(month, "2026-03", tmp_path).folder
    place.rename(tmp_path / ".2026-03.old")

    assert not archive.export(month, "2026-03", tmp_path).is_new


def test_all_tables_are_read_as_of_one_moment(month: Database, tmp_path: Path) -> None:
    def add(what: str) -> None:
        if what == "writing doma_pandaarch.metatable_arch":
            write(month, 9, "2026-03-01 12:00")

    done = archive.export(month, "2026-03", tmp_path, tell=add)

    assert [table.rows for table in done.tables] == [2, 4, 2, 2]


def test_what_cannot_be_exported_is_said_in_a_sentence(
    month: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidMonth, match="'2026-13' is no month"):
        archive.export(month, "2026-13", tmp_path)
    with pytest.raises(NotExported, match="The archive has nothing of 2020-01"):
        archive.export(month, "2020-01", tmp_path)
    with pytest.raises(NotExported, match="The month 2999-01 has not ended"):
        archive.export(month, "2999-01", tmp_path)
    (tmp_path / "2026-03").mkdir()
    with pytest.raises(NotExported, match=r"There is no export in .*2026-03: it has no manifest"):
        archive.export(month, "2026-03", tmp_path, overwrite=True)
    with month.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({exports.EXPORT})"))
        with pytest.raises(NotExported, match="Another export is at work"):
            archive.export(month, "2026-03", tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetMissing, match=r"pip install 'pandadb\[parquet\]'"):
        archive.export(month, "2026-03", tmp_path)


def reader_and_owner(database: Database, prefix: str) -> tuple[Database, Database]:
    """Return the database as a login of the reader has it, and as one of the owner."""
    logins = {f"{prefix}_reads": "reader", f"{prefix}_owns": "owner"}
    for login in logins:
        do(database, f"CREATE ROLE {login} LOGIN PASSWORD 'secret'")
    grants.grant(database, prefix, logins)
    url = database.engine.url
    reader, owner = (Database(url.set(username=one, password="secret")) for one in logins)
    return reader, owner


def test_readers_export_and_members_of_the_owner_drop(
    month: Database, tmp_path: Path, prefix: str
) -> None:
    reader, owner = reader_and_owner(month, prefix)
    with reader, owner:
        assert archive.export(reader, "2026-03", tmp_path).is_new
        with pytest.raises(NotTheOwner, match="db grant --member"):
            archive.drop_exported(reader, "2026-03", tmp_path)
        assert len(archive.drop_exported(owner, "2026-03", tmp_path).partitions) == 8

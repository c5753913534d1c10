"""An exported month that comes back from its files: proven, repeated, refused, killed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet
import pytest
from sqlalchemy import event, text

from pandadb.core.archive import backpressure
from pandadb.core.archive.checksums import Fingerprint
from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.months import InvalidMonth, Month, fingerprint_of_month
from pandadb.core.archive.parquet import files, manifests
from pandadb.core.archive.parquet.libraries import ParquetMissing
from pandadb.core.archive.parquet.manifests import InvalidManifest
from pandadb.database import Database
from pandadb.models import JobsArchived4
from pandadb.services import archive, grants, jobs
from pandadb.services.archive import (
    ArchiveBusy,
    CheckResult,
    InvalidArchive,
    Limits,
    NoExports,
    NotImported,
    NotTheOwner,
    Paused,
    exchange,
    run_lock,
)
from pandadb.services.locks import LockPolicy
from tests.services.archive.months.test_exports import (
    CONTENTS,
    TABLES,
    change_a_byte,
    do,
    month,
    partition,
    reader_and_owner,
    rows,
    scalar,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

__all__ = ["CONTENTS", "month"]
JOBS = "doma_pandaarch.jobsarchived"
DAY = dt.date(2026, 3, 5)


@pytest.fixture
def gone(month: Database, tmp_path: Path) -> Database:
    """An archive whose March 2026, two jobs, is in files and nowhere else."""
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)
    return month


def complete(database: Database) -> None:
    """Give the jobs of the archive what live ones cannot be without."""
    columns = [c for c in JobsArchived4.__table__.columns if not c.nullable and not c.primary_key]
    values = ", ".join(f"{c.name} = coalesce({c.name}, 0)" for c in columns
                       if c.type.python_type in {int, Decimal})  # fmt: skip
    do(database, f"UPDATE {JOBS} SET creationtime = modificationtime, {values}")


def of_march(database: Database) -> dict[str, Fingerprint]:
    with database.session() as session:
        return {t: fingerprint_of_month(session, t, Month.of("2026-03")) for t in LIVE_OF}


def partitions_of(database: Database) -> list[str]:
    query = """
        SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text)
          FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid AND c.relkind = 'r'
         WHERE inhparent::regclass::text LIKE 'doma_pandaarch.%'
           AND inhrelid::regclass::text NOT LIKE '%default'"""
    return [name.partition(".")[2] for name in (scalar(database, query) or "").split()]


def everything(database: Database) -> Any:
    """Return what an import could change: rows, partitions and other tables, proofs, notes."""
    with database.session() as session:
        books = [
            [tuple(row) for row in session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2, 3"))]
            for table in ("pandadb.archive_proof", "pandadb.archive_range",
                          "doma_panda.tablepart4copying")
        ]  # fmt: skip
        tables = session.scalars(text("SELECT oid::regclass::text FROM pg_class ORDER BY 1")).all()
    return rows(database), books, tables


@pytest.mark.slow
def test_a_month_comes_back_as_it_was_and_is_proven(month: Database, tmp_path: Path) -> None:
    odd = "a\tb\nc\r\n\\.\n\\N \\ \"quoted\", 'é' 東 🐼"
    do(month, "UPDATE doma_pandaarch.jobparamstable_arch SET jobparameters = :odd WHERE pandaid=1",
       odd=odd)  # fmt: skip
    do(month, "UPDATE doma_pandaarch.jobsarchived SET endtime = 'infinity', memory_leak = -0.01,"
       " jobname = '\\N', starttime = '4713-01-01 BC' WHERE pandaid = 1")  # fmt: skip
    before, job = of_march(month), jobs.get(month, 2)
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)

    done = archive.import_month(month, "2026-03", tmp_path)

    assert of_march(month) == before
    assert done.rows == {table: found.rows for table, found in before.items()}
    assert (done.month, done.folder, done.present) == ("2026-03", tmp_path / "2026-03", [])
    assert partitions_of(month) == sorted(
        f"{table}_{end}" for table in TABLES for end in ("p2026_03", "p2026_04_01")
    )
    assert jobs.get(month, 2) == job
    assert jobs.get(month, 1)["jobparameters"] == odd
    march = [one for one in archive.verify(month) if one.partition.endswith("p2026_03")]
    assert [one.found for one in march] == [CheckResult.SAME] * 4
    assert {one.unproven for one in archive.status(month).archived} == {1}  # April, by hand
    noted = "SELECT count(*) FROM pandadb.archive_range WHERE upper_bound = '2026-04-01'"
    assert scalar(month, noted) == 4


def test_what_came_back_has_the_indexes_rights_and_constraints_of_its_table(
    gone: Database, tmp_path: Path, prefix: str
) -> None:
    grants.grant(gone, prefix)
    archive.import_month(gone, "2026-03", tmp_path)
    partition(gone, "p2026_05_01", "2026-05-01", "2026-05-02")

    def made(of: str) -> list[list[Any]]:
        with gone.session() as session:
            queries = (
                "SELECT regexp_replace(indexdef, '^.* USING', '') FROM pg_indexes"
                " WHERE tablename = :name ORDER BY 1",
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = CAST('doma_pandaarch.' || :name AS regclass) ORDER BY 1",
                "SELECT CAST(relacl AS text) FROM pg_class WHERE relname = :parent",
            )
            words = {"name": f"jobsarchived_{of}", "parent": "jobsarchived"}
            return [[*session.scalars(text(query), words)] for query in queries]

    assert made("p2026_03") == made("p2026_05_01")
    reader = "SELECT has_table_privilege(:role, 'doma_pandaarch.jobsarchived_p2026_03', 'SELECT')"
    with gone.session() as session:
        assert session.scalar(text(reader), {"role": f"{prefix}_reader"})


@pytest.mark.slow
def test_row_groups_come_one_after_the_other(
    month: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "GROUP", 1)
    monkeypatch.setattr("pandadb.core.archive.parquet.values.ROWS", 1)
    before = of_march(month)
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)
    told: list[archive.ImportProgress] = []

    archive.import_month(month, "2026-03", tmp_path, tell=told.append)

    assert of_march(month) == before
    assert [(one.done, one.of) for one in told] == [(done, 10) for done in range(10)]


@pytest.mark.slow
def test_a_month_that_came_back_leaves_again_and_comes_again(
    gone: Database, tmp_path: Path
) -> None:
    archive.import_month(gone, "2026-03", tmp_path)
    before = of_march(gone)

    assert not archive.export(gone, "2026-03", tmp_path).is_new
    dropped = archive.drop_exported(gone, "2026-03", tmp_path)
    assert [*dropped.partitions] == [f"{table.partition('.')[2]}_p2026_03" for table in LIVE_OF]
    assert CheckResult.MISSING not in {one.found for one in archive.verify(gone)}
    archive.import_month(gone, "2026-03", tmp_path)

    assert of_march(gone) == before


def test_a_month_that_came_back_and_is_lost_is_missed_by_verify(
    gone: Database, tmp_path: Path
) -> None:
    archive.import_month(gone, "2026-03", tmp_path)
    do(gone, "DROP TABLE doma_pandaarch.filestable_arch_p2026_03")

    missing = [one.partition for one in archive.verify(gone) if one.found is CheckResult.MISSING]
    assert missing == ["filestable_arch_p2026_03"]


@pytest.mark.slow
def test_jobs_of_a_month_that_came_back_are_restored(month: Database, tmp_path: Path) -> None:
    complete(month)
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)
    archive.import_month(month, "2026-03", tmp_path)

    restored = archive.restore_jobs(month, pandaids=[2])

    assert restored.failed == []
    assert (restored.gone.jobs, restored.gone.unproven) == ([2], [])
    march = [one for one in archive.verify(month) if one.partition.endswith("p2026_03")]
    assert {one.found for one in march} == {CheckResult.SAME}


@pytest.mark.slow
def test_a_second_import_changes_nothing(gone: Database, tmp_path: Path) -> None:
    archive.import_month(gone, "2026-03", tmp_path)
    before = everything(gone)

    again = archive.import_month(gone, "2026-03", tmp_path)

    assert (again.rows, again.present) == ({}, [*LIVE_OF])
    assert everything(gone) == before


def test_a_month_that_never_left_needs_no_import(month: Database, tmp_path: Path) -> None:
    archive.export(month, "2026-03", tmp_path)
    before = everything(month)

    assert archive.import_month(month, "2026-03", tmp_path).rows == {}
    assert everything(month) == before


def test_tables_that_stayed_are_left_alone(month: Database, tmp_path: Path) -> None:
    do(month, "DROP TABLE doma_pandaarch.metatable_arch_p2026_03_01,"
       " doma_pandaarch.metatable_arch_p2026_03_31")  # fmt: skip
    do(month, "CREATE TABLE doma_pandaarch.metatable_arch_wide PARTITION OF doma_pandaarch."
       "metatable_arch FOR VALUES FROM ('2026-02-20') TO ('2026-04-01')")  # fmt: skip
    do(month, f"INSERT INTO doma_pandaarch.metatable_arch {TABLES['metatable_arch']}",
       id=1, at="2026-03-01")  # fmt: skip
    before = of_march(month)
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)

    done = archive.import_month(month, "2026-03", tmp_path)

    assert done.present == ["doma_pandaarch.metatable_arch"]
    assert of_march(month) == before


def test_what_an_import_would_do_is_told_and_not_done(gone: Database, tmp_path: Path) -> None:
    before = everything(gone)

    found = archive.importable(gone, "2026-03", tmp_path)

    assert [*found.rows.values()] == [2, 4, 2, 2]
    assert everything(gone) == before


def test_rows_of_the_month_that_are_others_refuse_it(gone: Database, tmp_path: Path) -> None:
    do(gone, f"INSERT INTO {JOBS} {TABLES['jobsarchived']}", id=77, at="2026-03-05")
    before = everything(gone)

    for go in (archive.importable, archive.import_month):
        with pytest.raises(NotImported, match="jobsarchived has 1 rows of that month, which are"):
            go(gone, "2026-03", tmp_path)
    assert everything(gone) == before


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("doma_panda.jobsarchived4", "(pandaid, modificationtime) VALUES (2, '2026-11-01')"),
        ("doma_panda.jobsactive4", "(pandaid, jobstatus) VALUES (2, 'running')"),
        ("doma_panda.jobsdefined4", "(pandaid, jobstatus) VALUES (2, 'defined')"),
        (JOBS, "(pandaid, modificationtime) VALUES (2, '2026-01-01')"),
    ],
)
def test_a_job_of_the_month_that_is_anywhere_refuses_it(
    gone: Database, tmp_path: Path, table: str, what: str
) -> None:
    do(gone, f"INSERT INTO {table} {what}")
    before = everything(gone)

    for go in (archive.importable, archive.import_month):
        with pytest.raises(NotImported, match=rf"{table} has jobs of jobsarchived\.parquet.*: 2"):
            go(gone, "2026-03", tmp_path)
    assert everything(gone) == before


def test_files_of_the_month_that_are_live_refuse_it(gone: Database, tmp_path: Path) -> None:
    do(gone, "INSERT INTO doma_panda.filestable4 (row_id, pandaid, modificationtime)"
       " VALUES (4, 2, '2026-03-31 23:59:59.999999')")  # fmt: skip

    with pytest.raises(NotImported, match=r"doma_panda\.filestable4 has jobs of filestable_arch"):
        archive.import_month(gone, "2026-03", tmp_path)


def test_jobs_of_other_months_and_what_came_late_are_no_hindrance(
    gone: Database, tmp_path: Path
) -> None:
    do(gone, "INSERT INTO doma_panda.metatable (pandaid, modificationtime, metadata)"
       " VALUES (2, '1970-01-01', '{}')")  # fmt: skip

    assert archive.import_month(gone, "2026-03", tmp_path).rows


@pytest.mark.slow
def test_a_job_that_comes_while_the_month_is_loaded_refuses_it(
    gone: Database, tmp_path: Path
) -> None:
    def come(now: archive.ImportProgress) -> None:
        if now.table.endswith("metatable_arch"):
            do(gone, "INSERT INTO doma_panda.jobsactive4 (pandaid, jobstatus) VALUES (1, 'x')")

    with pytest.raises(NotImported, match="jobsactive4 has jobs of"):
        archive.import_month(gone, "2026-03", tmp_path, tell=come)
    assert rows(gone)["filestable_arch"] == 2
    assert partitions_of(gone) == [f"{table}_p2026_04_01" for table in sorted(TABLES)]


def test_rows_that_come_to_the_archive_meanwhile_refuse_it(gone: Database, tmp_path: Path) -> None:
    def come(now: archive.ImportProgress) -> None:
        if now.table.endswith("metatable_arch"):
            do(gone, f"INSERT INTO {JOBS} {TABLES['jobsarchived']}", id=77, at="2026-03-05")

    with pytest.raises(NotImported, match="jobsarchived has 1 rows of that month"):
        archive.import_month(gone, "2026-03", tmp_path, tell=come)
    assert rows(gone)["filestable_arch"] == 2


def test_empty_partitions_of_the_month_make_room(gone: Database, tmp_path: Path) -> None:
    partition(gone, "p2026_03_05", "2026-03-05", "2026-03-06")
    insert = """
        INSERT INTO pandadb.archive_proof (table_name, partition_name, lower_bound, upper_bound,
               how, source_rows, source_sum, target_rows, target_sum)
        VALUES ('jobsarchived4', 'jobsarchived4_p2026_03_05', '2026-03-05', '2026-03-06', 'take',
               0, 0, 0, 0)"""
    do(gone, insert)

    archive.import_month(gone, "2026-03", tmp_path)

    assert [name for name in partitions_of(gone) if "p2026_03" in name] == sorted(
        f"{table}_p2026_03" for table in TABLES
    )
    assert CheckResult.MISSING not in {one.found for one in archive.verify(gone)}


def test_a_place_that_is_taken_is_named(gone: Database, tmp_path: Path) -> None:
    do(gone, "CREATE TABLE doma_pandaarch.metatable_arch_p2026_03 ()")
    before = everything(gone)
    for go in (archive.importable, archive.import_month):
        with pytest.raises(NotImported, match="there is a table metatable_arch_p2026_03"):
            go(gone, "2026-03", tmp_path)
    assert everything(gone) == before

    do(gone, "CREATE TABLE doma_pandaarch.jobsarchived_wide PARTITION OF doma_pandaarch."
       "jobsarchived FOR VALUES FROM ('2026-02-20') TO ('2026-04-01')")  # fmt: skip
    with pytest.raises(NotImported, match="jobsarchived_wide has its place, and other times too"):
        archive.import_month(gone, "2026-03", tmp_path)


def test_a_file_that_is_not_as_it_was_written_is_refused(gone: Database, tmp_path: Path) -> None:
    path = tmp_path / "2026-03" / "filestable_arch.parquet"
    before, whole = everything(gone), path.read_bytes()

    change_a_byte(path)
    with pytest.raises(NotImported, match=r"filestable_arch\.parquet is not as it was written"):
        archive.import_month(gone, "2026-03", tmp_path)
    path.unlink()
    with pytest.raises(NotImported, match=r"filestable_arch\.parquet is missing"):
        archive.importable(gone, "2026-03", tmp_path)
    path.write_bytes(whole)
    manifest = tmp_path / "2026-03" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": 4', '"rows": 5'))
    with pytest.raises(InvalidManifest, match="is not as it was written"):
        archive.import_month(gone, "2026-03", tmp_path)
    assert everything(gone) == before


def forge(folder: Path, table: str, change: Any) -> None:
    """Change the rows of a file, and have the manifest fit all of it but their sum."""
    path = folder / f"{table}.parquet"
    found = pyarrow.parquet.read_table(path)
    pyarrow.parquet.write_table(change(found), path)
    manifest = folder / manifests.NAME
    data = json.loads(manifest.read_text())
    for one in data["tables"]:
        if one["file"] == path.name:
            one |= {"bytes": path.stat().st_size, "sha256": files.sha256(path)}
    del data["format"], data["checksum"]
    manifest.unlink()
    for one in data["tables"]:
        one["sum"] = int(one["sum"])
    forged = manifests._reader().validate_python(data)
    manifests.write(folder, forged)


def test_a_file_with_other_rows_that_its_manifest_fits_is_refused(
    gone: Database, tmp_path: Path
) -> None:
    before = everything(gone)

    def change(found: Any) -> Any:
        column = found.schema.get_field_index("type")
        values = found["type"].to_pylist()[::-1]
        changed = pyarrow.array(["other", *values[1:]], found.schema.field(column).type)
        return found.set_column(column, found.schema.field(column), changed)

    forge(tmp_path / "2026-03", "filestable_arch", change)

    with pytest.raises(NotImported, match=r"the rows of the file filestable_arch\.parquet are not"):
        archive.import_month(gone, "2026-03", tmp_path)
    assert everything(gone) == before


def test_rows_of_other_times_are_refused(gone: Database, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "2026-03", tmp_path / "2026-02")
    with pytest.raises(InvalidManifest, match="is of 2026-03, not of 2026-02"):
        archive.import_month(gone, "2026-02", tmp_path)


def test_columns_that_came_after_the_export_get_their_defaults(
    gone: Database, tmp_path: Path
) -> None:
    do(gone, "ALTER TABLE doma_pandaarch.jobsarchived ADD site jsonb, ADD rank int DEFAULT 5,"
       " ADD twice bigint GENERATED ALWAYS AS (pandaid * 2) STORED")  # fmt: skip

    archive.import_month(gone, "2026-03", tmp_path)

    assert scalar(gone, f"SELECT (site, rank, twice)::text FROM {JOBS} WHERE pandaid = 2") == (
        "(,5,4)"
    )
    march = [one for one in archive.verify(gone) if one.partition == "jobsarchived_p2026_03"]
    assert [one.found for one in march] == [CheckResult.SAME]
    assert archive.import_month(gone, "2026-03", tmp_path).rows == {}


def test_columns_of_a_site_come_back_generated_ones_too(month: Database, tmp_path: Path) -> None:
    do(month, "ALTER TABLE doma_pandaarch.jobsarchived ADD site jsonb, ADD \"a %s\" numeric,"
       " ADD twice bigint GENERATED ALWAYS AS (pandaid * 2) STORED, ADD tags text[]")  # fmt: skip
    do(month, f"""UPDATE {JOBS} SET site = '{{"a": [1.50]}}', "a %s" = 1e-30, tags = '{{x,y}}'
                   WHERE pandaid = 1""".replace(": ", r"\: "))  # fmt: skip
    before = of_march(month)
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)

    archive.import_month(month, "2026-03", tmp_path)

    assert of_march(month) == before


def test_a_column_that_the_archive_has_no_more_is_named(month: Database, tmp_path: Path) -> None:
    do(month, "ALTER TABLE doma_pandaarch.metatable_arch ADD site jsonb")
    archive.export(month, "2026-03", tmp_path)
    archive.drop_exported(month, "2026-03", tmp_path)
    do(month, "ALTER TABLE doma_pandaarch.metatable_arch DROP site")

    with pytest.raises(NotImported, match=r"metatable_arch lacks the column site, .* site jsonb"):
        archive.import_month(month, "2026-03", tmp_path)


def test_values_that_fit_no_more_are_refused(gone: Database, tmp_path: Path) -> None:
    do(gone, "ALTER TABLE doma_pandaarch.filestable_arch ADD CHECK (row_id > 5)")
    before = everything(gone)

    with pytest.raises(NotImported, match=r"filestable_arch\.parquet does not fit"):
        archive.import_month(gone, "2026-03", tmp_path)
    assert everything(gone) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from pandadb.database import Database
from pandadb.services import archive

def die(now):
    if now.table == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

archive.import_month(Database(sys.argv[1]), "2026-03", Path(sys.argv[2]), tell=die)
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", [JOBS, "doma_pandaarch.metatable_arch"])
def test_an_import_that_is_killed_leaves_nothing_behind(
    gone: Database, database_url: str, tmp_path: Path, where: str
) -> None:
    before = everything(gone)
    words = [sys.executable, "-c", KILLED, database_url, str(tmp_path), where]
    assert subprocess.run(words, check=False).returncode == -9

    assert everything(gone) == before
    done = archive.import_month(gone, "2026-03", tmp_path)
    assert [*done.rows.values()] == [2, 4, 2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("remainder", range(3))
def test_whatever_statement_fails_all_of_the_month_is_there_or_nothing(
    gone: Database, tmp_path: Path, remainder: int
) -> None:
    before = everything(gone)
    sent = []

    @event.listens_for(gone.engine, "before_cursor_execute")
    def fail(*_: Any) -> None:
        sent.append(None)
        if len(sent) == last:
            raise RuntimeError("the power is off")

    for last in range(1 + 5 * remainder, 10**6, 15):
        sent.clear()
        try:
            archive.import_month(gone, "2026-03", tmp_path)
        except RuntimeError:
            now, sent[:] = everything(gone), [None] * last
            if now != before:
                break
        else:
            break
    event.remove(gone.engine, "before_cursor_execute", fail)

    assert last > 100
    assert archive.import_month(gone, "2026-03", tmp_path).rows == {}
    march = [one.found for one in archive.verify(gone) if one.partition.endswith("p2026_03")]
    assert march == [CheckResult.SAME] * 4


def test_an_error_at_the_end_leaves_nothing_behind(
    gone: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(gone)
    plain = exchange.carry_out

    def fail(*words: Any) -> None:
        plain(*words)
        raise OSError("the power is off")

    monkeypatch.setattr(exchange, "carry_out", fail)
    with pytest.raises(OSError, match="the power is off"):
        archive.import_month(gone, "2026-03", tmp_path)
    assert everything(gone) == before


def test_tables_that_are_in_use_are_waited_for_but_shortly(gone: Database, tmp_path: Path) -> None:
    limits = Limits(locks=LockPolicy(tables=(0.05,), writers=0.05))
    before = everything(gone)

    with gone.session() as session:
        session.execute(text(f"LOCK TABLE {JOBS} IN SHARE UPDATE EXCLUSIVE MODE"))
        with pytest.raises(ArchiveBusy, match="locks were not free"):
            archive.import_month(gone, "2026-03", tmp_path, limits=limits)
    assert everything(gone) == before


@pytest.mark.slow
def test_an_import_waits_where_the_archiver_waits_and_does_not_begin_while_it_is_paused(
    gone: Database, tmp_path: Path
) -> None:
    archive.pause(gone, reason="a disk is replaced")
    with pytest.raises(Paused, match="a disk is replaced"):
        archive.import_month(gone, "2026-03", tmp_path)
    archive.resume(gone)
    waited: list[str] = []

    def tell(now: archive.ImportProgress) -> None:
        if now.waiting:
            waited.append(now.waiting)
            archive.resume(gone)
        elif now.table == JOBS:
            archive.pause(gone, reason="a disk is replaced")

    assert archive.import_month(gone, "2026-03", tmp_path, tell=tell).rows
    assert len(waited) == 1
    assert "a disk is replaced" in waited[0]


def test_an_import_does_not_wait_for_who_waits_for_it(
    gone: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = [1]
    monkeypatch.setattr(backpressure, "waiting", lambda _: sessions[0])
    said = []

    def tell(now: archive.ImportProgress) -> None:
        said.append(now.waiting)
        sessions[0] = 0 if now.waiting else 1

    archive.import_month(gone, "2026-03", tmp_path, tell=tell)

    assert said == ["1 sessions wait for locks", None, None, None, None]


def test_what_cannot_be_imported_is_said_in_a_sentence(
    gone: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidMonth, match="'2026-13' is no month"):
        archive.import_month(gone, "2026-13", tmp_path)
    with pytest.raises(InvalidManifest, match=r"no export in .*2026-04: it has no manifest"):
        archive.import_month(gone, "2026-04", tmp_path)
    with pytest.raises(NoExports, match="nowhere: it is no folder"):
        archive.import_month(gone, "2026-03", tmp_path / "nowhere")
    with gone.session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({run_lock.RUN})"))
        with pytest.raises(ArchiveBusy, match="Another run is at work"):
            archive.import_month(gone, "2026-03", tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetMissing, match=r"pip install 'pandadb\[parquet\]'"):
        archive.import_month(gone, "2026-03", tmp_path)


def test_an_export_that_was_being_replaced_is_found(gone: Database, tmp_path: Path) -> None:
    (tmp_path / "2026-03").rename(tmp_path / ".2026-03.old")

    assert archive.import_month(gone, "2026-03", tmp_path).rows


@pytest.mark.slow
def test_a_folder_may_be_called_anything(month: Database, tmp_path: Path) -> None:
    folder = tmp_path / "a [b]* ?%s 'x'"
    archive.export(month, "2026-03", folder)
    archive.drop_exported(month, "2026-03", folder)

    assert archive.restorable(month, pandaids=[2], exports=folder).exported == {"2026-03": [2]}
    do(month, "INSERT INTO doma_panda.jobsactive4 (pandaid, jobstatus) VALUES (1, 'x')")
    with pytest.raises(NotImported, match="jobsactive4 has jobs of"):
        archive.importable(month, "2026-03", folder)
    do(month, "DELETE FROM doma_panda.jobsactive4")
    assert archive.import_month(month, "2026-03", folder).rows


@pytest.mark.slow
def test_members_of_the_owner_import(gone: Database, tmp_path: Path, prefix: str) -> None:
    reader, owner = reader_and_owner(gone, prefix)
    with reader, owner:
        with pytest.raises(NotTheOwner, match="db grant --member"):
            archive.import_month(reader, "2026-03", tmp_path)
        assert archive.import_month(owner, "2026-03", tmp_path).rows


@pytest.mark.slow
def test_a_month_comes_to_the_other_database_that_is_the_archive(
    gone: Database, there: Database, tmp_path: Path
) -> None:
    before = everything(gone)

    assert [*archive.importable(gone, "2026-03", tmp_path, archive=there).rows.values()] == [
        2, 4, 2, 2,
    ]  # fmt: skip
    archive.import_month(gone, "2026-03", tmp_path, archive=there)

    assert everything(gone) == before
    assert rows(there)["jobsarchived"] == 2
    assert jobs.get(gone, 2, archive=there)["table"] == "jobsarchived"
    found = [one.found for one in archive.verify(gone, archive=there)]
    assert found == [CheckResult.SAME] * 4
    assert archive.import_month(gone, "2026-03", tmp_path, archive=there).rows == {}
    with pytest.raises(InvalidArchive, match="is the database of PANDADB_URL"):
        archive.import_month(gone, "2026-03", tmp_path, archive=gone)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "table"),
    [
        ("live", "doma_panda.jobsactive4"),
        ("live", JOBS),
        ("live", "doma_pandaarch.metatable_arch"),
        ("there", "doma_panda.jobsactive4"),
    ],
)
def test_a_job_that_either_of_two_databases_has_refuses_it(
    gone: Database, there: Database, tmp_path: Path, where: str, table: str
) -> None:
    database = gone if where == "live" else there
    do(database, f"INSERT INTO {table} (pandaid, modificationtime) VALUES (2, '2026-03-01')")

    with pytest.raises(NotImported, match=f"{table} has jobs of"):
        archive.import_month(gone, "2026-03", tmp_path, archive=there)
    assert rows(there)["jobsarchived"] == 0


def test_a_signal_is_no_kill(gone: Database, tmp_path: Path) -> None:
    before = everything(gone)

    def interrupt(_: archive.ImportProgress) -> None:
        raise KeyboardInterrupt  # as a signal does, which pytest's workers ignore

    with pytest.raises(KeyboardInterrupt):
        archive.import_month(gone, "2026-03", tmp_path, tell=interrupt)
    assert everything(gone) == before

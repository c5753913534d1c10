"""Manifests that lie, and files that are not what they are said to be: nothing is lost by them."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet
import pytest
from sqlalchemy import text

from pandadb.core.archive.layout import LIVE_OF
from pandadb.core.archive.parquet import files, manifests
from pandadb.core.archive.parquet.files import UnreadableFile
from pandadb.core.archive.parquet.manifests import InvalidManifest
from pandadb.core.archive.parquet.verification import fault_of_label
from pandadb.core.sql.table_columns import Column
from pandadb.services import archive, jobs
from pandadb.services.archive import NoExports, NotDropped, NotExported, UnreadableExport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

VALUES = {
    "jobsarchived": "(pandaid, modificationtime, jobstatus) VALUES (:id, :at, 'finished')",
    "filestable_arch": "(row_id, pandaid, modificationtime, type) VALUES (:id * 2, :id, :at, 'log')"
    ", (:id * 2 + 1, :id, :at, 'input')",
    "jobparamstable_arch": "(pandaid, modificationtime, jobparameters) VALUES (:id, :at, '-e')",
    "metatable_arch": "(pandaid, modificationtime, metadata) VALUES (:id, :at, '{}')",
}


@pytest.fixture
def months(database: Database, tmp_path: Path) -> Path:
    """A folder with March and April of 2026, of two jobs each, which the database has, too."""
    with database.session() as session:
        for month, pandaids in ((3, (11, 12)), (4, (21, 22))):
            for table, values in VALUES.items():
                session.execute(text(
                    f"CREATE TABLE doma_pandaarch.{table}_p2026_0{month} PARTITION OF"
                    f" doma_pandaarch.{table} FOR VALUES FROM ('2026-0{month}-01')"
                    f" TO ('2026-0{month + 1}-01')"))  # fmt: skip
                for pandaid in pandaids:
                    words = {"id": pandaid, "at": f"2026-0{month}-{pandaid}"}
                    session.execute(text(f"INSERT INTO doma_pandaarch.{table} {values}"), words)
    for month in (3, 4):
        archive.export(database, f"2026-0{month}", tmp_path)
    return tmp_path


def rows(database: Database) -> int:
    counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in LIVE_OF)
    with database.session() as session:
        return int(session.execute(text(f"SELECT {counts}")).scalar_one())


def read(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "manifest.json").read_text())
    return found


def signed(data: dict[str, Any]) -> str:
    """Return a manifest with the checksum that it has to have."""
    rest = {name: value for name, value in data.items() if name != "checksum"}
    checksum = hashlib.sha256(f"{json.dumps(rest, indent=1)}\n".encode()).hexdigest()
    head = {"format": rest.pop("format", 2), "checksum": checksum}
    return f"{json.dumps({**head, **rest}, indent=1)}\n"


def lie(place: Path, data: dict[str, Any]) -> None:
    (place / "manifest.json").write_text(signed(data))


def others(value: Any) -> list[Any]:
    """Return what may stand instead of a value: of its type, and of any other."""
    if isinstance(value, list):
        return [[], value[:-1], [*value, value[-1]], value[::-1], {}, None]
    if isinstance(value, int):
        return [value + 1, -1, 10**30, value + 0.5, str(value), None, True]
    if value is None:
        return ["", 0, []]
    return [f"{value}x", value[:-1], "", "../../2026-04/x", "0", 0, None, [value]]


def lies(data: Any) -> Iterator[tuple[str, Any]]:
    """Yield all that becomes of a manifest if one of its values is another, or is not there."""
    children = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in [*children]:
        instead = others(value) if not isinstance(value, dict) else []
        is_column = "name" in data and "type" in data  # there are hundreds
        instead = instead[:1] if is_column else instead
        for other in instead:
            if other != value or type(other) is not type(value):
                changed = copy.copy(data)
                changed[key] = other
                yield f"{key}={other!r:.40}", changed
        if isinstance(data, dict) and not is_column:
            yield f"no {key}", {name: one for name, one in data.items() if name != key}
            yield f"more than {key}", {**data, f"{key}2": value}
        if isinstance(value, dict | list):
            for name, inner in lies(value):
                changed = copy.copy(data)
                changed[key] = inner
                yield f"{key}.{name}", changed


@pytest.mark.slow
def test_no_lie_of_a_manifest_drops_a_month_or_hides_it_from_verify(
    database: Database, months: Path
) -> None:
    place = months / "2026-03"
    shutil.rmtree(months / "2026-04")
    honest, before = read(place), rows(database)
    tried = 0
    for name, changed in lies(honest):
        if re.search(r"columns\.[1-9]", name):
            continue  # the others: below
        lie(place, changed)
        if read(place) == honest:
            continue  # only the checksum was another, and was put right
        tried += 1
        with pytest.raises((NotDropped, InvalidManifest)):
            archive.drop_exported(database, "2026-03", months)
        assert archive.verify_exports(database, months)[0].fault, name

    assert tried > 200
    assert rows(database) == before
    lie(place, honest)
    assert archive.verify_exports(database, months)[0].fault is None
    assert len(archive.drop_exported(database, "2026-03", months).partitions) == 4


@pytest.mark.slow
def test_what_a_manifest_says_of_any_column_is_compared_with_its_file(months: Path) -> None:
    place = months / "2026-03"
    honest = read(place)
    for name, changed in lies(honest):
        if not re.search(r"columns\.\d", name):
            continue
        lie(place, changed)
        try:
            manifest = manifests.read(place, "2026-03")
        except InvalidManifest:
            continue  # it was no text
        assert any(fault_of_label(place, manifest, table) for table in manifest.tables), name


@pytest.mark.slow
def test_a_manifest_that_was_changed_says_so_by_its_checksum(months: Path) -> None:
    place = months / "2026-03"
    for name, changed in lies(read(place)):
        (place / "manifest.json").write_text(f"{json.dumps(changed, indent=1)}\n")
        with pytest.raises(InvalidManifest, match="manifest"):
            raise AssertionError(manifests.read(place, "2026-03"), name)


def test_a_file_of_another_month_stands_for_none(database: Database, months: Path) -> None:
    march, april = months / "2026-03", months / "2026-04"
    before = rows(database)
    changed = read(march)
    changed["tables"] = read(april)["tables"]
    for file in april.glob("*.parquet"):
        shutil.copy(file, march)
    lie(march, changed)

    with pytest.raises(NotDropped, match=r"jobsarchived\.parquet differs .*its month is '2026-04'"):
        archive.drop_exported(database, "2026-03", months)
    with pytest.raises(NotExported, match="its month is '2026-04'"):
        archive.export(database, "2026-03", months)
    shutil.rmtree(march)
    shutil.copytree(april, march)
    with pytest.raises(InvalidManifest, match=r"manifest\.json is of 2026-04, not of 2026-03"):
        archive.drop_exported(database, "2026-03", months)
    faults = {one.month: one.fault for one in archive.verify_exports(database, months)}
    assert faults["2026-04"] is None
    assert "is of 2026-04" in str(faults["2026-03"])
    assert rows(database) == before


@pytest.mark.parametrize("said", [
    b"", b"{", b"[]", b"null", b'"2026-03"', b"\xff\xfe", b"[" * 100_000, b'{"format": NaN}',
    b'{"format": 1, "month": "2026-03", "tables": []}', b'{"format": ' + b"9" * 5000 + b"}",
])  # fmt: skip
def test_what_is_no_manifest_is_a_sentence(tmp_path: Path, said: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(said)

    with pytest.raises(InvalidManifest, match=r"manifest\.json is "):
        manifests.read(tmp_path, "2026-03")


def test_a_key_that_is_there_twice_is_no_manifest(months: Path) -> None:
    path = months / "2026-03" / "manifest.json"
    path.write_text(path.read_text().replace("{", '{\n "month": "2026-04",', 1))

    with pytest.raises(InvalidManifest, match="is not as it was written"):
        manifests.read(path.parent, "2026-03")


@pytest.mark.slow
def test_a_byte_of_a_file_that_changed_is_found_though_the_manifest_goes_along(
    database: Database, months: Path
) -> None:
    place = months / "2026-03"
    shutil.rmtree(months / "2026-04")
    honest, before = read(place), rows(database)
    file = place / "metatable_arch.parquet"
    whole = file.read_bytes()
    for byte in range(0, len(whole), 61):
        changed = bytearray(whole)
        changed[byte] ^= 0x55
        file.write_bytes(changed)
        lie(place, honest)
        assert "not as it was written" in str(archive.verify_exports(database, months)[0].fault)
        data = copy.deepcopy(honest)
        data["tables"][-1]["sha256"] = hashlib.sha256(changed).hexdigest()
        lie(place, data)
        if archive.verify_exports(database, months)[0].fault:
            with pytest.raises(NotDropped):
                archive.drop_exported(database, "2026-03", months)
        else:  # it is of no row
            assert pyarrow.parquet.read_table(file).to_pylist()[0]["pandaid"] == 11
    assert rows(database) == before


@pytest.mark.slow
def test_a_job_is_found_whatever_manifests_say_of_their_jobs(
    database: Database, months: Path
) -> None:
    whole = {pandaid: jobs.get(database, pandaid) | {"table": "parquet"} for pandaid in (12, 21)}
    for month in ("2026-03", "2026-04"):
        archive.drop_exported(database, month, months)
    place = months / "2026-03"
    honest = read(place)
    for ranges in ([1, 2], [10**17, 10**18], None):
        for number in range(4):
            changed = copy.deepcopy(honest)
            changed["tables"][number]["pandaids"] = ranges
            lie(place, changed)
            assert jobs.get(database, 12, exports=months) == whole[12]
            assert jobs.get(database, 21, exports=months) == whole[21]
    for said in ("", "{}", (months / "2026-04" / "manifest.json").read_text(), None):
        (place / "manifest.json").unlink()
        if said is not None:
            (place / "manifest.json").write_text(said)
        assert jobs.get(database, 12, exports=months) == whole[12]
        assert jobs.history(database, 21, exports=months).attempts[0].table == "parquet"
        with pytest.raises(InvalidManifest, match="No file has job 99, but one may be missing"):
            jobs.get(database, 99, exports=months)
        if said is None:
            (place / "manifest.json").touch()
    lie(place, honest)
    place.rename(months / ".2026-03.old")  # an export was interrupted while it replaced it
    assert jobs.get(database, 12, exports=months) == whole[12]
    with pytest.raises(jobs.UnknownJob):
        jobs.get(database, 99, exports=months)


@pytest.mark.slow
def test_a_month_that_is_there_twice_has_each_row_once(database: Database, months: Path) -> None:
    before = archive.exported(months, pandaid=12)
    shutil.copytree(months / "2026-03", months / "2026-03-copy")
    shutil.copytree(months / "2026-03", months / "2025-01")

    assert archive.exported(months, pandaid=12) == before
    assert [one.month for one in archive.verify_exports(database, months) if one.fault] == [
        "2025-01"
    ]


@pytest.mark.slow
def test_a_file_that_is_missing_is_not_an_unknown_job(database: Database, months: Path) -> None:
    for month in ("2026-03", "2026-04"):
        archive.drop_exported(database, month, months)
    (months / "2026-03" / "jobsarchived.parquet").unlink()

    with pytest.raises(UnreadableExport, match=r"jobsarchived\.parquet"):
        jobs.get(database, 12, exports=months)


@pytest.mark.slow
def test_a_damaged_manifest_lets_nobody_replace_what_only_its_files_have(
    database: Database, months: Path
) -> None:
    place = months / "2026-03"
    honest = read(place)
    with database.session() as session:
        session.execute(text("DELETE FROM doma_pandaarch.jobsarchived WHERE pandaid = 11"))
        session.execute(text("UPDATE doma_pandaarch.metatable_arch SET metadata = '{ }'"))
    fresh = read(archive.export(database, "2026-03", months / "fresh").folder)
    changed = copy.deepcopy(honest)
    for number in range(4):  # it says that it has what the database has now
        for name in ("rows", "sum"):
            changed["tables"][number][name] = fresh["tables"][number][name]

    for manifest in (signed(changed), "{}", signed({**honest, "month": "2026-04"})):
        (place / "manifest.json").write_text(manifest)
        with pytest.raises(NotExported, match="jobsarchived: it has 1 rows that the database has"):
            archive.export(database, "2026-03", months, overwrite=True)
    lie(place, honest)
    (place / "notes.txt").write_text("of somebody")
    with pytest.raises(NotExported, match=r"has notes\.txt, which no export has"):
        archive.export(database, "2026-03", months, overwrite=True)
    assert archive.exported(months, pandaid=11)


def test_an_export_is_verified_after_its_tables_have_got_other_columns(
    database: Database, months: Path
) -> None:
    with database.session() as session:
        session.execute(text("ALTER TABLE doma_pandaarch.metatable_arch ADD site jsonb"))

    assert [one.fault for one in archive.verify_exports(database, months)] == [None, None]
    with pytest.raises(NotDropped, match="metatable_arch has other columns than were exported"):
        archive.drop_exported(database, "2026-03", months)


def test_no_type_of_a_column_is_run_as_sql(database: Database, months: Path) -> None:
    place = months / "2026-03"
    manifest = manifests.read(place, "2026-03")
    table = manifest.tables[-1]
    for said in ("int); DROP TABLE doma_pandaarch.metatable_arch; --", "no_type", "", "int x"):
        label = replace(manifest.label(table), columns=[Column("a", said)])
        with database.session() as session, pytest.raises(UnreadableFile, match="is of a type"):
            files.content(session, label, place / table.file)


def test_there_are_no_exports_in_what_is_no_folder(database: Database, months: Path) -> None:
    with pytest.raises(NoExports, match="it is no folder"):
        archive.verify_exports(database, months / "nowhere")
    with pytest.raises(UnreadableExport, match="it is no folder"):
        archive.exported(months / "nowhere", pandaid=1)

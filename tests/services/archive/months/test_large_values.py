"""Months with large values, and with columns of a site: what goes along, and what cannot."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pandadb.core.archive.parquet.values import OddValue
from pandadb.services import archive, jobs

if TYPE_CHECKING:
    from pathlib import Path

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

EXPORTED = """
import resource, sys
from pathlib import Path
from pandadb.core.archive.parquet.libraries import library
from pandadb.database import Database
from pandadb.services import archive, jobs

for name in ("pyarrow.parquet", "pyarrow.compute"):
    library(name)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
archive.export(Database(sys.argv[1]), "2026-03", Path(sys.argv[2]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def do(database: Database, *statements: str) -> None:
    with database.session() as session:
        for statement in statements:
            plain = {"no_parameters": True}  # neither % nor : are ours
            session.connection().exec_driver_sql(statement, execution_options=plain)


@pytest.fixture
def month(database: Database) -> Database:
    """A database whose archive has a day of March 2026, with one job that has metadata."""
    for table in ("jobsarchived", "metatable_arch"):
        do(
            database,
            f"CREATE TABLE doma_pandaarch.{table}_p2026_03_01 PARTITION OF doma_pandaarch.{table}"
            " FOR VALUES FROM ('2026-03-01') TO ('2026-03-02')",
            f"INSERT INTO doma_pandaarch.{table} (pandaid, modificationtime)"
            " VALUES (1, '2026-03-01')",
        )
    return database


@pytest.mark.slow
def test_memory_does_not_grow_with_the_values_of_a_month(
    month: Database, database_url: str, tmp_path: Path
) -> None:
    do(
        month,
        """
        INSERT INTO doma_pandaarch.metatable_arch (pandaid, modificationtime, metadata)
        SELECT n, '2026-03-01', repeat(md5(n::text), 65536) FROM generate_series(2, 100) n""",
    )

    words = [sys.executable, "-c", EXPORTED, database_url, str(tmp_path)]
    grown = int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

    assert grown < 300, "MB, for 200 MB of metadata"
    dropped = archive.drop_exported(month, "2026-03", tmp_path)
    assert dropped.partitions["metatable_arch_p2026_03_01"] == 100


def test_a_value_may_be_larger_than_what_is_read_at_once(month: Database, tmp_path: Path) -> None:
    odd = r"repeat(E'\\\t\n\u00e9', 3000000)"
    do(month, f"UPDATE doma_pandaarch.metatable_arch SET metadata = {odd}")

    archive.export(month, "2026-03", tmp_path)

    found = archive.exported(tmp_path, pandaid=1)
    assert found
    assert found.metadata[0]["metadata"] == "\\\t\né" * 3_000_000


COLUMNS = [
    ("flag", "boolean", "true"),
    ("tags", "text[]", """'{a,"b,c",NULL,"\\\\"}'"""),
    ("mood", "public.mood", "'so so'"),
    ("made", "integer GENERATED ALWAYS AS (pandaid * 2) STORED", "DEFAULT"),
    ("seen", "timestamptz", "'2026-03-01 12:00+03'"),
    ("born", "date", "'0044-03-15 BC'"),
    ("lasts", "interval", "'1 mon 2 days 00:00:03.000004'"),
    ("many", "numeric", "'Infinity'"),
    ("odd", "numeric", "'NaN'"),
    ("tens", "numeric(3,-2)", "12345"),
    ("small", "numeric(2,5)", "0.00012"),
    ("huge", "numeric(50,10)", "'1234567890123456789012345678901234567890.0123456789'"),
    ("ratio", "double precision", "'NaN'"),
    ("part", "real", "1e-30"),
    ("raw", "bytea", r"'\x00ff'"),
    ("doc", "jsonb", """'{"a": [1.50, null]}'"""),
    ("raw_doc", "json", """'{"a":  [1.50, null] }'"""),
    ("uid", "uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("host", "inet", "'10.0.0.1/8'"),
    ("one", "character(3)", "'a'"),
    ("kind", '"char"', "'x'"),
    ("part_of", "int4range", "'[1,5)'"),
    ("places", "numeric(4,1)[]", "'{1.5,NULL}'"),
    ('"Od%d ""name"" (:s)"', "smallint", "-32768"),
]


def test_columns_of_any_type_that_a_site_has_go_along(month: Database, tmp_path: Path) -> None:
    table = "doma_pandaarch.metatable_arch"
    added = ", ".join(f"ADD {name} {kind}" for name, kind, _ in COLUMNS)
    given = ", ".join(f"{name} = {value}" for name, _, value in COLUMNS)
    do(month, "CREATE TYPE public.mood AS ENUM ('fine', 'so so')", f"ALTER TABLE {table} {added}",
       f"UPDATE {table} SET {given}",
       f"INSERT INTO {table} (pandaid, modificationtime) VALUES (2, '2026-03-01')")  # fmt: skip

    archive.export(month, "2026-03", tmp_path)
    assert archive.drop_exported(month, "2026-03", tmp_path).partitions

    found = archive.exported(tmp_path, pandaid=1)
    assert found
    row = found.metadata[0]
    assert (row["tags"], row["mood"], row["made"]) == ('{a,"b,c",NULL,"\\\\"}', "so so", 2)
    assert (row["many"], row["odd"], row["ratio"]) == ("Infinity", "NaN", "NaN")
    assert [one.fault for one in archive.verify_exports(month, tmp_path)] == [None]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("cpuconversion", "'NaN'", "NaN"),
        ("endtime", "'294276-12-31'", "294276-12-31 00:00:00.000000"),
        ("starttime", "'294247-01-11'", "294247-01-11 00:00:00.000000"),
    ],
)
def test_what_parquet_cannot_have_is_refused_by_job_column_and_value(
    month: Database, tmp_path: Path, column: str, value: str, said: str
) -> None:
    do(month, f"UPDATE doma_pandaarch.jobsarchived SET {column} = {value}")

    with pytest.raises(OddValue, match=rf"jobsarchived\.{column} of job 1 has a value .*: {said}"):
        archive.export(month, "2026-03", tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_times_that_have_no_end_or_no_date_of_python_go_along(
    month: Database, tmp_path: Path
) -> None:
    times = {
        "starttime": "infinity",
        "endtime": "-infinity",
        "creationtime": "4713-01-01 BC",
        "statechangetime": "10000-01-01",
        "proddbupdatetime": "294246-12-31 23:59:59.999999",
    }
    for column, value in times.items():
        do(month, f"UPDATE doma_pandaarch.jobsarchived SET {column} = '{value}'")

    archive.export(month, "2026-03", tmp_path)

    before = jobs.get(month, 1)
    archive.drop_exported(month, "2026-03", tmp_path)
    found = jobs.get(month, 1, exports=tmp_path)
    assert {column: str(found[column]) for column in times} == {
        column: str(before[column]) for column in times
    }
    assert [one.fault for one in archive.verify_exports(month, tmp_path)] == [None]

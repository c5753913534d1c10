"""The first generation of each golden file: the input of its jobs is that of the server's."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from pandadb.core.generation.picking.candidates import candidates, like
from pandadb.core.generation.slices import Queue
from pandadb.core.generation.task_slices import slices

if TYPE_CHECKING:
    from pandadb.core.generation.slices import Slice
    from pandadb.database import Database

COMPAT = Path(__file__).parents[4] / "shared" / "compat"


def golden_files() -> list[Path]:
    """Return the golden files that begin with a generation."""
    return [
        path
        for path in sorted((COMPAT / "golden").glob("generate_*.json"))
        if json.loads(path.read_text())["steps"][0]["op"] == "generate_jobs"
    ]


@pytest.fixture(scope="session")
def families() -> Any:
    """The judge's module that makes given rows."""
    sys.path.insert(0, str(COMPAT))
    try:
        import families
    finally:
        sys.path.remove(str(COMPAT))
    return families


def named(slice_: Slice) -> list[Any]:
    """The input of a job as the answers of the golden files have it."""
    return [
        file["lfn"]
        if file["startevent"] is None
        else [file["lfn"], file["startevent"], file["endevent"]]
        for _, files in slice_.inputs
        for file in files
    ]


def own_input(names: list[Any], *, has_seed: bool) -> list[Any]:
    """Leave out what comes to a job afterwards: the library, and the random seed at the end."""
    names = [name for name in names if ".lib." not in str(name)]
    return names[:-1] if has_seed else names


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)
def test_the_input_of_each_job_is_that_of_the_server(
    path: Path, database: Database, families: Any
) -> None:
    golden = json.loads(path.read_text())
    step = golden["steps"][0]
    arguments = step["args"]
    queues = arguments.get("sites") or {"QUEUE_A": {}}
    with database.transaction() as connection:

        def fetch(sql: str) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.exec_driver_sql(sql).mappings()]

        tables = families.tables_of(fetch)
        families.empty(fetch, connection.exec_driver_sql, tables)
        now = connection.scalar(text("SELECT clock_timestamp()::timestamp"))
        for table, row in golden["given"]:
            statement = families.insertion(tables[table], table, row, now)
            connection.exec_driver_sql(statement.replace("%", "%%"))
        selection = like(
            connection,
            arguments["task"],
            arguments["vo"],
            arguments["label"],
            arguments.get("cloud", "WORLD"),
        )
        found = slices(
            connection,
            candidates(connection, selection),
            [Queue(name, **values) for name, values in queues.items()],
            nfiles=arguments.get("nfiles", 100),
            generator="golden",
            random=random.Random(1),
        )
    jobs = [named(slice_) for chunk in found for slice_ in chunk.slices]
    if step["answer"]["text"] is not None:
        pytest.skip("the server made no jobs of the input")
    has_seed = any(row.get("type") == "random_seed" for _, row in golden["given"])
    wanted = [own_input(job["inputs"], has_seed=has_seed) for job in step["answer"]["jobs"]]
    assert jobs == [job for job in wanted if job]

"""Verbs of the families leave the rows that panda-server and JEDI wrote: the golden files."""

from __future__ import annotations

import json
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from pandadb.database import Database
from tests.compat.families_adapter import Families
from tests.databases import Server, render, temporary_database

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_server

COMPAT = Path(__file__).parents[3] / "shared" / "compat"
OURS = Path(__file__).parent
"""Beside it `golden/`: further scenarios, which the unmodified server has played, too."""


def golden_files() -> list[Any]:
    """Return the files of the judge, and those of further scenarios that are kept here."""
    shared, ours = (sorted(folder.glob("golden/*.json")) for folder in (COMPAT, OURS))
    return [*shared, *(pytest.param(one, marks=pytest.mark.slow) for one in ours)]


@pytest.fixture(scope="session")
def replay() -> ModuleType:
    """The judge, beside the project."""
    if not (COMPAT / "replay.py").exists():
        pytest.skip(f"{COMPAT / 'replay.py'} is not here")
    sys.path.insert(0, str(COMPAT))
    try:
        import replay
    finally:
        sys.path.remove(str(COMPAT))
    return replay


@pytest.fixture(scope="session")
def accepted() -> list[dict[str, Any]]:
    text = Path(__file__).with_name("families.toml").read_text()
    return list(tomllib.loads(text).get("difference", ()))


@pytest.fixture(scope="module")
def database(server: Server, template: str) -> Iterator[Database]:
    """One database for all scenarios, since the judge empties it before each."""
    with temporary_database(server, template) as url, closing(Database(url)) as opened:
        yield opened


FILLED = """
SELECT DISTINCT coalesce(pg_partition_root(oid), oid)::regclass::text AS name
FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > 0
"""
"""Tables that have a page, or whose partitions have; the others are empty."""


def execute(connection: psycopg.Connection[dict[str, Any]], sql: str) -> None:
    """Execute what the judge wants done, but empty no empty tables: each is made anew by that."""
    if sql.startswith("TRUNCATE "):
        filled = {row["name"] for row in connection.execute(FILLED)}
        named = [name for name in sql.removeprefix("TRUNCATE ").split(", ") if name in filled]
        sql = f"TRUNCATE {', '.join(named)} CASCADE" if named else ""
    connection.execute(sql)


@pytest.fixture
def golden(database: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection of the judge."""
    url = render(database.engine.url.set(drivername="postgresql"))
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: path.stem)
def test_verbs_leave_the_golden_rows(
    path: Path,
    replay: ModuleType,
    accepted: list[dict[str, Any]],
    database: Database,
    golden: psycopg.Connection[dict[str, Any]],
) -> None:
    wanted = json.loads(path.read_text())
    missing = sorted({step["op"] for step in wanted["steps"] if not hasattr(Families, step["op"])})
    assert not missing, f"ops without a verb: {missing}"

    adapter = Families(render(database.engine.url))
    try:
        steps = replay.play(
            adapter,
            wanted,
            lambda sql: golden.execute(sql).fetchall(),
            lambda sql: execute(golden, sql),
        )
    finally:
        adapter.database.close()
    found = [
        one
        for one in replay.compare(wanted, steps)
        if not any(e["class"] != "mistake" and one.fits(wanted["name"], e) for e in accepted)
    ]
    assert not found, "\n".join(map(str, found))

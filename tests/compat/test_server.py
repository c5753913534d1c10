"""Lives of jobs, by the unmodified panda-server and by pandadb, leave the same rows: see README."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat.conftest import DATABASE, PASSWORD

if TYPE_CHECKING:
    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def compare(compat_folder: Path) -> Path:
    """The program that plays the lives in both ways, beside the project."""
    return compat_folder / "compare.py"


def test_lives_leave_the_rows_that_panda_server_leaves_alone_and_in_turns(
    panda_python: Path, compare: Path, panda_server: PrivateServer, server_password: str
) -> None:
    words = ["--host", "127.0.0.1", "--port", panda_server.settings["port"], "--dbname", DATABASE]
    ours = ["--pandadb-python", sys.executable, "--worker", HERE / "worker.py"]
    compared = subprocess.run(
        [str(word) for word in [panda_python, compare, *words, *ours]]
        + ["--mixed", "--password", PASSWORD, "--accepted", str(HERE / "accepted.toml")],
        env={**os.environ, "PGPASSWORD": server_password},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert compared.returncode == 0, compared.stdout

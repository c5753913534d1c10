"""Answers of the unmodified panda-server to the programs beside this one that read."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.compat.conftest import DATABASE, PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers import PrivateServer


def read(program: Path, python: Path, folder: Path, server: PrivateServer) -> dict[str, Any]:
    """Run a program in the server's environment; return its answers, which have no SQL error."""
    words = [program, folder, "127.0.0.1", server.settings["port"], DATABASE, PASSWORD]
    done = subprocess.run(
        [str(word) for word in (python, *words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["errors"] == {}
    return dict(answer["found"])

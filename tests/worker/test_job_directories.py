"""A job's directory: complete or not there, never a path outside, a sentence for a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pandadb.config import Settings
from pandadb.worker.payload import job_directory
from pandadb.worker.payload.description import InvalidPayload, parse_payload
from pandadb.worker.payload.job_directory import (
    JobDirectoryError,
    make_job_directory,
    remove_partial,
)
from pandadb.worker.worker_options import WorkerOptions
from tests.worker.payloads import ended, on_small_disk

pytestmark = pytest.mark.any_server

OUTSIDE = ["../x", "/etc/x", "a/../../x", "", ".", "..", "a//b", "a/", "x\0y", "a\nb", "x" * 300]


@pytest.mark.parametrize("name", [*OUTSIDE, "stdout", "SUCCESS", "job.json", ".tmp/x"])
def test_an_input_has_no_name_outside_of_the_directory_or_of_the_workers_files(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidPayload):
        make_job_directory(tmp_path / "work", "1-1", {}, {name: b"x"})

    assert [*tmp_path.iterdir()] == []


def test_inputs_are_texts_bytes_and_copies_of_files(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"\0copied")
    given = {"text": "é", "d/bytes": {"base64": "AAE="}, "copy": {"copy": f"{tmp_path}/source"}}

    inputs = parse_payload({"argv": ["x"], "inputs": given}).inputs
    made = make_job_directory(tmp_path / "work", "1-1", {"pandaid": 1}, inputs)

    assert [(made.path / name).read_bytes() for name in given] == [
        "é".encode(),
        b"\0\1",
        b"\0copied",
    ]
    assert json.loads((made.path / "job.json").read_text()) == {"pandaid": 1}


@pytest.mark.parametrize("source", ["none", "folder", "pipe", "/dev/zero"])
def test_only_a_regular_file_is_copied(tmp_path: Path, source: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(InvalidPayload, match="The input 'x' cannot be copied from"):
        make_job_directory(tmp_path / "work", "1-1", {}, {"x": tmp_path / source})

    assert [*(tmp_path / "work").iterdir()] == []


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ("{", "are not JSON"),
        (None, "no JSON object"),
        ("[1]", "no JSON object"),
        ({}, "either argv"),
        ({"argv": ["x"], "handler": "y"}, "either argv"),
        ({"argv": []}, "begins with a program"),
        ({"argv": "rm -r /"}, "a list of texts"),
        ({"argv": ["x", 1]}, "argv has to be text"),
        ({"argv": ["x\0"]}, "without NUL"),
        ({"argv": ["x"], "env": {"A=B": "c"}}, "no variable"),
        ({"argv": ["x"], "timeout": 0}, "seconds above 0"),
        ({"argv": ["x"], "timeout": True}, "seconds above 0"),
        ({"argv": ["x"], "inputs": {"a": {"copy": "relative"}}}, "absolute path"),
        ({"argv": ["x"], "inputs": {"a": {"base64": "*"}}}, "no base64"),
        ({"argv": ["x"], "stdin": "y"}, "'stdin': known are"),
        ({"handler": 1}, "handler has to be text"),
    ],
)
def test_a_malformed_payload_is_refused_in_a_sentence(parameters: Any, sentence: str) -> None:
    with pytest.raises(InvalidPayload, match=sentence):
        parse_payload(parameters)


def test_a_relative_folder_is_made_absolute_as_supervisors_run_elsewhere() -> None:
    assert WorkerOptions(["q"], Path("jobs")).work_dir == Path.cwd() / "jobs"


def test_directories_of_jobs_are_beside_their_embedded_database(tmp_path: Path) -> None:
    settings = Settings.model_validate({"url": "embedded", "data_dir": tmp_path})

    assert settings.jobs_dir() == tmp_path / "jobs"


def test_a_directory_is_made_once(tmp_path: Path) -> None:
    make_job_directory(tmp_path, "1-1", {}, {})

    with pytest.raises(JobDirectoryError, match="1-1 exists, of another database"):
        make_job_directory(tmp_path, "1-1", {}, {"x": b""})

    assert [one.name for one in tmp_path.iterdir()] == ["1-1"]


def test_the_marker_is_written_when_the_outcome_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        written.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    made = make_job_directory(tmp_path, "1-1", {}, {"d/x": b""})
    made.write_end({"error": None}, ok=True)

    assert written[:2] == ["x", "d"]
    assert written[2].startswith(".partial-1-1")
    assert written[3] == "job.json"
    assert written[5:] == [tmp_path.name, ".outcome.json", "1-1", "SUCCESS", "1-1"]


def test_directories_half_made_are_removed_after_a_day(tmp_path: Path) -> None:
    (tmp_path / ".partial-1-1-ab").mkdir()
    (tmp_path / "2-2").mkdir()
    tomorrow = (tmp_path / "2-2").stat().st_mtime + job_directory.ABANDONED + 1

    assert remove_partial(tmp_path) == 0
    assert remove_partial(tmp_path, tomorrow) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["2-2"]


FULL = """
import json, os, sys
from pathlib import Path
from pandadb.errors import PandaDBError
from tests.worker.payloads import ended, on_small_disk
folder = Path(sys.argv[1])
try:
    ended(folder, argv=["true"], inputs={"x": "x" * 2_000_000})
except PandaDBError as error:
    print(error)
outcome = ended(folder, argv=["sh", "-c", "cat /dev/zero > big"])
print(outcome.error)
print([one.name for one in folder.iterdir() if one.name.startswith(".")])
"""


@pytest.mark.slow
def test_a_full_disk_is_said_in_a_sentence_26(tmp_path: Path) -> None:
    command = [*on_small_disk(tmp_path), sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    first, second, left = done.stdout.splitlines()
    assert first.endswith("cannot be written: no space is left on the disk"), done.stderr
    assert second.startswith("The payload ended with code 1")
    assert second.endswith("; no space is left on the disk of its directory")
    assert left == "[]"


@pytest.mark.slow
def test_a_file_beyond_the_limit_of_the_worker_is_said_in_a_sentence(tmp_path: Path) -> None:
    program = f"""
import resource, signal
from pathlib import Path
from tests.worker.payloads import ended, on_small_disk
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    ended(Path({str(tmp_path)!r}), argv=["true"], inputs={{"x": "x" * 2_000_000}})
except Exception as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert "the file is larger than the limit of the worker's process" in done.stdout, done.stderr
    assert [*tmp_path.iterdir()] == []


def test_two_work_directories_share_nothing(tmp_path: Path) -> None:
    for host in ("one", "two"):
        ended(tmp_path / host, argv=["sh", "-c", "echo x > y"])

    assert sorted(one.name for one in tmp_path.iterdir()) == ["one", "two"]
    assert all(len([*(tmp_path / host).glob("*/SUCCESS")]) == 1 for host in ("one", "two"))

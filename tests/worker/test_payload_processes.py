"""A payload is a process group of its own: it ends, is ended, and leaves no process behind."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pandadb.worker.payload.environment import hidden_process
from pandadb.worker.payload.outcome import StopReason
from tests.worker.payloads import began, ended, is_alive, number_in, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.any_server, pytest.mark.slow]


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_a_payload_that_ends_with_0_has_finished_with_its_result_and_its_files(
    tmp_path: Path,
) -> None:
    script = "cat in/x; echo '{\"sum\": 3}' > result.json; mkdir out; echo 3 > out/y; ln -s /etc z"

    outcome = ended(tmp_path, argv=shell(script), inputs={"in/x": "1 2"})

    assert outcome.is_ok
    assert outcome.result == {"sum": 3}
    assert [(one.name, one.size, one.checksum) for one in outcome.outputs] == [
        ("out/y", 2, "ad:0072003e")
    ]
    assert outcome.output["stdout"] == "1 2"


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (shell("echo out; echo 'no such thing' >&2; exit 3"), "ended with code 3: no such thing"),
        (shell("kill -SEGV $$"), "was killed by SIGSEGV (Segmentation fault)"),
        (shell("sh -c 'kill -ABRT $$'"), "with code 134, as after SIGABRT (Aborted)"),
        (["no-such-program"], "could not be started: No such file or directory: no-such-program"),
        (["/etc/passwd"], "could not be started: Permission denied: /etc/passwd"),
        (shell("echo '{' > result.json"), "payload's result.json is no result: Expecting"),
        (shell("echo NaN > result.json"), "payload's result.json is no result: JSON has no NaN"),
    ],
)
def test_another_end_is_explained(tmp_path: Path, argv: list[str], error: str) -> None:
    outcome = ended(tmp_path, argv=argv)

    assert not outcome.is_ok
    assert error in (outcome.error or "")


def test_words_are_not_read_by_a_shell(tmp_path: Path) -> None:
    outcome = ended(tmp_path, argv=["echo", "$HOME; touch pwned", "`id`", "*"])

    assert outcome.output["stdout"] == "$HOME; touch pwned `id` *\n"
    assert outcome.outputs == ()


@pytest.mark.parametrize(
    ("script", "columns", "resources", "error"),
    [
        ("while :; do :; done", {"maxcpucount": 1}, None, "its limit of 1 s of CPU time"),
        ("head -c 3000000 /dev/zero > big", {"maxdiskcount": 1}, None, "limit of 1 MB"),
        ("head -c 3000000 /dev/zero", {}, {"file_size": 2}, "limit of 2 MB"),
        ("cat stdout", {}, {"open_files": 3}, "with code 127: sh: error while loading"),
    ],
)
def test_limits_of_the_job_hold(
    tmp_path: Path,
    script: str,
    columns: dict[str, int],
    resources: dict[str, int] | None,
    error: str,
) -> None:
    argv = shell(script)
    outcome = ended(tmp_path, argv=argv, columns=columns, resources=resources, timeout=20)

    assert error in (outcome.error or "")


@pytest.mark.slow
def test_memory_is_limited(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "b'x' * 500_000_000"]

    within = ended(tmp_path, argv=program, columns={"minramcount": 4000})
    beyond = ended(tmp_path, argv=program, columns={"minramcount": 300})

    assert within.is_ok
    assert (beyond.error or "").endswith("MemoryError")


def test_a_timeout_ends_the_payload_that_has_heeded_sigterm(tmp_path: Path) -> None:
    script = "trap 'echo tidied; exit 0' TERM; sleep 60 & wait"

    outcome = ended(tmp_path, argv=shell(script), timeout=0.3)

    assert outcome.reason is StopReason.TIMEOUT
    assert outcome.error == "The payload ran longer than its timeout of 0.3 s"
    assert outcome.output["stdout"] == "tidied\n"


@pytest.mark.slow
def test_a_timeout_kills_the_group_and_descendants_that_have_left_it(tmp_path: Path) -> None:
    script = """trap '' TERM
    sh -c 'trap "" TERM; sleep 61 & echo $! > a; wait' &
    setsid sh -c 'trap "" TERM; sleep 62 & echo $! > b; wait' &
    wait"""
    running = began(tmp_path, argv=shell(script), timeout=1)
    assert running.directory is not None
    pids = [number_in(running.directory.path / name) for name in "ab"]
    assert all(map(is_alive, pids))

    outcome = running.wait()

    assert outcome.signal == signal.SIGKILL
    assert 1 < outcome.seconds < 8
    assert not any(map(is_alive, pids))


def test_processes_that_a_payload_leaves_behind_end_with_it(tmp_path: Path) -> None:
    running = began(tmp_path, argv=shell("setsid sleep 63 & echo $! > pid; exit 0"))

    outcome = running.wait()

    assert running.directory is not None
    assert outcome.is_ok
    assert not is_alive(number_in(running.directory.path / "pid"))


def test_a_stopped_payload_is_ended_too(tmp_path: Path) -> None:
    running = began(tmp_path, argv=shell("kill -STOP $$"))

    running.stop(StopReason.CANCELLED)

    assert running.wait().reason is StopReason.CANCELLED


@pytest.mark.slow
def test_a_payload_ends_when_its_lease_has_not_been_renewed(tmp_path: Path) -> None:
    running = began(tmp_path, argv=["sleep", "64"], place={"lease": 0.6})
    for _ in range(4):
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(["sleep", "5"], timeout=0.3, check=False)
        running.renew(0.6)

    outcome = running.wait()

    assert outcome.reason is StopReason.LEASE
    assert 1.2 < outcome.seconds < 10


def test_a_payload_ends_when_its_worker_has_been_killed(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.worker.payloads import began
began(Path({str(tmp_path)!r}), argv=["sh", "-c", "sleep 65 & echo $! > pid; wait"]).wait()
"""
    worker = subprocess.Popen([sys.executable, "-c", program])
    try:
        pid = number_in(until(lambda: next(tmp_path.glob("*/pid"), None)))
    finally:
        worker.kill()
        worker.wait()

    until(lambda: not is_alive(pid))


@pytest.mark.slow
def test_a_hundred_megabytes_to_both_outputs_do_not_hang_27(tmp_path: Path) -> None:
    script = "head -c 100000000 /dev/zero & head -c 100000000 /dev/zero >&2; wait"

    outcome = ended(tmp_path, argv=shell(script), timeout=60)

    directory = next(tmp_path.iterdir())
    assert outcome.is_ok
    assert [(directory / name).stat().st_size for name in ("stdout", "stderr")] == [100_000_000] * 2


def test_the_input_of_a_payload_is_closed(tmp_path: Path) -> None:
    assert ended(tmp_path, argv=["cat"], timeout=20).is_ok


def test_no_secret_of_the_worker_is_in_a_payloads_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PANDADB_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "PASSED"):
        monkeypatch.setenv(name, "postgresql://u:hidden@h/d")
    place = {"passed": ("PASSED", "PANDADB_URL")}
    script = "env; cat /proc/$PPID/environ | tr '\\0' '\\n'; ls /proc/$$/fd; pwd"

    outcome = ended(tmp_path, argv=shell(script), env={"OWN": "a b"}, place=place)

    said = outcome.output["stdout"].splitlines()
    assert [line for line in said if "hidden" in line] == ["PASSED=postgresql://u:hidden@h/d"]
    assert "OWN=a b" in said
    assert "PANDADB_JOB_ID=7" in said
    assert [line for line in said if line.isdecimal()] == ["0", "1", "2"]


def test_other_processes_cannot_read_the_environment_of_a_worker() -> None:
    get_dumpable, libc = 3, ctypes.CDLL(None)

    with hidden_process():
        assert libc.prctl(get_dumpable, 0, 0, 0, 0) == 0
    assert libc.prctl(get_dumpable, 0, 0, 0, 0) == 1


def test_a_secret_in_the_error_is_masked(tmp_path: Path) -> None:
    script = "echo cannot open postgresql://u:hunter22@h/d or sesame >&2; exit 1"
    place = {"secrets": frozenset({"sesame"})}

    outcome = ended(tmp_path, argv=shell(script), place=place)

    assert outcome.error is not None
    assert outcome.error.endswith("cannot open postgresql://u:***@h/d or ***")


def test_files_of_a_payload_are_its_users_only(tmp_path: Path) -> None:
    ended(tmp_path, argv=shell("echo x > made"))

    directory = next(tmp_path.iterdir())
    assert directory.stat().st_mode & 0o777 == 0o700
    assert not any(one.stat().st_mode & 0o77 for one in directory.iterdir())

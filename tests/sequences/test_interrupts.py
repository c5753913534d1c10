"""Interrupts of sequences, and steps that ask on the terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.sequences.stages import Stage
from tests.worker.payloads import is_alive, until

if TYPE_CHECKING:
    from tests.sequences.pop_server import PopServer

pytestmark = pytest.mark.any_server


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("options", [(), ("--trust-python",)])
def test_an_interrupt_ends_the_steps_and_nothing_else(
    stage: Stage, number: int, code: int, options: tuple[str, ...]
) -> None:
    """The signal goes to the process group of the command, as a terminal sends it."""
    text = "### A\nsleep 60 & echo $! >child; wait\n### Sequence\nA.execute()\nprint('> no')\n"
    process = stage.command(*options, stage.file(text).name)
    child = stage.folder / "work" / "child"
    until(lambda: child.exists() and child.read_text().strip())
    begun = time.monotonic()
    os.killpg(process.pid, number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "> no" not in output
    assert "Traceback" not in errors
    assert time.monotonic() - begun < 10
    until(lambda: not is_alive(int(child.read_text())))


def test_the_process_of_a_trusted_section_ends_with_the_command(stage: Stage) -> None:
    """Even if that is killed, and the section asks for no step any more."""
    text = "### Sequence\nimport os, time\nopen('child', 'w').write(f'{os.getpid()}\\n')\n"
    text += "while True: time.sleep(60)\n"
    process = stage.command("--trust-python", stage.file(text).name)
    child = stage.folder / "work" / "child"
    until(lambda: child.exists() and child.read_text().endswith("\n"))
    process.kill()
    process.communicate(timeout=60)
    until(lambda: not is_alive(int(child.read_text())))


ASKS = "### A\nread -r word </dev/tty; echo got $word; read -r word </dev/tty\n### Sequence\n"


@pytest.mark.parametrize(("keys", "code"), [("one\ntwo\n", 0), ("one\n\x03", 130)])
def test_a_step_may_ask_on_the_terminal(stage: Stage, keys: str, code: int) -> None:
    """The keys are typed one after the other, the second is Ctrl-C in one of the cases."""
    command = f"{sys.executable} -m pandadb sequence run {stage.file(ASKS + 'A.execute()')}"
    process = subprocess.Popen(
        ["script", "--quiet", "--return", "--command", command, "/dev/null"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    shown = ""
    while "===\r\n" not in shown.partition("start")[2]:
        shown += os.read(process.stdout.fileno(), 1000).decode()
    process.stdin.write(keys[:4].encode())
    process.stdin.flush()
    while "got one" not in shown:
        shown += os.read(process.stdout.fileno(), 1000).decode()
    process.stdin.write(keys[4:].encode())
    process.stdin.flush()
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == code, shown + rest.decode()


@pytest.mark.slow
def test_a_sequence_that_waits_for_a_mail_is_interrupted_at_once(
    stage: Stage, mailbox: PopServer
) -> None:
    stage.reads_mail(mailbox.port, "mail_interval = 60")
    stage.prepare("pathena.1", " JobsetID : 1\n")
    text = "### A\npathena a\n### Sequence\nA.execute()\nA.result()\nprint('> no')\n"
    process = stage.command(stage.file(text).name)
    until(lambda: mailbox.logins > 0)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "> no" not in output
    assert time.monotonic() - begun < 10

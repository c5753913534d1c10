"""Runs of sequences: several files, failures, limits (F.4, 44 and 46)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from pandadb.errors import PandaDBError
from pandadb.sequences import sequence_run
from pandadb.sequences.journal import (
    Action,
    NullSequenceJournal,
    SequenceStatus,
    StepAttempt,
    StepRecord,
)
from pandadb.sequences.runs import RunOptions, SequenceRuns, may_ask_for_results
from pandadb.sequences.sources import find_sources
from tests.sequences.stages import Stage, summary
from tests.worker.payloads import is_alive, until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.sequences.pop_server import PopServer

pytestmark = pytest.mark.any_server


def test_44_of_two_files_one_fails_and_the_other_finishes(stage: Stage) -> None:
    bad = stage.file("### A\ntool a\n### Sequence\nA.execute()\nA.nothing()\n", "a.txt")
    good = stage.file("### B\nsleep 0.2; tool b\n### Sequence\nB.execute()\n", "b.txt")
    process = stage.command(bad.name, good.name)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert (
        "a.txt, line 5: AttributeError: a value of type Step has no attribute 'nothing'" in errors
    )
    assert sorted(stage.calls) == ["tool a", "tool b"]


@pytest.mark.parametrize(
    "line",
    [
        "__import__('os').system('tool x')",
        "import os",
        "().__class__",
        "os.system('tool x')",
        "open('made', 'w')",
        "x = [].__len__",
        "f'{A.__init__}'",
        "lambda: globals()",
        "class X: pass",
        "import sys\nsys.modules",
    ],
)
def test_46_the_sequence_may_not_do_all_that_python_may(stage: Stage, line: str) -> None:
    end = stage.play(f"### A\ntool a\n### Sequence\nA.execute()\n{line}\n")
    assert end.code == 2
    assert "--trust-python" in str(end.message)
    assert stage.calls == []


def test_46_unless_it_is_trusted(stage: Stage) -> None:
    text = """\
        ### A
        tool a
        ### Sequence
        import json
        def run():
            A.execute()
        run()
        __import__('os').system('tool b')
        print('> %s' % json.dumps([A.name, A.result().status]))
        """
    process = stage.command("--trust-python", stage.file(text).name)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert stage.calls == ["tool a", "tool b"]
    assert '> ["A", 0]' in output


@pytest.mark.parametrize("trust_python", [False, True])
@pytest.mark.parametrize(
    ("last", "code"), [("sys.exit(3)", 3), ("sys.exit()", 0), ("raise SystemExit(4)", 4)]
)
def test_a_sequence_may_end_with_a_status(
    stage: Stage, last: str, code: int, trust_python: bool
) -> None:
    end = stage.play(f"### Sequence\nimport sys\n{last}\n", trust_python=trust_python)
    assert end.code == code


@pytest.mark.parametrize("trust_python", [False, True])
def test_bytes_that_are_no_utf_8_go_from_step_to_step(stage: Stage, trust_python: bool) -> None:
    text = r"""
        ### A
        printf 'w\344rd\n'
        ### B
        printf %s "$X" > bytes
        ### Sequence
        A.execute()
        A.mine = 1
        del A.mine
        print(A.output, hasattr(A, 'mine') and 1 / 0)
        B.execute(env={'X': A.result().output.strip()})
        """
    assert stage.play(text, trust_python=trust_python).message is None
    assert (stage.folder / "work" / "bytes").read_bytes() == b"w\xe4rd"


@pytest.mark.parametrize(
    ("script", "sequence", "asks"),
    [
        ("prun x", "A.execute()", False),
        ("prun x", "A.execute(env={'B': 'c'})", False),
        ("prun x", "A.execute(True)", True),
        ("prun x", "print(A.result())", True),
        ("tool x", "print(A.result())", False),
        ("$C", "A.execute(True, {'C': 'env prun x'})", True),
        ("tool x", "getPandaJob(5)", True),
        ("tool x", "A.isPanda = True", True),
    ],
)
def test_a_mailbox_is_needed_by_a_sequence_that_asks_for_results(
    stage: Stage, script: str, sequence: str, asks: bool
) -> None:
    path = stage.file(f"### A\n{script}\n### Sequence\n{sequence}\n")
    assert may_ask_for_results([path]) is asks


def test_an_invalid_file_stops_no_other(stage: Stage) -> None:
    paths = [
        stage.file("### A\ntool x\n### A\ntool y\n### Sequence\nA.execute()\n", "a.txt"),
        stage.folder / "nothing.txt",
        stage.file("### A\ntool a\n### Sequence\nA.execute()\n", "c.txt"),
    ]
    assert [one.code for one in stage.runs().run(paths)] == [2, 2, 0]
    assert stage.calls == ["tool a"]


def test_a_step_whose_time_is_up_is_ended_with_all_its_processes(stage: Stage) -> None:
    begun = time.monotonic()
    end = stage.play(
        """\
        ### A
        sleep 60 & echo $! >child
        echo before
        wait
        ### Sequence
        A.execute(timeout=0.3)
        print('> %s %r' % (A.result().status, A.result().output))
        """
    )
    assert end.message is None
    assert stage.lines == ["124 'before\\n'"]
    assert time.monotonic() - begun < 20
    child = int((stage.folder / "work" / "child").read_text())
    until(lambda: not is_alive(child))


def test_the_shell_may_be_another_with_options(stage: Stage) -> None:
    text = "### A\nfalse\ntool a\n### Sequence\nA.execute()\nprint('> %s' % A.result().status)\n"
    assert stage.play(text, shell="/bin/bash -eu -o pipefail").message is None
    assert stage.lines == ["1"]
    assert stage.calls == []


def test_asking_again_and_again_is_slowed_down(stage: Stage, mailbox: PopServer) -> None:
    stage.prepare("pathena.1", " JobsetID : 100\n")
    end = stage.play(
        """\
        ### A
        pathena a
        ### Sequence
        A.execute()
        n = 0
        begun = time.time()
        while A.result(blocking=False) == None and time.time() - begun < 1:
            n += 1
        print('> %s' % (2 <= n <= 12))
        """
    )
    assert end.message is None
    assert stage.lines == ["True"]
    assert mailbox.logins


def test_without_a_source_of_results_the_sequence_fails_with_advice(stage: Stage) -> None:
    stage.prepare("pathena.1", " JobsetID : 1\n")
    end = stage.play("### A\npathena a\n### Sequence\nA.execute()\nA.result()\n")
    assert end.status == SequenceStatus.FAILED
    assert "RuntimeError: The result of JobsetID 1 cannot be known: write a mailbox" in str(
        end.message
    )


class SampleJournal(NullSequenceJournal):
    """A journal in memory, for what a sequence records, and how it goes on."""

    def __init__(self) -> None:
        self.records: dict[StepAttempt, StepRecord] = {}
        self.log: list[str] = []
        self.refusal: str | None = None
        self.outages = 0
        """Calls that fail first, since the database is away."""

    def begin(self, path: Path, text: str, options: Mapping[str, str]) -> SampleJournal:  # noqa: ARG002
        self.log.append(f"begin {path.name}")
        return self

    def finished(self, attempt: StepAttempt) -> StepRecord | None:
        return self.records.get(attempt)

    def begin_step(self, attempt: StepAttempt) -> None:
        self.log.append(f"{attempt.action} {attempt.step} {attempt.number} {dict(attempt.env)}")

    def end_step(self, attempt: StepAttempt, record: StepRecord) -> None:
        if self.outages:
            self.outages -= 1
            raise OperationalError("UPDATE", {}, Exception("server closed the connection"))
        self.records[attempt] = record

    def take_result(self, attempt: StepAttempt, result: object) -> None:  # noqa: ARG002
        self.log.append(f"result of {attempt.step}")

    def check(self) -> None:
        if self.refusal:
            raise PandaDBError(self.refusal)

    def end(self, status: SequenceStatus, message: str | None = None) -> None:  # noqa: ARG002
        self.log.append(f"end {status}")


def play_with(stage: Stage, journal: SampleJournal, text: str) -> int:
    found = find_sources(3, is_needed=True)
    runs = SequenceRuns(RunOptions(), journal, stage.show.append, source=found.source)
    [end] = runs.run([stage.file(text)])
    return end.code


def test_a_finished_step_is_not_run_again(stage: Stage, mailbox: PopServer) -> None:
    """A repetition with the same journal takes the records of the first run."""
    text = """\
        ### A
        pathena a
        ### B
        tool b
        ### Sequence
        A.execute()
        other = A()
        other.execute(env={'X': 1})
        A.execute()
        print('> %s %s' % (A.result().JobsetID, other.result().JobsetID))
        B.execute()
        """
    for place in (1, 2, 3):
        stage.prepare(f"pathena.{place}", f" JobsetID : {place}\n", summary(place))
    journal = SampleJournal()
    assert play_with(stage, journal, text) == 0
    assert stage.calls == ["pathena a"] * 3 + ["tool b"]
    assert journal.log == [
        "begin seq.txt", "execute A 1 {}", "execute A 1 {'X': '1'}", "execute A 2 {}",
        "result of A", "result of A", "execute B 1 {}", "end finished",
    ]  # fmt: skip
    del journal.records[StepAttempt("B", 1)]
    assert play_with(stage, journal, text) == 0
    assert stage.calls == ["pathena a"] * 3 + ["tool b"] * 2
    assert stage.lines == ["3 2", "3 2"]
    assert mailbox.logins
    assert {one.action for one in journal.records} == {Action.EXECUTE}


def test_no_except_of_a_sequence_catches_the_end_of_its_lease(stage: Stage) -> None:
    journal = SampleJournal()
    journal.refusal = "Another process runs the sequence"
    text = "### A\ntool a\n### Sequence\ntry:\n    A.execute()\nexcept:\n    print('> caught')\n"
    assert play_with(stage, journal, text) == 1
    assert stage.lines == stage.calls == []
    assert journal.log == ["begin seq.txt", "end failed"]


def test_the_old_command_takes_the_old_options(stage: Stage, mailbox: PopServer) -> None:
    stage.submits("pathena.1", 100, failed=2)
    text = "### A\npathena a\n### Sequence\nA.execute(True)\nprint '> %s' % A.result().Failed\n"
    process = stage.command(
        "-v", "--initScan", "14", stage.file(text).name,
        program="from pandadb.__main__ import psequencer; psequencer()",
    )  # fmt: skip
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "> 2\n" in output
    assert "Log in to 127.0.0.1" in errors
    assert mailbox.logins


def test_a_database_that_is_away_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step has ended: its record must not be lost, nor caught by the sequence."""
    monkeypatch.setattr(sequence_run, "AWAY", 0.05)
    journal = SampleJournal()
    journal.outages = 3
    text = "### A\ntool a\n### Sequence\ntry:\n    A.execute()\nexcept:\n    print('> caught')\n"
    assert play_with(stage, journal, text) == 0
    assert stage.calls == ["tool a"]
    assert stage.lines == []
    assert [*journal.records] == [StepAttempt("A", 1)]
    assert journal.outages == 0

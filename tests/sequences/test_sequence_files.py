"""The format of sequence files, and the traps in it that `check` warns of."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pandadb.cli.main import app
from pandadb.sequences.language.traps import traps_of
from pandadb.sequences.sections import InvalidSequence, parse_sequence

pytestmark = pytest.mark.any_server

PATH = Path("seq.txt")


def test_a_file_has_steps_and_then_the_sequence() -> None:
    file = parse_sequence(
        PATH,
        "lost\n###One rest of the line\na\n\n  \n# no\n  # kept\r\n###\t Two_2-x\n#### no\n b\n"
        "### SEQUENCES\nOne.execute()\n",
    )
    assert {name: one.text for name, one in file.steps.items()} == {
        "One": "a\n  # kept\n",
        "Two_2": " b\n",
    }
    assert file.sequence.text == "One.execute()\n"
    assert [line.number for line in file.steps["One"].lines] == [3, 7]


def test_of_several_sequences_the_last_one_runs_and_steps_behind_the_first_are_lost() -> None:
    file = parse_sequence(PATH, "### A\na\n### Resequence\nb\n### C\nc\n### Sequence\nd\n")
    assert list(file.steps) == ["A"]
    assert [one.name for one in file.lost] == ["Resequence", "C"]
    assert file.sequence.text == "d\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("### A\na\n", "no section `### Sequence`"),
        ("", "no section"),
        ("### A\na\n### A\nb\n### Sequence\n", "line 3: the step A is in line 1 already"),
        ("### 2nd\na\n### Sequence\n", "line 1: 2nd is no name in Python"),
        ("### for\na\n### Sequence\n", "line 1: for is no name in Python"),
        ("### Sequence\nx\n### Late\ny\n", "line 3: the section Late stands behind the sequence"),
        ("### Sequence\n\0\n", "NUL"),
    ],
)
def test_a_file_that_is_no_sequence_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidSequence, match=sentence):
        parse_sequence(PATH, text)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_sequence_or_refused(text: str) -> None:
    for given_text in (text, f"### A\n{text}\n### Sequence\n{text}\n"):
        with contextlib.suppress(InvalidSequence):
            assert parse_sequence(PATH, given_text).sequence.is_sequence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("before\n### A\na\n### Sequence\nA()\n", [(1, "before the first header")]),
        ("### A-b\na\n### Sequence\nA()\n", [(1, "the name is only A")]),
        ("### A\n#### B\na\n ### C\n### Sequence\nA()\n", [(2, "no header"), (4, "no header")]),
        ("### A\n#!/bin/bash\na\n### Sequence\nA()\n", [(2, "the line is dropped")]),
        (
            "### A\ncat <<EOF\n# x\n\ny\nEOF\n# z\n### Sequence\nA()\n",
            [(3, "here-doc"), (4, "here-doc")],
        ),
        ("### A\na\n### Resequence\nb\n### Sequence\nA()\n", [(3, "Resequence is no step")]),
        ("### A\na\n### B\nb\n### Sequence\nA()\n", [(3, "B is never used")]),
        ("### A\na\n### Sequence\nA.result()\n", [(1, "never executed")]),
        ("### A\na\n### Sequence\nfor s in [A]: s.execute()\nA.result()\n", []),
        ("### A\na\n### Sequence\nA()\nA = 5\n", [(1, "to another value")]),
        ("### print\na\n### Sequence\nprint()\n", [(1, "hides the function")]),
        (
            "### getPandaJob\na\n### Sequence\ngetPandaJob(1)\n",
            [(1, "getPandaJob hides the step")],
        ),
        ("\ufeff# a\n### Sequence\nprint()\n", [(1, "before the first"), (1, "byte order mark")]),
        ("### A\n### Sequence\nA()\n", [(1, "has no commands")]),
        ("### A\r\na\r\n### Sequence\r\nA()\r\n", [(1, "those of Windows")]),
        ("### Sequence\n", [(1, "nothing runs")]),
        ("### A\na\n", [(0, "no section")]),
        ("### A\na\n### Sequence\nimport os\nA()\n", [(0, "import is refused")]),
    ],
)
def test_traps_are_found(tmp_path: Path, text: str, found: list[tuple[int, str]]) -> None:
    path = tmp_path / "seq.txt"
    path.write_bytes(text.encode())
    traps = traps_of(path)
    assert len(traps) == len(found), traps
    for trap, (line, words) in zip(traps, found, strict=True):
        assert trap.line == line
        assert words in trap.sentence


def test_the_command_checks_files(tmp_path: Path) -> None:
    good, odd, bad = (tmp_path / name for name in ("good.txt", "odd.txt", "bad.txt"))
    good.write_text("### A\na\n### Sequence\nA.execute()\n")
    odd.write_text("### A\na\n### Sequence\nprint(1)\n")
    bad.write_text("### A\na\n")
    run = CliRunner().invoke
    assert run(app, ["sequence", "check", str(good)]).output == "1 checked, nothing is odd.\n"
    found = run(app, ["sequence", "check", str(good), str(odd)])
    assert (found.exit_code, found.output) == (1, f"{odd}, line 1: the step A is never used\n")
    found = run(app, ["sequence", "check", str(odd), str(bad)])
    assert (found.exit_code, found.stdout) == (2, f"{odd}, line 1: the step A is never used\n")

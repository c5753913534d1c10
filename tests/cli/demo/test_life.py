"""The living demo as it is seen: a line a round, or in a terminal a table in its place."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from pandadb.cli.demo import life as demolife

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def seen(database: Database, monkeypatch: pytest.MonkeyPatch, **how: bool) -> str:
    text = io.StringIO()
    monkeypatch.setattr(demolife, "PAUSE", 0)
    monkeypatch.setattr(demolife, "out", Console(file=text, width=100, **how))
    life = demolife.live(database, quiet=False)
    assert f"Task {life.jeditaskid} runs" in text.getvalue()
    return text.getvalue()


@pytest.mark.slow
def test_each_round_is_a_line_with_the_jobs_per_table_and_state(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = seen(database, monkeypatch).splitlines()

    assert lines[1] == " 1 jobsdefined4: 100 defined"
    assert [line[:2] for line in lines[1:]] == [f"{n:2}" for n in range(1, 13)]
    assert "jobsarchived4: " in lines[-1]


@pytest.mark.slow
def test_a_terminal_shows_a_table_that_changes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = seen(database, monkeypatch, force_terminal=True)

    assert "round 1 of 12" in text
    assert "round 12 of 12" in text
    assert "\x1b[2K" in text  # what was there is wiped


def test_quiet_prints_nothing(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    life = demolife.live(database, quiet=True)

    assert capsys.readouterr().out == ""
    demolife.show(life)
    demolife.name_next(life, date(2026, 11, 20), 5, 6)
    shown = capsys.readouterr().out
    assert f"Files of task {life.jeditaskid}" in shown
    assert f"pandadb jobs history {life.pandaid}" in shown
    assert f"pandadb jobs kill {life.left[0]}" in shown
    assert "pandadb archive restore 2026-11-20" in shown
    assert "pandadb flows graph 6" in shown

"""Times as they are typed: absolute, or relative to now; in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from pandadb.cli.jobs.filters import FORMATS
from pandadb.cli.main import app
from pandadb.cli.options import DAY, moment
from tests.cli.test_commands import run
from tests.cli.test_hostile_input import ARABIC, commands, spelled

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def midnight(days: int = 0) -> datetime:
    return datetime.combine(now().date(), datetime.min.time()) + timedelta(days=days)


@pytest.mark.parametrize(
    ("text", "distance"),
    [
        ("-2h", timedelta(hours=-2)),
        ("-30m", timedelta(minutes=-30)),
        ("-45s", timedelta(seconds=-45)),
        ("-7d", timedelta(days=-7)),
        ("-1w", timedelta(weeks=-1)),
        ("+2h", timedelta(hours=2)),
        ("now", timedelta()),
    ],
)
def test_a_time_is_so_far_from_now(text: str, distance: timedelta) -> None:
    assert abs(moment(FORMATS)(text) - (now() + distance)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "days"), [("yesterday", -1), ("today", 0), ("tomorrow", 1), ("-3d", -3), ("-2w", -14)]
)
def test_a_day_begins_at_midnight(text: str, days: int) -> None:
    assert moment(DAY)(text) in (midnight(days), midnight(days - 1))  # midnight may have passed
    if text.isalpha():
        assert moment(FORMATS)(text) == moment(DAY)(text)


@pytest.mark.parametrize("formats", [DAY, FORMATS])
@pytest.mark.parametrize(
    "text",
    ["-", "h", "-h", "-1y", "2h", "- 2h", "-2 h", "-2H", "-1_0h", f"-{ARABIC}h", "--2h", "-2h3m",
     "-1.5h", "-1e3h", "-9999999h", "-999999d", "+999999w", "Yesterday", "now ", "-2h\n",
     "2026-11-20T-2h"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str, formats: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no time|not in the years"):
        moment(formats)(text)


@pytest.mark.parametrize("text", ["-2h", "-30m", "now"])
def test_a_day_is_not_hours_ago(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time"):
        moment(DAY)(text)


@pytest.mark.slow
def test_every_time_that_a_command_takes_may_be_relative() -> None:
    times = [
        (one.path, parameter)
        for one in commands()
        for parameter in one.parameters
        if "2026" in (parameter.metavar or "") or parameter.metavar == "DAY"
    ]

    assert len(times) >= 8
    for path, parameter in times:
        said = CliRunner().invoke(app, [*path, *spelled(parameter, "2h")], env={"COLUMNS": "300"})
        assert "'2h' is no time" in said.stderr, (path, parameter)
        assert "yesterday" in said.stderr


def test_a_relative_time_is_typed_as_the_value_of_an_option(database: Database) -> None:
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    lines = [
        "jobs list --since -2h --until now",
        "jobs count --since=-30m --until tomorrow",
        "archive plan --day yesterday --day -3d",
        "archive pause --until +2h",
        "archive restore yesterday --dry-run",
    ]

    ended = [run(*line.split(), url=url) for line in lines]

    assert [one.returncode for one in ended[:4]] == [0, 0, 0, 0], ended
    assert "is no time" not in ended[4].stderr

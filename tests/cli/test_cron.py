"""The examples of regular work: they run as cron, systemd and Kubernetes run them."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from pandadb.cli.output import QUIET_CODES
from tests.typed import typed

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.slow, pytest.mark.any_server]

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "examples"
BIN = Path(sys.executable).parent
CRONJOB = EXAMPLES / "cronjob.yaml"
SETTINGS = EXAMPLES / "settings.env"
SHOWN = [EXAMPLES / "crontab", CRONJOB, SETTINGS, *(EXAMPLES / "systemd").iterdir()]
"""The examples that docs/cron.md shows."""
OF_CRON = {"HOME": "/", "LOGNAME": "panda", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}

CRON = [
    line.split(maxsplit=6)[6]
    for line in (EXAMPLES / "crontab").read_text().splitlines()
    if " panda " in line
]
ARCHIVE_RUN = next(line for line in CRON if "archive run" in line)
SERVICES = [unit.read_text() for unit in (EXAMPLES / "systemd").glob("*.service")]
STARTS = [
    (start, [0, *map(int, re.findall(r"\d+", codes))])
    for unit in SERVICES
    for codes in re.findall(r"SuccessExitStatus=(.*)", unit)
    for start in re.findall(r"ExecStart=(.*)", unit)
]


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Path:
    """A folder with the file of the settings, of this test's database."""
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    given = SETTINGS.read_text()
    (tmp_path / ".env").write_text(re.sub("postgresql://.*", url.replace("\\", r"\\"), given))
    return tmp_path


def here(line: str, folder: Path) -> str:
    """Return a line of the page with the paths of this test."""
    return line.replace("/opt/pandadb/bin", str(BIN)).replace("/etc/pandadb", str(folder))


def by_cron(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line with what cron gives it: few variables, no terminal, its user's home."""
    return subprocess.run(
        ["/bin/sh", "-c", here(line, folder)], env=OF_CRON, cwd="/",
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def at_once(
    line: str, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the command of a line in this process, in the folder of its settings."""
    words = shlex.split(here(line, folder))
    command = words[words.index(str(BIN / "pandadb")) + 1 :]
    with contextlib.chdir(folder if words[0] == "cd" else "/"):
        return typed(*command, environment=environment)


@pytest.mark.parametrize("example", SHOWN, ids=lambda example: example.name)
def test_the_page_shows_the_example(example: Path) -> None:
    page = (HOME / "docs" / "cron.md").read_text()

    assert example.read_text() in re.findall(r"```\w+\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("unit", sorted((EXAMPLES / "systemd").iterdir()), ids=lambda u: u.name)
def test_a_unit_parses_and_a_timer_has_its_service(unit: Path) -> None:
    parser = configparser.ConfigParser(strict=False)  # ExecStart= may be there twice
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit)

    assert unit.with_suffix(".service").exists()
    if unit.suffix == ".timer":
        assert parser["Install"]["WantedBy"] == "timers.target"
        assert parser["Timer"]["OnCalendar"]
    else:
        assert parser["Service"]["Type"] == "oneshot"


def test_the_page_has_the_commands_that_are_for_cron() -> None:
    commands = [
        "partitions maintain", "jobs expire", "tasks advance", "stats refresh", "archive run",
        "archive verify", "queue outbox",
    ]  # fmt: skip

    assert [re.search(r"pandadb (\w+ \w+)", line)[1] for line in CRON] == commands  # type: ignore[index]
    assert sorted(start.split(maxsplit=1)[1].split(" --")[0] for start, _ in STARTS) == sorted(
        commands[:5]
    )


@pytest.mark.slow
@pytest.mark.parametrize("line", CRON)
def test_a_line_of_cron_is_silent_when_nothing_is_wrong(line: str, settings: Path) -> None:
    ended = at_once(line, OF_CRON, settings)

    assert re.fullmatch("cd /etc/pandadb && /opt/pandadb/bin/pandadb [^&|;<>$%]+", line)
    assert ended.returncode in QUIET_CODES, ended
    assert (ended.stdout, ended.stderr) == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("line", CRON)
def test_a_line_of_cron_without_its_settings_is_told(line: str, settings: Path) -> None:
    (settings / ".env").unlink()

    ended = at_once(line, OF_CRON, settings)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("pandadb: PANDADB_URL is not set, and there is no terminal")


def test_cron_itself_prints_nothing_and_if_something_is_wrong_all(
    settings: Path, database: Database
) -> None:
    silent = by_cron(ARCHIVE_RUN, settings)
    assert silent.returncode in QUIET_CODES, silent
    assert (silent.stdout, silent.stderr) == ("", "")

    with database.session() as session:
        session.execute(text("DROP SCHEMA doma_pandaarch CASCADE"))

    ended = by_cron(ARCHIVE_RUN, settings)

    assert ended.returncode == 1, ended
    named, said = ended.stderr.splitlines()
    assert named.startswith("Database: postgresql://")
    assert said.startswith("pandadb: ")


@pytest.mark.slow
@pytest.mark.parametrize(("start", "codes"), STARTS)
def test_a_service_succeeds(start: str, codes: list[int], settings: Path) -> None:
    lines = (settings / ".env").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    ended = at_once(start, variables, settings)

    assert ended.returncode in codes, ended
    assert ended.stdout != ""


@pytest.mark.slow
def test_the_command_of_the_pod_succeeds(settings: Path) -> None:
    (command,) = re.findall(r'command: \[sh, -c, "(.*)"\]', CRONJOB.read_text())
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    ended = subprocess.run(
        ["sh", "-c", command], env=environment, cwd=settings,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended

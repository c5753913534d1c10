"""The examples of deployment: they parse, and their commands run a worker."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cli.test_commands import run
from tests.worker.worker_processes import url_of

if TYPE_CHECKING:
    from pandadb.database import Database

pytestmark = [pytest.mark.any_server, pytest.mark.slow]

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "examples" / "worker"
UNIT, DEPLOYMENT = EXAMPLES / "pandadb-worker@.service", EXAMPLES / "deployment.yaml"


def words() -> list[list[str]]:
    """Return the commands of the unit and of the container."""
    parser = configparser.ConfigParser(interpolation=None)  # %i is systemd's
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    service = parser["Service"]
    assert (service["KillMode"], parser["Install"]["WantedBy"]) == ("mixed", "multi-user.target")
    pod = yaml.safe_load(DEPLOYMENT.read_text())["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 60 + 10
    assert int(service["TimeoutStopSec"]) > 60 + 10
    return [shlex.split(service["ExecStart"]), pod["containers"][0]["command"]]


@pytest.mark.parametrize("example", [UNIT, DEPLOYMENT], ids=lambda example: example.name)
def test_the_page_shows_the_example(example: Path) -> None:
    page = (HOME / "docs" / "workers.md").read_text()

    assert example.read_text() in re.findall(r"```\w+\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("number", [0, 1])
def test_the_command_of_an_example_runs_a_worker(
    number: int, database: Database, tmp_path: Path
) -> None:
    command = words()[number]
    assert Path(command[0]).name == "pandadb"
    place = command.index("--work-dir") + 1
    command[place] = str(tmp_path)

    ended = run(*command[1:], "--drain-when-empty", "--poll", "0.1", url=url_of(database))

    assert ended.returncode == 3, ended.stderr


@pytest.mark.parametrize(
    "line",
    [
        "--slots 0", "--slots 1025", "--lease 0", "--lease nan", "--poll 0", "--grace -1",
        "--handlers no_such_module", "--handlers a\x00b", "--queue \udcff", "--drain-timeout inf",
        "--work-dir /dev/null/x",
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(line: str, database: Database, tmp_path: Path) -> None:
    given = ["--queue", "q", "--work-dir", str(tmp_path), "--once", *line.split(" ")]

    ended = run("worker", "run", *given, url=url_of(database))

    assert ended.returncode in (1, 2), ended
    assert "Traceback" not in ended.stderr

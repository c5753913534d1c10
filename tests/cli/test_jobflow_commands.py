"""The tables of docs/jobflow_remote.md: each command of jf has a counterpart that exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.cli.main import program
from pandadb.services.queue import batches
from tests.controller.test_counterparts import exists
from tests.typed import pandadb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

pytestmark = pytest.mark.any_server

PAGE = Path(__file__).parents[2] / "docs" / "jobflow_remote.md"
JF = {
    "job": "list info set-state rerun retry pause resume play stop delete queue-out report todir"
    " set_worker set_exec-config set_resources set_priority dump output files_ls files_get"
    " files_delete",
    "flow": "list info delete graph report resume clean set_store",
    "admin": "upgrade reset unlock unlock-flow unlock-runner index_rebuild index_create",
    "backup": "create restore",
    "runner": "run foreground start restart stop shutdown kill status info reset update-status",
    "batch": "list info delete",
    "execution": "run run-batch",
    "project": "list generate check check-conflicts remove exec-config_list worker_list"
    " edit_replace",
    "plugin": "list",
}
"""The commands of jobflow-remote 1.0.1, those of a subgroup with its name."""


def rows() -> dict[str, str]:
    """Return the counterparts by command, and by options."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    cells = [line.strip("| ").split(" | ") for line in lines]
    found = dict(cells)
    assert len(found) == len(lines)
    return found


def commands(words: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands of pandadb in a cell, each with its options."""
    for given in re.findall(r"`pandadb ([^`]+)`", words):
        path, _, options = given.partition(" --")
        yield path, [f"--{one}" for one in options.split(" --") if one]


def command(path: str) -> Any:
    found: Any = program()
    for name in path.split():
        found = found.commands[name]
    return found


def test_each_command_of_jf_is_in_the_table() -> None:
    wanted = {f"{group} {one}" for group, names in JF.items() for one in names.split()}
    wanted = {one.replace("_", " ") for one in wanted} | {"job info --pid", "gui"}

    assert {name.strip("`") for name in rows() if not name.startswith("`-")} == wanted


def test_each_counterpart_exists_or_there_is_a_reason() -> None:
    for name, words in rows().items():
        for path, options in commands(words):
            known = {one for parameter in command(path).params for one in parameter.opts}
            secondary = {
                one for parameter in command(path).params for one in parameter.secondary_opts
            }
            assert {*options} <= known | secondary, f"{name}: {path} {options}"
        others = re.findall(r"`((?:services|controller)\.[^`]+)`", words)
        assert all(exists(one) for one in others), f"{name}: {words}"
        named = [*commands(words), *others]
        assert named or words.startswith(("none: ", "arguments")), f"{name}: {words}"


@pytest.mark.slow
def test_batch_processes_are_listed_with_the_workers_of_harvester(database: Database) -> None:
    batches.register(database, "77.batch", "demo")

    listed = pandadb(database, "harvester", "workers", "pandadb", "--json")

    assert (listed.returncode, "77.batch" in listed.stdout) == (0, True), listed.stderr

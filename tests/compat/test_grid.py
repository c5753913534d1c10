"""The unmodified panda-server reads shares, sites and workers that pandadb has written."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pandadb.database import Database
from pandadb.demo import examples
from pandadb.services import harvester, shares, sites
from tests.compat.conftest import DATABASE, PASSWORD

if TYPE_CHECKING:
    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server

READER = Path(__file__).parent / "grid_reader.py"
SHARES = {
    "Group Production": 7, "Reconstruction": 21, "Simulation": 42, "User Analysis": 25, "Test": 5,
}  # fmt: skip


def read(python: Path, folder: Path, server: PrivateServer) -> dict[str, Any]:
    words = [folder, "127.0.0.1", server.settings["port"], DATABASE, PASSWORD]
    done = subprocess.run(
        [str(word) for word in (python, READER, *words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["errors"] == {}
    return dict(found["found"])


@pytest.mark.slow
def test_panda_server_reads_shares_sites_and_workers(
    panda_python: Path, compat_folder: Path, panda_server: PrivateServer
) -> None:
    dumps = sites.parse((examples.home() / "sites.json").read_text())
    counts = {"QUEUE_A": {"managed": {"SCORE": {"running": 3}}}}
    with closing(Database(panda_server.url(username="panda", database=DATABASE))) as database:
        shares.load(database, (examples.home() / "shares.yaml").read_text())
        sites.load(database, dumps)
        harvester.register(database, "h1")
        harvester.report_counts(database, "h1", counts)
        command = harvester.HarvesterCommand("h1", "KILL_WORKERS", {"workers": [1]})
        harvester.send_commands(database, command)
    found = read(panda_python, compat_folder, panda_server)

    assert found["shares"] == pytest.approx(SHARES)
    assert sorted(found["order of shares"]) == sorted(SHARES)
    queue = dumps["pandaqueues"]["ALPINE-01_UCORE"]
    wanted = [queue["status"], queue["corecount"], queue["maxrss"]]
    assert found["sites"]["ALPINE-01_UCORE"] == wanted
    assert found["known sites"] == sorted(dumps["sites"])
    assert found["endpoints"] == sorted(dumps["pandaqueues"])
    assert found["tags"] == sorted(dumps["tags"])
    assert found["workers"] == {"QUEUE_A": {"h1": {"managed": {"SCORE": {"running": 3}}}}}
    assert [command for command, _ in found["commands"]] == ["KILL_WORKERS"]

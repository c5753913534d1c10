"""The unmodified panda-server reads shares, sites and workers that pandadb has written."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pandadb.database import Database
from pandadb.demo import examples
from pandadb.services import harvester, shares, sites
from tests.compat.conftest import DATABASE
from tests.compat.server_answers import read

if TYPE_CHECKING:
    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server

READER = Path(__file__).parent / "grid_reader.py"
SHARES = {
    "Group Production": 7, "Reconstruction": 21, "Simulation": 42, "User Analysis": 25, "Test": 5,
}  # fmt: skip


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
    found = read(READER, panda_python, compat_folder, panda_server)

    assert found["shares"] == pytest.approx(SHARES)
    assert sorted(found["order of shares"]) == sorted(SHARES)
    queue = dumps["pandaqueues"]["ALPINE-01_UCORE"]
    wanted = [queue["status"], queue["corecount"], queue["maxrss"]]
    assert found["sites"]["ALPINE-01_UCORE"] == wanted
    assert found["known sites"] == sorted(dumps["sites"])
    assert found["endpoints"] == sorted(dumps["pandaqueues"])
    assert found["tags"] == sorted(dumps["tags"])
    assert found["workers"] == {"QUEUE_A": {"h1": {"managed": {"SCORE": {"running": 3}}}}}
    assert found["commands"] == ["KILL_WORKERS"]

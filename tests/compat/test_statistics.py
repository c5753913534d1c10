"""The unmodified panda-server reads the statistics that the procedures of this database write."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pandadb.database import Database
from pandadb.errors import Outcome
from pandadb.models import JediTasks, JobsArchived4, JobsDefined4, WorkerNodeQueue
from pandadb.services import statistics
from tests.compat.conftest import DATABASE
from tests.compat.server_answers import read
from tests.statistics_rows import KEY, add_jobs, add_queue, add_resource_queue
from tests.task_commands import make_commanded_task

if TYPE_CHECKING:
    from tests.servers import PrivateServer

pytestmark = pytest.mark.any_server

READER = Path(__file__).parent / "statistics_reader.py"
NOW = datetime.now(UTC).replace(tzinfo=None)


def fill(database: Database) -> None:
    """Add jobs of a share and of a resource queue, a task with jumbo jobs, a job that has ended."""
    with database.session() as session:
        add_queue(session, "A", corepower=10, atlas_site="CERN")
        add_resource_queue(session, 77)
        add_jobs(session, "running", 4, corecount=8, diskio=80, ninputdatafiles=3)
        add_jobs(session, "activated", 2, corecount=8, maxwalltime=100)
        add_jobs(session, "defined", 3, JobsDefined4, maxwalltime=50)
        add_jobs(session, "activated", 5, workqueue_id=77, corecount=8, maxwalltime=7)
        make_commanded_task(session, 5, "running")
        task = session.get_one(JediTasks, 5)
        given = {"usejumbo": "R", "workqueue_id": 77, "prodsourcelabel": "managed"}
        for name, value in {**given, "vo": "atlas", "cloud": "WORLD"}.items():
            setattr(task, name, value)
        times = {"endtime": NOW, "modificationtime": NOW}
        ended = {**KEY, **times, "jobstatus": "finished", "modificationhost": "slot1@host"}
        session.add(JobsArchived4(pandaid=1, **ended))
        node = {"site": "CERN", "host_name": "host", "panda_queue": "A"}
        session.add(WorkerNodeQueue(**node, last_seen=NOW))


@pytest.mark.slow
def test_panda_server_reads_what_a_refresh_has_written(
    panda_python: Path, compat_folder: Path, panda_server: PrivateServer
) -> None:
    url = panda_server.url(username="panda", database=DATABASE)
    with closing(Database(url)) as database:
        fill(database)
        before = read(READER, panda_python, compat_folder, panda_server)
        assert statistics.refresh(database).outcome is Outcome.DONE
    found = read(READER, panda_python, compat_folder, panda_server)

    states = {"assigned": 0, "activated": 7, "running": 4, "defined": 3}
    active = before["per site and resource"]["A"]["MCORE"]
    assert (active["running"], active["activated"]) == (0, 0)
    assert found["per site and resource"] == {
        "A": {"MCORE": {**states, "finished": 1, "failed": 0}}
    }
    assert found["per site"] == {"A": states}
    assert found["per site, label and resource"]["A"]["unknown"]["MCORE"]["running"] == 4
    assert found["cores"] == [True, {"A": {"activated": 56, "running": 32}}]
    share = {"activated": 7, "running": 4, "defined": 3}
    assert found["per share"] == [True, {"A": {"Simulation": share}}]
    assert found["per work queue"][1]["A"]["77"] == {"activated": 5}
    assert found["disk"] == {"A": 10}
    assert found["inputs"]["simul"] == 3
    assert (found["walltime"], found["walltime of a resource queue"]) == (350, 35)
    assert found["highest priority"] == [True, {"highestPrio": 505, "nNotRun": 5}]
    assert found["jumbo"] == 1
    assert "jobs" in json.dumps(found["metrics"])

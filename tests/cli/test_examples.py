"""The example files: `pandadb demo --write-examples`, and the dispatcher as a service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from pandadb.demo import examples
from pandadb.services import jobs
from pandadb.services.jobs import NewJob
from tests.typed import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandadb.database import Database

pytestmark = pytest.mark.any_server


def test_the_examples_are_written_once_and_never_over_a_file_that_differs(tmp_path: Path) -> None:
    first = typed("demo", "--write-examples", str(tmp_path), environment={})
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.split() == [str(tmp_path / name) for name in examples.names()]
    assert (tmp_path / "records.csv").read_bytes() == (examples.home() / "records.csv").read_bytes()

    again = typed("demo", "--write-examples", str(tmp_path), "--json", environment={})
    assert (again.returncode, json.loads(again.stdout)) == (0, {"written": []})

    (tmp_path / "crontab").write_text("mine\n")
    (tmp_path / "jobs.json").unlink()
    refused = typed("demo", "--write-examples", str(tmp_path), environment={})
    assert refused.returncode == 2
    assert f"{tmp_path / 'crontab'} differs from the example" in refused.stderr
    assert not (tmp_path / "jobs.json").exists()
    assert (tmp_path / "crontab").read_text() == "mine\n"


@contextmanager
def served(database: Database) -> Iterator[str]:
    """Run the dispatcher as its own process on a free port; yield its address."""
    url = database.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-u", examples.home() / "dispatcher.py", "--port", "0"],
        env={**os.environ, "PANDADB_URL": url}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def post(address: str, call: str, body: Any) -> Any:
    request = Request(f"{address}/{call}", json.dumps(body).encode())
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_the_dispatcher_carries_jobs_from_dispatch_to_their_end(database: Database) -> None:
    new = NewJob({"computingsite": "CERN", "prodsourcelabel": "test"})
    pandaids = jobs.submit(database, [new, new])
    jobs.activate(database, pandaids)

    with served(database) as address:
        given = post(address, "dispatch", {"computingsite": "CERN", "njobs": 5})
        assert sorted(job["pandaid"] for job in given) == sorted(pandaids)
        assert given[0]["computingsite"] == "CERN"
        for pandaid in pandaids:
            beat = {"pandaid": pandaid, "state": "running", "values": {"maxrss": 1000}}
            assert post(address, "heartbeat", beat)["ignored"] is None
        done = post(address, "end", {"pandaids": pandaids, "state": "finished"})
        assert done == {"ended": sorted(pandaids), "refused": {}}
        again = post(address, "end", {"pandaids": pandaids, "state": "failed"})
        assert again["ended"] == []
        assert set(again["refused"]) == {str(pandaid) for pandaid in pandaids}
        with pytest.raises(HTTPError) as refused:
            post(address, "dispatch", {})
        with refused.value as answer:
            assert answer.code == 400

    assert {jobs.history(database, pandaid).states[-1].jobstatus for pandaid in pandaids} == {
        "finished"
    }


@pytest.mark.slow
def test_the_dispatcher_gives_each_job_to_one_of_many_workers(database: Database) -> None:
    new = NewJob({"computingsite": "CERN", "prodsourcelabel": "test"})
    pandaids = jobs.submit(database, [new] * 20)
    jobs.activate(database, pandaids)
    given: list[int] = []

    def work(address: str) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and len(given) < len(pandaids):
            taken = post(address, "dispatch", {"computingsite": "CERN", "njobs": 2})
            given.extend(job["pandaid"] for job in taken)

    with served(database) as address:
        workers = [threading.Thread(target=work, args=(address,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    assert sorted(given) == sorted(pandaids)

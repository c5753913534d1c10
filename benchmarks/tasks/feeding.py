"""Submission and feed of a task with many files, against COPY of the same rows."""

from __future__ import annotations

from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks import copying
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from benchmarks.upstream import now
from pandadb.core.datasets.feeds.contents import COLUMNS
from pandadb.core.tasks.requesters import Requester
from pandadb.services import datasets, tasks
from pandadb.services.datasets import CatalogueFile, Listing

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database

FILES = {Effort.TINY: 100, Effort.QUICK: 100_000, Effort.FULL: 100_000}
OURS, COPY = "submit and feed: ours, files/s", "submit and feed: COPY, files/s"
GOALS = (Goal(Ratio(OURS, COPY), 0.8),)
INPUT = "mc23:mc23.benchmark.evgen"
QUEUE = """
INSERT INTO doma_panda.jedi_work_queue (queue_id, queue_name, queue_type, vo)
VALUES (1000, 'benchmark', 'managed', 'atlas')
"""
SHARE = "INSERT INTO doma_panda.global_shares (name, value) VALUES ('Simulation', 100)"
REQUESTER = Requester("benchmark", production_role=True)


class Catalogue:
    """A catalogue that has the files at hand, as that of a site after its answer."""

    def __init__(self, number: int) -> None:
        files = [
            CatalogueFile(
                lfn=f"EVNT.00000001._{serial:06d}.pool.root.1",
                guid=f"01234567-89ab-cdef-0123-{serial:012d}",
                scope="mc23",
                fsize=1_000_000_000 + serial,
                checksum="ad:01234567",
                events=1000,
            )
            for serial in range(number)
        ]
        self.listing = Listing(files)

    def list_files(self, name: str) -> Listing | None:
        """Return the files of the input."""
        return self.listing if name == INPUT else None


def measure(database: Database, connection: psycopg.Connection, effort: Effort) -> Samples:
    """Measure ours and COPY by turns."""
    connection.execute(QUEUE)
    connection.execute(SHARE)
    catalogue, serial = Catalogue(FILES[effort]), count()
    ours = partial(_ours, database, catalogue, serial)
    copied = partial(_copy, connection, catalogue, count(10_000_000))
    turns = [partial(_turn, connection, catalogue, *one) for one in ((OURS, ours), (COPY, copied))]
    return alternate(turns, MORE_ROUNDS)


def _turn(
    connection: psycopg.Connection, catalogue: Catalogue, name: str, do: Callable[[], int]
) -> dict[str, float]:
    """Take a turn, see that all files are there, and remove them."""
    number = len(catalogue.listing.files)
    began = perf_counter()
    task = do()
    took = perf_counter() - began
    found = connection.execute(
        "SELECT count(*) FROM doma_panda.jedi_dataset_contents"
        " WHERE jeditaskid = %s AND status = 'ready'",
        [task],
    ).fetchone()
    if found != (number,):
        raise AssertionError(f"{found} files instead of {number}")
    connection.execute("TRUNCATE doma_panda.jedi_dataset_contents")
    return {name: number / took}


def _ours(database: Database, catalogue: Catalogue, serial: count[int]) -> int:
    parameters = _parameters(next(serial))
    answer, _ = tasks.enter(database, parameters, requester=REQUESTER)
    if answer.jeditaskid is None:
        raise AssertionError(answer)
    datasets.feed(database, answer.jeditaskid, catalogue)
    return answer.jeditaskid


def _copy(connection: psycopg.Connection, catalogue: Catalogue, tasks_: count[int]) -> int:
    """Copy the rows that a feed leaves, with numbers from the sequence."""
    task = next(tasks_)
    files = catalogue.listing.files
    with connection.transaction():
        fileids = copying.draw(connection, "jedi_dataset_cont_fileid_seq", len(files))
        when = now()
        statement = f"COPY doma_panda.jedi_dataset_contents ({', '.join(COLUMNS)}) FROM STDIN"
        with connection.cursor().copy(statement.encode()) as copy:
            for fileid, file in zip(fileids, files, strict=True):
                copy.write_row(
                    (
                        task, 1, fileid, when, file.lfn, file.guid, "input", "ready", file.fsize,
                        file.checksum, file.scope, 0, 5, file.events, 1, None,
                        None, None, 0, file.lumiblocknr, None, 0, "ready",
                        None,
                    )
                )  # fmt: skip
    return task


def _parameters(serial: int) -> dict[str, Any]:
    """Return a task of production that reads the input."""
    name = f"mc23.benchmark.{serial}"
    return {
        "taskName": name, "userName": "benchmark", "vo": "atlas", "prodSourceLabel": "managed",
        "taskType": "prod", "processingType": "simul", "workingGroup": "AP_SIMUL", "reqID": 1,
        "taskPriority": 500, "currentPriority": 500, "architecture": "x86_64-el9-gcc13-opt",
        "transHome": "AnalysisTransforms-1.0", "transUses": "Atlas-24.0", "transPath": "run.sh",
        "coreCount": 1, "ramCount": 2000, "ramUnit": "MBPerCore", "cpuTime": 300,
        "cpuTimeUnit": "HS06sPerEvent", "nFilesPerJob": 10, "maxAttempt": 5, "cloud": "WORLD",
        "skipScout": True, "gshare": "Simulation",
        "jobParameters": [
            {
                "type": "template", "param_type": "input", "value": "-i ${IN}", "dataset": INPUT,
                "offset": 0,
            },
            {
                "type": "template", "param_type": "output", "value": "-o ${OUTPUT0}",
                "dataset": f"mc23:{name}.HITS", "token": "ATLASDATADISK",
            },
        ],
        "log": {
            "type": "template", "param_type": "log", "value": "log.${SN}.tgz",
            "dataset": f"mc23:{name}.log", "token": "ATLASDATADISK",
        },
    }  # fmt: skip

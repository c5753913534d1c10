"""Make records with the shape of the monitor's, invented: `python tests/data/generate.py`.

Columns, their order, letters, digits and gaps are as the monitor writes them: PandaIDs beyond 32
bits, efficiencies above 1 for jobs of many cores, a `dbTime` that a whole task may lack. The real
records are not ours to give away.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any, NamedTuple


class Task(NamedTuple):
    """What the jobs of a task have in common."""

    jobs: int
    cores: tuple[int, ...]
    sites: tuple[str, ...]
    wall: int
    """Seconds that a job with one core lasts."""
    uses_conditions: bool
    """Whether its jobs read a database."""


TASKS = {
    90000001: Task(40, (1, 8), ("ALPINE_UCORE",), 900, uses_conditions=True),
    90000002: Task(32, (4, 8, 16), ("BALTIC_MCORE", "DANUBE_MCORE"), 60000, uses_conditions=True),
    90000003: Task(24, (1,), ("CORSICA_UCORE", "ETNA_CLOUD"), 400, uses_conditions=False),
}
IO = ("IObytesRead", "IObytesReadRate", "IObytesWriteRate", "IObytesWritten")
IO += ("IOcharRead", "IOcharReadRate", "IOcharWriteRate", "IOcharWritten")


def record(task: Task, pandaid: int, chance: random.Random) -> dict[str, Any]:
    """Return a record of a finished job."""
    cores = chance.choice(task.cores)
    wall = int(task.wall / cores * chance.uniform(0.5, 2)) + 60
    cpu = int(wall * cores * chance.uniform(0.2, 0.8))
    memory = int(cores * chance.uniform(4e4, 2.4e6))
    priority = chance.choice((450, 560, 901, 5000))
    return {
        "pandaid": pandaid,
        **{name: chance.randrange(512, 130_000_000) for name in IO},
        "actualcorecount": cores,
        "assignedpriority": priority,
        "avgpss": memory,
        "avgrss": memory * 2,
        "avgvmem": memory * 4,
        "computingsite": chance.choice(task.sites),
        "cpu_eff": f"{cpu / wall:.8g}",
        "cpuconsumptiontime": cpu,
        "currentpriority": priority - chance.choice((0, 0, 5)),
        "dbTime": f"{chance.uniform(1, 3000):.2f}" if task.uses_conditions else "",
        "failedattempt": chance.choice((0, 0, 0, 1, 2)),
        "hs06sec": cpu * 20,
        "inputfilebytes": chance.randrange(10**7, 2 * 10**10),
        "maxcpucount": chance.choice((0, 600, 20181, 86400)),
        "maxdiskcount": chance.randrange(500, 20000),
        "maxpss": memory * 2,
        "maxrss": memory * 3,
        "maxvmem": memory * 5,
        "minramcount": chance.choice((0, 247, 3184, 15200)),
        "nevents": chance.choice((20, 1000, 100_000)),
        "outputfilebytes": chance.randrange(10**6, 10**9),
        "queue_time": chance.randrange(100, 42_000),
        "timeExe": int(wall * 0.8),
        "timeStageIn": chance.randrange(19, 3000),
        "timeStageOut": chance.randrange(5, 180),
        "wall_time": wall,
        "workDirSize": chance.randrange(650_000, 2 * 10**10),
    }


def write(folder: Path) -> None:
    """Write a file for each task, the same ones each time."""
    chance = random.Random(1)
    first = 4_900_000_001
    for jeditaskid, task in TASKS.items():
        pandaids = range(first, first + task.jobs)
        records = [record(task, pandaid, chance) for pandaid in pandaids]
        with (folder / f"atlas_jobs_task_{jeditaskid}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, records[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(records)
        first = pandaids.stop + 100


if __name__ == "__main__":
    write(Path(__file__).parent)

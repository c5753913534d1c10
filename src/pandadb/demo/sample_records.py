"""Invented records in the shape of a real task.

The distributions follow real simulation tasks on the grid: many short jobs of one core and long
ones of eight, wall times over two orders of magnitude, efficiencies per site, memory that grows
with the cores.
"""

from __future__ import annotations

import math
import random
from typing import Any

from pandadb.core.jobs.csv_import.records import Records

SITES = {
    "ALPINE_UCORE": (0.35, 0.93),
    "BALTIC_MCORE": (0.25, 0.88),
    "CORSICA_UCORE": (0.20, 0.81),
    "DANUBE_MCORE": (0.12, 0.74),
    "ETNA_CLOUD": (0.08, 0.52),
}
"""Share of the jobs and CPU efficiency of invented sites."""

FIRST_PANDAID = 1_000_001


def sample(jobs: int = 600, seed: int = 4) -> Records:
    """Return records of a number of jobs, reproducible by seed."""
    chance = random.Random(seed)  # noqa: S311 - nothing here is secret
    return Records([_record(chance, FIRST_PANDAID + number) for number in range(jobs)])


def _record(chance: random.Random, pandaid: int) -> dict[str, Any]:
    site = chance.choices([*SITES], weights=[share for share, _ in SITES.values()])[0]
    cores = chance.choice((1, 8))
    wall = round(chance.lognormvariate(math.log(400 if cores == 1 else 3000), 0.5)) + 60
    efficiency = min(SITES[site][1] * chance.gauss(1, 0.06), 1.0)
    nevents = 1000 * cores
    input_kb = round(chance.gauss(250_000, 20_000)) * cores
    rss = round(chance.gauss(900_000, 80_000) * (1 + 0.7 * (cores - 1)))
    return {
        "pandaid": pandaid,
        "computingsite": site,
        "actualcorecount": cores,
        "corecount": cores,
        "assignedpriority": 560,
        "currentpriority": 560,
        "wall_time": wall,
        "queue_time": round(chance.lognormvariate(math.log(1200), 0.7)),
        "timestagein": round(chance.uniform(15, 180)),
        "timeexe": max(wall - 200, 30),
        "timestageout": round(chance.uniform(5, 40)),
        "cpuconsumptiontime": round(wall * cores * efficiency),
        "hs06sec": round(wall * cores * chance.gauss(12, 1)),
        "nevents": nevents,
        "inputfilebytes": input_kb * 1024,
        "outputfilebytes": round(chance.gauss(2500, 200) * nevents),
        "totrchar": round(input_kb * chance.uniform(1.5, 6)),
        "totwchar": round(chance.gauss(15_000, 2_000) * cores),
        "maxrss": rss,
        "maxpss": round(rss * 0.6),
        "avgrss": round(rss * 0.8),
        "avgpss": round(rss * 0.5),
        "failedattempt": 0,
    }

"""A load of 1,000 sites without changes, against parsing the JSON and reading the tables."""

from __future__ import annotations

import json
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.alternation import MORE_ROUNDS, Effort, Goal, Ratio, alternate
from pandadb.services import sites

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from benchmarks.alternation import Samples
    from pandadb.database import Database
    from tests.databases import Server

OURS, PLAIN = "load without changes: s", "json.loads and SELECT: s"
RATIOS = (Ratio(OURS, PLAIN),)
GOALS = (Goal(RATIOS[0], 3, at_most=True),)
SITES = {Effort.TINY: 20, Effort.QUICK: 1000, Effort.FULL: 1000}
TABLES = (
    "site", "panda_site", "ddm_endpoint", "panda_ddm_relation", "schedconfig_json", "sw_tags",
    "site_stats", "network_matrix_kv",
)  # fmt: skip


def measure(server: Server, effort: Effort) -> Samples:
    """Measure a load of what is loaded already and its yardstick by turns."""
    text = json.dumps(sites.generate(SITES[effort]))
    with servers.fresh(server) as database, servers.raw(database) as connection:
        sites.load(database, sites.parse(text))
        connection.execute("VACUUM ANALYZE")
        ours, plain = partial(_load, database, text), partial(_read, connection, text)
        turns = [partial(_turn, *one) for one in ((OURS, ours), (PLAIN, plain))]
        return alternate(turns, MORE_ROUNDS)


def _turn(name: str, do: Callable[[], None]) -> dict[str, float]:
    began = perf_counter()
    do()
    return {name: perf_counter() - began}


def _load(database: Database, text: str) -> None:
    report = sites.load(database, sites.parse(text))
    if report or report.refreshed:
        raise AssertionError(f"{len(report.changes)} rows were changed")


def _read(connection: psycopg.Connection, text: str) -> None:
    json.loads(text)
    for table in (*(f"doma_panda.{name}" for name in TABLES), "doma_pandameta.schedconfig"):
        connection.execute(f"SELECT * FROM {table}".encode()).fetchall()  # noqa: S608 - our names

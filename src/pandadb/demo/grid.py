"""The grid of the demo: shares, sites and queues, loaded; and its statistics, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pandadb.demo import examples, task_life
from pandadb.demo.sample_tasks import HARVESTER
from pandadb.services import harvester, shares, sites, statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.database import Database
    from pandadb.services.harvester import InstanceState
    from pandadb.services.shares import TreeReport
    from pandadb.services.statistics import Refreshed, SiteStates


@dataclass(frozen=True)
class GridState:
    """The grid after the demo."""

    refreshed: Refreshed
    tree: TreeReport
    sites: SiteStates
    instances: Sequence[InstanceState]


def prepare(database: Database) -> None:
    """Load shares, unless there are some, and sites from the examples, and queues; idempotent."""
    if not shares.tree(database).tree.root.children:
        shares.load(database, (examples.home() / "shares.yaml").read_text())
    sites.load(database, sites.parse((examples.home() / "sites.json").read_text()))
    task_life.prepare_site(database)


def count(database: Database) -> GridState:
    """Refresh the statistics, and return those of shares, sites and workers."""
    refreshed = statistics.refresh(database)
    return GridState(
        refreshed,
        shares.tree(database),
        statistics.site_states(database),
        harvester.status(database, HARVESTER),
    )

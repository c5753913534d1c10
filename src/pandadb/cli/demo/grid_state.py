"""The grid after `pandadb demo`: share tree, jobs by site, workers, statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pandadb.cli.harvester.find import draw_instances
from pandadb.cli.output import table
from pandadb.cli.shares.find import draw

if TYPE_CHECKING:
    from pandadb.demo.grid import GridState


def show(grid: GridState) -> None:
    """Print the share tree, the jobs of each site by state, the workers, and the statistics."""
    draw(grid.tree)
    table("Jobs by site and state", ("site", "state", "jobs"), grid.sites.jobs)
    draw_instances(grid.instances)
    rows = [(one.name, one.row_count, one.took_ms) for one in grid.refreshed.done if one.row_count]
    table("Statistics, refreshed", ("table", "rows", "ms"), rows)


def as_dict(grid: GridState) -> dict[str, Any]:
    """Return the numbers for --json."""
    return {
        "shares": {name: power.executing for name, power in grid.tree.powers.items()},
        "sites": [one._asdict() for one in grid.sites.jobs],
        "workers": {one.harvester: one.states for one in grid.instances},
        "statistics": {one.name: one.row_count for one in grid.refreshed.done},
    }

"""Tasks: feed, generation of jobs, commands, recount, each against what does the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.tasks import feeding, job_lives, recounting

if TYPE_CHECKING:
    from benchmarks.alternation import Effort, Samples
    from tests.databases import Server

GOALS = (*feeding.GOALS, *job_lives.GOALS, *recounting.GOALS)
RATIOS = (*(goal.ratio for goal in GOALS), *job_lives.FURTHER_RATIOS)


def measure(server: Server, effort: Effort) -> Samples:
    """Measure ours and the yardsticks by turns, one part after the other."""
    with servers.lived_in(server) as database, servers.raw(database) as connection:
        fed = feeding.measure(database, connection, effort)
    with servers.lived_in(server) as database, servers.raw(database) as connection:
        lived = job_lives.measure(database, connection, effort)
    with servers.lived_in(server) as database, servers.raw(database) as connection:
        counted = recounting.measure(database, connection, effort)
    return {**fed, **lived, **counted}

"""Layers of a graph of jobs: each job is below all that it waits for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def layers(jobs: Collection[int], edges: Sequence[tuple[int, int, str]]) -> dict[int, int]:
    """Return the layer of each job: 0 without parents, else one more than the latest of them."""
    parents: dict[int, set[int]] = defaultdict(set)
    for parent, child, _ in edges:
        parents[child].add(parent)
    found: dict[int, int] = {}
    left = {*jobs}
    while left:
        free = {job for job in left if not parents[job] & left} or left
        for job in free:
            found[job] = max((found[p] + 1 for p in parents[job] if p in found), default=0)
        left -= free
    return found


def label(job: Mapping[str, Any]) -> str:
    """Return the name of a job, with its number if it has replaced others."""
    name = job["name"] or f"job {job['pandaid']}"
    return name if job["index_number"] == 1 else f"{name} #{job['index_number']}"

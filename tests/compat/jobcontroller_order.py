"""The order in which jobflow hands on the jobs of a flow: part by part, parents first.

Jobs of a priority are taken in that order, as they are made in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def in_order(jobs: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return jobs in jobflow's order; those with a cycle or a name twice as they are given."""
    by_name = {one["name"]: one for one in jobs}
    children: dict[str, list[str]] = {}
    for one in jobs:
        children.setdefault(one["name"], [])
        for parent in dict.fromkeys(one.get("parents", ())):
            children.setdefault(parent, []).append(one["name"])
    found = [name for part in _parts(children) for name in _layered(part, children)]
    mine = [by_name[name] for name in found if name in by_name]
    return mine if len(mine) == len(jobs) else [*jobs]


def _parts(children: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Yield the jobs that are connected, part by part."""
    near: dict[str, set[str]] = {name: {*below} for name, below in children.items()}
    for name, below in children.items():
        for child in below:
            near[child].add(name)
    left = [*children]
    while left:
        part, level = {left[0]}, {left[0]}
        while level:
            level = {one for name in level for one in near[name]} - part
            part |= level
        yield [name for name in left if name in part]
        left = [name for name in left if name not in part]


def _layered(part: Sequence[str], children: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the jobs of a part in layers, each once its last parent has been."""
    waits = {name: sum(name in children[one] for one in part) for name in part}
    layer = [name for name in part if not waits[name]]
    while layer:
        yield from layer
        below = []
        for name in layer:
            for child in children[name]:
                waits[child] -= 1
                if not waits[child]:
                    below.append(child)
        layer = below

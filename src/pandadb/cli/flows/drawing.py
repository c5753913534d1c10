"""Graphs of jobs drawn: as a tree in the terminal, and as a Mermaid flowchart."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

COLOURS = {
    "completed": "green",
    "finished": "green",
    "failed": "red",
    "suspended": "red",
    "stopped": "magenta",
    "cancelled": "magenta",
    "closed": "magenta",
    "paused": "yellow",
    "running": "cyan",
    "ready": "blue",
}
FILLS = {
    "green": "#c8e6c9",
    "red": "#ffcdd2",
    "magenta": "#e1bee7",
    "yellow": "#fff9c4",
    "cyan": "#b2ebf2",
    "blue": "#bbdefb",
}
ARROWS = {"block": "-->", "ignore": "-.->", "cancel": "==>"}
"""Arrows of Mermaid by `on_failure` of the dependency."""
WORDS = {"block": "", "ignore": " (or without it)", "cancel": " (or not at all)"}


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


def tree(
    title: str, jobs: Sequence[Mapping[str, Any]], edges: Sequence[tuple[int, int, str]]
) -> Tree:
    """Return jobs as a tree: each below its latest parent, the others of its parents named."""
    drawn = Tree(escape(title))
    by_id = {job["pandaid"]: job for job in jobs}
    depth = layers(by_id, edges)
    parents: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for parent, child, rule in edges:
        if parent in by_id:
            parents[child].append((parent, rule))
    branches: dict[int, Tree] = {}
    for job in sorted(by_id, key=lambda job: (depth[job], job)):
        above = sorted(parents[job], key=lambda edge: (depth[edge[0]], edge[0]))
        place = branches[above[-1][0]] if above else drawn
        branches[job] = place.add(_line(by_id[job], above, by_id))
    return drawn


def _line(
    job: Mapping[str, Any],
    parents: Sequence[tuple[int, str]],
    by_id: Mapping[int, Mapping[str, Any]],
) -> str:
    state = job["state"]
    colour = COLOURS.get(state, "default")
    others = [f"{label(by_id[parent])}{WORDS[rule]}" for parent, rule in parents[:-1]]
    also = f" [dim]also after {escape(', '.join(others))}[/]" if others else ""
    rule = WORDS[parents[-1][1]] if parents else ""
    return f"{escape(label(job))} [{colour}]{state}[/] [dim]{job['pandaid']}{rule}[/]{also}"


def mermaid(jobs: Sequence[Mapping[str, Any]], edges: Sequence[tuple[int, int, str]]) -> str:
    """Return a flowchart: dashed arrows where a child runs without its parent, too."""
    known = {job["pandaid"] for job in jobs}
    nodes = [
        f'    j{job["pandaid"]}["{_quoted(label(job))}<br/>{job["state"]}"]:::{job["state"]}'
        for job in jobs
    ]
    arrows = [
        f"    j{parent} {ARROWS[rule]} j{child}"
        for parent, child, rule in edges
        if {parent, child} <= known
    ]
    states = sorted({job["state"] for job in jobs} & COLOURS.keys())
    classes = [f"    classDef {state} fill:{FILLS[COLOURS[state]]}" for state in states]
    return "\n".join(["flowchart TD", *nodes, *arrows, *classes])


def _quoted(text: str) -> str:
    """Return a text as Mermaid takes it between quotation marks."""
    for letter, code in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(letter, code)
    return " ".join(text.split())

"""Graphs of jobs drawn: as a tree in the terminal, and as a Mermaid flowchart."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.tree import Tree

from pandadb.services import queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


def tree(
    title: str, jobs: Sequence[Mapping[str, Any]], edges: Sequence[tuple[int, int, str]]
) -> Tree:
    """Return jobs as a tree: each below its latest parent, the others of its parents named."""
    drawn = Tree(escape(title))
    by_id = {job["pandaid"]: job for job in jobs}
    depth = queue.flows.layers(by_id, edges)
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
    others = [f"{queue.flows.label(by_id[parent])}{WORDS[rule]}" for parent, rule in parents[:-1]]
    also = f" [dim]also after {escape(', '.join(others))}[/]" if others else ""
    rule = WORDS[parents[-1][1]] if parents else ""
    name = escape(queue.flows.label(job))
    return f"{name} [{colour}]{state}[/] [dim]{job['pandaid']}{rule}[/]{also}"


def mermaid(jobs: Sequence[Mapping[str, Any]], edges: Sequence[tuple[int, int, str]]) -> str:
    """Return a flowchart: dashed arrows where a child runs without its parent, too."""
    known = {job["pandaid"] for job in jobs}
    nodes = [
        f'    j{job["pandaid"]}["{name}<br/>{job["state"]}"]:::{job["state"]}'
        for job in jobs
        for name in (_quoted(queue.flows.label(job)),)
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

"""Graphs of what ran in a sequence: its steps one after the other, and the jobs of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandadb.services.workflows import SequenceRun, StepRun

FILLS = {
    "running": "#bee3f8",
    "submitted": "#fefcbf",
    "done": "#c6f6d5",
    "failed": "#fed7d7",
    "cancelled": "#e2e8f0",
}


def label(step: StepRun) -> list[str]:
    """Return the lines of a step: its name, what it did, its state."""
    again = f", attempt {step.number}" if step.number > 1 else ""
    status = "" if step.exit_status is None else f", status {step.exit_status}"
    env = [f"{name}={value}" for name, value in sorted(step.env.items())]
    action = [] if step.action == "execute" else [step.action]
    return [f"{step.name}{again}", *action, *env, f"{step.state}{status}"]


def job_label(step: StepRun) -> list[str]:
    """Return the lines of the jobs of a step: their numbers, and their result."""
    numbers = [f"{kind} {number}" for kind, number in (step.jobs or {}).items()]
    fields: dict[str, Any] = (step.result or {}).get("fields", {})
    counts = [
        f"{name} {fields[name]}"
        for name in ("Succeeded", "Partial", "Failed", "Cancelled")
        if name in fields
    ]
    return [", ".join(numbers), ", ".join(counts) or "no result yet"]


def mermaid(run: SequenceRun, steps: Sequence[StepRun]) -> str:
    """Return a flowchart of Mermaid."""
    lines = ["flowchart TD", f'    q(["{_mermaid([run.name, run.state])}"])']
    before = "q"
    for one in steps:
        node = f"s{one.step_id}"
        lines.append(f'    {node}["{_mermaid(label(one))}"]:::{one.state}')
        lines.append(f"    {before} --> {node}")
        if one.jobs:
            lines.append(f'    j{one.step_id}[("{_mermaid(job_label(one))}")]')
            lines.append(f"    {node} -.-> j{one.step_id}")
        before = node
    states = sorted({one.state for one in steps} & FILLS.keys())
    return "\n".join([*lines, *(f"    classDef {state} fill:{FILLS[state]}" for state in states)])


def _mermaid(lines: Sequence[str]) -> str:
    """Return lines as Mermaid takes them between quotation marks."""
    return "<br/>".join(_escaped(line) for line in lines)


def _escaped(text: str) -> str:
    for letter, code in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(letter, code)
    return " ".join(text.split())


def dot(run: SequenceRun, steps: Sequence[StepRun]) -> str:
    """Return a graph of Graphviz."""
    lines = ["digraph sequence {", "  node [shape=box, style=filled, fillcolor=white]"]
    lines.append(f"  q [shape=oval, label={_dot([run.name, run.state])}]")
    before = "q"
    for one in steps:
        node, fill = f"s{one.step_id}", FILLS.get(one.state, "white")
        lines.append(f'  {node} [label={_dot(label(one))}, fillcolor="{fill}"]')
        lines.append(f"  {before} -> {node}")
        if one.jobs:
            lines.append(f"  j{one.step_id} [shape=cylinder, label={_dot(job_label(one))}]")
            lines.append(f"  {node} -> j{one.step_id} [style=dashed]")
        before = node
    return "\n".join([*lines, "}"])


def _dot(lines: Sequence[str]) -> str:
    """Return lines as a label of Graphviz."""
    shown = (" ".join(line.split()).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(shown) + '"'
